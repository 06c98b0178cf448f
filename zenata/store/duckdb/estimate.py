"""Estimates of how many readings a query looks at, so that it can be refused, or cut into windows, before it runs."""

import numpy as np

from zenata.city.readings import IndexArray, IntArray
from zenata.store.plan import Columns

_CAPACITY = 1024  # series at first; doubled when full


class Estimates:
    """Count, oldest and newest time of the readings of each series; between them they count as evenly spread.

    One thread at a time may add; any may read meanwhile: what it finds half changed is an estimate all the same.
    """

    def __init__(self) -> None:
        self._count: IntArray = np.zeros(_CAPACITY, dtype=np.int64)
        self._oldest: IntArray = np.zeros(_CAPACITY, dtype=np.int64)
        self._newest: IntArray = np.zeros(_CAPACITY, dtype=np.int64)

    def set(self, series: IndexArray, count: IntArray, oldest: IntArray, newest: IntArray) -> None:
        """Set what is known of some series, all of shape (n,), and forget the others."""
        size = len(self._count)
        while len(series) and size <= series.max():
            size *= 2
        columns = []
        for values in (count, oldest, newest):
            column = np.zeros(size, dtype=np.int64)
            column[series] = values
            columns.append(column)
        self._count, self._oldest, self._newest = columns

    def add(self, rows: Columns) -> None:
        """Count readings, of columns `series` and `time` [us], each of shape (n,)."""
        series, time = rows["series"], rows["time"]
        if not len(series):
            return
        while len(self._count) <= series.max():
            self._count, self._oldest, self._newest = (
                np.concatenate((column, np.zeros_like(column))) for column in (self._count, self._oldest, self._newest)
            )
        first = series[self._count[series] == 0]
        self._oldest[first], self._newest[first] = np.iinfo(np.int64).max, np.iinfo(np.int64).min
        np.minimum.at(self._oldest, series, time)
        np.maximum.at(self._newest, series, time)
        np.add.at(self._count, series, 1)

    def forget(self, series: IndexArray) -> None:
        """Let series have no readings."""
        self._count[series[series < len(self._count)]] = 0

    def readings(self, series: IndexArray, start: int, end: int) -> float:
        """Return about how many readings some series have from `start` (included) to `end` (excluded) [us]."""
        series = series[series < len(self._count)]
        count, oldest, newest = self._count[series], self._oldest[series], self._newest[series]
        overlap = np.minimum(newest, end - 1) - np.maximum(oldest, start) + 1.0
        share = np.clip(overlap / np.maximum(newest - oldest + 1.0, 1.0), 0.0, 1.0)
        return float((count * share).sum())
