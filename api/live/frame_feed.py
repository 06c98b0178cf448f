"""Feeds of frames: what all who watch one property share, looked at and encoded once for all of them.

A frame follows the readings within `SOONEST`, and comes every `INTERVAL` where there are none.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property

from api.live.frame import Frame, FrameBuilder

INTERVAL = 1.0
"""Between two frames of a feed at most [s]."""

SOONEST = 0.25
"""Between two frames at least [s], so that a reading is seen within half a second of its publishing (default)."""


@dataclass
class Look:
    """A frame as it was at one moment, and its events.

    Parameters
    ----------
    frame : Frame
    time : int
        Of the world [us since the Unix epoch].
    quiet : float or None
        For how long nothing newer had come from the world [s].
    builder : FrameBuilder
        Encodes it.
    before : Look or None
        The look before, without those before it.
    """

    frame: Frame
    time: int
    quiet: float | None
    builder: FrameBuilder
    before: "Look | None" = None

    @cached_property
    def event(self) -> bytes:
        """The event of the whole frame."""
        return _event("frame", self.builder.encode(self.frame, self.time, self.quiet))

    def changes(self, sent: "Look") -> bytes:
        """Return the event of what changed since a look that was sent: mostly the one before, which is encoded once."""
        return self._changes if sent is self.before else self._changed(sent)

    @cached_property
    def _changes(self) -> bytes:
        assert self.before is not None  # noqa: S101 - only asked where there is one
        return self._changed(self.before)

    def _changed(self, sent: "Look") -> bytes:
        changed = self.frame.changed(sent.frame)
        return _event("changes", self.builder.encode(self.frame, self.time, self.quiet, changed))


class FrameFeed:
    """The frames of a subject, as long as anybody watches. Used from one event loop alone.

    Parameters
    ----------
    look : callable
        Returns how it is now.
    listen : callable
        Enters and gives an event that is set when there may be something to look at, as `api.live.hub.Hub.listen`; without
        it frames come every `INTERVAL`.
    """

    def __init__(
        self,
        look: Callable[[], Look],
        listen: Callable[[], AbstractContextManager[asyncio.Event]] = lambda: nullcontext(asyncio.Event()),
    ) -> None:
        self._look = look
        self._listen = listen
        self.current: Look
        """How it was last, while anybody watches."""
        self._watchers = 0
        self._turn = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Count who watches; the first lets it go on, the last ends it."""
        if self._ticking is None or self._ticking.done():
            with ExitStack() as stack:
                news = stack.enter_context(self._listen())  # before the look, which may miss what comes meanwhile
                self.current = self._look()
                self._ticking = asyncio.create_task(self._tick(news))
                listening = stack.pop_all()
                self._ticking.add_done_callback(lambda _: listening.close())
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers and self._ticking is not None:
                self._ticking.cancel()
                self._ticking = None

    async def turn(self) -> None:
        """Wait for the next frame.

        Raises
        ------
        Exception
            What kept it from being made.
        """
        ticking = self._ticking
        await self._turn.wait()
        if ticking is not None and ticking.done() and not ticking.cancelled():
            ticking.result()

    async def _tick(self, news: asyncio.Event) -> None:
        try:
            while True:
                await _wait(news)
                last, look = self.current, self._look()
                last.before, look.before = None, last
                self.current = look
                self._next_turn()
        finally:
            self._next_turn()

    def _next_turn(self) -> None:
        ended, self._turn = self._turn, asyncio.Event()
        ended.set()


async def _wait(news: asyncio.Event) -> None:
    """Wait until there may be something new, or it is time to say that there is nothing."""
    await asyncio.sleep(min(SOONEST, INTERVAL))
    with suppress(TimeoutError):
        async with asyncio.timeout(max(INTERVAL - SOONEST, 0.0)):
            await news.wait()
    news.clear()


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), b64encode(data))
