"""Errors between a program and the API; the root is `ZenataError`."""

from contextlib import suppress

import httpx
import msgspec


class ZenataError(Exception):
    """The root of all errors of the client; the message says how to go on."""


class SetupError(ZenataError):
    """The client is set up wrongly: an address, a key or a package is missing or malformed."""


class UnreachableError(ZenataError):
    """Nobody answers at the address, or the connection broke; the message names the address."""


class ExportError(ZenataError):
    """An export could not be written, or its file did not come whole; the message says which."""


class AnswerError(ZenataError):
    """The address answers something that is not of this API, such as the page of a proxy; the message shows it."""


class IncompleteError(ZenataError):
    """Readings of a world that was advanced are missing; the message says how many."""


class ProblemError(ZenataError):
    """The API refuses a request (RFC 9457).

    Parameters
    ----------
    status : int
        HTTP status code.
    type, title, detail : str
        What kind of problem it is (``/problems/over-quota``), in a few words, and what to do about it.
    retry_after : float or None
        How long to wait before the next attempt [s], where the API says it.
    members : dict, optional
        What else it says, such as ``allowed`` or ``quota``.
    """

    def __init__(
        self,
        *,
        status: int,
        type: str,  # noqa: A002 - the word of the standard
        title: str,
        detail: str,
        retry_after: float | None = None,
        members: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{detail} ({title}, {status})")
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.retry_after = retry_after
        self.members = members or {}


def problem_of(response: httpx.Response) -> ProblemError:
    """Return the problem that an answer is; an answer that is not of this API, as of a proxy, keeps its first words."""
    wait = response.headers.get("retry-after", "")
    document: dict[str, object] = {"title": response.reason_phrase, "detail": response.text[:200].strip()}
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        with suppress(msgspec.DecodeError):  # somebody between may have changed it
            document = msgspec.json.decode(response.content, type=dict[str, object])
    return ProblemError(
        status=response.status_code,
        type=str(document.pop("type", "about:blank")),
        title=str(document.pop("title", "")),
        detail=str(document.pop("detail", "")) or "The answer gives no reason",
        retry_after=float(wait) if wait.isdigit() else None,
        members={name: value for name, value in document.items() if name not in {"status", "instance"}},
    )


def check_media(response: httpx.Response, *expected: str) -> None:
    """Raise `AnswerError` unless an answer is of one of these media types."""
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in expected:
        url = response.request.url if response._request else ""  # noqa: SLF001 - tests make answers without a request
        text = response.text[:100].strip() if response.is_closed else ""
        raise AnswerError(
            f"{url} answers {media or 'nothing that has a type'} in place of {' or '.join(expected)}: is the address "
            f"that of the API? {text}".strip()
        )


def unreachable(error: httpx.RequestError) -> UnreachableError:
    """Return what httpx could not do, named for whoever reads it."""
    url = error.request.url
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    named = UnreachableError(
        f"no answer from {url.scheme}://{url.netloc.decode()} ({why}): is the address right, and the API up?"
    )
    named.__cause__ = error
    return named
