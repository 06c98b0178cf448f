"""The same day in DuckDB and in InfluxDB: the same questions have the same answers."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest

from simulators.host.backfill import Backfill
from tests.zenata.store.influxd import influx_url, token_of
from zenata.city.clock import SECOND, parse_time
from zenata.city.pack import load_city
from zenata.city.readings import ReadingBatch, Selection
from zenata.store import open_store
from zenata.store.base import AGGREGATES, Query, Store, Table

pytestmark = pytest.mark.slow

START = parse_time("2026-07-01T00:00:00Z")
MINUTE = 60 * SECOND
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


class Both(NamedTuple):
    """The two stores, filled alike."""

    duckdb: Store
    influxdb: Store

    def append(self, batch: ReadingBatch) -> int:
        (new,) = {store.append(batch) for store in self}
        return new


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("day")
    with (
        influx_url(folder / "influxd", "day") as url,
        closing(open_store(f"duckdb:///{folder}/readings.duckdb")) as duckdb,
        closing(open_store(url, token_of(url))) as influxdb,
    ):
        both = Both(duckdb, influxdb)
        backfill = Backfill(
            load_city("valdeira"),
            folder=folder / "world",
            world="zenata",
            recipe=None,
            seed=1,
            start=START,
            end=START + DAY,
            every=5 * MINUTE,
        )
        both_once = _Lent(both)
        backfill.run(lambda: both_once, threading.Event(), lambda _: None)
        assert backfill.progress.readings > 100_000
        yield both


class _Lent:
    """Stores that whoever fills them does not close."""

    def __init__(self, both: Both) -> None:
        self.append = both.append

    def close(self) -> None:
        pass


def columns(table: Table) -> tuple[list[tuple[str, str, str, int]], dict[str, np.ndarray]]:
    """Return who and when, and the columns, sorted alike whatever the numbers of the series."""
    named = [
        (one.world, one.sensor, one.property, time)
        for number, time in zip(table.series.tolist(), table.time.tolist(), strict=True)
        for one in [table.catalog[number]]
    ]
    order = sorted(range(len(named)), key=lambda index: (named[index][3], *named[index][:3]))
    return [named[index] for index in order], {name: column[order] for name, column in table.columns.items()}


def assert_same(left: Table, right: Table) -> None:
    (who, mine), (others, theirs) = columns(left), columns(right)
    assert who == others
    assert len(who) > 0
    assert mine.keys() == theirs.keys()
    for name, column in mine.items():
        np.testing.assert_allclose(column, theirs[name], rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("every", [15 * MINUTE, HOUR, DAY, None])
@pytest.mark.parametrize(
    "selection",
    [Selection(kinds=("air",)), Selection(kinds=("water", "power")), Selection(properties=("temperature", "ghi"))],
)
def test_aggregates(stores, every, selection):
    query = Query(
        selection=selection, start=START + 37 * MINUTE, end=START + 20 * HOUR, aggregates=AGGREGATES, every=every
    )
    assert_same(stores.duckdb.query(query), stores.influxdb.query(query))


@pytest.mark.parametrize("kind", ["air", "traffic", "parking", "meter"])
def test_readings(stores, kind):
    query = Query(selection=Selection(kinds=(kind,)), start=START + HOUR, end=START + 3 * HOUR)
    assert_same(stores.duckdb.query(query), stores.influxdb.query(query))


def test_the_newest(stores):
    assert_same(stores.duckdb.latest(Selection()), stores.influxdb.latest(Selection()))


def test_who_there_is(stores):
    assert set(stores.duckdb.catalog.since(0)) == set(stores.influxdb.catalog.since(0))
