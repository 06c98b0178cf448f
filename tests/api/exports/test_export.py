"""A query in slices means what the same query means at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.exports import export
from api.exports.export import pages
from tests.api.running import MINUTE, MINUTES, START, batch_of, series_of, small_city
from zenata.city.clock import parse_time
from zenata.city.readings import Selection
from zenata.errors import QueryTooHeavy
from zenata.store import open_store
from zenata.store.base import Query, Table

WHOLE = Query(selection=Selection(), start=START, end=START + MINUTES * MINUTE)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_store(f"duckdb:///{tmp_path_factory.mktemp('slices')}/readings.duckdb")
    store.append(batch_of(series_of(small_city()), range(MINUTES)))
    yield store
    store.close()


def rows_of(table: Table) -> list[tuple]:
    columns = (table.time, table.series, *table.columns.values())
    return list(zip(*map(np.ndarray.tolist, columns), strict=True))


def rows(store, query: Query) -> list[tuple]:
    found: list[tuple] = []
    last = query.start
    for table, reached in pages(store, query):
        assert last <= reached <= query.end
        last = reached
        found += rows_of(table)
    assert last == query.end
    return found


def at_once(store, query: Query) -> list[tuple]:
    return rows_of(store.query(replace(query, limit=1_000_000)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.integers(0, MINUTES * MINUTE - 2),
    length=st.integers(1, MINUTES * MINUTE),
    every=st.sampled_from([None, 7 * MINUTE, 15 * MINUTE, 60 * MINUTE]),
    size=st.integers(3, 400),
)
def test_slices_lose_nothing_and_tell_nothing_twice(store, monkeypatch, begin, length, every, size):
    monkeypatch.setattr(export, "ROWS", size)
    aggregates = ("mean", "count") if every else ()
    query = replace(WHOLE, start=START + begin, end=START + begin + length, every=every, aggregates=aggregates)
    assert rows(store, query) == at_once(store, query)


def test_one_row_a_series_of_the_whole_range(store):
    query = replace(WHOLE, aggregates=("mean", "max"))
    assert rows(store, query) == at_once(store, query)


def test_what_is_too_heavy_at_once_is_asked_in_shorter_slices(store):
    queries: list[int] = []

    class Weak:
        def query(self, query: Query):
            queries.append(query.end - query.start)
            if queries[-1] > 30 * MINUTE:
                raise QueryTooHeavy("too much")
            return store.query(query)

    assert rows(Weak(), WHOLE) == at_once(store, WHOLE)
    assert max(queries) > 30 * MINUTE


def test_centuries_without_readings_are_passed_over_quickly(store):
    queries: list[Query] = []

    class Counting:
        def query(self, query: Query):
            queries.append(query)
            return store.query(query)

    query = replace(WHOLE, start=parse_time("0001-01-01"), end=parse_time("9999-01-01"))
    assert rows(Counting(), query) == at_once(store, query)
    assert len(queries) < 100


def test_what_is_too_heavy_however_short_is_reported():
    class Hopeless:
        def query(self, query: Query):
            raise QueryTooHeavy("too much")

    with pytest.raises(QueryTooHeavy):
        list(pages(Hopeless(), WHOLE))


@pytest.mark.parametrize(("days", "zone"), [(1, "Africa/Casablanca"), (1, None), (7, "Africa/Casablanca"), (7, None)])
def test_slices_cut_no_day_or_week_of_a_zone(tmp_path, days: int, zone: str | None) -> None:
    hours = range(0, 60 * 24 * 60, 60)
    store = open_store(f"duckdb:///{tmp_path}/readings.duckdb")
    store.append(batch_of(series_of(small_city())[:1], hours))
    end = START + 60 * 24 * 60 * MINUTE
    query = replace(
        WHOLE, start=START + 90 * MINUTE, end=end, every=days * 86_400_000_000, zone=zone, aggregates=("count",)
    )
    assert rows(store, query) == at_once(store, query)
    store.close()


def test_an_export_keeps_the_zone_of_its_query() -> None:
    query = replace(WHOLE, every=86_400_000_000, zone="Africa/Casablanca", aggregates=("count",))
    assert export.ExportQuery.of(query).query == replace(query, limit=export.ExportQuery.of(query).query.limit)
