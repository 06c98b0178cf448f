"""Queries of the embedded store, in windows: each needs little memory and time, and others get their turn between them.

A page is read window after window of times until it is full. A window whose single bucket is too much for the memory is
read by some of the series at a time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import duckdb
import numpy as np

from zenata.city.readings import IndexArray
from zenata.errors import QueryTooHeavy
from zenata.store.base import Query
from zenata.store.duckdb.estimate import Estimates
from zenata.store.duckdb.gate import Gate
from zenata.store.duckdb.sql import FEW, select, select_newest
from zenata.store.plan import Columns

PATIENCE = 30.0
"""The longest that a query may take [s]; a quantile over everything must not keep the processor from the others."""

MEMORY = 32_000_000
"""What a window may need of DuckDB's memory [bytes]: as many as may run at once leave the writer half of it."""

MAX_READINGS = 50_000_000
"""Readings that a query may look at; two cores take some 10 to 30 s for them."""

# Seen with DuckDB 2.0 on 6,000,000 readings of 2,000 series [bytes].
_SORTED_READING = 50  # that is returned as it is
_QUANTILE_READING = 18  # that a quantile is of
_GROUP, _AGGREGATE = 60, 16  # of a series in a bucket, and for each aggregate of it

_WINDOW_READINGS = 5_000_000  # that a window looks at, for the sake of others' turns

Cursors = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]


class Reader:
    """Runs queries beside the writer.

    Parameters
    ----------
    cursors : callable
        Returns a context with a connection of its own.
    estimates : Estimates
    gate : Gate
    """

    def __init__(self, cursors: Cursors, estimates: Estimates, gate: Gate) -> None:
        self._cursors = cursors
        self._estimates = estimates
        self._gate = gate

    def cost(self, query: Query, numbers: IndexArray) -> int:
        """Return about how many readings a page of a query looks at, at most."""
        readings = self._estimates.readings(numbers, query.start, query.end)
        return int(readings if query.aggregates else min(readings, 2 * query.limit))

    def rows(self, query: Query, numbers: IndexArray, ids: IndexArray, *, rolled: bool) -> Columns:
        """Return the rows of a page by (moment, series), one more than its limit if there are more.

        Parameters
        ----------
        query : Query
            Whose `after` names an id in place of a number.
        numbers, ids : ndarray of int32, shape (n,)
            The series meant: as the catalog numbers them, and as the file does.
        rolled : bool
            Whether some of what is meant may be rolled up.

        Raises
        ------
        QueryTooHeavy, StoreBusyError
        """
        if self.cost(query, numbers) > MAX_READINGS:
            raise QueryTooHeavy(
                f"this is about {self.cost(query, numbers):,} readings, and a query may look at {MAX_READINGS:,}: "
                "ask for fewer series or a shorter range of times"
            )
        deadline, parts, missing = time.monotonic() + PATIENCE, [], query.limit + 1
        with self._cursors() as cursor:
            for window, chosen in self._windows(query, numbers):
                sql = select(replace(window, limit=missing), ids[chosen], rolled=rolled)
                with self._gate.passed(cursor, deadline):
                    parts.append(_run(cursor, sql, ids[chosen]))
                missing -= len(parts[-1]["series"])
                if missing <= 0:
                    break
            if not parts:
                return cursor.execute(select(replace(query, limit=0), ids[:0])).fetchnumpy()
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts[1:] else parts[0]

    def newest(self, numbers: IndexArray, ids: IndexArray, start: int, end: int, *, rolled: bool) -> Columns:
        """Return the newest value of each series in [start, end) [us] with its time, as `moment`.

        Raises
        ------
        QueryTooHeavy, StoreBusyError
        """
        readings = self._estimates.readings(numbers, start, end)
        if readings > MAX_READINGS:
            raise QueryTooHeavy(f"this is about {readings:,.0f} readings, and a query may look at {MAX_READINGS:,}")
        with self._cursors() as cursor, self._gate.passed(cursor, time.monotonic() + PATIENCE):
            return _run(cursor, select_newest(ids, start, end, rolled=rolled), ids)

    def _windows(self, query: Query, numbers: IndexArray) -> Iterator[tuple[Query, slice]]:
        """Yield parts of a query in the order of their rows, each with the indices of the series that it is about."""
        everything = slice(None)
        start = min(max(query.start, query.after[0]), query.end) if query.after else query.start
        if not query.aggregates:
            goal = min(MEMORY // _SORTED_READING, max(2 * query.limit, 1000))
            while start < query.end:
                end = self._reach(numbers, start, query.end, goal)
                yield replace(query, start=start, end=end), everything
                start = end
            return
        quantile = "p95" in query.aggregates
        max_groups = MEMORY // 2 // (_GROUP + _AGGREGATE * len(query.aggregates))
        max_readings = MEMORY // 2 // _QUANTILE_READING if quantile else _WINDOW_READINGS
        if query.every is None:
            yield from self._by_series(query, numbers, max_readings, quantile=quantile)
            return
        for run in query.runs():
            low = max(run.start, (start - run.start) // run.width * run.width + run.start)
            last = min(run.end, query.end)
            while low < last:
                end = self._reach(numbers, low, last, max_readings)
                if (end - low) // run.width * len(numbers) > max_groups:  # as many as readings, or as buckets
                    sparse = self._reach(numbers, low, end, max_groups)
                    end = min(end, max(sparse, low + max_groups // len(numbers) * run.width))
                buckets = -((low - end) // run.width) if end == last else max((end - low) // run.width, 1)
                high = min(low + buckets * run.width, run.end)
                part = replace(query, start=max(low, query.start), end=min(high, query.end))
                if buckets == 1:
                    yield from self._by_series(part, numbers, max_readings, quantile=quantile)
                else:
                    yield part, everything
                low = high

    def _reach(self, numbers: IndexArray, start: int, end: int, readings: int) -> int:
        """Return the time up to which there are about so many readings from a start on, at most `end` [us]."""
        reach = end
        while reach - start > 1 and (found := self._estimates.readings(numbers, start, reach)) > 1.5 * readings:
            reach = start + max(int((reach - start) * readings / found), 1)
        return reach

    def _by_series(
        self, query: Query, numbers: IndexArray, max_readings: int, *, quantile: bool
    ) -> Iterator[tuple[Query, slice]]:
        """Yield a query of one bucket for some of the series after the others."""
        total = self._estimates.readings(numbers, query.start, query.end)
        pieces = min(int(total // max_readings) + 1, max(len(numbers), 1))
        size = max(-(-len(numbers) // pieces), 1)
        if quantile and total / pieces * _QUANTILE_READING > 4 * MEMORY:
            raise QueryTooHeavy("a quantile may be of some millions of readings: ask for a shorter range of times")
        for first in range(0, len(numbers), size):
            yield query, slice(first, first + size)


def _run(cursor: duckdb.DuckDBPyConnection, sql: str, ids: IndexArray) -> Columns:
    """Return what a SELECT about some series finds; `sql.select` says which of them are in a table."""
    if len(ids) > FEW:
        cursor.register("wanted", {"series": ids})
    return cursor.execute(sql).fetchnumpy()
