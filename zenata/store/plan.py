"""Plans of appends: a batch under the store's own numbers, each reading once.

An append has three steps: *plan* decides and changes nothing that counts, *write* makes it durable, *apply* brings the
memory up to date once it is durable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Series
from zenata.errors import StoreError
from zenata.store.dead_letters import DeadLetter
from zenata.store.ledger import Entries, Ledger

_MAX_RANGES = 8
"""The most ranges of times that late readings are searched in."""

_UNKNOWN = -1

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AppendPlan:
    """What one append is to store.

    Parameters
    ----------
    batch : ReadingBatch
    series, account : ndarray of int32, shape (n,)
        Our numbers of the series and of the account of each reading of the batch.
    new_series : sequence of Series
        Those not in our catalog; their numbers follow its last.
    numbers : ndarray of int32, shape (series of the batch's catalog,)
        Our number of each of them; -1 of those that no batch had.
    accounts : ndarray of int32, shape (series of our catalog and new ones,)
        Account of each of them; -1 of those that no batch had.
    dead_letters : sequence of DeadLetter
        To add.
    replayed : sequence of DeadLetter
        To remove, as the batch has their readings now.
    """

    batch: ReadingBatch
    series: IndexArray
    account: IndexArray
    new_series: Sequence[Series]
    numbers: IndexArray
    accounts: IndexArray
    dead_letters: Sequence[DeadLetter]
    replayed: Sequence[DeadLetter]

    def rows(self) -> Columns:
        """Return the readings by time, the first of each series and time.

        Within a time they are in the order of the numbers in the batch: most batches come in that order.
        """
        batch = self.batch
        rows: Columns = {"series": batch.series, "time": batch.time, "value": batch.value, "seq": batch.seq}
        if not _rises(batch.series, batch.time).all():
            order = np.lexsort((batch.series, batch.time))
            order = order[_rises(batch.series[order], batch.time[order])]
            rows = {name: column[order] for name, column in rows.items()}
        return rows | {"series": self.numbers[rows["series"]]}

    def entries(self, ledger: Ledger) -> Entries:
        """Return what is to be entered in the ledger."""
        return ledger.entries(self.batch, self.account, self.dead_letters, self.replayed)


class Planner:
    """Plans appends to a store.

    Parameters
    ----------
    catalog : Catalog
        The store's.
    ledger : Ledger
    """

    def __init__(self, catalog: Catalog, ledger: Ledger) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._accounts: IndexArray = np.empty(0, dtype=np.int32)
        self._numbers: WeakKeyDictionary[Catalog, IndexArray] = WeakKeyDictionary()

    def plan(
        self, batch: ReadingBatch, dead_letters: Sequence[DeadLetter], replayed: Sequence[DeadLetter]
    ) -> AppendPlan:
        """Return the plan of an append.

        Raises
        ------
        StoreError
            If a value is not a finite number.
        """
        if not np.isfinite(batch.value).all():
            raise StoreError("a batch has a value that is not a finite number")
        numbers, new_series = self._translate(batch)
        series = numbers[batch.series]
        accounts = self._accounts_of(series, new_series)
        return AppendPlan(
            batch=batch,
            series=series,
            account=accounts[series],
            new_series=new_series,
            numbers=numbers,
            accounts=accounts,
            dead_letters=dead_letters,
            replayed=replayed,
        )

    def apply(self, plan: AppendPlan) -> None:
        """Take the new series into the catalog, as the plan is durable."""
        for series in plan.new_series:
            self._catalog.intern(series)
        self._numbers[plan.batch.catalog] = plan.numbers
        self._accounts = plan.accounts

    def forget(self, numbers: IndexArray) -> None:
        """Forget series that were deleted, and the accounts, which have other numbers now."""
        for source, known in self._numbers.items():
            self._numbers[source] = np.where(np.isin(known, numbers), _UNKNOWN, known)
        self._accounts = np.empty(0, dtype=np.int32)

    def _translate(self, batch: ReadingBatch) -> tuple[IndexArray, list[Series]]:
        """Return our number of each series of a batch's catalog that the batch has, and those that are new to us."""
        source = batch.catalog
        numbers = _extended(self._numbers.get(source, np.empty(0, dtype=np.int32)), len(source))
        new_series: list[Series] = []
        for index in _unknown(numbers, batch.series):
            series = source[index]
            number = self._catalog.find(series.world, series.sensor, series.property)
            if number is None:
                number = len(self._catalog) + len(new_series)
                new_series.append(series)
            numbers[index] = number
        return numbers, new_series

    def _accounts_of(self, series: IndexArray, new_series: Sequence[Series]) -> IndexArray:
        """Return the account of each of our series that a batch has."""
        known = len(self._catalog)
        accounts = _extended(self._accounts, known + len(new_series))
        for number in _unknown(accounts, series):
            one = self._catalog[number] if number < known else new_series[number - known]
            accounts[number] = self._ledger.number(one.world, one.sensor)
        return accounts


def _extended(numbers: IndexArray, size: int) -> IndexArray:
    """Return a copy with room for more, which are unknown."""
    return np.concatenate((numbers, np.full(size - len(numbers), _UNKNOWN, dtype=np.int32)))


def _unknown(numbers: IndexArray, used: IndexArray) -> list[int]:
    """Return the indices, out of those used, of numbers that are unknown, ascending."""
    chosen = np.zeros(len(numbers), dtype=np.bool_)
    chosen[used] = True
    return np.flatnonzero(chosen & (numbers == _UNKNOWN)).tolist()


def part(rows: Columns, chosen: npt.NDArray[Any]) -> Columns:
    """Return the chosen rows, without copying when they are all."""
    return rows if chosen.dtype == np.bool_ and chosen.all() else {name: rows[name][chosen] for name in rows}


def among(series: IndexArray, time: IntArray, known: Sequence[tuple[IndexArray, IntArray]]) -> npt.NDArray[np.bool_]:
    """Return whether each (series, time), shape (n,), none twice, is one of those known, columns of any length."""
    all_series = np.concatenate([*(one for one, _ in known), series])
    all_time = np.concatenate([*(one for _, one in known), time])
    order = np.lexsort((all_series, all_time))  # stable: what is known comes before what is equal to it
    equal = np.flatnonzero((np.diff(all_time[order]) == 0) & (np.diff(all_series[order]) == 0)) + 1
    there = np.zeros(len(all_time), dtype=np.bool_)
    there[order[equal]] = True
    return there[len(all_time) - len(time) :]


def split_at_gaps(times: IntArray, gap: int) -> list[npt.NDArray[np.intp]]:
    """Return the indices of ascending times, shape (n,), split at the widest steps between them over a gap [us].

    One clock that is years behind must not make every repetition a search of the years between, nor many a search each:
    hence a few ranges.
    """
    if not len(times):
        return []
    steps = np.diff(times)
    widest = np.argsort(steps)[1 - _MAX_RANGES :]
    return np.split(np.arange(len(times)), np.sort(widest[steps[widest] > gap]) + 1)


def _rises(series: IndexArray, time: IntArray) -> npt.NDArray[np.bool_]:
    """Return whether each row is behind the one before it by time and series, shape (n,)."""
    rises = np.ones(len(series), dtype=np.bool_)
    rises[1:] = (time[1:] > time[:-1]) | ((time[1:] == time[:-1]) & (series[1:] > series[:-1]))
    return rises
