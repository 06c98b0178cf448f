"""Maintenance of the store while it is in use: rolls up old readings, removes old dead letters."""

import logging

from zenata.city.clock import Clock
from zenata.errors import StoreError
from zenata.process.background import Background
from zenata.store.base import Store
from zenata.store.retention import Retention

log = logging.getLogger(__name__)

FIRST, PAUSE = 60.0, 3600.0
"""Time before the store is tidied first, as a start is busy, and from then on [s]."""


class Maintenance(Background):
    """Tidies the store at intervals, in a thread of its own, until the end of its block.

    Parameters
    ----------
    store : Store
    retention : Retention
    clock : Clock
        Tells the time of day.
    first, pause : float
        Time before the store is tidied first, and from then on [s].
    """

    def __init__(
        self, store: Store, retention: Retention, clock: Clock, first: float = FIRST, pause: float = PAUSE
    ) -> None:
        self._store, self._retention, self._clock = store, retention, clock
        self._first, self._pause = first, pause
        super().__init__("maintenance")

    def _run(self) -> None:
        pause = self._first
        while not self._stop.wait(pause):
            try:
                self._store.tidy(self._clock.now(), self._retention)
            except StoreError as error:
                log.warning("the store is not tidied now: %s", error)
            pause = self._pause
