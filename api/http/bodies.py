"""Reads request bodies: the declaration of the contract decides what fits, and names what does not."""

from typing import Any

from fastapi import Depends, Request
from msgspec import UNSET, Struct, structs

from api.http.problems import invalid
from api.http.zones import note_times
from zenata.contract.base import OpenDocument
from zenata.contract.decode import BodyError, decode


class Reader:
    """Dependency that reads the JSON body of a request.

    Parameters
    ----------
    type_ : type
        Struct of the contract.
    """

    def __init__(self, type_: type[Any]) -> None:
        self.type = type_

    async def __call__(self, request: Request) -> Any:  # noqa: ANN401 - see the end
        """Return the body.

        Raises
        ------
        Problem
            422 if it is no JSON, or does not fit.
        """
        content = await request.body()
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
            raise invalid("body", "send JSON, as 'Content-Type: application/json' (curl --json)")
        try:
            document = decode(content, self.type)
            if isinstance(document, OpenDocument):
                document = decode(content, dict[str, Any])  # what has more members than are declared is handed on whole
        except BodyError as error:
            members = {"allowed": error.allowed} if error.allowed else {}
            raise invalid(error.member, error.problem, **members) from None
        if isinstance(document, Struct | dict):
            note_times(request.scope, structs.asdict(document) if isinstance(document, Struct) else document)
        return document


def body(type_: type[Any]) -> Any:  # noqa: ANN401 - as `Depends` has it
    """Return the dependency that reads a body of this type, for ``Annotated[NewDevice, body(NewDevice)]``."""
    return Depends(Reader(type_))


def present(struct: Struct, *, nulls: bool = True) -> dict[str, Any]:
    """Return the members of a body that have a value, those of nested structs too; `nulls` says whether null is one."""
    return {
        name: present(value) if isinstance(value, Struct) else value
        for name, value in structs.asdict(struct).items()
        if value is not UNSET and (nulls or value is not None)
    }
