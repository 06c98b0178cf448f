"""Routes that run in pools: in their owner's share of the threads."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from inspect import iscoroutinefunction
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import identify, key_of
from api.http.context import Context
from api.http.pools import NOBODY


class FairRoute(APIRoute):
    """A route whose endpoint, if it runs in a thread, does so in its owner's share of a pool of the context."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, within a slot of the pool."""
        handle = super().get_route_handler()
        if iscoroutinefunction(self.endpoint):
            return handle

        async def handle_in_turn(request: Request) -> Response:
            context: Context = request.app.state.context
            if request.method not in {"GET", "DELETE"}:
                await request.body()  # before the slot: a slow client must not hold one
            owner = identify(context, request, key_of(request)).pilot if self.dependencies else NOBODY
            async with self.pool(context, owner):
                return await handle(request)

        return handle_in_turn

    def pool(self, context: Context, owner: str) -> AbstractAsyncContextManager[None]:
        """Return a slot, to be waited for."""
        return context.queries.slot(owner)


class WaitingRoute(FairRoute):
    """A route that waits for simulators, apart from all other routes.

    A command may wait a minute for its tick, and a day of a world takes long to advance.
    """

    def pool(self, context: Context, owner: str) -> AbstractAsyncContextManager[None]:
        """Return a slot, to be waited for; each route has slots of its own, so that a pilot waits for no other route."""
        return context.simulator_calls[self.path, self.name].slot(owner)
