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
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np

from api.readings.series import PerSeries
from zenata.city.clock import SECOND
from zenata.city.readings import ReadingBatch, Selection

OVERLAP = 60 * SECOND
"""How much earlier than asked a replay from the store begins [us]: readings reach the store a little out of order."""

REPLAY_LIMIT = 50_000
"""The most readings replayed from the store after one break; the rest is in an event `gap`. A default."""

_TAG, _NUMBER = 6, 8  # bytes of a mark: of its digest, and of the number of the batch


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
        self._listeners: dict[asyncio.AbstractEventLoop, set[asyncio.Event]] = {}
        self._waking: set[asyncio.AbstractEventLoop] = set()  # those that have been told to wake their listeners
        self._newest: dict[str, int] = {}
        self._heard: dict[str, float] = {}  # when a world had news last, on the monotonic clock
        self._world = PerSeries(lambda series: series.world, object)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return sum(map(len, list(self._listeners.values())))

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

    def skip(self) -> None:
        """Let all listeners continue from the store: readings may be stored that did not come here."""
        with self._lock:
            # Beyond the position of every listener; batches that the store may not have yet stay.
            shift = self.next - self.first + 1
            self._batches = {number + shift: batch for number, batch in self._batches.items()}
            self._came = {number + shift: came for number, came in self._came.items()}
            self.first, self.next = self.first + shift, self.next + shift
        self._wake()

    def batch(self, number: int) -> ReadingBatch | None:
        """Return a batch of the ring, or None if it has left it or has not come yet."""
        return self._batches.get(number)

    def listener_key(self, selection: Selection) -> bytes:
        """Return what marks of listeners to this selection are made with; computed once, as a selection can be long."""
        return blake2b(repr(selection).encode(), digest_size=32, key=self._secret).digest()

    def mark(self, number: int, key: bytes) -> str:
        """Return what stands for a batch, to this hub and to listeners with this key alone.

        It does not reveal the number, which would count the batches of all worlds together: it is the number, encrypted
        under a keystream that follows from its own digest (a synthetic initialization vector, as RFC 5297 has it).
        """
        plain = number.to_bytes(_NUMBER, "big")
        tag = blake2b(plain, digest_size=_TAG, key=key, person=b"mark").digest()
        return (tag + _encrypted(plain, tag, key)).hex()

    def marked(self, mark: str, key: bytes) -> int:
        """Return the number of the batch that a mark stands for; 0 if the ring has none, nor is it the one to come."""
        data = bytes.fromhex(mark)
        if len(data) != _TAG + _NUMBER:
            return 0
        number = int.from_bytes(_encrypted(data[_TAG:], data[:_TAG], key), "big")
        known = self.first <= number <= self.next and self.mark(number, key) == mark
        return number if known else 0

    def newest(self, world: str) -> int | None:
        """Return the newest observation time [us] published in a world, or None if nothing was.

        The batch that has it is before `next` then.
        """
        with self._lock:
            return self._newest.get(world)

    def quiet(self, world: str) -> float | None:
        """Return how long nothing newer was published in a world [s of the wall clock], or None if nothing ever was."""
        heard = self._heard.get(world)
        return None if heard is None else time.monotonic() - heard

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """Give an event that is set, in this event loop, whenever a batch comes or the hub closes."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        with self._lock:
            self._listeners.setdefault(loop, set()).add(news)
        try:
            yield news
        finally:
            with self._lock:
                self._listeners[loop].discard(news)
                if not self._listeners[loop]:
                    del self._listeners[loop]

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
                self._heard[world] = time.monotonic()

    def _wake(self) -> None:
        """Let each event loop wake its listeners; a call of another thread costs it too much for one a listener."""
        with self._lock:
            loops = [loop for loop in self._listeners if loop not in self._waking]
            self._waking.update(loops)
        for loop in loops:
            try:
                loop.call_soon_threadsafe(self._set, loop)
            except RuntimeError:  # it has just been closed
                with self._lock:
                    self._waking.discard(loop)

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._waking.discard(loop)
            listeners = list(self._listeners.get(loop, ()))
        for news in listeners:
            news.set()


def _encrypted(text: bytes, tag: bytes, key: bytes) -> bytes:
    """Encrypt a number with the keystream of a tag, or decrypt it."""
    stream = blake2b(tag, digest_size=_NUMBER, key=key, person=b"keystream").digest()
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
