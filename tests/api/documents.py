"""Holds answers against the contract, and asks for lists page by page."""

from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import msgspec

T = TypeVar("T")


def conforming(answer: Any, type_: type[T]) -> T:
    """Return an answer, as JSON values, decoded; a member that its struct does not declare is an error."""
    document = msgspec.convert(answer, type_)
    _check(answer, msgspec.to_builtins(document), "$")
    return document


def pages(client: httpx.Client, path: str, **params: object) -> Iterator[dict[str, Any]]:
    """Ask for a list page by page, to its end."""
    while True:
        page = client.get(path, params=params).raise_for_status().json()
        yield page
        if page["next"] is None:
            return
        params["cursor"] = page["next"]


def _check(answer: Any, declared: Any, path: str) -> None:
    if isinstance(answer, list):
        for position, (one, other) in enumerate(zip(answer, declared, strict=True)):
            _check(one, other, f"{path}[{position}]")
    elif isinstance(answer, dict):
        undeclared = answer.keys() - declared.keys()
        assert not undeclared, f"{path} holds {sorted(undeclared)}, which the contract does not declare"
        for name, value in answer.items():
            _check(value, declared[name], f"{path}.{name}")
