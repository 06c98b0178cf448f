"""Routes of InfluxDB 1 and 2 for writing, so that Telegraf and its like need nothing but an address and a key.

Errors are problems as everywhere; `error` (version 1) and `code` and `message` (version 2) say the same where a client
of InfluxDB looks for it.
"""

import re
from typing import Annotated, Any
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.devices.telemetry import body_of, over_quota
from api.http.answers import respond
from api.http.auth import admit, key_of
from api.http.context import ContextDep
from api.http.params import PingParams, WriteParams
from api.http.problems import KINDS, Problem
from api.http.responses import Responses, responses
from api.http.rights import check_role
from zenata.contract.service import InfluxHealth, InfluxReady, InfluxResults
from zenata.control.keys import Principal
from zenata.wire.uplinks.results import TelemetryResult

router = APIRouter(tags=["devices"])

VERSION = "1.8.10"
"""The version of InfluxDB whose behaviour these routes follow."""

DATABASE = "zenata"
"""Name of the one database that clients are shown; they may write to any name."""

_VERSION = {"X-Influxdb-Version": VERSION}
_NO_CONTENT: Responses = {204: {"description": "Lines are taken here"}}
_STATEMENT = re.compile(r"""(?:"(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'|[^;])++""")  # up to a semicolon outside quotes
_CODES = {401: "unauthorized", 403: "forbidden", 429: "too many requests"}  # as InfluxDB 2 calls them
_SHOWN = 100  # bad lines that are named
_PROBLEMS = (
    "no-key",
    "wrong-role",
    "lines-refused",
    "request-refused",
    "body-too-large",
    "invalid-parameter",
    "over-quota",
    "store-unavailable",
)
_BODY = {
    "requestBody": {
        "required": False,  # no lines are none refused, as with InfluxDB
        "content": {"text/plain": {"schema": {"type": "string"}, "example": "device,device=roof temperature=21.5"}},
    },
    "security": [{"key": []}],
}


async def authenticate_client(context: ContextDep, request: Request) -> Principal:
    """Return whom a request speaks for whose key is where clients of InfluxDB put it.

    Raises
    ------
    Problem
        401 without a key of ours, 403 with one that may not write, 429 for too many requests.
    """
    try:
        principal = admit(context, request, key_of(request))
        check_role(principal, request)
    except Problem as problem:
        code = _CODES.get(KINDS[problem.name].status, "invalid")
        raise Problem(
            problem.name, problem.detail, problem.headers, **problem.members, **_influx_members(code, problem.detail)
        ) from None
    return principal


ClientDep = Annotated[Principal, Depends(authenticate_client)]


@router.post("/write", status_code=204, responses=responses(None, *_PROBLEMS, status=204), openapi_extra=_BODY)
async def write(
    context: ContextDep, principal: ClientDep, params: Annotated[WriteParams, Query()], request: Request
) -> Response:
    """Take line protocol as InfluxDB 1 does: what is answered 204 is durable.

    Lines that are no readings are named, and the others stored (400). The tag `device` or `host` names the device.
    """
    return await _write(context, principal, params, request)


@router.post("/api/v2/write", status_code=204, responses=responses(None, *_PROBLEMS, status=204), openapi_extra=_BODY)
async def write_v2(
    context: ContextDep, principal: ClientDep, params: Annotated[WriteParams, Query()], request: Request
) -> Response:
    """Take line protocol as InfluxDB 2 does; see `/write`."""
    return await _write(context, principal, params, request)


@router.get("/ping", status_code=204, responses=responses(InfluxHealth, "invalid-parameter") | _NO_CONTENT)
async def ping(params: Annotated[PingParams, Query()]) -> Response:
    """Say that lines are taken here, as InfluxDB 1 does: 204 without a body, or 200 with one if `verbose` is true."""
    if params.verbose.lower() in {"true", "1"}:
        return _pass()
    return Response(status_code=204, headers=_VERSION)


@router.get("/health", responses=responses(InfluxHealth, "invalid-parameter"))
async def health() -> Response:
    """Say that lines are taken here, as InfluxDB 2 does."""
    return _pass()


@router.get("/ready", responses=responses(InfluxReady, "invalid-parameter"))
async def ready() -> Response:
    """Say that lines are taken here, as InfluxDB 2 does; `/readyz` tells whether the whole service is ready."""
    return respond({"status": "ready"}, headers=_VERSION)


_QUERY_PROBLEMS = ("no-key", "wrong-role", "request-refused", "body-too-large", "invalid-parameter")


@router.post("/query", responses=responses(InfluxResults, *_QUERY_PROBLEMS))
async def query(_: ClientDep, request: Request) -> Response:
    """Take the statements of InfluxQL that clients of InfluxDB 1 begin with; ask for readings with /v1/readings.

    `CREATE DATABASE` makes nothing, `SHOW DATABASES` names one, and other `SHOW` statements find nothing in it.
    """
    statement = request.query_params.get("q")
    if statement is None:
        statement = (await body_of(request)).decode(errors="replace")
        statement = parse_qs(statement).get("q", [statement])[0]
    results = [_result(index, one) for index, one in enumerate(_STATEMENT.findall(statement)) if one.strip()]
    return respond({"results": results or [_result(0, "")]}, headers=_VERSION)


@router.get("/query", responses=responses(InfluxResults, *_QUERY_PROBLEMS))
async def query_by_get(_: ClientDep, request: Request) -> Response:
    """Take statements of InfluxQL, as POST does."""
    return await query(_, request)


def _result(index: int, statement: str) -> dict[str, Any]:
    """Return what a statement finds.

    Raises
    ------
    Problem
        400 for one that is not taken here.
    """
    words = " ".join(statement.lower().split())
    if words.startswith("show databases"):
        found = [{"name": "databases", "columns": ["name"], "values": [[DATABASE]]}]
        return {"statement_id": index, "series": found}
    if words.startswith(("create database", "show ")):
        return {"statement_id": index}
    detail = "Only CREATE DATABASE and SHOW are taken here. Ask for readings with /v1/readings."
    raise Problem("request-refused", detail, error=detail)


async def _write(context: ContextDep, principal: Principal, params: WriteParams, request: Request) -> Response:
    body = await body_of(request)
    take = context.telemetry.lines
    lines = (principal.pilot, params.device, body, params.precision)
    async with context.takers.slot(principal.pilot):
        answer: TelemetryResult = await to_thread.run_sync(take, *lines)
    if not answer.rejections:
        return Response(status_code=204, headers=_VERSION)
    first = answer.rejections[0]
    if first.quota:
        raise over_quota(first, **_influx_members("too many requests", first.reason))
    reasons = [f"line {one.line}: {one.reason}" if one.line else one.reason for one in answer.rejections]
    listed = "\n".join(reasons[:_SHOWN])
    message = f"partial write: {listed} dropped={len(reasons)}" if answer.readings else listed
    members = {"line": first.line} if first.line else {}
    raise Problem(
        "lines-refused",
        message,
        {"X-Influxdb-Error": "".join(sign if " " <= sign <= "~" else "?" for sign in reasons[0])[:200]},
        **_influx_members("invalid", message),
        **members,
    )


def _influx_members(code: str, message: str) -> dict[str, Any]:
    """Return a message where clients of InfluxDB look for it."""
    return {"error": message, "code": code, "message": message}


def _pass() -> Response:
    document = {"name": "influxdb", "message": "ready for queries and writes", "status": "pass", "version": VERSION}
    return respond(document, headers=_VERSION)
