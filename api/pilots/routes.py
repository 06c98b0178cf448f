"""Pilots: who they are, what they may use up, their keys and budgets."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.bodies import body, present
from api.http.context import Context, ContextDep
from api.http.pages import Position, page_of
from api.http.params import KeyPath, KeysParams, NoParams, PageParams, PilotPath
from api.http.problems import KINDS, Problem, invalid, sentence
from api.http.responses import responses
from api.http.rights import WATCHERS
from api.http.routing import FairRoute
from zenata.city.clock import WallClock, format_time, parse_moment
from zenata.contract.base import Page
from zenata.contract.pilots import (
    Budget,
    BudgetEntry,
    IssuedKey,
    Me,
    NewBudgetEntry,
    NewKey,
    NewPilot,
    PilotChange,
    PilotWithKey,
    Quotas,
    Suspension,
)
from zenata.contract.pilots import Key as KeyDocument
from zenata.contract.pilots import Pilot as PilotDocument
from zenata.control.checks import check_key
from zenata.control.keys import MAIN, Key, Principal, Role, Scope
from zenata.control.pilot import Entry, Pilot, PilotError

router = APIRouter(prefix="/v1", tags=["pilots"], dependencies=[Depends(authenticate)], route_class=FairRoute)

P = TypeVar("P", bound=PilotDocument)
K = TypeVar("K", bound=KeyDocument)

_COMMON = ("no-key", "wrong-role", "invalid-parameter")
_ONE = (*_COMMON, "unknown-pilot", "pilot-conflict")
_KEY = (*_ONE, "unknown-key", "over-quota")
_PROBLEMS = {"unknown": "unknown-key", "conflict": "pilot-conflict", "limit": "pilot-conflict"}


@router.get("/me", responses=responses(Me, *_COMMON))
def me(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """Say whom the key speaks for, and what it may."""
    pilot = context.register.pilot(principal.pilot)
    return respond(_pilot(Me, context, pilot, key=principal.key, scopes=sorted(principal.scopes)))


@router.post("/pilots", status_code=201, responses=responses(PilotWithKey, *_ONE, status=201))
def add(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewPilot, body(NewPilot)], _: NoParams
) -> Response:
    """Make a pilot with a first key, which is shown this once. It may connect to HTTP and MQTT at once."""
    expires = _moment(new.expires)
    about = {name: value for name, value in present(new).items() if name not in {"name", "role", "scopes", "expires"}}
    _check_actuators(context, about.get("actuators", []))
    check_key(MAIN, frozenset(new.scopes), expires, WallClock().now())  # before the pilot is made
    pilot = context.register.add(new.name, role=new.role, by=principal, **about)
    key = context.register.issue(new.name, scopes=frozenset(new.scopes), expires=expires, by=principal)
    issued = _issued(context, new.name, MAIN, key)
    headers = {"Location": f"/v1/pilots/{pilot.name}"}
    return respond(_pilot(PilotWithKey, context, pilot, issued=issued), 201, headers)


@router.get("/pilots", responses=responses(Page[PilotDocument], *_COMMON))
def pilots(context: ContextDep, _: NoParams) -> Response:
    """List all pilots; for engineers and administrators."""
    return respond(
        Page(items=[_pilot(PilotDocument, context, pilot) for pilot in context.register.pilots()], next=None)
    )


@router.get("/pilots/{pilot}", responses=responses(PilotDocument, *_ONE))
def show(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, _: NoParams) -> Response:
    """Return one pilot; of others only engineers and administrators know."""
    return respond(_pilot(PilotDocument, context, find(context, principal, pilot)))


@router.patch("/pilots/{pilot}", responses=responses(PilotDocument, *_ONE))
def change(
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    new: Annotated[PilotChange, body(PilotChange)],
    _: NoParams,
) -> Response:
    """Change what is known of a pilot, what it may use up, and what it may command in the shared city."""
    find(context, principal, pilot)
    changes = present(new)
    _check_actuators(context, changes.get("actuators", []))
    return respond(_pilot(PilotDocument, context, context.register.change(pilot, by=principal, **changes)))


@router.post("/pilots/{pilot}/suspend", responses=responses(PilotDocument, *_ONE))
def suspend(
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    new: Annotated[Suspension, body(Suspension)],
    _: NoParams,
) -> Response:
    """Make all keys of a pilot good for nothing, and cut its connections, until it is resumed."""
    _check_rank(principal, find(context, principal, pilot))
    reason = new.reason
    return respond(_pilot(PilotDocument, context, context.register.suspend(pilot, by=principal, reason=reason)))


@router.post("/pilots/{pilot}/resume", responses=responses(PilotDocument, *_ONE))
def resume(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, _: NoParams) -> Response:
    """Let a suspended pilot go on."""
    _check_rank(principal, find(context, principal, pilot))
    return respond(_pilot(PilotDocument, context, context.register.resume(pilot, by=principal)))


@router.get("/keys", responses=responses(Page[KeyDocument], *_COMMON))
def search(context: ContextDep, params: Annotated[KeysParams, Query()]) -> Response:
    """Say whose keys begin so, also revoked ones: for a key that was found somewhere."""
    return respond(_keys(context, context.register.keys(prefix=params.prefix), params, f"keys {params.prefix}"))


@router.get("/pilots/{pilot}/keys", responses=responses(Page[KeyDocument], *_ONE))
def keys(
    context: ContextDep, principal: PrincipalDep, pilot: PilotPath, params: Annotated[PageParams, Query()]
) -> Response:
    """List the keys of a pilot, newest first."""
    name = find(context, principal, pilot).name
    return respond(_keys(context, context.register.keys(name), params, f"keys of {name}"))


@router.post("/pilots/{pilot}/keys", status_code=201, responses=responses(IssuedKey, *_ONE, "over-quota", status=201))
def issue(
    context: ContextDep, principal: PrincipalDep, pilot: PilotPath, new: Annotated[NewKey, body(NewKey)], _: NoParams
) -> Response:
    """Give a pilot another key, which is shown this once: administrators to anybody, a pilot to itself."""
    expires = _moment(new.expires)
    scopes = frozenset(new.scopes)
    _check_own(context, principal, pilot, scopes, expires)
    key = context.register.issue(pilot, name=new.name, scopes=scopes, expires=expires, by=principal)
    return respond(_issued(context, pilot, new.name, key), 201, {"Location": f"/v1/pilots/{pilot}/keys/{new.name}"})


@router.post("/pilots/{pilot}/keys/{name}/rotate", responses=responses(IssuedKey, *_KEY))
def rotate(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, name: KeyPath, _: NoParams) -> Response:
    """Replace a key by a new one, which is shown this once; the old one stops working at once."""
    _check_own(context, principal, pilot, *_reach(context, pilot, name))
    key = context.register.rotate(pilot, name, by=principal)
    return respond(_issued(context, pilot, name, key))


@router.delete("/pilots/{pilot}/keys/{name}", status_code=204, responses=responses(None, *_KEY, status=204))
def revoke(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, name: KeyPath, _: NoParams) -> Response:
    """Make a key good for nothing from now on, and cut its connections."""
    _check_own(context, principal, pilot, *_reach(context, pilot, name))
    context.register.revoke(pilot, name, by=principal)
    return Response(status_code=204)


@router.get("/pilots/{pilot}/budget", responses=responses(Budget, *_ONE))
def budget(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, _: NoParams) -> Response:
    """Return what a pilot was granted and has spent."""
    name = find(context, principal, pilot).name
    entries = context.budget.entries(name)
    granted = sum(entry.centimes for entry in entries if entry.centimes > 0)
    left = sum(entry.centimes for entry in entries)
    sums = {"granted": granted / 100, "spent": (granted - left) / 100, "left": left / 100}
    return respond(Budget(pilot=name, **sums, items=[_entry(entry) for entry in entries]))


@router.post(
    "/pilots/{pilot}/budget",
    status_code=201,
    responses=responses(BudgetEntry, *_ONE, status=201),
)
def enter(
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    new: Annotated[NewBudgetEntry, body(NewBudgetEntry)],
    _: NoParams,
) -> Response:
    """Enter a grant, or below zero an expense. Grants to one pilot come to 200,000 DH at most."""
    find(context, principal, pilot)
    by, amount = principal, new.dirhams
    entry = context.budget.enter(pilot, amount, day=new.date, note=new.note, by=by)
    return respond(_entry(entry), 201)


def find(context: Context, principal: Principal, name: str) -> Pilot:
    """Return a pilot; another's is for whom may not watch as if it were not there."""
    if principal.role in WATCHERS or principal.pilot == name:
        try:
            return context.register.pilot(name)
        except PilotError:
            pass
    raise Problem("unknown-pilot", f"There is no pilot {name[:80]!r} for you. {KINDS['unknown-pilot'].help}")


def _check_rank(principal: Principal, pilot: Pilot) -> None:
    if pilot.role is Role.ADMIN and principal.role is not Role.ADMIN:
        detail = f"This needs the role admin, as {pilot.name} is one; the key has {principal.role}."
        raise Problem("wrong-role", detail, allowed=[Role.ADMIN])


def _check_own(
    context: Context, principal: Principal, pilot: str, scopes: frozenset[Scope], expires: int | None
) -> None:
    """Raise unless somebody may manage a key of a pilot: of its own, none that is good for more, or longer, than its."""
    find(context, principal, pilot)
    if pilot != principal.pilot and principal.role is not Role.ADMIN:
        detail = f"This needs the role admin; the key has {principal.role}."
        raise Problem("wrong-role", detail, allowed=[Role.ADMIN])
    if pilot != principal.pilot:
        return
    longer = principal.expires is not None and (expires is None or expires > principal.expires)
    if longer or not scopes <= principal.scopes:
        own = sorted(principal.scopes)
        until = f" until {format_time(principal.expires)}" if principal.expires else ""
        detail = f"A key manages those of yours that are good for no more, and no longer, than it is: {', '.join(own)}{until}."
        raise Problem("wrong-scope", detail, scopes=own, expires=principal.expires and format_time(principal.expires))


def _check_actuators(context: Context, actuators: list[str]) -> None:
    for sensor in actuators:
        if sensor not in context.sensors:
            raise invalid("actuators", f"there is no sensor {sensor!r} in the city")


def _reach(context: Context, pilot: str, name: str) -> tuple[frozenset[Scope], int | None]:
    """Return what a key is good for, and until when [us since the Unix epoch]; of one that is none, for nothing."""
    live = (key for key in context.register.keys(pilot) if key.name == name and key.revoked is None)
    return next(((key.scopes, key.expires) for key in live), (frozenset(), 0))


def _issued(context: Context, pilot: str, name: str, key: str) -> IssuedKey:
    stored = next(one for one in context.register.keys(pilot, key) if one.name == name)
    return _key(IssuedKey, stored, key=key)


def _moment(expires: str | float | None) -> int | None:
    if expires is None:
        return None
    try:
        return parse_moment(expires, WallClock().now())
    except ValueError as error:
        raise invalid("expires", str(error)) from None


def _pilot(type_: type[P], context: Context, pilot: Pilot, **members: object) -> P:
    quotas = document(Quotas, context.register.quotas(pilot.name))
    return document(type_, pilot, reason=pilot.reason or None, quotas=quotas, **members)


def _key(type_: type[K], stored: Key, **members: object) -> K:
    state = stored.state(WallClock().now())
    return document(type_, stored, mqtt_user=stored.user, scopes=sorted(stored.scopes), state=state, **members)


def _keys(context: Context, keys: Sequence[Key], params: PageParams, query: str) -> Page[KeyDocument]:
    found = sorted(keys, key=_position_of)
    shown, following = page_of(found, _position_of, params, context.cursors, query)
    return Page(items=[_key(KeyDocument, key) for key in shown], next=following)


def _position_of(key: Key) -> Position:
    return -key.made, int(key.sha256[:15], 16)  # newest first


def _entry(entry: Entry) -> BudgetEntry:
    return document(BudgetEntry, entry, amount=entry.centimes / 100)


def problem_of(error: PilotError) -> Problem:
    """Return the problem that a refusal of the register or of the budget is answered with."""
    text = sentence(str(error))
    if error.reason == "invalid":
        return Problem("invalid-parameter", text)
    if error.reason == "rate":
        return Problem("over-quota", text, {"Retry-After": "60"}, quota="key_changes_per_minute")
    return Problem(_PROBLEMS[error.reason], text)
