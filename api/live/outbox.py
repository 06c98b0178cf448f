"""What waits to be sent to one client: bounded, and what there is no room for is counted, so that it can be told."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MOST_HELD = 10_000
"""Readings that wait for one client, about 2 MB of text. A default, not a measured optimum."""


@dataclass(slots=True)
class Loss:
    """Readings that a subscription has not got.

    Parameters
    ----------
    count : int
    first, last : int
        From when to when they were observed [us since the Unix epoch].
    """

    count: int
    first: int
    last: int


class _Waiting(NamedTuple):
    subscription: str
    readings: int
    text: str


class Outbox:
    """Text that waits, by subscription, in the order that it came.

    Parameters
    ----------
    tell : callable
        Makes the text that tells a subscription of its loss.
    most : int
        How many readings it holds.
    """

    def __init__(self, tell: Callable[[str, Loss], str], most: int = MOST_HELD) -> None:
        self._tell = tell
        self._most = most
        self._held = 0
        self._queue: deque[_Waiting] = deque()
        self._lost: dict[str, Loss] = {}
        self._news = asyncio.Event()

    def offer(self, subscription: str, readings: Loss, make: Callable[[], str]) -> None:
        """Put readings in, made into text only if there is room; else they are lost, and will be told as such."""
        if self._held + readings.count <= self._most:
            self._tell_loss(subscription)
            self._put(_Waiting(subscription, readings.count, make()))
        elif loss := self._lost.get(subscription):
            loss.count += readings.count
            loss.first, loss.last = min(loss.first, readings.first), max(loss.last, readings.last)
        else:
            self._lost[subscription] = readings

    def forget(self, subscription: str) -> None:
        """Take out what waits for a subscription."""
        self._lost.pop(subscription, None)
        self._queue = deque(waiting for waiting in self._queue if waiting.subscription != subscription)
        self._held = sum(waiting.readings for waiting in self._queue)

    async def take(self) -> str:
        """Wait for something, and take it out."""
        while not self._queue:
            for subscription in list(self._lost):
                self._tell_loss(subscription)
            if not self._queue:
                self._news.clear()
                await self._news.wait()
        waiting = self._queue.popleft()
        self._held -= waiting.readings
        return waiting.text

    def _tell_loss(self, subscription: str) -> None:
        if loss := self._lost.pop(subscription, None):
            self._put(_Waiting(subscription, 0, self._tell(subscription, loss)))

    def _put(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._held += waiting.readings
        self._news.set()
