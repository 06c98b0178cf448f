"""Hub of live readings: a bounded ring of the newest batches, for streams.

Ingest publishes each batch once it is durable (or, working elsewhere, is about to make it so); listeners hold nothing
but their position in the ring. A listener that is too slow finds its position gone and continues from the store, so it
never costs memory or holds up others.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b

import numpy as np

from api.readings.series import PerSeries
from zenata.city.clock import SECOND
from zenata.city.readings import ReadingBatch

OVERLAP = 60 * SECOND
"""How much earlier than asked a replay from the store begins [us]: readings reach the store a little out of order."""

REPLAY_LIMIT = 200_000
"""The most readings taken again from the store after one break."""


class Hub:
    """Hands batches from the thread of ingest to the event loops of listeners.

    Parameters
    ----------
    capacity : int
        About how many readings the ring holds.
    settling : float
        How long after its publishing a batch may still be missing from the store [s]; 0 if only durable ones come.
    """

    def __init__(self, *, capacity: int = 200_000, settling: float = 0.0) -> None:
        self.published = 0
        """Readings published so far."""
        self.first = 1
        """Number of the oldest batch in the ring; batches count from 1."""
        self.next = 1
        """Number of the batch to come."""
        self.closed = False
        self._secret = secrets.token_bytes(32)
        self._capacity = capacity
        self._settling = settling
        self._held = 0
        self._batches: dict[int, ReadingBatch] = {}
        self._came: dict[int, float] = {}  # when each batch did, on the monotonic clock
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._newest: dict[str, int] = {}
        self._world = PerSeries(lambda series: series.world, object)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def unsettled(self) -> int:
        """Number of the first batch of the ring that the store may not have yet; `next` if it has them all."""
        since = time.monotonic() - self._settling
        with self._lock:
            return next((number for number, came in self._came.items() if came > since), self.next)

    def publish(self, batch: ReadingBatch) -> None:
        """Add readings and wake the listeners; never waits for anyone."""
        if not len(batch):
            return
        with self._lock:
            self._note_time(batch)
            self._batches[self.next] = batch
            self._came[self.next] = time.monotonic()
            self._held += len(batch)
            self.published += len(batch)
            self.next += 1
            while self._held > self._capacity and self.first < self.next - 1:
                self._held -= len(self._batches.pop(self.first))
                del self._came[self.first]
                self.first += 1
        self._wake()

    def batch(self, number: int) -> ReadingBatch | None:
        """Return a batch of the ring, or None if it has left it or has not come yet."""
        return self._batches.get(number)

    def mark(self, number: int, listener: str) -> str:
        """Return what stands for a batch, to this hub and to listeners of this kind alone.

        It does not reveal the number, which would count the batches of all worlds together.
        """
        return _mark(self._listener(listener), number)

    def _listener(self, listener: str) -> blake2b:
        """Return what marks of this kind of listeners begin with, as hashing a long selection takes its time."""
        return blake2b(listener.encode(), digest_size=8, key=self._secret)

    def marked(self, mark: str, listener: str) -> int:
        """Return the number of the batch that a mark stands for; 0 if the ring has none, nor is it the one to come."""
        numbers, start = range(self.next, self.first - 1, -1), self._listener(listener)
        return next((number for number in numbers if _mark(start, number) == mark), 0)

    def newest(self, world: str) -> int | None:
        """Return the newest observation time [us] published in a world, or None if nothing was."""
        return self._newest.get(world)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """Give an event that is set, in this event loop, whenever a batch comes or the hub closes."""
        news = asyncio.Event()
        with self._lock:
            self._listeners[news] = asyncio.get_running_loop()
        try:
            yield news
        finally:
            with self._lock:
                del self._listeners[news]

    def close(self) -> None:
        """End all listeners; the server can then stop."""
        self.closed = True
        self._wake()

    def _note_time(self, batch: ReadingBatch) -> None:
        numbers, position = np.unique(batch.series, return_inverse=True)
        newest = np.full(len(numbers), np.iinfo(np.int64).min)
        np.maximum.at(newest, position, batch.time)
        for world, moment in zip(self._world.take(batch.catalog, numbers), newest.tolist(), strict=True):
            if moment > self._newest.get(world, moment - 1):
                self._newest[world] = moment

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners.items())
        for news, loop in listeners:
            with suppress(RuntimeError):  # its event loop has just been closed
                loop.call_soon_threadsafe(news.set)


def _mark(start: blake2b, number: int) -> str:
    hashed = start.copy()
    hashed.update(b" %d" % number)
    return hashed.hexdigest()
