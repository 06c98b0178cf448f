"""Limits the size of request bodies, small without a valid key, larger with one; and how fast long ones of a pilot are read.

Routes that take raw bodies may read them before they check the key, on the one event loop that all requests share. So a
body beyond the small limit is read only after the key has been identified.

References
----------
RFC 9110 section 15.5.14 (413).
"""

import asyncio
import time

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import CHALLENGE, identify, key_of
from api.http.context import Context
from api.http.problems import KINDS, MAX_BODY, Problem, body_too_large
from zenata.process.rate_limit import Bucket

MAX_ANONYMOUS_BODY = 65_536
"""Bytes of the body of a request without a valid key. A default; what pilots send is mostly smaller."""

RATE, BURST = 16_000_000, 8_000_000
"""Bytes of long bodies that are read of one pilot in a second in the long run, and at once. Defaults: to receive them and to find out
that they are no readings took most of a processor, and everybody else waited."""

_CLOSE = {"Connection": "close"}  # what remains of the body is not read


class BodyLimit:
    """ASGI middleware that refuses bodies beyond `MAX_ANONYMOUS_BODY` without a valid key, and beyond `MAX_BODY`.

    At once if Content-Length says so, else as soon as the body has become too long.

    Parameters
    ----------
    app : ASGIApp
    context : Context
        Whose guard knows the keys.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._long: dict[str, Bucket] = {}  # bytes of long bodies that may be read, by pilot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        size = int(declared) if declared.isdigit() else 0
        if problem := self._refusal(request, 0, size):
            await problem.response(scope)(scope, receive, send)
            return
        size = 0

        async def receive_limited() -> Message:
            nonlocal size
            message = await receive()
            before, size = size, size + len(message.get("body", b""))
            if problem := self._refusal(request, before, size):
                # A `Problem` the framework would take for a body that is no JSON.
                raise HTTPException(413) from problem
            if size > MAX_ANONYMOUS_BODY:
                await self._pace(request, size - before)
            return message

        await self._app(scope, receive_limited, send)

    async def _pace(self, request: HTTPConnection, size: int) -> None:
        """Wait until more of a pilot's long bodies may be read, after `size` [bytes]; meanwhile its network fills, and it waits."""
        now = time.monotonic()
        bucket = self._long.setdefault(request.state.principal.pilot, Bucket(BURST, now))
        if wait := bucket.take_all(size, RATE, BURST, now):
            await asyncio.sleep(wait)

    def _refusal(self, request: HTTPConnection, before: int, size: int) -> Problem | None:
        """Return why a body that has grown from `before` to `size` [bytes] is refused, if it is."""
        if size > MAX_BODY:
            return body_too_large()
        if before <= MAX_ANONYMOUS_BODY < size:
            key = key_of(request)
            if key is None:
                detail = f"Without a key a body has up to {MAX_ANONYMOUS_BODY:,} bytes. {KINDS['no-key'].help}"
                return Problem("no-key", detail, CHALLENGE | _CLOSE)
            try:
                identify(self._context, request, key)
            except Problem as problem:
                problem.headers = dict(problem.headers or {}) | _CLOSE
                return problem
        return None
