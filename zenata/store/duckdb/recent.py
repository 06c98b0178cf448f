"""Readings of series that are asked for again and again, in memory up to their newest.

A dashboard asks for the last day of some series every few seconds. In the file they lie between those of all others, and
to plan a query alone costs more than to write its answer.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import IndexArray
from zenata.store.base import Query
from zenata.store.plan import Columns, part

FEW = 8
"""Series at most of a query whose rows are remembered. A default."""

MAX_ROWS = 250_000
"""Readings in memory, 24 bytes each: of the series that were asked for last. A default."""

MAX_SERIES = 250
"""Series in memory: each costs some 20 us in every append of readings of it. A default."""

_NAMES = "moment", "value", "seq"
_OPEN = np.iinfo(np.int64).max


class _Span(NamedTuple):
    """All readings of a series from `start` (included) to `end` (excluded) [us], ascending; `end` is `_OPEN` if none is later."""

    start: int
    end: int
    rows: Columns


class RecentReadings:
    """Spans of series by their number. Any thread may look while one writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: OrderedDict[int, _Span] = OrderedDict()  # the one asked for longest ago first
        self._size = 0  # readings in them
        self._written = np.zeros(0, dtype=np.int64)  # the last write of each series
        self.writes = 0
        """How often something was written: `remember` wants to know since when its rows were looked for."""

    def find(self, query: Query, numbers: IndexArray) -> Columns | None:
        """Return the rows of a page by (moment, series), one more than its limit if there are more; None if some are not here."""
        if not _is_small(query, numbers):
            return None
        parts = []
        with self._lock:
            for number in numbers.tolist():
                span = self._spans.get(number)
                if span is None or query.start < span.start or query.end > span.end:
                    return None
                self._spans.move_to_end(number)
                first, last = np.searchsorted(span.rows["moment"], (query.start, query.end)).tolist()
                rows = {name: column[first : min(last, first + query.limit + 1)] for name, column in span.rows.items()}
                parts.append({"series": np.full(len(rows["moment"]), number, dtype=np.int32), **rows})
        found = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
        order = np.lexsort((found["series"], found["moment"]))[: query.limit + 1]
        return {name: column[order] for name, column in found.items()}

    def remember(self, query: Query, numbers: IndexArray, newest: dict[int, int], rows: Columns, since: int) -> None:
        """Remember the rows of a page, if they are all there are and none of their series was written to meanwhile.

        Parameters
        ----------
        query : Query
        numbers : ndarray of int32, shape (n,)
        newest : dict of int to int
            Time [us] of the newest reading of each of the series that have one, read after the rows.
        rows : Columns
            Of columns `series`, `moment`, `value` and `seq`.
        since : int
            What `writes` was before they were read.
        """
        if not _is_small(query, numbers) or len(rows["series"]) > min(query.limit, MAX_ROWS):
            return
        with self._lock:
            if (self._written[numbers[numbers < len(self._written)]] > since).any():
                return
            for number in numbers.tolist():
                own = part(rows, rows["series"] == number)
                end = query.end if query.end <= newest.get(number, query.start) else _OPEN
                if number in self._spans:
                    self._drop(number)
                self._spans[number] = _Span(query.start, end, {name: own[name] for name in _NAMES})
                self._size += len(own["moment"])
            self._trim()

    def write(self, rows: Columns, newer: npt.NDArray[np.bool_]) -> None:
        """Take note of readings that are durable, once their series' newest are known.

        Parameters
        ----------
        rows : Columns
            Of columns `series`, `time` [us], `value` and `seq`, ascending by time.
        newer : ndarray of bool, shape (n,)
            Whether each was behind the newest reading of its series.
        """
        with self._lock:
            self.writes += 1
            count = int(rows["series"].max(initial=-1)) + 1
            if count > len(self._written):
                self._written = np.pad(self._written, (0, 2 * count - len(self._written)))
            self._written[rows["series"]] = self.writes
            held = np.isin(rows["series"], list(self._spans)) if self._spans else np.zeros(len(newer), dtype=np.bool_)
            for number in np.unique(rows["series"][held]).tolist():
                span = self._spans[number]
                chosen = (rows["series"] == number) & (rows["time"] >= span.start) & (rows["time"] < span.end)
                if not chosen.any():
                    continue
                if span.end != _OPEN or not newer[chosen].all():
                    self._drop(number)
                    continue
                known = span.rows["moment"]
                if len(known):  # who read the file just now has some of them, or all
                    chosen &= rows["time"] > known[-1]
                new = part({"moment": rows["time"], "value": rows["value"], "seq": rows["seq"]}, chosen)
                joined = {name: np.concatenate((column, new[name])) for name, column in span.rows.items()}
                self._spans[number] = span._replace(rows=joined)
                self._size += len(new["moment"])
            self._trim()

    def forget(self, numbers: IndexArray) -> None:
        """Forget series that were deleted."""
        with self._lock:
            for number in numbers.tolist():
                if number in self._spans:
                    self._drop(number)

    def _trim(self) -> None:
        while self._size > MAX_ROWS or len(self._spans) > MAX_SERIES:
            self._drop(next(iter(self._spans)))

    def _drop(self, number: int) -> None:
        self._size -= len(self._spans.pop(number).rows["moment"])


def _is_small(query: Query, numbers: IndexArray) -> bool:
    """Return whether a query is one for the first raw readings of a few series."""
    return not (query.aggregates or query.after) and 0 < len(numbers) <= FEW
