"""What every store does to a batch first: its own numbers of the series and accounts, and each reading once."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Series
from zenata.store.ledger import Ledger

_PIECES = 8
"""The most pieces that late readings are looked for in."""

Columns = dict[str, npt.NDArray[Any]]


class Numbers:
    """A store's numbers of series and accounts, for the catalogs that batches come with.

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

    def translate(self, source: Catalog) -> tuple[IndexArray, list[Series]]:
        """Return our number of each series of another catalog, and those of them that are new to us."""
        known = self._numbers.get(source, np.empty(0, dtype=np.int32))
        newcomers: list[Series] = []
        numbers = []
        for series in source.since(len(known)):
            number = self._catalog.find(series.world, series.sensor, series.property)
            if number is None:
                number = len(self._catalog) + len(newcomers)
                newcomers.append(series)
            numbers.append(number)
        return np.concatenate((known, np.array(numbers, dtype=np.int32))), newcomers

    def accounts(self, newcomers: Sequence[Series] = ()) -> IndexArray:
        """Return the account of every series, those of newcomers last."""
        known = self._accounts
        more = [*self._catalog.since(len(known)), *newcomers]
        return np.concatenate((known, np.array([self._ledger.number(one.world, one.sensor) for one in more], np.int32)))

    def keep(self, source: Catalog, numbers: IndexArray, newcomers: Sequence[Series], accounts: IndexArray) -> None:
        """Take in what was found, as the batch is kept."""
        for newcomer in newcomers:
            self._catalog.intern(newcomer)
        self._numbers[source] = numbers
        self._accounts = accounts


def first_of_each(numbers: IndexArray, batch: ReadingBatch) -> Columns:
    """Return the rows of a batch by time, of equal ones the first that came, given our number of each of its series.

    Within a time they are in the order of the numbers in the batch: that is how most batches come.
    """
    rows: Columns = {"series": batch.series, "time": batch.time, "value": batch.value, "seq": batch.seq}
    if not _rises(batch.series, batch.time).all():
        order = np.lexsort((batch.series, batch.time))
        order = order[_rises(batch.series[order], batch.time[order])]
        rows = {name: column[order] for name, column in rows.items()}
    return rows | {"series": numbers[rows["series"]]}


def part(rows: Columns, chosen: npt.NDArray[Any]) -> Columns:
    """Return the chosen rows, without copying when they are all."""
    return rows if chosen.dtype == np.bool_ and chosen.all() else {name: rows[name][chosen] for name in rows}


def pieces(times: IntArray, gap: int) -> list[npt.NDArray[np.intp]]:
    """Return the places of ascending times, shape (n,), divided at the widest steps between them over a gap [us].

    One clock that is years behind must not make every repetition a search of the years between, nor many a search each:
    hence a few pieces.
    """
    if not len(times):
        return []
    steps = np.diff(times)
    widest = np.argsort(steps)[1 - _PIECES :]
    return np.split(np.arange(len(times)), np.sort(widest[steps[widest] > gap]) + 1)


def _rises(series: IndexArray, time: IntArray) -> npt.NDArray[np.bool_]:
    """Return whether each row is behind the one before it by time and series, shape (n,)."""
    rises = np.ones(len(series), dtype=np.bool_)
    rises[1:] = (time[1:] > time[:-1]) | ((time[1:] == time[:-1]) & (series[1:] > series[:-1]))
    return rises
