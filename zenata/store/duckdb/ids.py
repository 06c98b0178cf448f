"""Ids of series in the file.

A number of the catalog counts the series of a process without gaps; an id stays as long as the file. Ids of deleted
worlds are gaps, so that a store of many years opens with as many numbers as it has series.
"""

import numpy as np

from zenata.city.readings import IndexArray


class SeriesIds:
    """The id of each number, ascending.

    Parameters
    ----------
    ids : ndarray of int32, shape (numbers,)
    """

    def __init__(self, ids: IndexArray) -> None:
        self._ids = ids

    def next(self, count: int) -> IndexArray:
        """Return ids for that many new series."""
        return np.arange(self.last + 1, self.last + 1 + count, dtype=np.int32)

    @property
    def last(self) -> int:
        """The highest id; -1 without series."""
        return int(self._ids[-1]) if len(self._ids) else -1

    def extended(self, ids: IndexArray) -> "SeriesIds":
        """Return the ids with those of new series."""
        return SeriesIds(np.concatenate((self._ids, ids))) if len(ids) else self

    def of(self, numbers: IndexArray) -> IndexArray:
        """Return the ids of numbers, shape (n,)."""
        return self._ids[numbers]

    def numbers(self, ids: IndexArray) -> IndexArray:
        """Return the numbers of ids, shape (n,)."""
        known = self._ids
        if len(known) and known[-1] == len(known) - 1:  # no gaps
            return ids.astype(np.int32)
        return np.searchsorted(known, ids).astype(np.int32)
