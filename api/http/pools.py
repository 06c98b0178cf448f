"""Pools: a share of the threads for each pilot, requests without a key last, and turns of heavy queries.

All threads of the process would else be taken by whoever sends the most or the slowest requests.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Condition

from api.http.problems import Problem

NOBODY = ""
"""The owner of requests without a key."""

HEAVY = 2_000_000
"""Readings from which on a query counts as heavy: about a second of work. A default."""

HEAVY_AT_ONCE = 2
"""Heavy queries at once, of all pilots; one of each. A default."""

_PATIENCE = 20.0  # how long a heavy query waits for its turn [s]


class FairPool:
    """A number of slots, of which one owner has a share; who waits comes in by turns. Used from one event loop alone.

    Parameters
    ----------
    slots : int
        In all.
    share : int
        Of one owner.
    queue : int
        Requests of one owner that may wait.
    """

    def __init__(self, *, slots: int, share: int, queue: int) -> None:
        self._slots, self._share, self._queue = slots, share, queue
        self._running = Counter[str]()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by owner, the one served longest ago first

    @asynccontextmanager
    async def slot(self, owner: str) -> AsyncIterator[None]:
        """Wait for a slot, and hold it.

        Raises
        ------
        Problem
            429 if too many requests of the owner wait already.
        """
        if self._running[owner] < self._share and self._running.total() < self._slots and not self._ready():
            self._running[owner] += 1
        else:
            await self._wait(owner)
        try:
            yield
        finally:
            self._running[owner] -= 1
            if not self._running[owner]:
                del self._running[owner]
            self._admit()

    async def _wait(self, owner: str) -> None:
        waiting = self._waiting.setdefault(owner, deque())
        if len(waiting) >= self._queue:
            detail = (
                f"{self._queue} requests of yours wait already, and {self._share} are worked on: send fewer at once."
            )
            raise Problem("over-quota", detail, {"Retry-After": "1"}, quota="requests_at_once")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was ours just now
                self._running[owner] -= 1
                self._admit()
            elif owner in self._waiting and turn in self._waiting[owner]:
                self._waiting[owner].remove(turn)
                if not self._waiting[owner]:
                    del self._waiting[owner]
            raise

    def _ready(self) -> list[str]:
        """Return the owners with a request that could begin, if there were a slot; without a key last."""
        owners = [owner for owner in self._waiting if self._running[owner] < self._share]
        return sorted(owners, key=lambda owner: (owner == NOBODY, self._running[owner]))

    def _admit(self) -> None:
        while self._running.total() < self._slots and (ready := self._ready()):
            owner = ready[0]
            waiting = self._waiting.pop(owner)
            turn = waiting.popleft()
            if waiting:
                self._waiting[owner] = waiting  # behind the others
            if not turn.done():
                self._running[owner] += 1
                turn.set_result(None)


class HeavyQueries:
    """Turns of heavy queries, so that aggregates over months leave the store to others. May be used from any thread.

    Parameters
    ----------
    slots : int
        At once.
    """

    def __init__(self, slots: int = HEAVY_AT_ONCE) -> None:
        self._slots = slots
        self._running: set[str] = set()
        self._change = Condition()

    @contextmanager
    def turn(self, pilot: str, cost: int, patience: float = _PATIENCE) -> Iterator[None]:
        """Wait for a turn, unless the cost [readings] is below `HEAVY`.

        Raises
        ------
        Problem
            429 if the turn does not come in time.
        """
        if cost < HEAVY:
            yield
            return
        with self._change:
            free = self._change.wait_for(
                lambda: pilot not in self._running and len(self._running) < self._slots, patience
            )
            if not free:
                detail = (
                    f"This query reads about {cost:,} readings, and others of that size run already. Try again in 5 s, or "
                    "ask for fewer series, a shorter range, or an export (POST /v1/exports)."
                )
                raise Problem("over-quota", detail, {"Retry-After": "5"}, quota="heavy_queries")
            self._running.add(pilot)
        try:
            yield
        finally:
            with self._change:
                self._running.discard(pilot)
                self._change.notify_all()
