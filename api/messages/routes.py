"""Routes for the ledger and the dead letters."""

from base64 import b64encode
from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.http.answers import document, respond
from api.http.auth import PrincipalDep, RightDep, authenticate
from api.http.context import Context, ContextDep
from api.http.params import AccountsParams, DeadLettersParams, NoParams
from api.http.responses import responses
from api.http.rights import WATCHERS, Right
from api.http.routing import FairRoute
from api.readings.selection import select_world
from zenata.city.model import OWN
from zenata.city.sentences import translations
from zenata.contract.base import Page, Titles
from zenata.contract.messages import DeadLetter as DeadLetterDocument
from zenata.contract.messages import Ledger, PilotBalance, ReplayResult, SensorAccount, WorldBalance
from zenata.control.keys import Principal, Role
from zenata.store.dead_letters import DeadLetter
from zenata.store.ledger import FATES
from zenata.wire import topics

router = APIRouter(prefix="/v1", tags=["messages"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "invalid-parameter")
MAX_WITH_PAYLOAD = 100
"""Dead letters of a page with payloads, each of which has up to 48 KiB. A default."""

_TERMS = ("published", *FATES)


@router.get("/ledger", responses=responses(Ledger, *_COMMON))
def ledger(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """Say what became of every message: published = stored + rejected + in flight + missing.

    One line for each world that one may look into, and one for each pilot that has some.
    """
    owners = context.worlds.owners()
    balances = [
        document(WorldBalance, context.store.ledger.balance(world), world=world, pilot=owners.get(world, ""))
        for world in context.worlds.of(principal)
    ]
    pilots = defaultdict[str, list[WorldBalance]](list)
    for one in balances:
        if one.pilot:
            pilots[one.pilot].append(one)
    sums = [
        PilotBalance(pilot=pilot, **{term: sum(getattr(one, term) for one in own) for term in _TERMS})
        for pilot, own in pilots.items()
    ]
    return respond(Ledger(items=balances, pilots=sums, next=None))


@router.get("/ledger/{world}", responses=responses(Page[SensorAccount], *_COMMON, "unknown-world"))
def accounts(
    context: ContextDep, principal: PrincipalDep, world: str, params: Annotated[AccountsParams, Query()]
) -> Response:
    """Say what became of each sensor's messages in a world, and which numbers are missing."""
    context.worlds.check(principal, world)
    found = [
        one for one in context.store.ledger.accounts(world) if params.all or one.rejected or one.missing or one.repeated
    ]
    query = f"{world} {params.all}"
    begin = _position(context, params.cursor, query) or 0
    end = begin + params.limit
    following = context.cursors.encode((end,), query) if end < len(found) else None
    return respond(Page(items=found[begin:end], next=following))


@router.get(
    "/dead-letters",
    responses=responses(Page[DeadLetterDocument], *_COMMON, "wrong-role", "unknown-world", "store-unavailable"),
)
def dead_letters(
    context: ContextDep, principal: PrincipalDep, right: RightDep, params: Annotated[DeadLettersParams, Query()]
) -> Response:
    """List messages that could not become readings, newest first, with the reason. A pilot sees its own.

    Payloads are read only with `payload=true`: of the others there are size and, where it was too long to store, digest.
    """
    query = f"{params.world}"
    limit = min(params.limit, MAX_WITH_PAYLOAD) if params.payload else params.limit
    found = context.store.dead_letters(
        topics=_topics(context, principal, right, params.world),
        before=_position(context, params.cursor, query),
        limit=limit + 1,
        payloads=params.payload,
    )
    shown = found[:limit]
    following = context.cursors.encode((shown[-1].received,), query) if len(found) > len(shown) else None
    items = [_document(one, payload=params.payload) for one in shown]
    return respond(Page(items=items, next=following))


@router.post(
    "/dead-letters/replay",
    responses=responses(ReplayResult, *_COMMON, "wrong-role", "store-unavailable"),
)
def replay(context: ContextDep, _: NoParams) -> Response:
    """Decode every dead letter again, after a fix. Those that are readings now are stored, and removed from the list."""
    mended, dead = context.replay()
    return respond(ReplayResult(mended=mended, dead=dead))


def _topics(context: Context, principal: Principal, right: Right, world: str | None) -> list[str]:
    """Return what the topics begin with whose dead letters somebody may see."""
    if world is not None and world.startswith(OWN):
        return [topics.of_pilot(select_world(context, principal, world).removeprefix(OWN))]
    if world is not None:
        context.worlds.check_owner(principal, world, right)
        return [f"{world}/"]
    if principal.role in WATCHERS:
        return [""]
    own = [name for name, owner in context.worlds.owners().items() if owner == principal.pilot]
    return [f"pilots/{principal.pilot}/", *(f"{name}/" for name in own)] if principal.role is Role.PILOT else []


def _position(context: Context, cursor: str | None, query: str) -> int | None:
    return None if cursor is None else context.cursors.decode(cursor, query, 1)[0]


def _document(dead_letter: DeadLetter, *, payload: bool) -> DeadLetterDocument:
    text, encoding = _text(dead_letter.payload) if payload else (None, None)
    return document(
        DeadLetterDocument,
        dead_letter,
        sensor=dead_letter.sensor or None,
        seq=dead_letter.seq or None,
        digest=dead_letter.digest or None,
        reasons=Titles(**translations(dead_letter.reason)),
        payload=text,
        encoding=encoding,
    )


def _text(payload: bytes) -> tuple[str, str]:
    try:
        return payload.decode(), "utf-8"
    except UnicodeDecodeError:
        return b64encode(payload).decode(), "base64"
