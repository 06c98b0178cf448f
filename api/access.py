"""Who asks, and whether they may.

References
----------
RFC 6750 (bearer tokens).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context, ContextDep
from api.problems import KINDS, Problem
from zenata.pilots.keys import Principal, Role

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of the sandbox, `zk_...`")


async def authenticate(
    context: ContextDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    """Return whom the key of a request speaks for.

    Raises
    ------
    Problem
        401 without a key, or with one that is not ours.
    """
    if credentials is None:
        challenge, wrong = 'Bearer realm="zenata"', "The request carries no key."
    else:
        principal = context.keys.check(credentials.credentials)
        if principal is not None:
            return principal
        challenge, wrong = 'Bearer realm="zenata", error="invalid_token"', "The key is none of this sandbox."
    raise Problem("no-key", f"{wrong} {KINDS['no-key'].help}", {"WWW-Authenticate": challenge})


PrincipalDep = Annotated[Principal, Depends(authenticate)]


def standing(context: Context, key: str) -> Callable[[], bool]:
    """Return what tells whether a key is still good: what lasts longer than a request asks again and again."""
    return lambda: context.keys.check(key) is not None


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
