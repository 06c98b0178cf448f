"""Who asks, and whether they may.

References
----------
RFC 6750 (bearer tokens).
"""

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from api.http.context import Context, ContextDep
from api.http.problems import KINDS, Problem
from zenata.control.keys import Principal, Role, Scope

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of the sandbox, `zk_...`")

_READING = {"GET", "HEAD", "OPTIONS"}


async def authenticate(
    context: ContextDep,
    request: HTTPConnection,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Principal:
    """Return whom the key of a request speaks for.

    Raises
    ------
    Problem
        401 without a key, or with one that is not ours; 403 if it is not for this; 429 for too many requests.
    """
    if credentials is None:
        challenge, wrong = 'Bearer realm="zenata"', "The request carries no key."
        raise Problem("no-key", f"{wrong} {KINDS['no-key'].help}", {"WWW-Authenticate": challenge})
    return admit(context, request, credentials.credentials)


def admit(context: Context, request: HTTPConnection, key: str) -> Principal:
    """Return whom the key of a request speaks for, as `authenticate` does."""
    principal = context.guard.identify(key, request.client.host if request.client else "")
    request.state.principal = principal
    context.guard.count(principal.pilot)
    scope = Scope.READ if request.scope.get("method", "GET") in _READING else Scope.WRITE
    if scope not in principal.scopes:
        scopes = sorted(principal.scopes)
        detail = f"This needs a key with the scope {scope}; {principal.key!r} has {', '.join(scopes)}."
        raise Problem("wrong-scope", detail, scopes=scopes)
    return principal


def key_of(request: HTTPConnection) -> str | None:
    """Return the key of a request: as a bearer, or as clients of InfluxDB show it.

    They show it as ``Token`` (version 2) or as a password (version 1).
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "token" | "bearer":
            return credentials.strip().rpartition(":")[2]
        case "basic":
            try:
                return b64decode(credentials, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return None
    return request.query_params.get("p")


PrincipalDep = Annotated[Principal, Depends(authenticate)]


def standing(context: Context, key: str) -> Callable[[], bool]:
    """Return what tells whether a key is still good: what lasts longer than a request asks again and again."""
    return lambda: context.register.authenticate(key) is not None


async def get_standing(
    context: ContextDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Callable[[], bool]:
    """Return what tells whether the key of a request is still good."""
    return standing(context, credentials.credentials if credentials else "")


StandingDep = Annotated[Callable[[], bool], Depends(get_standing)]


def allow(*roles: Role) -> Callable[[Principal], Awaitable[None]]:
    """Return a dependency that lets only these roles pass, and answers others 403."""

    async def check(principal: PrincipalDep) -> None:
        if principal.role not in roles:
            detail = f"This needs the role {' or '.join(roles)}; the key has {principal.role}."
            raise Problem("wrong-role", detail, allowed=list(roles))

    return check
