"""What `Client` and `AsyncClient` share."""

import os
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, TypeVar

import httpx

from zenata_client.errors import SetupError
from zenata_client.plan import Flow, Give, Plan, Send

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

URL = "http://127.0.0.1:8080"
"""Where `make up` answers."""


def options(url: str | None, key: str | None) -> dict[str, Any]:
    """Return where to connect, and with which key, for httpx.

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


def given(plan: Plan[T]) -> Flow[T]:
    """Return the flow of a plan's one result."""
    yield Give((yield from plan))


def dressed(method: F, make: Callable[..., object]) -> F:
    """Name and document a method as what makes its plan."""
    method.__name__, method.__doc__ = make.__name__, make.__doc__
    plain = signature(make)
    me = Parameter("self", Parameter.POSITIONAL_ONLY)
    vars(method)["__signature__"] = plain.replace(parameters=[me, *plain.parameters.values()])
    return method
