"""`AsyncClient`: every call as a method that is awaited."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, closing, suppress
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

import httpx

from zenata_client.errors import unreachable
from zenata_client.methods import Methods
from zenata_client.plan import Flow, Give, Open, Pause, Read, Send, Step
from zenata_client.session import options, request

T = TypeVar("T")


class AsyncClient(Methods):
    """As `Client`, for asyncio: an asynchronous context manager whose calls are awaited.

    Parameters
    ----------
    url, key : str, optional
        As there.

    Raises
    ------
    SetupError
        As there.
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        self._http = httpx.AsyncClient(**options(url, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _first(self, flow: Flow[T]) -> T:
        """Carry a plan out, and return its result."""
        async with aclosing(self._steps(flow)) as items:
            return await anext(items)

    async def _steps(self, flow: Flow[T]) -> AsyncGenerator[T, None]:
        """Carry a plan out, and yield what it gives."""
        go = partial(next, flow)
        with closing(flow), suppress(StopIteration):
            async with AsyncExitStack() as opened:
                while True:
                    step = go()
                    if isinstance(step, Give):
                        yield step.item
                        go = partial(next, flow)
                        continue
                    try:
                        go = partial(flow.send, await self._do(step, opened))
                    except httpx.RequestError as error:
                        go = partial(flow.throw, unreachable(error))

    async def _do(self, step: Step, opened: AsyncExitStack) -> object:
        match step:
            case Send():
                return await self._http.request(**request(step))
            case Open(send):
                await opened.aclose()
                response = await opened.enter_async_context(self._http.stream(**request(send)))
                if response.is_error:
                    await response.aread()
                return response, response.aiter_raw()
            case Read(chunks):
                return await anext(chunks, b"")
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return None
