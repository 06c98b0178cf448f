"""What every store promises of queries."""

from dataclasses import replace

import numpy as np
import pytest

from tests.zenata.store.data import ALWAYS, NOON, Row, batch_of, rows_of, series_of, some_rows
from zenata.city.clock import parse_time
from zenata.city.readings import Selection
from zenata.store.base import AGGREGATES, Query
from zenata.store.buckets import buckets_of

SECOND = 1_000_000
HOUR = 3600 * SECOND
ALL = Selection()

EXPECTED = {
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
    "count": len,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "p95": lambda values: np.percentile(values, 95),
}
"""What each aggregate is of values in the order of their times."""


def around_1970():
    """Return readings at odd times in the two hours before and after the epoch, out of order."""
    rng = np.random.default_rng(1)
    return [
        Row(series, int(time), float(value), 1)
        for series in series_of(5)
        for time, value in zip(
            rng.choice(4 * HOUR, 150, replace=False) - 2 * HOUR, rng.normal(50, 20, 150), strict=True
        )
    ]


def aggregated(rows, start, end, every, name):
    """Return {(series, start of bucket): aggregate} as numpy computes it."""
    buckets = {}
    for row in sorted(rows, key=lambda row: row.time):
        if start <= row.time < end:
            bucket = start if every is None else row.time // every * every
            buckets.setdefault((row.series, bucket), []).append(row.value)
    return {key: EXPECTED[name](values) for key, values in buckets.items()}


def pages_of(store, query):
    """Return the tables of the pages of a query."""
    pages = [store.query(query)]
    while pages[-1].more:
        assert len(pages[-1]) == query.limit
        last = int(pages[-1].time[-1]), int(pages[-1].series[-1])
        pages.append(store.query(replace(query, after=last)))
    return pages


@pytest.mark.parametrize("start", [-2 * HOUR, -HOUR + 1])
@pytest.mark.parametrize("every", [None, 1, 7 * 60 * SECOND, HOUR, 24 * HOUR])
def test_aggregates_are_those_of_numpy(store, every, start):
    rows, end = around_1970(), HOUR + 12_345
    store.append(batch_of(rows))
    table = store.query(Query(selection=ALL, start=start, end=end, aggregates=AGGREGATES, every=every))
    keys = [(table.catalog[series], time) for series, time in zip(table.series, table.time.tolist(), strict=True)]
    for name in AGGREGATES:
        expected = aggregated(rows, start, end, every, name)
        assert set(keys) == expected.keys()
        np.testing.assert_allclose(table.columns[name], [expected[key] for key in keys], rtol=1e-12)


def test_buckets_begin_at_multiples_of_their_width(store):
    (series,) = series_of(1)
    times = [-HOUR - 1, -HOUR, -1, 0, 1, HOUR - 1, HOUR]
    store.append(batch_of([Row(series, time, 1.0, 1) for time in times]))
    table = store.query(Query(selection=ALL, aggregates=("count",), every=HOUR, **ALWAYS))
    assert dict(zip(table.time.tolist(), table.columns["count"].tolist(), strict=True)) == {
        -2 * HOUR: 1,
        -HOUR: 2,
        0: 3,
        HOUR: 1,
    }


def test_a_range_has_its_start_and_not_its_end(store):
    rows = some_rows(series_of(1), range(NOON, NOON + 10))
    store.append(batch_of(rows))
    assert rows_of(store.query(Query(selection=ALL, start=NOON + 2, end=NOON + 5))) == rows[2:5]
    assert len(store.query(Query(selection=ALL, start=NOON + 2, end=NOON + 2))) == 0


def test_rows_come_by_time_and_series(store):
    store.append(batch_of(some_rows(reversed(series_of(7)), [NOON + 2, NOON, NOON + 1])))
    for aggregates in ((), ("mean",)):
        table = store.query(Query(selection=ALL, aggregates=aggregates, every=1, **ALWAYS))
        order = list(zip(table.time.tolist(), table.series.tolist(), strict=True))
        assert order == [(NOON + time, series) for time in range(3) for series in range(7)]


@pytest.mark.parametrize("empty", [True, False])
def test_columns_have_their_types_even_when_empty(store, empty):
    if not empty:
        store.append(batch_of(some_rows(series_of(2), [NOON])))
    raw = store.query(Query(selection=ALL, **ALWAYS))
    grouped = store.query(Query(selection=ALL, aggregates=AGGREGATES, **ALWAYS))
    newest = store.latest(ALL)
    for table in (raw, grouped, newest):
        assert (table.series.dtype, table.time.dtype) == (np.int32, np.int64)
        assert (len(table) == 0, table.more) == (empty, False)
    for table in (raw, newest):
        assert {name: column.dtype for name, column in table.columns.items()} == {"value": np.float64, "seq": np.int64}
    types = {name: np.int64 if name == "count" else np.float64 for name in AGGREGATES}
    assert {name: column.dtype for name, column in grouped.columns.items()} == types


@pytest.mark.parametrize("every", [None, 3])
@pytest.mark.parametrize("aggregates", [(), ("mean", "count")])
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_have_each_row_once(store, limit, aggregates, every):
    store.append(batch_of(some_rows(series_of(5), range(-6, 6))))
    query = Query(selection=ALL, aggregates=aggregates, every=every, **ALWAYS)
    whole = store.query(query)
    pages = pages_of(store, replace(query, limit=limit))
    assert not whole.more
    assert len(pages) == -(-len(whole) // limit)
    for column in ("series", "time"):
        assert np.concatenate([getattr(page, column) for page in pages]).tolist() == getattr(whole, column).tolist()
    for name, values in whole.columns.items():
        assert np.concatenate([page.columns[name] for page in pages]).tolist() == values.tolist()


@pytest.mark.parametrize(
    "selection",
    [
        Selection(worlds=("w-1",)),
        Selection(kinds=("air",)),
        Selection(kinds=("air", "noise"), districts=("coast",)),
        Selection(properties=("people",), worlds=("zenata",)),
        Selection(sensors=("air-0000", "noise-0001", "air-0001")),
        Selection(worlds=("w-2",)),
        Selection(kinds=("air",), properties=("laeq",)),
    ],
    ids=str,
)
def test_a_selection_means_all_of_its_filters(store, selection):
    def chosen(series):
        names = ("world", "sensor", "kind", "district", "property")
        filters = (getattr(selection, f"{name}s" if name != "property" else "properties") for name in names)
        return all(not values or getattr(series, name) in values for name, values in zip(names, filters, strict=True))

    rows = some_rows(series_of(12) + series_of(12, "w-1"), [NOON])
    store.append(batch_of(rows))
    assert rows_of(store.query(Query(selection=selection, **ALWAYS))) == [row for row in rows if chosen(row.series)]
    assert rows_of(store.latest(selection)) == [row for row in rows if chosen(row.series)]


@pytest.mark.parametrize("every", [None, HOUR])
def test_hundreds_of_series_may_be_selected(store, every):
    rows = some_rows(series_of(800), [NOON, NOON + 1])
    store.append(batch_of(rows))
    chosen = {series.sensor for series in series_of(800)[::2]}
    selection = Selection(sensors=tuple(sorted(chosen)))
    raw = store.query(Query(selection=selection, **ALWAYS))
    assert rows_of(raw) == [row for row in rows if row.series.sensor in chosen]
    counts = store.query(Query(selection=selection, aggregates=("count",), every=every, **ALWAYS))
    assert {counts.catalog[series].sensor for series in counts.series} == chosen
    assert set(counts.columns["count"].tolist()) == {2}


CHANGES = [parse_time(day) for day in ("2026-02-15T02:00:00Z", "2026-03-22T02:00:00Z", "2026-09-20T01:00:00Z")]
"""When the clock of Casablanca changes in 2026."""


@pytest.mark.parametrize("every", [HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR])
@pytest.mark.parametrize("zone", [None, "Africa/Casablanca", "Asia/Kathmandu"])
def test_z3_buckets_begin_by_the_clock_of_a_zone(store, zone, every):
    quarters = [change + step * HOUR // 4 for change in CHANGES for step in range(-200, 200)]
    rows = some_rows(series_of(2), quarters)
    store.append(batch_of(rows))
    start, end = CHANGES[0] - 40 * HOUR, CHANGES[-1] + 40 * HOUR
    query = Query(selection=ALL, start=start, end=end, aggregates=AGGREGATES, every=every, zone=zone)
    expected = {}
    for row in rows:
        if start <= row.time < end:
            (bucket,) = buckets_of(np.array([row.time]), query.runs()).tolist()
            expected.setdefault((bucket, row.series), []).append(row.value)
    tables = pages_of(store, replace(query, limit=7))
    found = {
        (time, table.catalog[series]): [table.columns[name][index] for name in AGGREGATES]
        for table in tables
        for index, (series, time) in enumerate(zip(table.series.tolist(), table.time.tolist(), strict=True))
    }
    assert sum(map(len, tables)) == len(found)
    assert found.keys() == expected.keys()
    for key, values in found.items():
        assert values == pytest.approx([EXPECTED[name](expected[key]) for name in AGGREGATES])


def test_the_latest_in_a_range_is_the_newest_of_each_series_there(store):
    rows = some_rows(series_of(150), [NOON, NOON + 60 * SECOND, NOON + 120 * SECOND])
    store.append(batch_of(rows))
    table = store.latest_in(Selection(kinds=("air", "noise")), NOON, NOON + 120 * SECOND)
    expected = {row.series: (row.time, row.value) for row in rows if row.time == NOON + 60 * SECOND}
    expected = {one: row for one, row in expected.items() if one.kind != "crowd"}
    found = zip(table.series.tolist(), table.time.tolist(), table.columns["value"].tolist(), strict=True)
    assert {table.catalog[series]: (time, value) for series, time, value in found} == expected
    assert table.series.tolist() == sorted(table.series.tolist())
    assert len(store.latest_in(Selection(worlds=("w-none",)), NOON, NOON + SECOND)) == 0
    assert len(store.latest_in(ALL, NOON - 2 * SECOND, NOON)) == 0
