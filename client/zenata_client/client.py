"""`Client`: every call as a method that blocks."""

import time
from collections.abc import Generator
from contextlib import ExitStack, closing, suppress
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

import httpx

from zenata_client.errors import unreachable
from zenata_client.methods import Methods
from zenata_client.plan import Flow, Give, Open, Pause, Read, Send, Step
from zenata_client.session import options, request

T = TypeVar("T")


class Client(Methods):
    """Client of the API; a context manager, as it keeps connections open.

    Parameters
    ----------
    url : str, optional
        Where the API answers; ``ZENATA_URL`` or `URL` if left out.
    key : str, optional
        One of your pilot's; ``ZENATA_KEY`` if left out.

    Raises
    ------
    SetupError
        If there is no key. Calls raise `ProblemError` if the API refuses, and `UnreachableError` if nobody answers.
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        self._http = httpx.Client(**options(url, key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _first(self, flow: Flow[T]) -> T:
        """Carry a plan out, and return its result."""
        with closing(self._steps(flow)) as items:
            return next(items)

    def _steps(self, flow: Flow[T]) -> Generator[T, None, None]:
        """Carry a plan out, and yield what it gives."""
        go = partial(next, flow)
        with closing(flow), ExitStack() as opened, suppress(StopIteration):
            while True:
                step = go()
                if isinstance(step, Give):
                    yield step.item
                    go = partial(next, flow)
                    continue
                try:
                    go = partial(flow.send, self._do(step, opened))
                except httpx.RequestError as error:
                    go = partial(flow.throw, unreachable(error))

    def _do(self, step: Step, opened: ExitStack) -> object:
        match step:
            case Send():
                return self._http.request(**request(step))
            case Open(send):
                opened.close()
                response = opened.enter_context(self._http.stream(**request(send)))
                if response.is_error:
                    response.read()
                return response, response.iter_raw()
            case Read(chunks):
                return next(chunks, b"")
            case Pause(seconds):
                time.sleep(seconds)
                return None
