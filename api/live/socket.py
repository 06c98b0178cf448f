"""Readings over one WebSocket: a client subscribes and unsubscribes, and gets what becomes durable meanwhile.

Unlike Server-Sent Events nothing is replayed: a client that reads too slowly gets a message of how many readings it
lost, and from when to when. docs/live.md has the messages.

References
----------
RFC 6455 (the WebSocket protocol).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.http.context import Context
from api.http.params import SeriesParams
from api.http.problems import Problem, invalid
from api.readings.encode import STREAM_DIGITS
from api.readings.selection import select
from api.readings.series import Wanted
from zenata.city.clock import WallClock, format_time
from zenata.city.readings import IntArray, ReadingBatch
from zenata.control.keys import Principal
from zenata.errors import StoreError
from zenata.store.base import Table

_FORM = 'send {"subscribe": "an id", "kind": ...} or {"unsubscribe": "an id"}'

MAX_SUBSCRIPTIONS = 32
"""Of one connection. A default, not a measured limit."""

MAX_ID = 64
"""Characters of the id of a subscription."""

GOING_AWAY, REFUSED, TRY_LATER = 1001, 1008, 1013
"""Codes that a connection is closed with: the server stops; the key is not valid (any more); the server is overloaded."""

_HEARTBEAT = 15.0  # silence after which something is sent [s], under the idle time-outs of common proxies
_LOOK = 1.0  # pause between two looks at whether the key is still good [s]
_PACE = 1.0  # pause before the next message of a client that sends too many is read [s]
_SLICE = 1000  # readings of one message, about 200 kB: clients commonly take up to 1 MiB


MAX_QUEUED = 10_000
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


class _Message(NamedTuple):
    subscription: str
    readings: int
    text: str


class Outbox:
    """Messages that wait to be sent to one client, bounded; what there is no room for is counted and reported.

    Parameters
    ----------
    report : callable
        Makes the text that reports a subscription its loss.
    limit : int
        The most readings it holds.
    """

    def __init__(self, report: Callable[[str, Loss], str], limit: int = MAX_QUEUED) -> None:
        self._report = report
        self._limit = limit
        self._held = 0
        self._queue: deque[_Message] = deque()
        self._lost: dict[str, Loss] = {}
        self._news = asyncio.Event()

    def offer(self, subscription: str, readings: Loss, make: Callable[[], str]) -> None:
        """Put readings in, made into text only if there is room; else they are lost, and reported later."""
        if self._held + readings.count <= self._limit:
            self._report_loss(subscription)
            self._put(_Message(subscription, readings.count, make()))
        elif loss := self._lost.get(subscription):
            loss.count += readings.count
            loss.first, loss.last = min(loss.first, readings.first), max(loss.last, readings.last)
        else:
            self._lost[subscription] = readings

    def forget(self, subscription: str) -> None:
        """Take out what waits for a subscription."""
        self._lost.pop(subscription, None)
        self._queue = deque(message for message in self._queue if message.subscription != subscription)
        self._held = sum(message.readings for message in self._queue)

    async def take(self) -> str:
        """Wait for something, and take it out."""
        while not self._queue:
            for subscription in list(self._lost):
                self._report_loss(subscription)
            if not self._queue:
                self._news.clear()
                await self._news.wait()
        message = self._queue.popleft()
        self._held -= message.readings
        return message.text

    def _report_loss(self, subscription: str) -> None:
        if loss := self._lost.pop(subscription, None):
            self._put(_Message(subscription, 0, self._report(subscription, loss)))

    def _put(self, message: _Message) -> None:
        self._queue.append(message)
        self._held += message.readings
        self._news.set()


class Session:
    """One connection whose key was accepted.

    Parameters
    ----------
    context : Context
    socket : WebSocket
        Accepted.
    principal : Principal
    still_valid : callable
        Whether the key is still good.
    """

    def __init__(
        self, *, context: Context, socket: WebSocket, principal: Principal, still_valid: Callable[[], bool]
    ) -> None:
        self._context, self._hub = context, context.hub
        self._socket, self._principal, self._still_valid = socket, principal, still_valid
        self._wanted: dict[str, Wanted] = {}
        self._outbox = Outbox(_loss_text)
        self._next = self._hub.next

    async def run(self) -> int:
        """Serve the connection until it ends, and return the code to close it with."""
        await self._say(ready=self._principal.pilot)
        parts = [asyncio.create_task(part()) for part in (self._receive, self._follow, self._send, self._watch)]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            return max(part.result() for part in done)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _receive(self) -> int:
        """Do what the client asks for, one thing after the other."""
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect(message["code"])
                try:
                    self._context.guard.count(self._principal.pilot)
                    await self._handle(_read(message.get("text")))
                except Problem as problem:
                    await self._say(problem=problem.document("/v1/ws"))
                    if "quota" in problem.members:
                        await asyncio.sleep(_PACE)  # who sends too much is read so slowly that it costs nobody else
        except WebSocketDisconnect as gone:
            return gone.code

    async def _handle(self, message: dict[str, Any]) -> None:
        match message:
            case {"subscribe": str(id_), **filters}:
                await self._subscribe(id_, filters)
            case {"unsubscribe": str(id_), **others} if not others:
                if self._wanted.pop(id_, None) is None:
                    raise _about(id_, invalid("unsubscribe", "there is no such subscription"))
                self._outbox.forget(id_)
                await self._say(unsubscribed=id_)
            case _:
                raise invalid("message", _FORM)

    async def _subscribe(self, id_: str, filters: Mapping[str, Any]) -> None:
        try:
            if not 0 < len(id_) <= MAX_ID:
                raise invalid("subscribe", f"an id has 1 to {MAX_ID} characters")
            if id_ in self._wanted:
                raise invalid("subscribe", "there is such a subscription already; unsubscribe it, or use another id")
            if len(self._wanted) >= MAX_SUBSCRIPTIONS:
                detail = f"A connection has up to {MAX_SUBSCRIPTIONS} subscriptions: unsubscribe one."
                raise Problem("over-quota", detail, quota="subscriptions")
            selection = await run_in_threadpool(select, self._context, self._principal, _params(filters))
        except Problem as problem:
            raise _about(id_[:MAX_ID], problem) from None
        except StoreError:
            raise _about(id_, Problem("store-unavailable", "Try again in a few seconds.")) from None
        # Through the outbox, so that it comes before the first reading, and no reading that follows it is missed.
        self._outbox.offer(id_, Loss(count=0, first=0, last=0), partial(_text_of, subscribed=id_))
        self._wanted[id_] = Wanted(selection)

    async def _follow(self) -> int:
        """Put what comes into the outbox, for ever; it never waits for the client."""
        with self._hub.listen() as news:
            while not self._hub.closed:
                news.clear()
                while self._next < self._hub.next:
                    batch = self._hub.batch(self._next)
                    if batch is None:
                        return TRY_LATER  # it has left the ring before its turn came: this process is overloaded
                    await self._offer(batch)
                    self._next += 1
                await news.wait()
        return GOING_AWAY

    async def _offer(self, batch: ReadingBatch) -> None:
        for id_, wanted in list(self._wanted.items()):
            await asyncio.sleep(0)  # the other connections have their turn
            rows = np.flatnonzero(wanted.take(batch.catalog, batch.series))
            for begin in range(0, len(rows), _SLICE):
                part = rows[begin : begin + _SLICE]
                times = batch.time[part]
                if self._wanted.get(id_) is not wanted:
                    break
                readings = Loss(count=len(part), first=int(times.min()), last=int(times.max()))
                self._outbox.offer(id_, readings, partial(self._text, id_, batch, part))
                await asyncio.sleep(0)

    def _text(self, id_: str, batch: ReadingBatch, rows: IntArray) -> str:
        columns = {"value": batch.value[rows], "seq": batch.seq[rows]}
        table = Table(catalog=batch.catalog, series=batch.series[rows], time=batch.time[rows], columns=columns)
        head = b'{"id":' + msgspec.json.encode(id_) + b',"readings":['
        return self._context.encoder.json_list(table, head, b"]}", STREAM_DIGITS).decode()

    async def _send(self) -> int:
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    text = await self._outbox.take()
            except TimeoutError:
                text = _text_of(heartbeat=format_time(WallClock().now()))
            await self._socket.send_text(text)

    async def _watch(self) -> int:
        """End the connection when its key is no longer good; the client may have stopped reading, so nothing here waits for it."""
        while self._still_valid():
            await asyncio.sleep(_LOOK)
        return REFUSED

    async def _say(self, **members: Any) -> None:  # noqa: ANN401 - any JSON
        await self._socket.send_text(_text_of(**members))


def _read(text: str | None) -> dict[str, Any]:
    """Return a message of a client."""
    try:
        return msgspec.json.decode(text or "", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise invalid("message", f"is no JSON object: {_FORM}") from None


def _params(filters: Mapping[str, Any]) -> SeriesParams:
    try:
        return SeriesParams.model_validate(dict(filters))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        context = first.get("ctx", {})
        parameter = context.get("parameter") or str((*first["loc"], "message")[0])
        raise invalid(parameter, first["msg"], allowed=context.get("allowed")) from None


def _about(id_: str, problem: Problem) -> Problem:
    """Return a problem that names the subscription it is about."""
    problem.members["id"] = id_
    return problem


def _text_of(**members: Any) -> str:  # noqa: ANN401 - any JSON
    return msgspec.json.encode(members).decode()


def _loss_text(subscription: str, loss: Loss) -> str:
    begin, end = format_time(loss.first), format_time(loss.last + 1)
    return _text_of(id=subscription, lost=loss.count, **{"from": begin, "to": end})
