"""Plans: what a call does, without a socket.

A plan is a generator: it yields steps, such as a request to send, and is sent what came of each. `Client` and
`AsyncClient` carry the same plans out, one blocking, one awaiting, so every call is written once.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from zenata_client.contract.base import Page
from zenata_client.errors import AnswerError, check_media, problem_of
from zenata_client.parameters import query

T = TypeVar("T")

PATIENCE = 30.0
"""How long a request waits in all for a quota or a service that is away, before its problem is raised [s]."""

_FIRST_WAIT = 0.5  # before the second attempt, where the API does not say; then twice as long each time [s]
_AGAIN = {429, 503}


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """Send a request; what comes of it is an `httpx.Response`.

    Parameters
    ----------
    method, path : str
    params : mapping
        Query parameters, as texts.
    body : bytes, optional
        JSON.
    headers : mapping
    timeout : float
        How long to wait for each piece of the answer [s].
    repeatable : bool
        Whether it does no harm twice, so that it may be sent again when nobody knows what became of it.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request and read its answer piece by piece; it ends what was open before.

    What comes of it is the `httpx.Response` and its chunks, for `Read`.
    """

    send: Send


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next bytes of what is open; none at its end."""

    chunks: Any


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait [s]."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Give(Generic[T]):
    """Give an item to the caller, who asked for many."""

    item: T


Step: TypeAlias = Send | Open | Read | Pause
Plan: TypeAlias = Generator[Step, Any, T]
"""A call with one result."""
Flow: TypeAlias = Generator[Step | Give[T], Any, None]
"""A call with many results, one after the other."""


def ask(send: Send) -> Plan[httpx.Response]:
    """Send a request until it is answered with what was asked for.

    Raises
    ------
    ProblemError
        If the API says no, or, to a quota or while a service is away, still says so after `PATIENCE`.
    """
    response, _ = yield from _persist(send, send)
    return response


def open_(send: Send) -> Plan[tuple[httpx.Response, Any]]:
    """As `ask`, for an answer that is read piece by piece."""
    return (yield from _persist(send, Open(send)))


def _persist(send: Send, step: Send | Open) -> Plan[tuple[httpx.Response, Any]]:
    waited, pause = 0.0, _FIRST_WAIT
    while True:
        answer = yield step
        response, chunks = answer if isinstance(step, Open) else (answer, None)
        if response.is_success:
            return response, chunks
        problem = problem_of(response)
        wait = max(pause, problem.retry_after or 0.0)
        unknown = problem.status == httpx.codes.SERVICE_UNAVAILABLE and not send.repeatable
        if problem.status not in _AGAIN or unknown or waited + wait > PATIENCE:
            raise problem
        yield Pause(wait)
        waited, pause = waited + wait, 2 * pause


def answered(type_: type[T], send: Send) -> Plan[T]:
    """Send a request and return the document it is answered with."""
    response = yield from ask(send)
    check_media(response, "application/json", "application/geo+json")
    try:
        return msgspec.json.decode(response.content, type=type_)
    except msgspec.DecodeError as error:
        raise AnswerError(f"the answer of {send.path} does not fit this version of the client: {error}") from error


def route(*words: str) -> str:
    """Return the path of a route; a word with a slash in it stays one word."""
    return "/v1/" + "/".join(quote(word, safe="") for word in words)


def get(type_: type[T], path: str, **params: object) -> Plan[T]:
    """Ask for a document."""
    return (yield from answered(type_, Send(method="GET", path=path, params=query(params))))


def post(type_: type[T], path: str, body: object, *, timeout: float = 60.0) -> Plan[T]:
    """Send a document and return the one it is answered with."""
    sent = msgspec.json.encode(body)
    return (yield from answered(type_, Send(method="POST", path=path, body=sent, timeout=timeout, repeatable=False)))


def patch(type_: type[T], path: str, body: object) -> Plan[T]:
    """Change something, and return how it is then."""
    return (yield from answered(type_, Send(method="PATCH", path=path, body=msgspec.json.encode(body))))


def delete(path: str) -> Plan[None]:
    """Remove something."""
    yield from ask(Send(method="DELETE", path=path))


def items(
    type_: type[Page[T]], path: str, params: Mapping[str, object] | None = None, limit: int | None = None
) -> Flow[T]:
    """Give the items of a list, page after page, to the end or until there were `limit`."""
    cursor: str | None = ""
    count = 0
    while cursor is not None and (limit is None or count < limit):
        page = yield from get(type_, path, **{**(params or {}), "cursor": cursor or None})
        wanted = page.items if limit is None else page.items[: limit - count]
        yield from map(Give, wanted)
        count += len(wanted)
        cursor = page.next


def collect(flow: Flow[T]) -> Plan[list[T]]:
    """Return all that a flow gives, as a list."""
    given: list[T] = []
    answer = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration:
            return given
        if isinstance(step, Give):
            given.append(step.item)
            answer = None
        else:
            answer = yield step
