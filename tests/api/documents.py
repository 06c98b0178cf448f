"""Holds answers against the contract."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def conforming(answer: Any, type_: type[T]) -> T:
    """Return an answer, as JSON values, decoded; a member that its struct does not declare is an error."""
    document = msgspec.convert(answer, type_)
    _check(answer, msgspec.to_builtins(document), "$")
    return document


def _check(answer: Any, declared: Any, path: str) -> None:
    if isinstance(answer, list):
        for position, (one, other) in enumerate(zip(answer, declared, strict=True)):
            _check(one, other, f"{path}[{position}]")
    elif isinstance(answer, dict):
        undeclared = answer.keys() - declared.keys()
        assert not undeclared, f"{path} holds {sorted(undeclared)}, which the contract does not declare"
        for name, value in answer.items():
            _check(value, declared[name], f"{path}.{name}")
