import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.events.base import HOUR, Event, chance, swell

EVENT = Event(id="a", type="flood", start=0, end=10 * HOUR)


def test_an_event_goes_on_from_its_start_to_before_its_end():
    assert [EVENT.under_way(time) for time in (-1, 0, 10 * HOUR - 1, 10 * HOUR)] == [False, True, True, False]


@given(st.integers(0, 10 * HOUR), st.floats(1, 1e7))
def test_it_swells_from_nothing_to_one_and_back_the_same_way(time, rise):
    up, down = swell(EVENT, time, rise), swell(EVENT, 10 * HOUR - time, rise)
    assert 0 <= up <= 1
    assert up == pytest.approx(down)


def test_it_is_full_between_and_half_full_half_way_up():
    assert swell(EVENT, 5 * HOUR, 3600.0) == 1.0
    assert swell(EVENT, HOUR // 2, 3600.0) == pytest.approx(0.5)


def test_chance_follows_from_the_seed_and_the_id():
    other = Event(id="b", type="flood", start=0, end=HOUR)
    drawn = [chance(event, seed).random() for event in (EVENT, other) for seed in (1, 2)]
    assert len(set(drawn)) == 4
    assert chance(Event(id="a", type="leak", start=7, end=8), 1).random() == drawn[0]
