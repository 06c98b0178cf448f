"""HEAD for every GET, and a clear answer to preflights while no page of another origin is allowed.

References
----------
RFC 9110 section 9.3.2 (HEAD); the Fetch standard (CORS preflight).
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import KINDS, Problem


class Methods:
    """ASGI middleware that answers HEAD as GET without its body, and preflights that no origin may send.

    Parameters
    ----------
    app : ASGIApp
    open_to_pages : bool
        Whether pages of some origins are allowed; their preflights are answered elsewhere.
    """

    def __init__(self, app: ASGIApp, *, open_to_pages: bool) -> None:
        self._app = app
        self._open_to_pages = open_to_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif scope["type"] == "http" and not self._open_to_pages and (origin := _preflight(scope)):
            detail = f"Pages of {origin[:100]} may not read this API. {KINDS['cors-closed'].help}"
            await Problem("cors-closed", detail).response(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A copy, as the server leaves out a body only where the method stays HEAD.
        inner, ended = {**scope, "method": "GET"}, False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if ended:
                raise _EndedError  # a stream would go on for ever
            if message["type"] == "http.response.start":
                scope.update({name: inner[name] for name in ("route", "path_params") if name in inner})
            if message["type"] == "http.response.body":
                ended = True
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        try:
            await self._app(inner, receive, send_head)
        except* OSError as errors:
            if errors.split(_EndedError)[1] is not None:
                raise


class _EndedError(OSError):
    """HEAD was answered; what more there is to send is not wanted. Of the kind that tells Starlette of a disconnect."""


def _preflight(scope: Scope) -> str | None:
    """Return the origin of a preflight, if a request is one."""
    if scope["method"] != "OPTIONS":
        return None
    headers = Headers(scope=scope)
    return headers.get("origin") if "access-control-request-method" in headers else None
