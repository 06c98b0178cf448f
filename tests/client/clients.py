"""Both clients behind one face, so that one suite of tests holds for both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from inspect import isasyncgen
from typing import Any

from zenata_client import AsyncClient, Client

KINDS = ("sync", "async")


class Blocking:
    """An `AsyncClient` whose calls block, on a loop of its own."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client, self._runner = client, runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = getattr(self._client, name)(*args, **kwargs)
            if isasyncgen(answer):
                return self._drain(answer)
            return self._runner.run(_wait(answer))

        return call

    def _drain(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()
        try:
            while (item := self._runner.run(_wait(anext(items, end)))) is not end:
                yield item
        finally:
            self._runner.run(items.aclose())


async def _wait(answer: Any) -> Any:
    return await answer


@contextmanager
def opened(kind: str, url: str, key: str) -> Iterator[Any]:
    """A client of one of `KINDS`."""
    if kind == "sync":
        with Client(url, key) as client:
            yield client
        return
    with asyncio.Runner() as runner:
        client = runner.run(_enter(AsyncClient(url, key)))
        try:
            yield Blocking(client, runner)
        finally:
            runner.run(client.close())


async def _enter(client: AsyncClient) -> AsyncClient:
    return await client.__aenter__()
