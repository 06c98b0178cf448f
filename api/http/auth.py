"""Authentication: finds the key of a request, identifies it once, and checks its scope and role.

References
----------
RFC 6750 (bearer tokens); RFC 7617 (Basic).
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

_READ_METHODS = {"GET", "HEAD", "OPTIONS"}

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="zenata"'}


def key_of(request: HTTPConnection) -> str | None:
    """Return the key of a request: as a bearer, or as clients of InfluxDB send it.

    They send it as ``Token`` (version 2) or as a password (version 1).
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


def identify(context: Context, request: HTTPConnection, key: str | None) -> Principal:
    """Return whom the key of a request speaks for; it is looked up once and then kept with the request.

    Raises
    ------
    Problem
        401 without a valid key, 429 for an address that guesses.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    if key is None:
        raise Problem("no-key", f"The request carries no key. {KINDS['no-key'].help}", CHALLENGE)
    principal = context.guard.identify(key, request.client.host if request.client else "")
    request.state.principal, request.state.key = principal, key
    return principal


def admit(context: Context, request: HTTPConnection, key: str | None) -> Principal:
    """Return whom the key of a request speaks for, and count the request.

    Raises
    ------
    Problem
        401 without a valid key; 403 if its scope does not fit the method; 429 for too many requests.
    """
    principal = identify(context, request, key)
    context.guard.count(principal.pilot)
    scope = Scope.READ if request.scope.get("method", "GET") in _READ_METHODS else Scope.WRITE
    if scope not in principal.scopes:
        scopes = sorted(principal.scopes)
        detail = f"This needs a key with the scope {scope}; {principal.key!r} has {', '.join(scopes)}."
        raise Problem("wrong-scope", detail, scopes=scopes)
    return principal


async def authenticate(
    context: ContextDep,
    request: HTTPConnection,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Principal:
    """Return whom the key of a request speaks for; see `admit`."""
    return admit(context, request, None if credentials is None else credentials.credentials)


PrincipalDep = Annotated[Principal, Depends(authenticate)]


def validity(context: Context, key: str) -> Callable[[], bool]:
    """Return a check whether a key is still valid: streams outlive the request that opened them."""
    return lambda: context.register.authenticate(key) is not None


async def get_still_valid(context: ContextDep, _: PrincipalDep, request: HTTPConnection) -> Callable[[], bool]:
    """Return a check whether the key of the request is still valid."""
    return validity(context, request.state.key)


StillValidDep = Annotated[Callable[[], bool], Depends(get_still_valid)]


def allow(*roles: Role) -> Callable[[Principal], Awaitable[None]]:
    """Return a dependency that lets only these roles pass, and answers others 403."""

    async def check(principal: PrincipalDep) -> None:
        if principal.role not in roles:
            detail = f"This needs the role {' or '.join(roles)}; the key has {principal.role}."
            raise Problem("wrong-role", detail, allowed=list(roles))

    return check
