"""Backlog: what conditions of webhooks read of the store, and of the ring of the hub, once they have missed it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from api.live.hub import OVERLAP, REPLAY_LIMIT, Hub
from api.webhooks.conditions import PassedOver
from api.webhooks.edges import MAX_LATENESS
from api.webhooks.trackers import Rows, SensorTracker
from zenata.city.clock import LATEST
from zenata.city.readings import ReadingBatch, Selection
from zenata.store.base import Query, Store, Table

_PAGE = 20_000  # readings taken from the store at once


class Backlog:
    """Reads what was stored, and what may not be yet.

    Parameters
    ----------
    store : Store
    hub : Hub
    """

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store, self._hub = store, hub

    def _overlap(self, selection: Selection, seen: int) -> int:
        """Return how far before what was evaluated to read again [us]: late readings may have been stored, and no more."""
        query, overlap = Query(selection=selection, start=0, end=seen), MAX_LATENESS
        while overlap > OVERLAP and self._store.cost(replace(query, start=seen - overlap)) > _PAGE:
            overlap = max(overlap // 2, OVERLAP)
        return overlap

    def missed(self, tracker: SensorTracker, seen: int) -> Iterator[Table]:
        """Read what the store has since some time before what was `seen` [us]; where that is much, the newest of it alone."""
        start, taken = seen - self._overlap(tracker.selection, seen), 0
        for table in self.pages(tracker.selection, start, LATEST):
            if taken >= REPLAY_LIMIT and len(table.time):
                rest = Query(selection=tracker.selection, start=int(table.time[0]), end=LATEST)
                newest = self._store.latest(tracker.selection)
                ends = int(table.time[0]), max(int(newest.time.max()), int(table.time[0]))
                tracker.miss(PassedOver(self._store.cost(rest), *ends))
                yield newest
                return
            taken += int(np.count_nonzero(table.time > seen))
            yield table

    def pages(self, selection: Selection, start: int, end: int) -> Iterator[Table]:
        """Read what the store has, a page at a time."""
        query = Query(selection=selection, start=start, end=end, limit=_PAGE)
        while True:
            table = self._store.query(query)
            yield table
            if not table.more:
                return
            query = replace(query, after=(int(table.time[-1]), int(table.series[-1])))

    def batches(self, unsettled: int, end: int) -> list[ReadingBatch]:
        """Return the batches before `end` that the store may not have had when `unsettled` was the first of them."""
        numbers = range(max(unsettled, self._hub.first), end)
        return [batch for number in numbers if (batch := self._hub.batch(number)) is not None]


def rows_of(table: Table) -> Rows:
    """Return the readings of a table."""
    return table.catalog, table.series, table.time, np.asarray(table.columns["value"], dtype=np.float64)
