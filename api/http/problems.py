"""Problems: every error the API answers with, as RFC 9457 problem details.

`KINDS` is the complete list: the type of a problem is ``/problems/`` and its name there, which is also a page that says
what it means. A handler raises `Problem`; nothing else in the package makes an error response.

References
----------
RFC 9457 (problem details for HTTP APIs).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.http.weights import weights
from zenata.city.sentences import LANGUAGES, Language, help_with
from zenata.city.titles import titles
from zenata.errors import QueryTooFine, QueryTooHeavy

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_MAX_TEXT = 2000  # characters of a problem's detail

MAX_BODY = 4 * 1024 * 1024
"""Bytes of the body of a request, before and after it is unzipped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemKind:
    """A family of errors.

    Parameters
    ----------
    status : int
        HTTP status code.
    title : str
        What it is, the same words every time.
    help : str
        What to do about it in general.
    """

    status: int
    title: str
    help: str


KINDS: dict[str, ProblemKind] = {
    "no-key": ProblemKind(
        status=401, title="No valid key", help="Send one of your keys as 'Authorization: Bearer zk_...'."
    ),
    "wrong-scope": ProblemKind(
        status=403, title="Not allowed with this key", help="Use a key that has the scope, or make one."
    ),
    "locked-out": ProblemKind(
        status=429, title="Too many wrong keys", help="Wait as long as Retry-After says, and use a key of yours."
    ),
    "cors-closed": ProblemKind(
        status=403,
        title="Not open to this page",
        help="Name its origin in the setting cors_origins (ZENATA_CORS_ORIGINS), and start the API again.",
    ),
    "cross-site": ProblemKind(
        status=403,
        title="Not from a page of this server",
        help="A session is for pages of this server alone: programs send a key as 'Authorization: Bearer zk_...'.",
    ),
    "unknown-pilot": ProblemKind(status=404, title="No such pilot", help="List pilots with /v1/pilots."),
    "unknown-key": ProblemKind(status=404, title="No such key", help="List keys with /v1/pilots/{pilot}/keys."),
    "pilot-conflict": ProblemKind(
        status=409, title="The pilot's state does not allow this", help="See /v1/pilots/{pilot} for how they are."
    ),
    "control-unavailable": ProblemKind(
        status=503, title="Control data not available", help="Try again in a few seconds; nothing was changed."
    ),
    "wrong-role": ProblemKind(
        status=403, title="Not allowed with this role", help="Use a key of one of the roles in 'allowed'."
    ),
    "unknown-route": ProblemKind(status=404, title="No such route", help="See /docs for the routes there are."),
    "unknown-sensor": ProblemKind(
        status=404, title="No such sensor", help="List sensors with /v1/sensors; 'allowed' holds similar names."
    ),
    "unknown-device": ProblemKind(
        status=404, title="No such device", help="List your devices with /v1/devices, and make one with POST there."
    ),
    "unknown-world": ProblemKind(status=404, title="No such world", help="Use one of the worlds in 'allowed'."),
    "unknown-event": ProblemKind(status=404, title="No such event", help="List them with /v1/worlds/{world}/events."),
    "unknown-command": ProblemKind(
        status=404, title="No such command", help="Name its world with ?world=; a world remembers the last 10,000."
    ),
    "unknown-alert": ProblemKind(status=404, title="No such alert", help="List them with /v1/alerts?start=-7d."),
    "method-not-allowed": ProblemKind(
        status=405, title="Method not allowed", help="Use one of the methods in 'allowed'."
    ),
    "unsupported-format": ProblemKind(
        status=406, title="Format not available", help="Ask for one of the formats in 'allowed', or send no Accept."
    ),
    "too-many-rows": ProblemKind(
        status=413,
        title="Result too large",
        help="Take it in pages (limit=10000, then cursor=...), aggregate it (every=1h&agg=mean), or ask for less.",
    ),
    "query-too-heavy": ProblemKind(
        status=413,
        title="Query too heavy",
        help="Ask for fewer series (sensor=, kind=, district=) or a shorter range (start=, end=).",
    ),
    "invalid-parameter": ProblemKind(
        status=422, title="Parameter not valid", help="Correct the parameter; see 'allowed' where there is a list."
    ),
    "too-fine": ProblemKind(
        status=422,
        title="Resolution no longer stored",
        help="Old readings are rolled up: ask for mean, min, max, sum, count, first or last of longer spans, or begin later.",
    ),
    "world-conflict": ProblemKind(
        status=409,
        title="The world's state does not allow this",
        help="See /v1/worlds/{world} for how it is, and try again.",
    ),
    "world-limit": ProblemKind(
        status=409, title="More than a world or pilot may have", help="Ask for less, or delete a world you do not need."
    ),
    "device-conflict": ProblemKind(
        status=409,
        title="Taken, or more than a pilot may have",
        help="Use another id, or remove a device you do not need.",
    ),
    "unknown-export": ProblemKind(status=404, title="No such export", help="List yours with /v1/exports."),
    "export-not-done": ProblemKind(
        status=409, title="Not done", help="Ask /v1/exports/{export} how far it is, and fetch the file once it is done."
    ),
    "export-limit": ProblemKind(
        status=409, title="As many exports as a pilot may have", help="Delete one that you have fetched."
    ),
    "unknown-webhook": ProblemKind(status=404, title="No such webhook", help="List yours with /v1/webhooks."),
    "unknown-delivery": ProblemKind(
        status=404, title="No such delivery", help="List them with /v1/webhooks/{webhook}/deliveries."
    ),
    "webhook-limit": ProblemKind(
        status=409, title="As many webhooks as a pilot may have", help="Delete one that you do not need."
    ),
    "webhook-off": ProblemKind(
        status=409, title="Webhook switched off", help="Switch it on: PATCH /v1/webhooks/{webhook} with enabled true."
    ),
    "unknown-challenge": ProblemKind(status=404, title="No such challenge", help="List them with /v1/challenges."),
    "unknown-trial": ProblemKind(status=404, title="No such trial", help="List yours with /v1/trials."),
    "trial-conflict": ProblemKind(
        status=409,
        title="The trial's state does not allow this",
        help="See /v1/trials/{trial} for its phase, seed and step; 'code' says whether it was early, late or over.",
    ),
    "trial-limit": ProblemKind(
        status=409,
        title="More than a trial or pilot may have",
        help="End a trial, send fewer answers, or go on tomorrow.",
    ),
    "answer-refused": ProblemKind(
        status=422,
        title="Not an answer of this challenge",
        help="See `answer` of /v1/challenges/{challenge} for what one is; the whole message has no effect.",
    ),
    "body-too-large": ProblemKind(status=413, title="Body too large", help="Send it in several requests."),
    "telemetry-refused": ProblemKind(
        status=422,
        title="Not readings",
        help="See docs/devices.md for what a device can say; 'code' names what is wrong.",
    ),
    "lines-refused": ProblemKind(
        status=400, title="Lines that are no readings", help="Mend the lines that are named; the others are stored."
    ),
    "over-quota": ProblemKind(
        status=429,
        title="Over quota",
        help="Wait as long as Retry-After says; 'quota' names what there is too much of.",
    ),
    "request-refused": ProblemKind(status=400, title="Request refused", help="See /docs for what can be asked."),
    "internal": ProblemKind(
        status=500, title="Internal error", help="Try again; if it stays, report the time and the address asked for."
    ),
    "not-ready": ProblemKind(status=503, title="Not ready", help="Wait for what 'reasons' names, then try again."),
    "world-unavailable": ProblemKind(
        status=503, title="World not available", help="Its simulator does not answer; try again in a few seconds."
    ),
    "store-unavailable": ProblemKind(
        status=503, title="Store not available", help="Try again in a few seconds; /readyz says when it is back."
    ),
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An error to answer a request with.

    Parameters
    ----------
    name : str
        Key of `KINDS`.
    detail : str
        What went wrong this time and what to do about it.
    headers : mapping, optional
        More headers for the response.
    **members : Any
        More members of the problem, such as ``allowed``.
    """

    def __init__(self, name: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:  # noqa: ANN401 - any JSON
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.headers = headers
        self.members = members

    def document(self, instance: str) -> dict[str, Any]:
        """Return it as the members of a JSON object, about the path `instance`."""
        kind = KINDS[self.name]
        return {
            "type": problem_type(self.name),
            "title": kind.title,
            "status": kind.status,
            "detail": _shortened(self.detail),
            "instance": _shortened(instance),
            **self.members,
        }

    def response(self, scope: Scope) -> Response:
        """Return the response to a request: in French or Arabic, if it prefers one of these (RFC 9457, section 3.1.3)."""
        language = _language(Headers(scope=scope).get("accept-language", ""))
        body = self.document(scope["path"])
        if language != "en":
            detail, original = help_with(self.name, body["detail"], language, KINDS[self.name].help)
            body |= {"title": titles("problems", self.name, body["title"])[language], "detail": detail}
            body |= {} if original is None else {"original": original}
        headers = {**(self.headers or {}), "Content-Language": language, "Vary": "Accept-Language"}
        return Response(msgspec.json.encode(body), KINDS[self.name].status, headers, MEDIA_TYPE)


def _language(accepted: str) -> Language:
    """Return in which language to answer a header Accept-Language (RFC 9110, section 12.5.4): English without one of ours."""
    best, found = 0.0, LANGUAGES[0]
    for tag, weight in weights(accepted[:_MAX_TEXT]).items():
        ours = [one for one in LANGUAGES if one == tag.partition("-")[0]]
        if ours and weight > best:
            best, found = weight, ours[0]
    return found


def _shortened(text: str) -> str:
    """Return a text that may repeat what was sent, but not all of 60 kB of it."""
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 4]} ..."


def problem_type(name: str) -> str:
    """Return the URI reference that identifies a kind of problem."""
    return f"/problems/{name}"


def invalid(parameter: str, detail: str, **members: Any) -> Problem:  # noqa: ANN401 - any JSON
    """Return the problem of a query parameter that is not valid."""
    return Problem("invalid-parameter", f"{parameter}: {detail}", parameter=parameter, **members)


def body_too_large() -> Problem:
    """Return the problem of a body that is too large; what remains of it is not read."""
    detail = f"A body has up to {MAX_BODY:,} bytes. {KINDS['body-too-large'].help}"
    return Problem("body-too-large", detail, {"Connection": "close"}, limit=MAX_BODY)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a `Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    if error.name == "over-quota" and hasattr(request.state, "principal"):
        request.app.state.context.activity.refused(request.state.principal.pilot, error.members["quota"])
    return error.response(request.scope)


def answering(problem_of: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler of an error of the control data, which `problem_of` turns into a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        return await on_problem(request, problem_of(error))

    return handle


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: unknown routes and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    match error.status_code:
        case _ if isinstance(error.__cause__, Problem):
            problem = error.__cause__
        case HTTPStatus.NOT_FOUND:
            path = request.url.path
            hint = "Leave out the slash at its end." if path.endswith("/") else KINDS["unknown-route"].help
            problem = Problem("unknown-route", f"There is nothing at {path}. {hint}")
        case HTTPStatus.BAD_REQUEST:
            problem = invalid("body", "is no JSON in UTF-8")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = _methods(request)
            detail = f"{request.url.path} does not answer {request.method}. Use {' or '.join(allowed)}."
            problem = Problem("method-not-allowed", detail, {"Allow": ", ".join(allowed)}, allowed=allowed)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            problem = body_too_large()
        case _:
            problem = Problem("request-refused", str(error.detail), error.headers)
    return problem.response(request.scope)


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes of a path; the framework knows only those of the first."""
    scopes = ((method, {**request.scope, "method": method}) for method in _METHODS)
    found = [
        method for method, scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]
    return [*found, "HEAD"] if "GET" in found else found


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Answer parameters that do not fit their declaration; the first one is named, as they are mended one by one."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    first = error.errors()[0]
    context = first.get("ctx", {})
    where, *names = first["loc"]
    named = names if where == "body" else names[:1]  # of a body the member that is meant, however deep it lies
    if first["type"] == "json_invalid" or not names:
        named = [where]
    if where == "body" and not names and isinstance(first.get("input"), str | bytes):
        return invalid("body", "send JSON, as 'Content-Type: application/json' (curl --json)").response(request.scope)
    parameter = context.get("parameter") or ".".join(map(str, named))
    members = {"allowed": context["allowed"]} if "allowed" in context else {}
    # In our words: "Input should be a valid integer, unable to parse string as an integer" is a validator's.
    problem = str(first["msg"]).replace("Input should", "must", 1).partition(", unable")[0]
    return invalid(parameter, problem, **members).response(request.scope)


async def on_store_error(request: Request, error: Exception) -> Response:
    """Answer a query that is too heavy, or a store that cannot be read, without details of the operator's."""
    if isinstance(error, QueryTooHeavy):
        problem = Problem("query-too-heavy", f"The query was given up. {KINDS['query-too-heavy'].help}")
        return problem.response(request.scope)
    if isinstance(error, QueryTooFine):
        return Problem("too-fine", f"{str(error)[0].upper()}{str(error)[1:]}.").response(request.scope)
    problem = Problem("store-unavailable", f"The readings cannot be read now. {KINDS['store-unavailable'].help}")
    return problem.response(request.scope)


async def on_control_error(request: Request, error: Exception) -> Response:
    """Answer when the control data cannot be read or changed, without details of the operator's."""
    if isinstance(error, DataError):  # PostgreSQL takes no NUL, not even to look for, and no more than a column holds
        return invalid("request", "holds text that cannot be kept or looked for").response(request.scope)
    log.error("control data: %s", str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0])
    problem = Problem(
        "control-unavailable", f"Pilots and devices cannot be looked up now. {KINDS['control-unavailable'].help}"
    )
    return problem.response(request.scope)
