"""Decodes request bodies, and explains in words what is wrong with one."""

import json
import re
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_WHERE = re.compile(r"(?s)(?P<problem>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?")
_MISSING = re.compile(r"(?s)Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"(?s)Object contains unknown field `(.*)`")
_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")
_LARGEST_EXACT = 2.0**53  # beyond it a JSON number with a point may stand for several integers
_SHOWN = 60  # characters of a wrong value that are repeated


class BodyError(ValueError):
    """A body does not fit its declaration.

    Parameters
    ----------
    member : str
        Path of the member, such as ``condition.above``; ``body`` for the whole.
    problem : str
        What is wrong and what is allowed, in words.
    allowed : list of str, optional
        Every allowed value, where that is a list.
    """

    def __init__(self, member: str, problem: str, allowed: list[str] | None = None) -> None:
        super().__init__(f"{member}: {problem}")
        self.member = member
        self.problem = problem
        self.allowed = allowed


def decode(body: bytes, type_: type[T]) -> T:
    """Return a body as a struct.

    1.0 is taken for 1, as both are one number in JSON (RFC 8259 section 6).

    Raises
    ------
    BodyError
        If it is no JSON, or does not fit.
    """
    try:
        with suppress(msgspec.ValidationError):
            return msgspec.json.decode(body, type=type_)
        value = _with_integers(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyError("body", _syntax(body)) from None
    return convert(value, type_)


def convert(value: object, type_: type[T]) -> T:
    """Return what JSON, or its like, says as a struct.

    Raises
    ------
    BodyError
        If it does not fit.
    """
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise _explained(error, type_, value) from None


def _with_integers(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with integers for numbers such as 1.0."""
    match value:
        case float() if value.is_integer() and abs(value) <= _LARGEST_EXACT:
            return int(value)
        case list():
            return [_with_integers(item) for item in value]
        case dict():
            return {name: _with_integers(item) for name, item in value.items()}
    return value


def _syntax(body: bytes) -> str:
    """Return why a body is no JSON."""
    if not body.strip():
        return "is empty: send a JSON object"
    try:
        json.loads(body)
    except UnicodeDecodeError:
        return "is no JSON in UTF-8"
    except json.JSONDecodeError as error:
        return f"is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        return "is nested too deeply"
    except ValueError:  # of Python itself, which reads no integer of more than 4,300 digits
        return "holds a number of too many digits"
    return (
        "holds half of a surrogate pair, which is no character, a number such as NaN, which JSON does not have, "
        "or one such as 1e400, which is beyond any"
    )


def _explained(error: msgspec.ValidationError, type_: type, value: object) -> BodyError:
    match = _WHERE.fullmatch(str(error))
    assert match is not None  # noqa: S101 - the pattern fits every text
    path = _STEP.findall(match["path"] or "")
    problem = match["problem"]
    if isinstance(error.__cause__, ValueError):  # of a __post_init__, in our own words
        member, separator, text = str(error.__cause__).rpartition(": ")
        return BodyError(_named([*path, member] if separator else path), text)
    if unknown := _UNKNOWN.fullmatch(problem):
        members = _members(_structured(*_at(inspect.type_info(type_), path, value)))
        name = _named([*path, unknown[1][:_SHOWN]])
        return BodyError(name, f"is not a member; use {', '.join(members)}", list(members))
    if missing := _MISSING.fullmatch(problem):
        path = [*path, missing[1]]
    node, found = _at(inspect.type_info(type_), path, value)
    wanted = _words(node)
    if missing:
        return BodyError(_named(path), f"is missing: give {wanted}", _choices(node))
    shown = msgspec.json.encode(found).decode() if isinstance(found, str | float | int | None) else ""
    given = f"{shown} is not allowed" if 0 < len(shown) <= _SHOWN else "is not allowed as it is"
    if path[-1:] == ["[...]"]:  # of a mapping, of which nobody says which
        given = "the value of one of its members is not allowed"
    return BodyError(_named(path), f"{given}: give {wanted}", _choices(node))


def _named(path: list[str]) -> str:
    return ".".join(step.strip("[]") for step in path if step != "[...]") or "body"


def _at(node: Any, path: list[str], value: Any) -> tuple[Any, Any]:  # noqa: ANN401 - nodes have no common base of use
    """Return the declaration and the value at a path; the value of a mapping whose key is unknown is None."""
    for step in path:
        node = _structured(node, value)
        if isinstance(node, inspect.StructType):
            if step == node.tag_field:
                return _Tags([node.tag]), value.get(step)
            node = next(field.type for field in node.fields if field.encode_name == step)
            value = value.get(step) if isinstance(value, dict) else None
        elif isinstance(node, inspect.DictType):
            node, value = node.value_type, ...
        elif isinstance(node, _Tags):
            return node, value.get(step)
        else:
            node, value = node.item_type, value[int(step.strip("[]"))] if isinstance(value, list) else ...
    return node, value


class _Tags:
    """Stands for the member that tells structs of a union apart."""

    def __init__(self, tags: list[Any]) -> None:
        self.tags = tags


def _structured(node: Any, value: Any) -> Any:  # noqa: ANN401
    """Return the part of a declaration that has members or items, chosen by the tag in the value."""
    node = _bare(node)
    if not isinstance(node, inspect.UnionType):
        return node
    parts = [part for part in map(_bare, node.types) if not isinstance(part, inspect.NoneType)]
    tagged = [part for part in parts if isinstance(part, inspect.StructType) and part.tag_field]
    if tagged:
        tag = value.get(tagged[0].tag_field) if isinstance(value, dict) else None
        return next((part for part in tagged if part.tag == tag), _Tags([part.tag for part in tagged]))
    wanted = (inspect.StructType, inspect.DictType) if isinstance(value, dict) else (inspect.CollectionType,)
    return next((part for part in parts if isinstance(part, wanted)), parts[0])


def _bare(node: Any) -> Any:  # noqa: ANN401
    return _bare(node.type) if isinstance(node, inspect.Metadata) else node


def _members(node: Any) -> tuple[str, ...]:  # noqa: ANN401
    tag = (node.tag_field,) if node.tag_field else ()
    return (*tag, *(field.encode_name for field in node.fields))


def _choices(node: Any) -> list[str] | None:  # noqa: ANN401
    """Return every value that a declaration allows, if that is a list of texts."""
    match _bare(node):
        case _Tags(tags=tags):
            return list(map(str, tags))
        case inspect.LiteralType(values=values):
            return list(map(str, values))
        case inspect.EnumType(cls=cls):
            return [str(one.value) for one in cls]
    return None


def _words(node: Any) -> str:  # noqa: ANN401, C901 - a case for each kind of declaration
    """Return what a declaration allows, in words."""
    if isinstance(node, inspect.Metadata):
        words = (node.extra or {}).get("words") or _words(node.type)
        length = _length(_bare(node), "characters") if isinstance(_bare(node), inspect.StrType) else ""
        return words if any(sign.isdigit() for sign in words) else f"{words},{length}" if length else words
    if choices := _choices(node):
        return " or ".join(f'"{choice}"' for choice in choices)
    match node:
        case inspect.UnionType(types=types):
            return " or ".join(_words(part) for part in types)
        case inspect.NoneType():
            return "null"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_range(node)}"
        case inspect.FloatType() | inspect.DecimalType():
            return f"a number{_range(node)}"
        case inspect.StrType(pattern=str(pattern)):
            return f"a text like {pattern}{_length(node, 'characters')}"
        case inspect.StrType():
            return f"a text{_length(node, 'characters')}"
        case inspect.CollectionType():
            return f"a list{_length(node, 'items')}, each {_words(node.item_type)}"
        case inspect.DictType():
            return f"an object{_length(node, 'members')}, each {_words(node.value_type)}"
        case inspect.StructType():
            return f"an object with {', '.join(_members(node))}"
    return "JSON"


def _range(node: Any) -> str:  # noqa: ANN401
    low = node.ge if node.ge is not None else node.gt
    high = node.le if node.le is not None else node.lt
    if low is None and high is None:
        return ""
    if high is None:
        return f" from {low:,} on" if node.gt is None else f" above {low:,}"
    return f" from {low:,} to {high:,}" if low is not None else f" up to {high:,}"


def _length(node: Any, unit: str) -> str:  # noqa: ANN401
    if node.max_length is None:
        return f" of {node.min_length} {unit} or more" if node.min_length else ""
    low = f"{node.min_length} to " if node.min_length else "up to "
    return f" of {low}{node.max_length:,} {unit}"
