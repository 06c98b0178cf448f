"""The interface of a store of readings, `Store`, and its queries.

A store keeps readings (series, time, value, seq) and the dead letters that could not become readings. Appending is
durable when it returns, and idempotent: of two readings with the same series and time, the first stays. Observation
times are from `zenata.city.clock.EARLIEST` to `LATEST`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy.typing as npt

from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, ReadingBatch, Selection, Series
from zenata.store.buckets import Run, bucket_runs
from zenata.store.dead_letters import DeadLetter
from zenata.store.ledger import Ledger
from zenata.store.retention import Retention

AGGREGATES = ("mean", "min", "max", "sum", "count", "first", "last", "p95")
"""Aggregates that a query can have instead of the raw readings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query: which readings, raw or aggregated, and which page of them.

    Parameters
    ----------
    selection : Selection
        The series.
    start, end : int
        Observation times from `start` (included) to `end` (excluded) [us since the Unix epoch].
    aggregates : tuple of str
        Names out of `AGGREGATES`; empty for the raw readings.
    every : int or None
        Width of the buckets [us], which begin as `zenata.store.buckets` says; None for one bucket over the whole range,
        which begins at `start`.
    zone : str or None
        Time zone by whose clock the buckets begin, such as ``Africa/Casablanca``; None for UTC.
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
    zone: str | None = None
    after: tuple[int, int] | None = None
    limit: int = 100_000

    def runs(self) -> list[Run]:
        """Return the buckets, as few runs; see `zenata.store.buckets.bucket_runs`.

        Raises
        ------
        ValueError
            If the time zone has no buckets of this width; see `zenata.store.buckets.check_every`.
        """
        if self.every is None:
            return [Run(self.start, max(self.end - self.start, 1), self.end)]
        return bucket_runs(self.start, self.end, self.every, self.zone)


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


class Store(Protocol):
    """A durable store of readings and dead letters. Methods may be called from any thread."""

    @property
    def catalog(self) -> Catalog:
        """Every series the store holds; the numbers in its tables count in it."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What became of every message that has been appended."""
        ...

    def append(
        self, batch: ReadingBatch, dead_letters: Sequence[DeadLetter] = (), replayed: Sequence[DeadLetter] = ()
    ) -> int:
        """Store readings and dead letters, all or none; durable when it returns.

        A store without transactions may have stored a part of an append that fails; the same append again completes it.

        Parameters
        ----------
        batch : ReadingBatch
        dead_letters : sequence of DeadLetter
            Of payloads longer than `zenata.store.dead_letters.MAX_PAYLOAD` the beginning is stored.
            One that is there already is no error.
        replayed : sequence of DeadLetter
            Dead letters to remove, as the batch has their readings now.

        Returns
        -------
        int
            How many readings were new.

        Raises
        ------
        StoreError
            If they cannot be stored.
        """
        ...

    def query(self, query: Query) -> Table:
        """Return the readings, or their aggregates, of a query.

        Raises
        ------
        QueryTooFine
            If it needs raw readings where only rollups are left.
        QueryTooHeavy
            If it needs more time or memory than it may have.
        StoreBusyError
            If too many others are running.
        StoreError
            If the store cannot be read.
        """
        ...

    def cost(self, query: Query) -> int:
        """Return about how many readings a query looks at, at most; it costs little to ask.

        The time and memory of a query grow with it: a few thousand are milliseconds, millions are seconds.
        """
        ...

    def check(self) -> None:
        """Find out whether the store works, at a cost that does not depend on what is in it.

        Raises
        ------
        StoreError
            If it cannot be read, or if the last append failed.
        """
        ...

    def values_at(self, series: IndexArray, time: IntArray) -> FloatArray:
        """Return the stored value of each (series, time), raw; NaN where there is none.

        It costs little for times beyond the newest of their series.

        Parameters
        ----------
        series : ndarray of int32, shape (n,)
            Numbers in `catalog`.
        time : ndarray of int64, shape (n,)
            [us since the Unix epoch]

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        ...

    def latest(self, selection: Selection) -> Table:
        """Return the reading with the newest observation time of each series, raw, ordered by series.

        A small table is the very same object as long as nothing has changed; nobody may write into it.
        """
        ...

    def latest_in(self, selection: Selection, start: int, end: int) -> Table:
        """Return the newest value of each series in a range of times, ordered by series.

        Of a time that is rolled up, the last value of the newest span counts, at the beginning of the span.

        Parameters
        ----------
        selection : Selection
        start, end : int
            Observation times from `start` (included) to `end` (excluded) [us since the Unix epoch].

        Raises
        ------
        QueryTooHeavy, StoreBusyError, StoreError
            As of `query`.
        """
        ...

    def span_at(self, time: int) -> int:
        """Return of how long spans [us] the shared city has one row at a time [us]; 0 where readings are as they came."""
        ...

    def dead_letters(
        self, *, topics: Sequence[str] = ("",), before: int | None = None, limit: int = 100, payloads: bool = False
    ) -> list[DeadLetter]:
        """Return the newest dead letters, newest first.

        Parameters
        ----------
        topics : sequence of str
            Whole topics; one that ends with a slash means all that begin with it, an empty one all there are.
        before : int, optional
            Only those that came before [us since the Unix epoch].
        limit : int
            The most to return.
        payloads : bool
            Whether their payloads are read; if not, `DeadLetter.size` says how long they are.
        """
        ...

    def tidy(self, now: int, retention: Retention) -> None:
        """Roll up readings that are old, and remove dead letters that are old or too many; others go on meanwhile.

        Parameters
        ----------
        now : int
            From which the age of dead letters counts [us since the Unix epoch]; that of readings counts from the newest.
        retention : Retention
        """
        ...

    def forget(self, world: str) -> None:
        """Delete every reading, series, dead letter and account of a world.

        Nothing of the world may be appended meanwhile.
        """
        ...

    def describe(self, series: Series) -> None:
        """Give a series that is stored its unit, once it is known; world, sensor and property tell which it is.

        Raises
        ------
        StoreError
            If it cannot be stored.
        """
        ...

    def copy(self, path: Path, on_begin: Callable[[], object] = lambda: None) -> None:
        """Write a snapshot into a new file, which the same kind of store opens; others go on meanwhile.

        Parameters
        ----------
        path : Path
        on_begin : callable
            Called once the snapshot is taken: what is appended from then on is not in the copy.

        Raises
        ------
        StoreError
            If it cannot be written, or the store is a server, which has backups of its own.
        """
        ...

    def close(self) -> None:
        """Write what is pending, and close files and connections."""
        ...
