"""Base classes and types of the documents.

The files of this folder import `msgspec` and one another, nothing else, and one another relatively: the client carries
them as `zenata_client.contract` (docs/decisions/0027-one-contract.md).
"""

import re
from dataclasses import make_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")

JsonObject: TypeAlias = dict[str, Any]
"""JSON that differs from case to case."""

Time = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 in UTC."""

_Text = Annotated[str, Meta(max_length=64)]

Moment: TypeAlias = Annotated[
    _Text | int | float,
    Meta(
        examples=["2026-07-01T06:00:00Z", "+10m", 1782885600],
        extra={"words": "a time: RFC 3339, a number since 1970 (s, ms, us or ns), or from now on as +10m or -90min"},
    ),
]
"""A time in a request: RFC 3339, a number since the Unix epoch, or relative to now (docs/time.md)."""

Duration: TypeAlias = Annotated[
    _Text | int | float,
    Meta(examples=["15m", 900], extra={"words": "a duration, such as 30s, 15min, 1h or PT15M, or a number of seconds"}),
]
"""A duration in a request: a text such as ``15m`` or ``PT15M``, or a number of seconds."""

_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f" + "\u2028\u2029\u202a-\u202e\u2066-\u2069" + r"]*$"
LINE = Meta(pattern=_ONE_LINE, extra={"words": "one line of text, without control characters"})
"""Text for people: no control characters (PostgreSQL stores no NUL), line ends or changes of direction."""

Name: TypeAlias = Annotated[str, LINE, Meta(max_length=64)]
"""A name that must be looked up."""
Names: TypeAlias = Annotated[tuple[Annotated[str, LINE], ...], Meta(max_length=1000)] | str
"""A list of names, or one text with commas between them; see `split_names`."""
Speed: TypeAlias = Annotated[float, Meta(ge=1, le=3600)] | Literal["max"]
"""World seconds per second."""
Attributes: TypeAlias = dict[str, float | int | str | bool]


def split_names(names: Names) -> list[str]:
    """Return names as a list, each once.

    Raises
    ------
    ValueError
        If one is empty, which might mean all, or no line of text.
    """
    texts = [names] if isinstance(names, str) else names
    words = [word.strip() for text in texts for word in text.split(",")]
    if not all(words):
        raise ValueError("holds an empty name; leave the member out to mean all")
    if not all(re.fullmatch(_ONE_LINE, word) for word in words):
        raise ValueError("holds control characters, which no name has")
    return list(dict.fromkeys(words))


class _DataclassFields:
    """Class attribute by which pandas and polars take a list of documents for one of dataclasses: a column a member."""

    def __get__(self, _: object, cls: type[Struct]) -> dict[str, Any]:
        return _fields_of(cls)


@cache
def _fields_of(cls: type[Struct]) -> dict[str, Any]:
    fields: dict[str, Any] = vars(make_dataclass(cls.__name__, cls.__struct_fields__))["__dataclass_fields__"]
    return fields


class Document(Struct, frozen=True, kw_only=True):
    """Base of answers. OpenAPI declares every member; a client ignores members that it does not know."""

    __dataclass_fields__: ClassVar[Any] = _DataclassFields()


class OpenDocument(Struct, frozen=True, kw_only=True):
    """Base of answers that may have more members than are declared."""


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of request bodies. A member that is not declared is an error; types are strict (no "1" for 1)."""


class Titles(Document, frozen=True, kw_only=True):
    """A name for people by language."""

    fr: str
    en: str
    ar: str


class Page(Document, Generic[T], frozen=True, kw_only=True):
    """One page of a list.

    Parameters
    ----------
    items : list
    next : str or None
        Cursor of the next page; null on the last one.
    """

    items: list[T]
    next: str | None
