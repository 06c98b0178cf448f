"""Keys and sessions that another server has just made are looked for before a request that shows one is refused."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.auth import key_of
from api.http.context import Context


class FreshKeys:
    """ASGI middleware that looks into the database where a key is not known: a proxy may lead the first use elsewhere.

    A server that has no others looks for nothing. Whoever guesses keys causes one look after the other at most, and none while its address is locked out.

    Parameters
    ----------
    app : ASGIApp
    context : Context
        Whose register knows the keys.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if self._context.peers is not None and scope["type"] in ("http", "websocket"):
            request = HTTPConnection(scope)
            key, address = key_of(request), request.client.host if request.client else ""
            unknown = key is not None and not self._context.register.knows(key)
            if unknown and not self._context.guard.is_locked_out(address):
                await self._context.look_up()
        await self._app(scope, receive, send)
