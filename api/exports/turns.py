"""Turns of exports that are written at the same time: a page each, round and round, so that none waits for another's end."""

import threading
from collections import deque
from collections.abc import Callable

from api.exports.export import Queried
from zenata.store.base import Query, Table


class Turns:
    """Who writes now: in the order in which they came. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, who: object) -> None:
        """Wait for one's turn, unless it is already."""
        with self._changed:
            if who not in self._waiting:
                self._waiting.append(who)
            self._changed.wait_for(lambda: self._waiting[0] is who)

    def end(self, who: object) -> None:
        """Let the next one write, if it is one's own turn."""
        with self._changed:
            if who in self._waiting:
                self._waiting.remove(who)
                self._changed.notify_all()


class TurnStore:
    """A store for one export: a query waits for the export's turn, which ends when its page is written (`end`).

    Parameters
    ----------
    store : Queried
    turns : Turns
    check : callable
        Called when it is our turn; raises if nobody wants the export any more.
    """

    def __init__(self, store: Queried, turns: Turns, check: Callable[[], object]) -> None:
        self._store, self._turns, self._check = store, turns, check

    def query(self, query: Query) -> Table:
        """Return what the store answers; see `Queried.query`."""
        self._turns.take(self)
        try:
            self._check()
            return self._store.query(query)
        except BaseException:
            self.end()  # a busy store is asked again later, and others meanwhile
            raise

    def end(self) -> None:
        """Let another export write."""
        self._turns.end(self)
