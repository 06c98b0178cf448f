"""Routes for readings: latest, history, and the live stream."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.http.auth import PrincipalDep, StillValidDep, authenticate
from api.http.context import Context, ContextDep
from api.http.formats import FORMATS, JSON, choose_format
from api.http.params import LatestParams, ReadingsParams, SeriesParams
from api.http.problems import Problem, invalid
from api.http.responses import SCHEMAS, responses
from api.http.routing import FairRoute
from api.live.events import Listener, Position, parse_event_id
from api.readings.query import cost, to_page
from api.readings.selection import select
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.contract.base import Page
from zenata.contract.readings import ColumnsPage, Reading, ReadingsPage

router = APIRouter(prefix="/v1", tags=["readings"], dependencies=[Depends(authenticate)], route_class=FairRoute)

MAX_STREAMS = 50
"""Of one pilot. A default, not a measured limit."""

_PROBLEMS = ("no-key", "unknown-world", "unknown-sensor", "invalid-parameter", "store-unavailable")
_EXAMPLE = (
    'id: 5f3a9c0176d04be2-1-1767225600000000\nevent: reading\ndata: {"time":"2026-01-01T00:00:00Z","world":"zenata",'
    '"sensor":"air-0042","kind":"air","district":"la-ferme","property":"pm25","unit":"ug/m3","value":12.3,"seq":17}\n\n'
)
_STREAM = {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}
_FORMATS = {
    format_.media_type: {
        "schema": {"type": "string"} if format_.name == "csv" else {"type": "string", "format": "binary"}
    }
    for format_ in FORMATS.values()
    if format_.name != "json"
}


class EventStream(StreamingResponse):
    """Server-Sent Events; counted as open from before it begins, however it ends.

    Parameters
    ----------
    events : async iterator of bytes
    on_end : callable
        Called once the stream is over, also if it never began.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], on_end: Callable[[], None], status_code: int = 200) -> None:
        super().__init__(events, status_code)  # a parameter, as FastAPI takes its default for the OpenAPI document
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


@router.get(
    "/latest", responses=responses(Page[Reading], *_PROBLEMS, "unsupported-format", "too-many-rows", content=_FORMATS)
)
def latest(
    context: ContextDep, principal: PrincipalDep, params: Annotated[LatestParams, Query()], request: Request
) -> Response:
    """Return the newest reading of each series; without filters, of the whole city in one call."""
    format_ = choose_format(params.format, request.headers.get("accept"))
    table = context.store.latest(select(context, principal, params))
    if len(table) > format_.row_limit:
        detail = f"There are {len(table):,} series, more than {format_.row_limit:,}: filter by kind or district, or ask for format=arrow."
        raise Problem("too-many-rows", detail, limit=format_.row_limit)
    return Response(context.encoder.latest(table, format_.name), media_type=format_.media_type)


_READINGS = responses(
    ReadingsPage,
    *_PROBLEMS,
    "unsupported-format",
    "too-many-rows",
    "query-too-heavy",
    "too-fine",
    content=_FORMATS,
)
_READINGS[200]["content"][JSON]["schema"] = {"anyOf": [SCHEMAS.reference(ReadingsPage), SCHEMAS.reference(ColumnsPage)]}


@router.get("/readings", responses=_READINGS)
def readings(
    context: ContextDep, principal: PrincipalDep, params: Annotated[ReadingsParams, Query()], request: Request
) -> Response:
    """Return readings, or aggregates of them, ordered by time.

    Without `start` and `end` the last hour of the world's time is meant. `start`, `end` and, for buckets, `zone` in the
    answer say what was meant, `note` what to know of it; in every format they are headers too (`Zenata-Start` ...), and
    `Zenata-Assumed-Zone: UTC` says that a time without an offset was taken as UTC. `shape=columns` is JSON with an object
    for each series and an array for each column, a fifth of the size. With `limit` the result comes in pages: pass
    `next` as `cursor`, everything else as before, or follow the `Link` header (RFC 8288), which every format has.
    """
    format_ = choose_format(params.format, request.headers.get("accept"))
    page = to_page(context, principal, params, format_)
    with context.heavy_queries.turn(principal.pilot, cost(context, page.query)):
        table = page.labelled(context.store.query(page.query))
    following, about = page.following(table), page.about(table)
    in_columns = params.shape == "columns"
    if in_columns and format_.name != "json":
        raise invalid("shape", f"columns is a shape of JSON; {format_.name} has columns anyway")
    body = context.encoder.encode(table, format_.name, following, about, in_columns=in_columns)
    response = Response(body, headers=page.headers(about), media_type=format_.media_type)
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return response


@router.get("/stream", response_class=EventStream, responses=responses(None, *_PROBLEMS, content=_STREAM))
async def stream(
    context: ContextDep,
    principal: PrincipalDep,
    still_valid: StillValidDep,
    params: Annotated[SeriesParams, Query()],
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event received: continue behind it.", max_length=80)
    ] = None,
) -> Response:
    """Send readings as they become durable, as Server-Sent Events.

    Event `reading`: a row, as in `/v1/readings`. Every reading comes at least once: after a break, send the last id as
    `Last-Event-ID` (browsers do); some readings then come twice, and (time, sensor, property) tells. After a long break
    the replay is by observation time: readings that were stored more than a minute late are in `/v1/readings` only.
    Event `gap`: what was too much to send again, with `from` and `to`; get it from `/v1/readings`. One world a stream.
    """
    selection = await run_in_threadpool(select, context, principal, params)
    if len(selection.worlds) > 1:
        raise invalid("world", "a stream has one world, as the times of two do not compare; open one stream for each")
    leave = open_stream(context.streams, principal.pilot)
    try:
        position = await _position(context, selection, last_event_id)
        listener = Listener(context=context, selection=selection, position=position, still_valid=still_valid)
        return EventStream(listener.events(), leave)
    except BaseException:
        leave()
        raise


def open_stream(streams: Counter[str], pilot: str) -> Callable[[], None]:
    """Count a stream as open, before anything else is awaited; return what counts it as closed."""
    if streams[pilot] >= MAX_STREAMS:
        detail = f"There are {MAX_STREAMS} streams of {pilot} already: close one, or ask for more in each."
        raise Problem("over-quota", detail, {"Retry-After": "10"}, quota="streams")
    streams[pilot] += 1

    def leave() -> None:
        streams[pilot] -= 1

    return leave


async def _position(context: Context, selection: Selection, last_event_id: str | None) -> Position:
    """Return where a stream begins: behind the last event received, or now."""
    if last_event_id:
        try:
            return parse_event_id(last_event_id, context.hub, selection)
        except ValueError as error:
            raise invalid("Last-Event-ID", str(error)) from None
    batch = context.hub.next  # before the time is looked up: what comes meanwhile is not missed
    newest = await run_in_threadpool(context.newest, selection.worlds)
    return Position(batch=batch, sent=0, time=WallClock().now() if newest is None else newest)
