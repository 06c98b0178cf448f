"""What every store of readings promises.

A store keeps readings (series, time, value, seq) and the dead letters that could not become readings. Appending is
durable when it returns, and idempotent: of two readings with the same series and time, the first stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Selection

AGGREGATES = ("mean", "min", "max", "sum", "count", "first", "last", "p95")
"""What a query can ask for instead of the raw readings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Which readings are meant, and in what form.

    Parameters
    ----------
    selection : Selection
        The series.
    start, end : int
        Observation times from `start` (included) to `end` (excluded) [us since the Unix epoch].
    aggregates : tuple of str
        Names out of `AGGREGATES`; empty for the raw readings.
    every : int or None
        Width of the buckets [us], aligned to the Unix epoch; None for one bucket over the whole range.
    after : tuple of (int, int) or None
        Continue behind this (time [us], series number): the last row of the page before.
    limit : int
        The most rows to return.
    """

    selection: Selection
    start: int
    end: int
    aggregates: tuple[str, ...] = ()
    every: int | None = None
    after: tuple[int, int] | None = None
    limit: int = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of readings as columns of equal length, ordered by (time, series).

    Parameters
    ----------
    catalog : Catalog
        What `series` counts in.
    series : ndarray of int32, shape (n,)
    time : ndarray of int64, shape (n,) [us since the Unix epoch]
        Time of the observation, or the start of the bucket.
    columns : mapping of str to ndarray, shape (n,)
        ``value`` (float64) and ``seq`` (int64), or one column (float64; ``count`` int64) for each aggregate.
    more : bool
        Whether rows follow that the limit cut off.
    """

    catalog: Catalog
    series: IndexArray
    time: IntArray
    columns: Mapping[str, npt.NDArray]  # type: ignore[type-arg]  # the columns differ in type
    more: bool = False

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A message that could not become readings.

    Parameters
    ----------
    received : int
        When it came [us since the Unix epoch].
    topic : str
    payload : bytes
        As it came.
    reason : str
        What is wrong with it, for a person.
    """

    received: int
    topic: str
    payload: bytes
    reason: str


class Store(Protocol):
    """A place for readings that lasts. Methods may be called from any thread."""

    @property
    def catalog(self) -> Catalog:
        """Every series the store holds; the numbers in its tables count in it."""
        ...

    def append(self, batch: ReadingBatch, letters: Sequence[DeadLetter] = ()) -> int:
        """Keep readings and dead letters, all or none; durable when it returns.

        Returns
        -------
        int
            How many readings were new.

        Raises
        ------
        StoreError
            If they cannot be kept; nothing of the batch is then.
        """
        ...

    def query(self, query: Query) -> Table:
        """Return the readings, or their aggregates, that a query means.

        Raises
        ------
        QueryTooHeavy
            If it needs more time or memory than it may have.
        StoreError
            If the store cannot be read.
        """
        ...

    def latest(self, selection: Selection) -> Table:
        """Return the reading with the newest observation time of each series, raw, ordered by series."""
        ...

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Return the newest dead letters, newest first."""
        ...

    def close(self) -> None:
        """Write out what is left and let go of the files."""
        ...
