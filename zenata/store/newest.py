"""Newest reading of each series, in memory, and the gap before it that a history is being written into."""

import threading

import numpy as np

from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, Selection
from zenata.store.base import Table

_NEVER = np.iinfo(np.int64).min
_CAPACITY = 1024  # series at first; doubled when full
_TABLES = 1000  # how many tables are remembered

SMALL = 128
"""Rows at most of a table that is remembered, and names of sensors in its selection."""


class NewestReadings:
    """Newest time, value and message number by series number. Any thread may read while one sets them.

    A series may have a gap too: a range of times in which there is surely no reading of it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._time: IntArray = np.full(_CAPACITY, _NEVER)
        self._value: FloatArray = np.zeros(_CAPACITY)
        self._seq: IntArray = np.zeros(_CAPACITY, dtype=np.int64)
        self._gap_after: IntArray = np.zeros(_CAPACITY, dtype=np.int64)
        self._gap_before: IntArray = np.full(_CAPACITY, _NEVER)
        self._revision = 0  # how often newest readings have changed
        self._tables: dict[Selection, tuple[tuple[int, int], Table]] = {}

    def is_newer(self, series: IndexArray, time: IntArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return whether each time [us], shape (n,), is later than the newest of its series."""
        with self._lock:
            self._reserve(series)
            return time > self._time[series]

    def set(self, series: IndexArray, time: IntArray, value: FloatArray, seq: IntArray) -> None:
        """Set the newest readings, all shape (n,); of several of one series the last stays."""
        with self._lock:
            self._reserve(series)
            self._time[series] = time
            self._value[series] = value
            self._seq[series] = seq
            self._revision += bool(len(series))

    def forget(self, series: IndexArray) -> None:
        """Let series have no reading, shape (n,)."""
        with self._lock:
            self._reserve(series)
            self._time[series] = self._gap_before[series] = _NEVER
            self._revision += 1

    def in_gap(self, series: IndexArray, time: IntArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return whether each time [us], shape (n,), is in the gap of its series."""
        with self._lock:
            self._reserve(series)
            return (time > self._gap_after[series]) & (time < self._gap_before[series])

    def open_gaps(self, series: IndexArray, after: int, before: IntArray) -> None:
        """Set gaps behind a time [us], before the times [us], shape (n,)."""
        with self._lock:
            self._reserve(series)
            self._gap_after[series] = after
            self._gap_before[series] = before

    def narrow_gaps(self, series: IndexArray, time: IntArray) -> None:
        """Let gaps begin behind readings that are now in them, all shape (n,), those of a series ascending by time [us]."""
        with self._lock:
            self._gap_after[series] = time

    def of(self, series: IndexArray) -> tuple[IndexArray, IntArray, FloatArray, IntArray]:
        """Return (series, time, value, seq) of those of the series that have a reading."""
        with self._lock:
            self._reserve(series)
            time = self._time[series]
            known = time != _NEVER
            if not known.all():
                series, time = series[known], time[known]
            return series, time, self._value[series], self._seq[series]

    def table(self, catalog: Catalog, selection: Selection) -> Table:
        """Return the newest readings of some series; of a small table the very same, as long as nothing has changed."""
        revision = self._revision, catalog.revision  # before looking: what changes meanwhile is looked at again
        known = self._tables.get(selection)
        if known is not None and known[0] == revision:
            return known[1]
        numbers, times, values, seqs = self.of(catalog.select(selection))
        table = Table(catalog=catalog, series=numbers, time=times, columns={"value": values, "seq": seqs})
        if len(table) <= SMALL and len(selection.sensors) <= SMALL:  # a long list may have few readings
            if len(self._tables) >= _TABLES:
                self._tables.clear()
            for column in (numbers, times, values, seqs):
                column.flags.writeable = False
            self._tables[selection] = revision, table
        return table

    def _reserve(self, series: IndexArray) -> None:
        size = len(self._time)
        while len(series) and size <= series.max():
            size *= 2
        if more := size - len(self._time):
            self._time = np.concatenate((self._time, np.full(more, _NEVER)))
            self._value = np.concatenate((self._value, np.zeros(more)))
            self._seq = np.concatenate((self._seq, np.zeros(more, dtype=np.int64)))
            self._gap_after = np.concatenate((self._gap_after, np.zeros(more, dtype=np.int64)))
            self._gap_before = np.concatenate((self._gap_before, np.full(more, _NEVER)))
