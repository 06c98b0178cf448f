"""What protects requests whatever their route: headers on every answer, bodies of limited size, and pages of others.

All are ASGI middleware that touch the messages as they pass, so streams and WebSockets go on as they were.

References
----------
RFC 6797 (HTTP Strict Transport Security); RFC 9110 section 15.5.14 (413); the Fetch standard (CORS).
"""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import LARGEST_BODY, body_too_large

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On every response that does not set its own."""

HSTS = "max-age=31536000"
"""How long a browser is to come by TLS alone [s], told over TLS."""

_ASKED = ("Authorization", "Content-Type", "Content-Encoding", "Last-Event-ID", "Range")
_TOLD = ("Retry-After", "Link", "Location", "Content-Disposition", "Content-Range", "WWW-Authenticate")


def protect(app: FastAPI, origins: Sequence[str]) -> None:
    """Put headers around an application, also those that let pages of some origins read its answers."""
    if origins:
        # Keys are sent by the page itself, never by the browser of its own accord: so no credentials.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ASKED,
            expose_headers=_TOLD,
        )
    app.add_middleware(SecurityHeaders)


class SecurityHeaders:
    """Adds `HEADERS`, and `HSTS` where it was asked by TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] in {"https", "wss"} and not _is_local(scope):
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self._app(scope, receive, send_protected)


class BodyLimit:
    """Refuses bodies beyond `LARGEST_BODY`: at once if they say how long they are, else once they have become too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        if told.isdigit() and int(told) > LARGEST_BODY:
            await body_too_large().response(scope["path"])(scope, receive, send)
            return
        size = 0

        async def receive_limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                raise HTTPException(413)  # not a `Problem`, which the framework would take for a body that is no JSON
            return message

        await self._app(scope, receive_limited, send)


def _is_local(scope: Scope) -> bool:
    """Return whether a browser would ask for TLS of whatever else is being tried out on its machine."""
    return Headers(scope=scope).get("host", "").partition(":")[0] == "localhost"
