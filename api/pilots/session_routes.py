"""Routes by which a page logs in and out: the session is in a cookie that no script can read."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.http.answers import respond
from api.http.auth import PrincipalDep, check_same_origin, cookie_of, session_of
from api.http.bodies import body
from api.http.context import Context, ContextDep
from api.http.params import NoParams
from api.http.problems import Problem
from api.http.responses import responses
from zenata.city.clock import SECOND, WallClock, format_time
from zenata.contract.pilots import NewSession
from zenata.contract.pilots import Session as SessionDocument
from zenata.control.keys import LINK_PREFIX, Principal

router = APIRouter(prefix="/v1/session", tags=["pilots"])


@router.post("", responses=responses(SessionDocument, "no-key", "cross-site", "invalid-parameter"))
async def log_in(
    context: ContextDep, request: Request, new: Annotated[NewSession, body(NewSession)], _: NoParams
) -> Response:
    """Open a session with a key, or with a link that `zenata open` made; a cookie then stands for the key.

    The session is valid as long as the key: it ends with its revocation, and for good with the suspension of its pilot. Requests that
    change something need an `Origin`, which browsers send, that is this server's.
    """
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        check_same_origin(request)
    address = request.client.host if request.client else ""
    secret = new.key or new.link or ""
    if new.key is not None:
        if context.peers is not None and not context.register.knows(new.key):
            await context.look_up()
        context.guard.count_login(context.guard.identify(new.key, address).pilot)
    opened = None
    if new.key is not None or secret.startswith(LINK_PREFIX):
        opened = await run_in_threadpool(context.sessions.open, secret, remember=new.remember)
    principal = None if opened is None else context.register.authenticate(opened)
    if opened is None or principal is None:
        context.guard.refuse(address)
        raise Problem("no-key", "The link is not valid, or was used already: make another with `zenata open`.")
    response = _answer(context, principal, opened)
    _set_cookie(request, response, opened, context.register.session_end(opened))
    return response


@router.get("", responses=responses(SessionDocument, "no-key", "invalid-parameter"))
async def session(context: ContextDep, principal: PrincipalDep, request: Request, _: NoParams) -> Response:
    """Say whom the session, or the key, of the request speaks for, and until when."""
    return _answer(context, principal, request.state.key)


@router.delete("", status_code=204, responses=responses(None, "cross-site", "invalid-parameter", status=204))
async def log_out(context: ContextDep, request: Request, _: NoParams) -> Response:
    """End the session of the cookie, if there is one."""
    if found := session_of(request):
        check_same_origin(request)
        await run_in_threadpool(context.sessions.close, found)
    response = Response(status_code=204)
    _set_cookie(request, response, "", None)
    return response


def _answer(context: Context, principal: Principal, secret: str) -> Response:
    end = context.register.session_end(secret)
    ends = [time for time in (principal.expires, end) if time is not None]
    document = {
        "pilot": principal.pilot,
        "key": principal.key,
        "role": principal.role,
        "scopes": sorted(principal.scopes),
        "expires": format_time(min(ends)) if ends else None,
    }
    return respond(document)


def _set_cookie(request: Request, response: Response, secret: str, end: int | None) -> None:
    """Set the cookie until a time [us], or remove it."""
    response.set_cookie(
        cookie_of(request),
        secret,
        max_age=0 if end is None else (end - WallClock().now()) // SECOND,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
