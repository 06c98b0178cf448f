"""What keeps strangers from holding up everybody: only whose key is known may send much.

The framework reads and decodes a body before it asks for the key, on the one event loop that all share.
"""

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import key_of
from api.http.context import Context
from api.http.problems import KINDS, Problem

LARGEST_STRANGE_BODY = 65_536
"""Bytes of the body of a request without a key that is known. A default; what pilots send is mostly smaller."""


class Strangers:
    """ASGI middleware that refuses bodies beyond `LARGEST_STRANGE_BODY` of those whose key is none of ours.

    At once if they say how long they are, else once they have become too long.

    Parameters
    ----------
    app : ASGIApp
    context : Context
        Whose guard knows the keys.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        told = request.headers.get("content-length", "")
        if told.isdigit() and int(told) > LARGEST_STRANGE_BODY and (problem := self._refusal(request)):
            await problem.response(scope["path"])(scope, receive, send)
            return
        left = LARGEST_STRANGE_BODY  # below zero once the key has been looked at

        async def receive_little() -> Message:
            nonlocal left
            message = await receive()
            if left < 0:
                return message
            left -= len(message.get("body", b""))
            if left < 0 and (problem := self._refusal(request)):
                raise HTTPException(401) from problem  # a `Problem` the framework would take for a body that is no JSON
            return message

        await self._app(scope, receive_little, send)

    def _refusal(self, request: HTTPConnection) -> Problem | None:
        """Return why a request may not have a long body. What remains of it is not read."""
        key, closing = key_of(request), {"Connection": "close"}
        if key is None:
            detail = f"Beyond {LARGEST_STRANGE_BODY:,} bytes a body is read of those with a key. {KINDS['no-key'].help}"
            return Problem("no-key", detail, {"WWW-Authenticate": 'Bearer realm="zenata"'} | closing)
        try:
            self._context.guard.identify(key, request.client.host if request.client else "")
        except Problem as problem:
            problem.headers = dict(problem.headers or {}) | closing
            return problem
        return None
