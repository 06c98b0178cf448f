"""Listeners with equal selections share one look at each batch, and get what each would get alone."""

from collections.abc import Iterable
from weakref import WeakValueDictionary

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live import feed as feeds
from api.live.feed import Feed, Part, feed_of
from api.live.hub import Hub
from api.readings.encode import Encoder
from api.readings.series import Wanted, matcher
from tests.api.running import batch_of, series_of, small_city
from zenata.city.readings import Catalog, ReadingBatch, Selection, Series

WORDS = ("a", "b", "c")
some = st.lists(st.sampled_from(WORDS), max_size=2).map(tuple)
selections = st.builds(Selection, worlds=some, sensors=some, kinds=some, districts=some, properties=some)
series = st.builds(Series, *[st.sampled_from(WORDS)] * 6)


@given(selection=selections, growth=st.lists(st.lists(series, min_size=1, max_size=8), max_size=4))
def test_wanted_is_what_the_selection_matches(selection: Selection, growth: list[list[Series]]):
    catalog, wanted, matches = Catalog(), Wanted(selection), matcher(selection)
    for more in growth:
        numbers = np.array([catalog.intern(one) for one in more], dtype=np.int32)
        expected = [matches(catalog[number]) for number in numbers.tolist()]
        assert wanted.take(catalog, numbers).tolist() == expected
    assert wanted.take(catalog, np.empty(0, dtype=np.int32)).tolist() == []


def parts(feed: Feed, batches: Iterable[tuple[int, ReadingBatch]]) -> list[Part]:
    """Return what a listener gets of some batches, one part after the other."""
    found = []
    for number, batch in batches:
        sent = 0
        while True:
            found.append(feed.part(number, batch, sent))
            sent += found[-1].readings
            if not found[-1].readings:
                break
    return found


@pytest.mark.parametrize("slice_", [1, 3, 5_000])
def test_who_shares_gets_what_it_would_get_alone(monkeypatch: pytest.MonkeyPatch, slice_: int):
    monkeypatch.setattr(feeds, "SLICE", slice_)
    hub, catalog = Hub(), Catalog()
    batches = [
        (number, batch_of(series_of(small_city()), range(number, number + 2), catalog)) for number in range(1, 5)
    ]
    for selection in (Selection(kinds=("air",)), Selection(), Selection(worlds=("w-1",))):
        alone, shared = (Feed(hub, Encoder(), selection) for _ in range(2))
        with shared.joined(), shared.joined():
            for _ in range(2):
                assert parts(shared, batches) == parts(alone, batches)


def test_equal_selections_have_one_feed_that_encodes_once(monkeypatch: pytest.MonkeyPatch):
    hub, encoder, encoded = Hub(), Encoder(), []
    strands = encoder.json_strands
    monkeypatch.setattr(encoder, "json_strands", lambda *args: encoded.append(args) or strands(*args))
    known: WeakValueDictionary[Selection, Feed] = WeakValueDictionary()
    one, other = (feed_of(known, hub, encoder, Selection(kinds=("air",))) for _ in range(2))
    assert one is other
    assert feed_of(known, hub, encoder, Selection(kinds=("noise",))) is not one
    batches = [(1, batch_of(series_of(small_city()), range(3)))]
    with one.joined(), other.joined():
        first, second = parts(one, batches), parts(other, batches)
    assert len(encoded) == 1
    assert first[0].events is second[0].events
    del one, other
    assert Selection(kinds=("air",)) not in known


def test_what_a_feed_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feeds, "_MAX_BYTES", 20_000)
    monkeypatch.setattr(feeds, "_MAX_PARTS", 8)
    feed, batch = Feed(Hub(), Encoder(), Selection()), batch_of(series_of(small_city()), range(1))
    with feed.joined(), feed.joined():
        for number in range(1, 40):
            feed.part(number, batch, 0)
    assert 0 < len(feed._parts) <= 8
    assert sum(len(part.events) for part in feed._parts.values()) == feed._bytes <= 20_000
