"""Parts that `Client` and `AsyncClient` share: where they connect, and how calls become methods."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import Parameter, signature
from typing import Any, TypeVar, get_args

import httpx

from zenata_client.errors import SetupError
from zenata_client.plan import Flow, Give, Plan, Send

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

URL = "http://127.0.0.1:8080"
"""Address of the API after `make up`."""


def options(url: str | None, key: str | None) -> dict[str, Any]:
    """Return the address and the key for httpx.

    Raises
    ------
    SetupError
        If there is no key.
    """
    key = key or os.environ.get("ZENATA_KEY")
    if not key:
        raise SetupError("no key: give one of your pilot's, as Client(key=...) or in ZENATA_KEY")
    return {
        "base_url": url or os.environ.get("ZENATA_URL") or URL,
        "headers": {"Authorization": f"Bearer {key.strip()}"},
    }


def request(send: Send) -> dict[str, Any]:
    """Return a request as httpx takes it."""
    return {
        "method": send.method,
        "url": send.path,
        "params": send.params or None,
        "content": send.body,
        "headers": {"Content-Type": "application/json", **send.headers} if send.body is not None else send.headers,
        "timeout": httpx.Timeout(send.timeout, connect=10.0),
    }


def single(plan: Plan[T]) -> Flow[T]:
    """Return a plan as a flow that gives its one result."""
    yield Give((yield from plan))


def method_of(method: F, call: Callable[..., object], *, is_async: bool, many: bool) -> F:
    """Return a method with the name, docstring and signature of a call, and the type that it returns."""
    method.__name__, method.__doc__ = call.__name__, call.__doc__
    method.__qualname__ = f"{'AsyncClient' if is_async else 'Client'}.{call.__name__}"
    plain = signature(call)
    me = Parameter("self", Parameter.POSITIONAL_ONLY)
    result = _result(plain.return_annotation, is_async=is_async, many=many)
    result = getattr(result, "__forward_arg__", result)  # of a library that is not imported
    vars(method)["__signature__"] = plain.replace(parameters=[me, *plain.parameters.values()], return_annotation=result)
    return method


def _result(annotation: Any, *, is_async: bool, many: bool) -> Any:  # noqa: ANN401 - any annotation
    """Return what a caller gets of a plan or a flow: ``Plan[T]`` is a T, ``Flow[T]`` an iterator of T."""
    if not many:
        return get_args(annotation)[2]
    give = get_args(get_args(annotation)[0])[-1]
    return (AsyncIterator if is_async else Iterator)[get_args(give)[0]]
