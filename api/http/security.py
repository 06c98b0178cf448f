"""Security headers on every answer, and CORS for the origins that are named.

Both are ASGI middleware that touch only headers, so streams and WebSockets pass unchanged.

References
----------
RFC 6797 (HTTP Strict Transport Security); the Fetch standard (CORS).
"""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On every response that does not set its own."""

_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]  # ASGI has names in lower case

HSTS = "max-age=31536000"
"""How long a browser uses nothing but TLS [s]; sent over TLS only."""

_REQUEST_HEADERS = ("Authorization", "X-API-Key", "Content-Type", "Content-Encoding", "Last-Event-ID", "Range")
_RESPONSE_HEADERS = (
    "Retry-After",
    "Link",
    "Location",
    "Content-Disposition",
    "Content-Range",
    "WWW-Authenticate",
    *(f"Zenata-{name}" for name in ("Start", "End", "Zone", "Note", "Assumed-Zone", "Sensors")),
)


def protect(app: FastAPI, origins: Sequence[str]) -> None:
    """Put headers around an application, also those that let pages of some origins read its answers."""
    if origins:
        # Keys are sent by the page itself, never by the browser of its own accord: so no credentials.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_RESPONSE_HEADERS,
        )
    app.add_middleware(SecurityHeaders)


class SecurityHeaders:
    """Adds `HEADERS`, and `HSTS` over TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in _ENCODED if one[0] not in own)]
                if scope["scheme"] in {"https", "wss"} and not _is_local(scope):
                    MutableHeaders(scope=message).setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self._app(scope, receive, send_protected)


def _is_local(scope: Scope) -> bool:
    """Return whether HSTS would force TLS on everything else that runs on the browser's machine."""
    return Headers(scope=scope).get("host", "").partition(":")[0] == "localhost"
