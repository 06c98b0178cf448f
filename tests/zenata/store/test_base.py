"""What every store promises of keeping readings; what it promises of queries is in test_base_query.py."""

import itertools
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.store.data import (
    AIR,
    ALWAYS,
    NOON,
    Row,
    batch_of,
    by_identity,
    contents,
    rows_of,
    series_of,
    some_rows,
)
from zenata.city.clock import EARLIEST, LATEST
from zenata.city.readings import Catalog, Selection, Series
from zenata.errors import StoreError
from zenata.store.base import Query
from zenata.store.dead_letters import DeadLetter

READINGS = st.builds(
    Row,
    st.sampled_from(series_of(3)),
    st.sampled_from([NOON + step for step in range(5)] + [-1, -(10**12)]),
    st.floats(-1e9, 1e9),
    st.integers(0, 2**40),
)
STEPS = st.lists(st.tuples(st.booleans(), st.booleans(), st.lists(READINGS, max_size=12)), max_size=5)
_examples = itertools.count()


def newest_of(rows):
    """Return the newest of the rows of each series, by series."""
    return {row.series: row for row in sorted(rows, key=lambda row: row.time)}


def dead_letter(received, topic="zenata/telemetry/coast/air/air-0001"):
    return DeadLetter(
        received=received, topic=topic, payload=b"\x00\xffno pack", code="schema", reason="not JSON: « غير »"
    )


@given(steps=STEPS)
def test_any_batches_leave_the_first_of_each_reading(opener, steps):
    """Each step says whether to reopen the store, and which of two catalogs, numbered differently, its batch has."""
    name = f"any-{next(_examples)}"
    catalogs = [Catalog(), Catalog()]
    batch_of(some_rows(reversed(series_of(3)), [0]), catalogs[1])
    expected: dict[tuple[Series, int], Row] = {}
    store = opener(name)
    for reopen, other, rows in steps:
        if reopen:
            store.close()
            store = opener(name)
        before = len(expected)
        for row in rows:
            expected.setdefault((row.series, row.time), row)
        assert store.append(batch_of(rows, catalogs[other])) == len(expected) - before
        assert {row.series: row for row in rows_of(store.latest(Selection()))} == newest_of(expected.values())
    assert contents(store) == sorted(expected.values(), key=by_identity)
    store.close()


def test_everything_is_there_after_reopening(opener, name):
    rows = some_rows(series_of(5), range(NOON, NOON + 10))
    dead_letters = [dead_letter(NOON + number) for number in range(3)]
    store = opener(name)
    store.append(batch_of(rows), dead_letters)
    store.close()
    store = opener(name)
    assert contents(store) == sorted(rows, key=by_identity)
    assert {row.series: row for row in rows_of(store.latest(Selection()))} == newest_of(rows)
    assert store.dead_letters(payloads=True) == dead_letters[::-1]
    assert set(store.catalog.since(0)) == set(series_of(5))
    assert store.append(batch_of(rows)) == 0
    store.close()


def test_an_empty_store_has_nothing(store):
    assert store.append(batch_of([])) == 0
    assert len(store.catalog) == 0
    assert contents(store) == []
    assert len(store.latest(Selection())) == 0
    assert store.dead_letters(payloads=True) == []


def test_a_closed_store_refuses_everything(opener, name):
    store = opener(name)
    store.close()
    store.close()
    for use in (lambda: store.append(batch_of(some_rows(AIR, [NOON]))), lambda: contents(store), store.dead_letters):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_latest_is_ordered_by_series_and_selected(store):
    rows = some_rows(series_of(9), [NOON])
    store.append(batch_of(rows[::-1]))
    assert store.latest(Selection()).series.tolist() == list(range(9))
    assert {row.series.kind for row in rows_of(store.latest(Selection(kinds=("noise",))))} == {"noise"}
    assert len(store.latest(Selection(sensors=("air-9999",)))) == 0


def test_latest_is_looked_for_again_once_anything_has_changed(store):
    first, second = series_of(2)
    mine, none = Selection(sensors=(first.sensor,)), Selection(sensors=("air-9999",))
    assert len(store.latest(mine)) == len(store.latest(none)) == 0
    for row in (Row(first, NOON, 1.0, 1), Row(first, NOON + 1, 2.0, 2), Row(first, NOON + 2, 1.0, 3)):
        store.append(batch_of([row]))
        table = store.latest(mine)
        assert rows_of(table) == [row]
        store.append(batch_of([Row(first, NOON - 1, 9.0, 9)]))  # late, and then known
        assert store.latest(mine) is table
    store.append(batch_of([Row(second, NOON, 2.0, 1)]))
    assert rows_of(store.latest(mine)) == rows_of(table)
    with pytest.raises(ValueError, match="read-only"):
        table.columns["value"][0] = 0.0
    store.describe(replace(first, unit="ppm"))
    assert rows_of(store.latest(mine))[0].series.unit == "ppm"
    store.forget(first.world)
    assert len(store.latest(mine)) == 0


def test_readings_far_from_the_present_are_readings(store):
    """A sensor whose clock is wrong by decades must not hold up those that come with it."""
    one, other = series_of(2)
    far = [Row(one, time, 1.0, 1) for time in (LATEST - 1, EARLIEST)]
    assert store.append(batch_of([Row(one, NOON, 1.0, 1)])) == 1
    assert store.append(batch_of([*far, Row(other, NOON, 2.0, 1)])) == 3
    assert store.append(batch_of(far)) == 0


def test_catalogs_grow(store):
    catalog = Catalog()
    for count in (1, 4, 2, 2000):
        rows = some_rows(series_of(count), [NOON + count])
        assert store.append(batch_of(rows, catalog)) == count
        assert set(store.catalog.since(0)) == set(catalog.since(0))
    assert len(contents(store)) == 1 + 4 + 2 + 2000


def test_the_first_description_of_a_series_stays(store):
    store.append(batch_of([Row(Series("zenata", "air-0001", "no2", "air", "coast", "ug/m3"), NOON, 1.0, 1)]))
    store.append(batch_of([Row(Series("zenata", "air-0001", "no2", "noise", "la-ferme", "dB"), NOON, 2.0, 2)]))
    assert store.catalog.since(0) == [Series("zenata", "air-0001", "no2", "air", "coast", "ug/m3")]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_keeps_nothing_of_its_batch(store, bad):
    known, unknown = series_of(2)
    stored = [Row(known, NOON, 1.0, 1)]
    store.append(batch_of(stored), [dead_letter(1)])
    catalog = Catalog()
    rows = [Row(known, NOON + 1, 2.0, 2), Row(unknown, NOON + 1, 3.0, 1)]
    with pytest.raises(StoreError, match="not a finite number"):
        store.append(batch_of([*rows, Row(unknown, NOON + 2, bad, 2)], catalog), [dead_letter(2)])
    assert contents(store) == stored
    assert rows_of(store.latest(Selection())) == stored
    assert store.catalog.since(0) == [known]
    assert store.dead_letters(payloads=True) == [dead_letter(1)]
    assert store.append(batch_of(rows, catalog), [dead_letter(2)]) == 2


def test_dead_letters_come_newest_first(store):
    for received in ([5, 3], [9], [-4, 7]):
        store.append(batch_of([]), [dead_letter(number) for number in received])
    assert [one.received for one in store.dead_letters(payloads=True)] == [9, 7, 5, 3, -4]
    assert [one.received for one in store.dead_letters(limit=2, payloads=True)] == [9, 7]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=6), max_size=12))
def test_however_gaps_are_found_each_reading_is_stored_once(opener, monkeypatch, batches):
    for backend in ("duckdb", "influx"):
        monkeypatch.setattr(f"zenata.store.{backend}.store._HISTORY", 1)
    series, stored = [*AIR, *series_of(2)[1:]], {}
    with closing(opener(f"gaps-{next(_examples)}")) as store:
        for number, batch in enumerate(batches):
            rows = [Row(series[one], NOON + step, float(number), number) for one, step in batch]
            before = len(stored)
            for key, row in zip(batch, rows, strict=True):
                stored.setdefault(key, row)
            assert store.append(batch_of(rows)) == len(stored) - before
        assert contents(store) == sorted(stored.values(), key=by_identity)


def test_queries_run_beside_appends(store):
    """Readers see series they can name, and nothing they saw before is gone."""
    done = threading.Event()

    def write() -> int:
        catalog = Catalog()
        try:
            steps = range(1, 41)
            return sum(store.append(batch_of(some_rows(series_of(5 * n), [NOON + n]), catalog)) for n in steps)
        finally:
            done.set()

    def read() -> int:
        seen, rounds = set(), 0
        while not done.is_set() or rounds == 0:
            now = {by_identity(row) for row in rows_of(store.query(Query(selection=Selection(), **ALWAYS)))}
            assert seen <= now
            assert len(rows_of(store.latest(Selection()))) <= len(store.catalog)
            seen, rounds = now, rounds + 1
        return rounds

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        assert pool.submit(write).result() == sum(5 * n for n in range(1, 41)) == len(contents(store))
        assert all(reader.result() for reader in readers)


def test_appends_of_several_threads_keep_each_reading_once(store):
    batches = [some_rows(series_of(20), range(NOON + n, NOON + n + 4)) for n in range(10)]
    distinct = {by_identity(row) for batch in batches for row in batch}

    def write(order: int) -> int:
        return sum(store.append(batch_of(batch)) for batch in batches[::order])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, [1, -1, 1, -1])) == len(distinct)
    assert [by_identity(row) for row in contents(store)] == sorted(distinct)


@settings(max_examples=max(settings.default.max_examples // 2, 1))
@given(steps=STEPS)
def test_values_are_found_by_series_and_time(opener, steps):
    store = opener(f"values-{next(_examples)}")
    expected: dict[tuple[Series, int], float] = {}
    for _, _, rows in steps:
        store.append(batch_of(rows))
        for row in rows:
            expected.setdefault((row.series, row.time), row.value)
    keys = [(one, row.time) for one in series_of(3) for _, _, rows in steps for row in rows]
    numbers = [(store.catalog.find(one.world, one.sensor, one.property), one, time) for one, time in keys]
    known = [(number, one, time) for number, one, time in numbers if number is not None]
    found = store.values_at(
        np.array([number for number, _, _ in known], dtype=np.int32),
        np.array([time for _, _, time in known], dtype=np.int64),
    )
    wanted = [expected.get((one, time), math.nan) for _, one, time in known]
    np.testing.assert_array_equal(found, wanted)
    store.close()
