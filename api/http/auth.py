"""Authentication: finds the key of a request, identifies it once, and checks its scope and its right to the route.

References
----------
RFC 6750 (bearer tokens); RFC 7617 (Basic); RFC 6265 (cookies); W3C Fetch Metadata Request Headers (Sec-Fetch-Site).
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from api.http.context import Context, ContextDep
from api.http.problems import KINDS, Problem
from api.http.rights import Right, check_role, right_of
from zenata.control.keys import SESSION_PREFIX, Principal, Scope

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of the sandbox, `zk_...`")

_READ_METHODS = {"GET", "HEAD", "OPTIONS"}

_PREFIX = "zk_"  # of every key
_AROUND = "\"'<>`\\"  # what people leave around it, of a shell or of a template
_KEY_IN_URL = {"/write", "/query"}  # where clients of InfluxDB 1 put it

_COOKIE = "zenata_session"

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="zenata"'}


def key_of(request: HTTPConnection) -> str | None:
    """Return the key of a request, wherever its client puts it; quotes and brackets around it are left off.

    As a bearer; as clients of InfluxDB send it (``Token``, or the password of ``Basic`` or of the query parameter ``p``);
    as the user name or password of ``Basic``; in ``X-API-Key``; or, of a page that has logged in, the session in its cookie.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    credentials = credentials.strip().strip(_AROUND)
    match scheme.lower().rstrip(":"):
        case "token" | "bearer" | "apikey" | "api-key" | "key":
            return credentials.rpartition(":")[2] or None
        case "basic":
            return _key_of_basic(credentials)
    key = request.headers.get("x-api-key", "").strip().strip(_AROUND)
    if key.startswith(_PREFIX):
        return key
    if request.scope["path"] in _KEY_IN_URL and "p" in request.query_params:
        return request.query_params["p"]
    return None if scheme or key else session_of(request)


def cookie_of(request: HTTPConnection) -> str:
    """Return the name of the cookie of a page that has logged in: by port, as browsers send a host's cookies to every port."""
    port = request.url.port
    return _COOKIE if port is None else f"{_COOKIE}_{port}"


def session_of(request: HTTPConnection) -> str | None:
    """Return the session in the cookie of a request."""
    session = request.cookies.get(cookie_of(request), "")
    return session if session.startswith(SESSION_PREFIX) else None


def check_same_origin(request: HTTPConnection) -> None:
    """Raise 403 unless a request comes from a page of this server: its cookie goes with those of others, too.

    Cookies know no ports, so that `SameSite` alone leaves out other programs of the same machine. Browsers name the origin
    of whatever is no plain GET (Fetch Metadata, or RFC 6454).
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] == request.headers.get("host"):
        return
    if site != "same-origin" or origin is not None:
        raise Problem("cross-site", f"The request came from {origin or 'no page'}. {KINDS['cross-site'].help}")


def _key_of_basic(credentials: str) -> str | None:
    """Return the key of a user and a password: whichever is one, or else the password where there is one."""
    try:
        user, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text in it
        return None
    return user if user.startswith(_PREFIX) and not password.startswith(_PREFIX) else password or None


def _missing(request: HTTPConnection) -> Problem:
    """Return the problem of a request without a key, naming what was sent in its place."""
    scheme = request.headers.get("authorization", "").partition(" ")[0]
    if scheme.lower().startswith(_PREFIX):
        wrong = "The header Authorization has a key, but not the word Bearer before it."
    elif scheme:
        wrong = f"The header Authorization is there, but {scheme[:20]!r} in it holds no key."
    elif "x-api-key" in request.headers:
        wrong = "The header X-API-Key is there, but holds no key of this sandbox: those begin with zk_."
    elif other := next((name for name, value in request.headers.items() if _PREFIX in value), None):
        wrong = f"The header {other[:40]!r} has a key, but it is not where keys are looked for."
    elif any(value.startswith(_PREFIX) for value in request.query_params.values()):
        wrong = "There is a key in the address, where logs would keep it: make another one, and send that in a header."
    else:
        wrong = "The request carries no key."
    return Problem("no-key", f"{wrong} {KINDS['no-key'].help}", CHALLENGE)


def identify(context: Context, request: HTTPConnection, key: str | None) -> Principal:
    """Return whom the key of a request speaks for; it is looked up once and then kept with the request.

    Raises
    ------
    Problem
        401 without a valid key, 403 for a session that another page uses, 429 for an address that guesses.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    if key is None:
        raise _missing(request)
    if key.startswith(SESSION_PREFIX) and request.scope.get("method") not in _READ_METHODS:
        check_same_origin(request)
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
    context: ContextDep, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    """Return whom the key of a request speaks for; see `admit` and `api.http.rights.check_role`."""
    principal = admit(context, request, key_of(request))
    check_role(principal, request)
    return principal


PrincipalDep = Annotated[Principal, Depends(authenticate)]


def validity(context: Context, key: str) -> Callable[[], bool]:
    """Return a check whether a key is still valid: streams outlive the request that opened them."""
    return lambda: context.register.authenticate(key) is not None


async def get_still_valid(context: ContextDep, _: PrincipalDep, request: HTTPConnection) -> Callable[[], bool]:
    """Return a check whether the key of the request is still valid."""
    return validity(context, request.state.key)


StillValidDep = Annotated[Callable[[], bool], Depends(get_still_valid)]


async def get_right(request: Request) -> Right:
    """Return who may call the route of the request."""
    return right_of(request)


RightDep = Annotated[Right, Depends(get_right)]


class FreshKeys:
    """ASGI middleware that looks into the database where a key is not known: a proxy may lead the first use elsewhere.

    A server that has no others looks for nothing. Whoever guesses keys causes one look after the other at most, and none while its address is locked out.

    Parameters
    ----------
    app : ASGIApp
    context : Context
        Whose register knows the keys.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if self._context.peers is not None and scope["type"] in ("http", "websocket"):
            request = HTTPConnection(scope)
            key, address = key_of(request), request.client.host if request.client else ""
            unknown = key is not None and not self._context.register.knows(key)
            if unknown and not self._context.guard.is_locked_out(address):
                await self._context.look_up()
        await self._app(scope, receive, send)
