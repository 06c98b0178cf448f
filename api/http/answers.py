"""Answers: documents of the contract, filled from what is stored, encoded as JSON."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec
from fastapi.responses import Response
from msgspec import Struct

from api.http.formats import JSON
from zenata.city.clock import time_of
from zenata.contract.base import Time

T = TypeVar("T", bound=Struct)


def respond(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document, or what a simulator has answered, as a JSON response."""
    return Response(msgspec.json.encode(document), status, headers, JSON)


def document(type_: type[T], source: object, **members: object) -> T:
    """Fill a document from the attributes of a stored value; moments become times.

    Parameters
    ----------
    type_ : type
        Struct of the contract.
    source : object
        Has an attribute for each member of the struct that is not given.
    **members
        Members that the source does not have, or has in another form.

    Raises
    ------
    AttributeError
        If there is neither an attribute nor a value for a member.
    """
    values: dict[str, Any] = {}
    for name in type_.__struct_fields__:
        value = members[name] if name in members else getattr(source, name)
        values[name] = time_of(value) if name in _times(type_) and isinstance(value, int) else value
    return type_(**values)


@cache
def _times(type_: type[Struct]) -> frozenset[str]:
    """Return the members of a struct that are times."""
    fields = msgspec.structs.fields(type_)
    return frozenset(field.name for field in fields if Time in (field.type, *get_args(field.type)))
