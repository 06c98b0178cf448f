"""Routes that wait for simulators, in threads apart from those of all other routes.

A command may wait a minute for its tick, and a day of a world takes long to advance. In the threads that every route
shares, one pilot with forty such requests would hold up whoever asks for the shared city.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from anyio import to_thread
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.http.context import Context
from zenata.control.keys import Principal


class WaitingRoute(APIRoute):
    """A route whose endpoint waits, and takes the context and the principal."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - the framework's
        # A router that is included makes its routes anew, from endpoints that take turns already.
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else _in_turn(endpoint), **options)


def _in_turn(endpoint: Callable[..., Response]) -> Callable[..., Awaitable[Response]]:
    @wraps(endpoint)
    async def take_turn(*, context: Context, principal: Principal, **others: object) -> Response:
        act = partial(endpoint, context=context, principal=principal, **others)
        return await to_thread.run_sync(act, limiter=context.turns[principal.pilot, endpoint.__name__])

    return take_turn
