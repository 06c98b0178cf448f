"""Compression of answers by zstd or gzip, for those who accept it.

Only answers that are complete in one message are compressed: streams go on event by event, and files are served in
ranges of bytes.

References
----------
RFC 9110 sections 8.8.3 (entity tags of codings) and 12.5.3 (Accept-Encoding); RFC 1952 (gzip); RFC 8878 (zstd).
"""

import sys
import zlib
from collections.abc import Mapping
from functools import lru_cache

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.weights import weights

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIN_SIZE = 1_000
"""Bytes from which an answer is compressed: one packet of a network holds as many anyway."""

_LEVEL = 1  # of both; docs/live.md has what each costs
_IN_THREAD = 65_536  # bytes from which compressing, about 4 ms a MB, leaves the event loop
_GZIP = 31  # what tells zlib to write the header of gzip
_TYPES = (
    b"application/json",
    b"application/problem+json",
    b"application/geo+json",
    b"application/vnd.apache.arrow.stream",
    b"application/vnd.zenata.frame",
    b"text/",
)


class Compression:
    """ASGI middleware that compresses answers.

    Parameters
    ----------
    app : ASGIApp
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_text(own := dict(message["headers"])):
                start = message  # until the body shows whether it is complete
                if b"vary" not in own:
                    message["headers"] = [*message["headers"], (b"vary", b"Accept-Encoding")]
                elif b"accept-encoding" not in own[b"vary"].lower():
                    MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
                return
            if start is not None:
                body = message.get("body", b"")
                if (
                    not message.get("more_body", False)
                    and len(body) >= MIN_SIZE
                    and (coding := coding_of(Headers(scope=scope).get("accept-encoding", "")))
                ):
                    big = len(body) >= _IN_THREAD
                    body = await to_thread.run_sync(compress, body, coding) if big else compress(body, coding)
                    headers = MutableHeaders(scope=start)
                    headers["Content-Encoding"] = coding
                    headers["Content-Length"] = str(len(body))
                    if headers.get("ETag", "W/").startswith('"'):  # it would name the same bytes, which these are not
                        headers["ETag"] = f"W/{headers['ETag']}"
                    message = {**message, "body": body}
                begun, start = start, None
                await send(begun)
            await send(message)

        await self._app(scope, receive, send_compressed)


def coding_of(header: str, offered: tuple[str, ...] = ("zstd", "gzip")) -> str | None:
    """Return the coding that a header Accept-Encoding asks for by its weights, of equal ones the first offered.

    ``*`` is taken for gzip, which everybody knows.
    """
    named = weights(header)
    others = {"gzip": named.get("*", 0.0)}
    best = max(offered, key=lambda name: named.get(name, others.get(name, 0.0)), default=None)
    return best if best is not None and named.get(best, others.get(best, 0.0)) > 0 else None


def compress(body: bytes, coding: str) -> bytes:
    """Return a body in a coding, ``gzip`` or ``zstd``."""
    if coding == "zstd":
        return zstd.compress(body, level=_LEVEL)
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    return packer.compress(body) + packer.flush()


def made_once(request: Request, body: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """Return a document that stays as it is, compressed once for each coding: anybody may ask for it, without a key."""
    headers = {**headers, "Vary": "Accept-Encoding"}
    if coding := coding_of(request.headers.get("accept-encoding", "")):
        body = _remembered(body, coding)
        headers["Content-Encoding"] = coding
    return Response(body, headers=headers, media_type=media_type)


_remembered = lru_cache(maxsize=16)(compress)


def _is_text(headers: Mapping[bytes, bytes]) -> bool:
    media = headers.get(b"content-type", b"")
    return (
        media.startswith(_TYPES) and not media.startswith(b"text/event-stream") and b"content-encoding" not in headers
    )
