"""Declarations of what routes answer, success and failures, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from api.http.formats import JSON
from api.http.problems import KINDS, MEDIA_TYPE, Problem
from zenata.contract.schema import Schemas
from zenata.contract.service import ProblemDetails

SCHEMAS = Schemas()
"""Every document that a route declares."""

_KEY_PROBLEMS = ("wrong-scope", "over-quota", "locked-out", "control-unavailable")

Responses = dict[int | str, dict[str, Any]]


def responses(
    document: type[Struct] | None,
    *problems: str,
    content: Mapping[str, Any] | None = None,
    status: int = 200,
    media: str = JSON,
) -> Responses:
    """Return the declared answers of a route.

    Parameters
    ----------
    document : type or None
        Struct of the contract that the answer is.
    *problems : str
        Keys of `api.http.problems.KINDS`; an internal error can always happen, and some more wherever there may be no key.
    content : mapping, optional
        Other media types of the answer.
    status : int
        Of success.
    media : str
        Media type of the document.
    """
    success: dict[str, Any] = {"description": "OK", "content": dict(content or {})}
    if document is not None:
        success["content"][media] = {"schema": SCHEMAS.reference(document)}
    declared: Responses = {status: success}
    for name in (*problems, *(_KEY_PROBLEMS if "no-key" in problems else ()), "internal"):
        kind = KINDS[name]
        schema = SCHEMAS.reference(ProblemDetails)
        entry = declared.setdefault(
            kind.status, {"description": kind.title, "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}}}
        )
        entry["content"][MEDIA_TYPE]["examples"][name] = {"value": Problem(name, kind.help).document("/v1/...")}
    return declared
