"""Server-Sent Events of readings, and their replay after a break.

The id of an event is ``{mark}-{sent}-{time}``: what stands for a batch in the ring of the hub, how many readings of it
were sent, and the oldest observation time [us] sent with it. None of these reveals what others send or receive. A listener
that comes back with it continues exactly there while the ring has the batch;
otherwise (a restart, a long absence) from the store by observation time, a minute earlier, so that every reading comes
at least once and some come twice. What would be too much to send again is named in an event ``gap``. A reading that
reaches the store more than that minute late (a device that was offline) comes live to whoever listens, but a replay
from the store does not look so far back.

The events are joined from bytes, a batch at a time: an event library that takes one object an event costs ten times more.

References
----------
WHATWG HTML, section 9.2 (server-sent events).
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
from starlette.concurrency import run_in_threadpool

from api.http.context import Context
from api.live.feed import SLICE, feed_of
from api.live.hub import OVERLAP, REPLAY_LIMIT, Hub
from api.readings.encode import STREAM_DIGITS, Strand, numbers, weave
from zenata.city.clock import format_time, parse_time
from zenata.city.readings import ReadingBatch, Selection
from zenata.errors import StoreError
from zenata.store.base import Query, Table

log = logging.getLogger(__name__)

_HEARTBEAT = 15.0
"""Silence after which a `position` event is sent [s], under the idle time-outs of common proxies."""

_CHECK = 1.0
"""Pause between two checks whether the key is still valid [s]."""

_EMPTY = 50  # batches without a wanted reading that are looked at in a row

_END_OF_TIME = parse_time("9999-12-31T00:00:00Z")
_ID = re.compile(
    r"((?:[0-9a-f]{2}){8,16})-([0-9]{1,15})-(-?[0-9]{1,15}|[0-9]{16,17})"
)  # times of the years 1939 to 5138


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a listener has come: `sent` readings that it wants of a batch, observed at `time` [us] or later.

    In batch 0, which no ring has, nothing is left but the time.
    """

    batch: int
    sent: int
    time: int


def parse_event_id(text: str, hub: Hub, selection: Selection) -> Position:
    """Read the id of an event that listeners to a selection get.

    Raises
    ------
    ValueError
        If it is none of ours.
    """
    match = _ID.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no id of an event of this stream: send the last one you got, or none")
    return Position(batch=hub.marked(match[1], hub.listener_key(selection)), sent=int(match[2]), time=int(match[3]))


class Listener:
    """One open stream.

    Parameters
    ----------
    context : Context
    selection : Selection
        The series wanted, of one world: the observation times of two worlds do not compare.
    position : Position
        Where to continue.
    still_valid : callable
        Whether the key of the listener is still valid.
    """

    def __init__(
        self,
        *,
        context: Context,
        selection: Selection,
        position: Position,
        still_valid: Callable[[], bool] = lambda: True,
    ) -> None:
        self._context = context
        self._still_valid = still_valid
        self._hub = context.hub
        self._selection = selection
        self._feed = feed_of(context.feeds, context.hub, context.encoder, selection)
        self._position = position
        self._is_valid, self._checked = True, -_CHECK

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the stream until the hub closes, or the listener may not listen any more.

        A store that fails ends it too: the client comes back by itself.
        """
        with self._feed.joined(), self._hub.listen() as news, _set_regularly(news, min(_CHECK, _HEARTBEAT)):
            # The id comes before the first reading, so that even a break before that loses nothing.
            yield b"retry: 2000\n" + self._position_event()
            try:
                sent = time.monotonic()
                while self._open:
                    news.clear()
                    if not self._hub.first <= self._position.batch <= self._hub.next:
                        async for replayed in self._replay():
                            yield replayed
                            sent = time.monotonic()
                    if chunk := self._next():
                        yield chunk
                        sent = time.monotonic()
                    elif chunk is not None:
                        await asyncio.sleep(0)  # a ring of what others want must not hold up everybody
                    elif time.monotonic() - sent >= _HEARTBEAT:
                        yield self._position_event()
                        sent = time.monotonic()
                    else:
                        await news.wait()
            except StoreError as error:
                log.error("a stream ends, as the store cannot be read: %s", error)

    def _position_event(self) -> bytes:
        """Return the event that moves the client's position without a reading.

        It has data: clients such as httpx-sse hand on a block without any as an event whose data is empty, and no JSON.
        """
        data = msgspec.json.encode({"time": format_time(self._position.time)})
        return f"id: {self._id(self._position)}\nevent: position\ndata: ".encode() + data + b"\n\n"

    @property
    def _open(self) -> bool:
        if self._hub.closed:
            return False
        if (now := time.monotonic()) - self._checked >= _CHECK:
            self._is_valid, self._checked = self._still_valid(), now
        return self._is_valid

    def _next(self) -> bytes | None:
        """Return the next events of the ring: empty if some batches had none, or one has just left it; None at its end."""
        for _ in range(_EMPTY):
            batch = self._hub.batch(self._position.batch)
            if batch is None:
                return None if self._position.batch == self._hub.next else b""
            if chunk := self._advance(batch):
                return chunk
        return b""

    def _advance(self, batch: ReadingBatch) -> bytes:
        """Return the next events of a batch."""
        at = self._position
        part = self._feed.part(at.batch, batch, at.sent)
        batch_, sent = (at.batch, at.sent + part.readings) if part.readings else (at.batch + 1, 0)
        self._position = Position(batch=batch_, sent=sent, time=part.time if part.events else at.time)
        return part.events

    async def _replay(self) -> AsyncIterator[bytes]:
        """Yield what the store has since the time of `_position`, and set it to where the ring went on from there at the start."""
        live = Position(batch=self._hub.unsettled, sent=0, time=self._position.time)
        query = Query(selection=self._selection, start=self._position.time - OVERLAP, end=_END_OF_TIME, limit=SLICE)
        sent = 0
        while self._open:
            async with self._context.replays:
                table, events = await run_in_threadpool(self._replayed, query)
            sent += len(table)
            if len(table):
                live = replace(live, time=max(live.time, int(table.time[-1])))
                yield events
            if not table.more:
                break
            query = replace(query, after=(int(table.time[-1]), int(table.series[-1])))
            if sent >= REPLAY_LIMIT:
                newest = await run_in_threadpool(self._context.newest, self._selection.worlds)
                live = replace(live, time=max(live.time, newest or live.time))
                yield self._gap(int(table.time[-1]), live)
                break
        self._position = live

    def _replayed(self, query: Query) -> tuple[Table, bytes]:
        """Return readings from the store, and as events; batch 0 is in no ring, so their ids lead back to the store.

        For a thread: to write the events of a slice takes as long as dozens of requests for the latest readings.
        """
        table = self._context.store.query(query)
        ids: list[Strand] = [f"id: {self._mark(0)}-0-".encode(), numbers(table.time), b"\nevent: reading\ndata: "]
        columns = (table.catalog, table.series, table.time, table.columns)
        fields = self._context.encoder.json_strands(*columns, b"}\n\n", STREAM_DIGITS)
        return table, b"".join(weave(len(table), *ids, *fields))

    def _gap(self, begin: int, live: Position) -> bytes:
        """Return the event that names what is not sent again: from the last reading sent to the live end."""
        start, end = format_time(begin), format_time(live.time + 1)
        data = {
            "from": start,
            "to": end,
            "detail": f"Too much to send again: get it with /v1/readings?start={start}&end={end}",
        }
        return f"id: {self._id(live)}\nevent: gap\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"

    def _id(self, position: Position) -> str:
        return f"{self._mark(position.batch)}-{position.sent}-{position.time}"

    def _mark(self, batch: int) -> str:
        return self._hub.mark(batch, self._feed.key)


@contextmanager
def _set_regularly(news: asyncio.Event, period: float) -> Iterator[None]:
    """Set an event every `period` [s], so that whoever waits for it has no need of a timeout, which costs as much as sending."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def wake() -> None:
        nonlocal timer
        timer = loop.call_later(period, wake)
        news.set()

    wake()
    try:
        yield
    finally:
        timer.cancel()
