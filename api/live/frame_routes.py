"""Routes for frames: all sensors of a property at one moment, and what changes in them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.http.auth import PrincipalDep, StillValidDep, authenticate
from api.http.context import Context, ContextDep
from api.http.params import FrameAtParams, FrameParams
from api.http.problems import Problem, invalid
from api.http.responses import responses
from api.http.routing import FairRoute
from api.live.frame import MEDIA_TYPE, Frame
from api.live.frame_feed import FrameFeed, Look
from api.readings.routes import EventStream, open_stream
from api.readings.selection import kinds_observing, select_world
from zenata.city.clock import SECOND, WallClock, parse_moment
from zenata.city.kinds import KINDS
from zenata.city.model import OWN, PRIVATE
from zenata.city.readings import IntArray, Selection
from zenata.control.keys import Principal

router = APIRouter(prefix="/v1", tags=["readings"], dependencies=[Depends(authenticate)], route_class=FairRoute)

PERIODS = 5
"""Periods of a kind after which a sensor counts as silent: a frame of the past looks no further back."""

_MAX_BACK = 6 * 3600 * SECOND  # whatever the periods are [us]
_PROBLEMS = ("no-key", "unknown-world", "invalid-parameter", "store-unavailable")
_BINARY = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
_EVENTS = {"text/event-stream": {"schema": {"type": "string"}, "example": "event: frame\ndata: AABwd4hZmEIA...\n\n"}}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a frame is of: a world, the kinds that observe the property `observed`, and the positions of their sensors."""

    world: str
    kinds: tuple[str, ...]
    observed: str
    positions: IntArray

    @property
    def selection(self) -> Selection:
        return Selection(worlds=(self.world,), kinds=self.kinds, properties=(self.observed,))

    def now(self, context: Context) -> tuple[Frame, int]:
        """Return the frame of the newest readings, and the time of the world [us]."""
        frame = context.frames.frame(context.store.latest(self.selection), self.positions)
        newest = context.newest((self.world,))
        return frame, WallClock().now() if newest is None else newest

    @property
    def period(self) -> int:
        """The longest period of the kinds [us]."""
        return max(KINDS[kind].period for kind in self.kinds) * SECOND

    def at(self, context: Context, time: int) -> Frame:
        """Return the frame of a time of the past [us].

        Most sensors have reported within a period and a half: only the others are looked for further back.
        """
        store, begin = context.store, time - min(PERIODS * self.period, _MAX_BACK)
        near = max(time - self.period * 3 // 2, begin)
        frame = context.frames.frame(store.latest_in(self.selection, near, time + 1), self.positions)
        if not (late := frame.missing()).size or near == begin:
            return frame
        names = tuple(context.city.sensors[number].id for number in self.positions[late].tolist())
        older = store.latest_in(replace(self.selection, sensors=names), begin, near)
        return frame.filled(context.frames.frame(older, self.positions))


@router.get(
    "/frame",
    response_class=Response,
    responses=responses(None, *_PROBLEMS, "query-too-heavy", content=_BINARY),
)
async def frame(context: ContextDep, principal: PrincipalDep, params: Annotated[FrameAtParams, Query()]) -> Response:
    """Return values and ages of every sensor that observes a property, at one moment, as numbers for a map.

    Little-endian: float64 `time` [ms since 1970]; float64 `quiet`, for how long [s] nothing newer has come from the world
    (NaN if that is not known, and with `at`); uint32 n; uint32 version of the sensor list; float32[n] values (NaN where
    there is none); uint16[n] ages [s] at `time` (65534 that or more, 65535 none). The order is that of `/v1/sensors` with the
    same `property` and `kind`, whose header `Zenata-Sensors` is the version of the list. A moment of the past (`at`) looks
    five periods of the kind back, at most six hours; a sensor that was silent for longer has no value. Nothing is
    interpolated; where readings are rolled up, the age counts from the beginning of the span, and the header
    `Zenata-Rolled-Up` says how long it is [s].
    """
    subject = _subject(context, principal, params)
    headers = {"Zenata-Sensors": f"{context.sensors.version:08x}"}
    if params.at is None:
        newest, time = subject.now(context)
        body = context.frames.encode(newest, time, context.hub.quiet(subject.world))
        return Response(body, headers=headers, media_type=MEDIA_TYPE)
    async with context.queries.slot(principal.pilot):
        body, span = await run_in_threadpool(_frame_at, context, subject, params.at)
    if span:
        headers["Zenata-Rolled-Up"] = str(span // SECOND)
    return Response(body, headers=headers, media_type=MEDIA_TYPE)


@router.get("/frame/stream", response_class=EventStream, responses=responses(None, *_PROBLEMS, content=_EVENTS))
async def stream(
    context: ContextDep, principal: PrincipalDep, still_valid: StillValidDep, params: Annotated[FrameParams, Query()]
) -> Response:
    """Send a frame, and then what has changed in it, as Server-Sent Events.

    Event `frame`: bytes as of `/v1/frame`, in base64. Event `changes`, up to four times a second while readings come, and
    every second also if nothing changed: the same 24 bytes at the beginning, where n is how many changed; then uint32[n]
    indices into the frame, float32[n] values, uint16[n] ages.
    A stream that begins again begins with a frame, so there is nothing to ask for after a break.
    """
    subject = _subject(context, principal, params)
    leave = open_stream(context.streams, principal.pilot)
    return EventStream(_events(context, _feed_of(context, subject), still_valid), leave)


async def _events(context: Context, feed: FrameFeed, still_valid: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield the events of a stream until the server stops or the key is not valid any more."""
    with feed.joined():
        sent = feed.current
        yield b"retry: 2000\n" + sent.event
        while True:
            await feed.turn()
            if context.hub.closed or not still_valid():
                return
            current = feed.current
            yield current.changes(sent)
            sent = current


def _feed_of(context: Context, subject: _Subject) -> FrameFeed:
    """Return the feed of a subject, which is made if nobody watches it yet."""

    def look() -> Look:
        frame, time = subject.now(context)
        return Look(frame, time, context.hub.quiet(subject.world), context.frames)

    key = (subject.world, subject.kinds, subject.observed)
    feed = context.frame_feeds.get(key)
    if feed is None:
        feed = context.frame_feeds[key] = FrameFeed(look, context.hub.listen)
    return feed


def _frame_at(context: Context, subject: _Subject, at: str) -> tuple[bytes, int]:
    """Return the frame of a moment of the past, and of how long spans its values are [us], 0 if they are readings."""
    newest = context.newest((subject.world,))
    try:
        time = parse_moment(at, WallClock().now() if newest is None else newest)
    except ValueError as error:
        raise invalid("at", str(error)) from None
    span = 0 if subject.world.startswith(PRIVATE) else context.store.span_at(time)
    return context.frames.encode(subject.at(context, time), time), span


def _subject(context: Context, principal: Principal, params: FrameParams) -> _Subject:
    world = select_world(context, principal, params.world)
    if world.startswith(OWN):
        raise Problem("invalid-parameter", "world: frames are of the city's sensors; see /v1/latest for your devices.")
    kinds = tuple(kinds_observing((params.property,), params.kind))
    return _Subject(world, kinds, params.property, context.sensors.find(kinds=kinds))
