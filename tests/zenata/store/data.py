"""Readings to put into a store, and what comes out, as plain rows."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from zenata.city.readings import Catalog, ReadingBatch, Selection, Series
from zenata.store.base import Query, Store, Table

ALWAYS = {"start": -(10**15), "end": 4 * 10**15}
"""A range of times [us] around every reading of the tests: 1938 to 2096."""

NOON = 1_767_268_800_000_000
"""2026-01-01T12:00:00Z [us since the Unix epoch]."""


AIR = [Series("zenata", "air-0000", name, "air", "coast", "ug/m3") for name in ("no2", "pm25", "o3")]
"""Series of one sensor."""


class Row(NamedTuple):
    """One reading."""

    series: Series
    time: int
    value: float
    seq: int


def series_of(count: int, world: str = "zenata") -> list[Series]:
    """Series of `world` that differ in sensor, kind, district and property."""
    kinds = (("air", "no2", "ug/m3"), ("noise", "laeq", "dB"), ("crowd", "people", "count"))
    return [
        Series(world, f"{kind}-{number:04}", property_, kind, ("la-ferme", "coast")[number % 2], unit, owner="demo")
        for number in range(count)
        for kind, property_, unit in [kinds[number % 3]]
    ]


def batch_of(rows: Iterable[Row], catalog: Catalog | None = None) -> ReadingBatch:
    """Return rows as a batch, in their order."""
    rows = list(rows)
    catalog = Catalog() if catalog is None else catalog
    return ReadingBatch(
        catalog=catalog,
        series=np.array([catalog.intern(row.series) for row in rows], dtype=np.int32),
        time=np.array([row.time for row in rows], dtype=np.int64),
        value=np.array([row.value for row in rows], dtype=np.float64),
        seq=np.array([row.seq for row in rows], dtype=np.int64),
    )


def grid_of(catalog: Catalog, series: int, steps: range) -> ReadingBatch:
    """Return a reading of each of many series at each step [us after noon], numbered from the first step on by steps of 1."""
    numbers = np.array([catalog.intern(one) for one in series_of(series)], dtype=np.int32)
    return ReadingBatch(
        catalog=catalog,
        series=np.tile(numbers, len(steps)),
        time=np.repeat(NOON + np.array(steps), series),
        value=np.random.default_rng(steps.start).normal(size=series * len(steps)),
        seq=np.repeat(np.array(steps) // steps.step + 1, series),
    )


def rows_of(table: Table) -> list[Row]:
    """Return the rows of a table of raw readings, in its order."""
    columns = (table.series, table.time, table.columns["value"], table.columns["seq"])
    return [
        Row(table.catalog[series], time, value, seq)
        for series, time, value, seq in zip(*(column.tolist() for column in columns), strict=True)
    ]


def contents(store: Store) -> list[Row]:
    """Return every reading of a store, sorted."""
    return sorted(rows_of(store.query(Query(selection=Selection(), **ALWAYS))), key=by_identity)


def balance(store: Store, world: str = "zenata") -> tuple[int, int, int, int]:
    """Return stored, rejected, missing and repeated of a world."""
    found = store.ledger.balance(world)
    return found.stored, found.rejected, found.missing, found.repeated


def by_identity(row: Row) -> tuple[str, str, str, int]:
    """Return what a reading is known by: its series, and its time."""
    return row.series.world, row.series.sensor, row.series.property, row.time


def some_rows(series: Iterable[Series], times: Iterable[int]) -> list[Row]:
    """Return one reading of each series at each time, every value another one."""
    series = list(series)
    return [
        Row(one, time, float(index * 1000 + number), index + 1)
        for index, time in enumerate(times)
        for number, one in enumerate(series)
    ]
