"""Reads an InfluxDB by InfluxQL: raw readings, aggregates, and the newest of each series."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, Selection
from zenata.errors import QueryTooHeavy
from zenata.store.base import Query
from zenata.store.buckets import Run, buckets_of
from zenata.store.influx.columns import (
    READING,
    aggregated,
    behind,
    cut,
    indices,
    joined,
    none,
    of,
    readings,
    type_of,
)
from zenata.store.influx.server import Server
from zenata.store.influx.sql import NS, clamped, conditions, field, identifier, seq_field
from zenata.store.plan import Columns, part, split_at_gaps

MAX_QUANTILE_READINGS = 500_000
"""Raw readings that quantiles may be of; decoding them takes some 300 bytes each, of a process that may have 700 MB."""

_GAP = 600_000_000  # late readings are searched in ranges of times that are this far apart [us]
_FEW = 200  # sensors that a condition names
_GROWTH = 16  # of the ranges that aggregates are asked for, where there is little


class Wanted(NamedTuple):
    """Series of one kind: their numbers, shape (n,), and their properties."""

    kind: str
    numbers: IndexArray
    properties: list[str]


class Reader:
    """Reads what a server has of the series in a catalog.

    Rows come as columns of equal length: `series`, `time` [us], and `value` and `seq`, or aggregates by name.
    """

    def __init__(self, server: Server, catalog: Catalog) -> None:
        self._server = server
        self._catalog = catalog

    def rows(self, query: Query, numbers: IndexArray) -> Columns:
        """Return what a query means by (time, series), one row more than its limit."""
        start, end = clamped(query.start), clamped(query.end)
        if start >= end or not len(numbers):
            return none(query.aggregates or READING)
        query = replace(query, start=start, end=end)
        found = self._aggregates(query, numbers) if query.aggregates else self._page(query, numbers)
        return cut(found, query)

    def between(self, numbers: IndexArray, selection: Selection, start: int, end: int) -> Columns:
        """Return every reading in [start, end) of some series that a selection has among others."""
        where = conditions(selection, start, end)
        return joined([self._points(wanted, where)[0] for wanted in self._wanted(numbers)], READING)

    def near(
        self, series: IndexArray, time: IntArray, which: npt.NDArray[np.intp]
    ) -> Iterator[tuple[npt.NDArray[np.intp], Columns]]:
        """Yield the readings `which`, ascending by time, in pieces, each with what is stored of its series and times."""
        for piece in (which[chosen] for chosen in split_at_gaps(time[which], _GAP)):
            numbers = np.unique(series[piece])
            start, end = time[piece[[0, -1]]].tolist()
            yield piece, self.between(numbers, few(self._catalog, numbers), start, end + 1)

    def values_at(self, series: IndexArray, time: IntArray, late: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the stored value of each (series, time) that is `late`, shape (n,); NaN for the others."""
        found = np.full(len(series), np.nan)
        which = np.flatnonzero(late)
        for piece, stored in self.near(series, time, which[np.argsort(time[which], kind="stable")]):
            rows = zip(*(stored[name].tolist() for name in ("series", "time", "value")), strict=True)
            values = {(number, moment): value for number, moment, value in rows}
            found[piece] = [values.get((int(series[index]), int(time[index])), np.nan) for index in piece.tolist()]
        return found

    def newest(self, numbers: IndexArray, after: int | None = None) -> Columns:
        """Return the newest reading of each series, if there is one later than a time [us]."""
        return self._picked("last", numbers, after)

    def newest_in(self, numbers: IndexArray, selection: Selection, start: int, end: int) -> Columns:
        """Return the newest reading in [start, end) [us] of each of some series that a selection has among others."""
        return self._picked_where("last", numbers, conditions(selection, start, end))

    def oldest(self, numbers: IndexArray, after: int) -> Columns:
        """Return the oldest reading of each series later than a time [us]."""
        return self._picked("first", numbers, after)

    def _picked(self, function: str, numbers: IndexArray, after: int | None) -> Columns:
        return self._picked_where(function, numbers, "" if after is None else f"WHERE time > {clamped(after) * NS}")

    def _picked_where(self, function: str, numbers: IndexArray, where: str) -> Columns:
        selected = [(wanted.kind, one) for wanted in self._wanted(numbers) for one in wanted.properties]
        found = self._server.query(
            [
                f"SELECT {function}({identifier(field(one))}) AS value, seq, {identifier(seq_field(one))} AS own "  # noqa: S608 - quoted
                f"FROM {identifier(kind)} {where} GROUP BY world, sensor"
                for kind, one in selected
            ]
        )
        parts = []
        for (_, property_), series in zip(selected, found, strict=True):
            rows = [row for found in series for row in found.values]
            time, value, seq, own = zip(*rows, strict=True) if rows else ((), (), (), ())
            owners = [self._number(found.tags, property_) for found in series for _ in found.values]
            parts.append(of(readings(owners, time, value, seq, own), numbers))
        return joined(parts, READING)

    def _page(self, query: Query, numbers: IndexArray) -> Columns:
        """Return the raw readings of a page, and some more."""
        if query.after:
            query = replace(query, start=max(query.start, min(query.after[0], query.end)))
        parts, complete_to = [], query.end
        for wanted in self._wanted(numbers):
            found, reached = self._first(wanted, query)
            parts.append(found)
            complete_to = min(complete_to, reached)
        rows = joined(parts, READING)
        return part(rows, rows["time"] < complete_to)

    def _first(self, wanted: Wanted, query: Query) -> tuple[Columns, int]:
        """Return the first readings of a kind, as many as a page has, and the time [us] before which they are all.

        Points come by time, so what a limit cuts off may have the time of the last one.
        """
        parts: list[Columns] = []
        start, points, rows = query.start, query.limit + 1, 0
        while rows <= query.limit and start < query.end:
            found, count, last = self._points(wanted, f"{conditions(query.selection, start, query.end)} LIMIT {points}")
            reached = last if count == points else query.end
            if reached == start:
                points *= 8
                continue
            parts.append(part(found, found["time"] < reached))
            rows += len(behind(parts[-1], query)["time"])
            start = reached
        return joined(parts, READING), start

    def _points(self, wanted: Wanted, where: str) -> tuple[Columns, int, int]:
        """Return the readings of points, how many points they were, and the time of the last [us]."""
        fields = ", ".join(identifier(name(one)) for one in wanted.properties for name in (field, seq_field))
        source = identifier(wanted.kind)
        statement = f"SELECT {fields}, seq, world::tag, sensor::tag FROM {source} {where}"  # noqa: S608 - quoted
        (series,) = self._server.query([statement])
        points = [row for found in series for row in found.values]
        if not points:
            return none(READING), 0, 0
        time, *columns, seqs, worlds, sensors = zip(*points, strict=True)
        owners = list(zip(worlds, sensors, strict=True))
        parts = []
        for property_, value, own in zip(wanted.properties, columns[::2], columns[1::2], strict=True):
            numbers = [self._catalog.find(*owner, property_) for owner in owners]
            parts.append(of(readings(numbers, time, value, seqs, own), wanted.numbers))
        return joined(parts, READING), len(points), time[-1] // NS

    def _aggregates(self, query: Query, numbers: IndexArray) -> Columns:
        """Return the aggregates of a page, and some more: range after range, as many buckets as may be needed."""
        source: Callable[[Query, IndexArray, Run], Columns] = (
            self._grouped if "p95" not in query.aggregates else self._by_hand
        )
        if query.every is None:
            return source(query, numbers, query.runs()[0])
        if query.after:
            query = replace(query, start=max(query.start, min(query.after[0], query.end - 1)))
        parts, rows = [none(query.aggregates)], 0
        buckets = query.limit // len(numbers) + 2
        for run in query.runs():
            low = run.start
            while rows <= query.limit and low < min(run.end, query.end):
                high = min(low + buckets * run.width, run.end, query.end)
                found = source(replace(query, start=max(low, query.start), end=high), numbers, run)
                parts.append(found)
                rows += len(behind(found, query)["time"])
                buckets *= min(_GROWTH, math.ceil(2 * (query.limit + 1) / max(len(found["time"]), 1)))
                low = high
        return joined(parts, query.aggregates)

    def _grouped(self, query: Query, numbers: IndexArray, run: Run) -> Columns:
        """Return the aggregates of a range of a run of buckets as the server computes them."""
        selected = [(wanted, one) for wanted in self._wanted(numbers) for one in wanted.properties]
        window = "" if query.every is None else f"time({run.width}u, {run.start % run.width}u), "
        where = conditions(query.selection, query.start, query.end)
        found = self._server.query(
            [
                f"SELECT {', '.join(f'{name}({identifier(field(one))})' for name in query.aggregates)} "  # noqa: S608 - quoted
                f"FROM {identifier(wanted.kind)} {where} GROUP BY {window}world, sensor fill(none)"
                for wanted, one in selected
            ]
        )
        parts = []
        for (wanted, property_), series in zip(selected, found, strict=True):
            owner = [self._number(found.tags, property_) for found in series for _ in found.values]
            rows = [row for found in series for row in found.values]
            time, *columns = zip(*rows, strict=True) if rows else ((),) * (len(query.aggregates) + 1)
            table: Columns = {
                "series": indices(owner),
                "time": np.array(time, dtype=np.int64) // NS if query.every else np.full(len(rows), run.start),
            }
            table |= {
                name: np.array(column, dtype=type_of(name))
                for name, column in zip(query.aggregates, columns, strict=True)
            }
            parts.append(of(table, wanted.numbers))
        return joined(parts, query.aggregates)

    def _by_hand(self, query: Query, numbers: IndexArray, run: Run) -> Columns:
        """Return the aggregates of a range from its readings: InfluxQL's percentile takes the nearest and no mean."""
        raw = self._page(replace(query, aggregates=(), after=None, limit=MAX_QUANTILE_READINGS), numbers)
        if len(raw["time"]) > MAX_QUANTILE_READINGS:
            raise QueryTooHeavy("ask for fewer series, or a shorter range of times")
        return aggregated(raw["series"], buckets_of(raw["time"], [run]), raw["time"], raw["value"], query.aggregates)

    def _wanted(self, numbers: IndexArray) -> Iterator[Wanted]:
        """Yield series by their kinds."""
        kinds: dict[str, list[int]] = {}
        for number in numbers.tolist():
            kinds.setdefault(self._catalog[number].kind, []).append(number)
        for kind, of_kind in kinds.items():
            properties = dict.fromkeys(self._catalog[number].property for number in of_kind)
            yield Wanted(kind, np.array(of_kind, dtype=np.int32), list(properties))

    def _number(self, tags: Mapping[str, str], property_: str) -> int | None:
        return self._catalog.find(tags["world"], tags["sensor"], property_)


def few(catalog: Catalog, numbers: IndexArray) -> Selection:
    """Return a selection that has some series, and not many more."""
    series = [catalog[number] for number in numbers.tolist()]
    sensors = tuple(dict.fromkeys(one.sensor for one in series))
    return Selection(
        worlds=tuple(dict.fromkeys(one.world for one in series)), sensors=sensors if len(sensors) <= _FEW else ()
    )
