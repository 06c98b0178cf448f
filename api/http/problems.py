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


@dataclass(frozen=True, slots=True)
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
    "no-key": ProblemKind(401, "No valid key", "Send one of your keys as 'Authorization: Bearer zk_...'."),
    "wrong-scope": ProblemKind(403, "Not allowed with this key", "Use a key that has the scope, or make one."),
    "locked-out": ProblemKind(429, "Too many wrong keys", "Wait as long as Retry-After says, and use a key of yours."),
    "cors-closed": ProblemKind(
        403,
        "Not open to this page",
        "Name its origin in the setting cors_origins (ZENATA_CORS_ORIGINS), and start the API again.",
    ),
    "cross-site": ProblemKind(
        403,
        "Not from a page of this server",
        "A session is for pages of this server alone: programs send a key as 'Authorization: Bearer zk_...'.",
    ),
    "unknown-pilot": ProblemKind(404, "No such pilot", "List pilots with /v1/pilots."),
    "unknown-key": ProblemKind(404, "No such key", "List keys with /v1/pilots/{pilot}/keys."),
    "pilot-conflict": ProblemKind(
        409, "The pilot's state does not allow this", "See /v1/pilots/{pilot} for how they are."
    ),
    "control-unavailable": ProblemKind(
        503, "Control data not available", "Try again in a few seconds; nothing was changed."
    ),
    "wrong-role": ProblemKind(403, "Not allowed with this role", "Use a key of one of the roles in 'allowed'."),
    "unknown-route": ProblemKind(404, "No such route", "See /docs for the routes there are."),
    "unknown-sensor": ProblemKind(
        404, "No such sensor", "List sensors with /v1/sensors; 'allowed' holds similar names."
    ),
    "unknown-device": ProblemKind(
        404, "No such device", "List your devices with /v1/devices, and make one with POST there."
    ),
    "unknown-world": ProblemKind(404, "No such world", "Use one of the worlds in 'allowed'."),
    "unknown-event": ProblemKind(404, "No such event", "List them with /v1/worlds/{world}/events."),
    "unknown-command": ProblemKind(
        404, "No such command", "Name its world with ?world=; a world remembers the last 10,000."
    ),
    "unknown-alert": ProblemKind(404, "No such alert", "List them with /v1/alerts?start=-7d."),
    "method-not-allowed": ProblemKind(405, "Method not allowed", "Use one of the methods in 'allowed'."),
    "unsupported-format": ProblemKind(
        406, "Format not available", "Ask for one of the formats in 'allowed', or send no Accept."
    ),
    "too-many-rows": ProblemKind(
        413,
        "Result too large",
        "Take it in pages (limit=10000, then cursor=...), aggregate it (every=1h&agg=mean), or ask for less.",
    ),
    "query-too-heavy": ProblemKind(
        413, "Query too heavy", "Ask for fewer series (sensor=, kind=, district=) or a shorter range (start=, end=)."
    ),
    "invalid-parameter": ProblemKind(
        422, "Parameter not valid", "Correct the parameter; see 'allowed' where there is a list."
    ),
    "too-fine": ProblemKind(
        422,
        "Resolution no longer stored",
        "Old readings are rolled up: ask for mean, min, max, sum, count, first or last of longer spans, or begin later.",
    ),
    "world-conflict": ProblemKind(
        409, "The world's state does not allow this", "See /v1/worlds/{world} for how it is, and try again."
    ),
    "world-limit": ProblemKind(
        409, "More than a world or pilot may have", "Ask for less, or delete a world you do not need."
    ),
    "device-conflict": ProblemKind(
        409, "Taken, or more than a pilot may have", "Use another id, or remove a device you do not need."
    ),
    "unknown-export": ProblemKind(404, "No such export", "List yours with /v1/exports."),
    "export-not-done": ProblemKind(
        409, "Not done", "Ask /v1/exports/{export} how far it is, and fetch the file once it is done."
    ),
    "export-limit": ProblemKind(409, "As many exports as a pilot may have", "Delete one that you have fetched."),
    "unknown-webhook": ProblemKind(404, "No such webhook", "List yours with /v1/webhooks."),
    "unknown-delivery": ProblemKind(404, "No such delivery", "List them with /v1/webhooks/{webhook}/deliveries."),
    "webhook-limit": ProblemKind(409, "As many webhooks as a pilot may have", "Delete one that you do not need."),
    "webhook-off": ProblemKind(
        409, "Webhook switched off", "Switch it on: PATCH /v1/webhooks/{webhook} with enabled true."
    ),
    "unknown-challenge": ProblemKind(404, "No such challenge", "List them with /v1/challenges."),
    "unknown-trial": ProblemKind(404, "No such trial", "List yours with /v1/trials."),
    "trial-conflict": ProblemKind(
        409,
        "The trial's state does not allow this",
        "See /v1/trials/{trial} for its phase, seed and step; 'code' says whether it was early, late or over.",
    ),
    "trial-limit": ProblemKind(
        409, "More than a trial or pilot may have", "End a trial, send fewer answers, or go on tomorrow."
    ),
    "answer-refused": ProblemKind(
        422,
        "Not an answer of this challenge",
        "See `answer` of /v1/challenges/{challenge} for what one is; the whole message has no effect.",
    ),
    "body-too-large": ProblemKind(413, "Body too large", "Send it in several requests."),
    "telemetry-refused": ProblemKind(
        422, "Not readings", "See docs/devices.md for what a device can say; 'code' names what is wrong."
    ),
    "lines-refused": ProblemKind(
        400, "Lines that are no readings", "Mend the lines that are named; the others are stored."
    ),
    "over-quota": ProblemKind(
        429, "Over quota", "Wait as long as Retry-After says; 'quota' names what there is too much of."
    ),
    "request-refused": ProblemKind(400, "Request refused", "See /docs for what can be asked."),
    "internal": ProblemKind(
        500, "Internal error", "Try again; if it stays, report the time and the address asked for."
    ),
    "not-ready": ProblemKind(503, "Not ready", "Wait for what 'reasons' names, then try again."),
    "world-unavailable": ProblemKind(
        503, "World not available", "Its simulator does not answer; try again in a few seconds."
    ),
    "store-unavailable": ProblemKind(
        503, "Store not available", "Try again in a few seconds; /readyz says when it is back."
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
        scope.setdefault("state", {})["problem"] = self.name  # for the log
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


def sentence(text: str) -> str:
    """Return the words of an error as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


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
        return Problem("too-fine", sentence(str(error))).response(request.scope)
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
