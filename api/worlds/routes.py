"""Routes for private worlds (create, clock, events, fork) and for commands to the devices of any world."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.http.answers import respond
from api.http.auth import PrincipalDep, RightDep, authenticate
from api.http.bodies import body, present
from api.http.context import Context, ContextDep
from api.http.formats import JSON
from api.http.pages import page_of
from api.http.params import NoParams, PageParams, WorldParams
from api.http.problems import Problem, invalid
from api.http.responses import responses
from api.http.rights import WATCHERS
from api.http.routing import WaitingRoute
from api.worlds.orders import order_of
from api.worlds.steps import steps_response
from api.worlds.worlds import redacted
from zenata.city.clock import SECOND, WallClock, format_time, parse_time
from zenata.contract.base import Page
from zenata.contract.commands import CommandResult, NewCommands
from zenata.contract.worlds import (
    Advance,
    Advanced,
    ClockChange,
    Event,
    EventEnd,
    Fork,
    Label,
    NewBackfill,
    NewEvent,
    NewRepair,
    NewWorld,
    Repair,
    World,
    WorldRecord,
)
from zenata.control.audit import BACKFILL, audit_entry
from zenata.control.keys import Principal, Role

router = APIRouter(prefix="/v1", tags=["worlds"], dependencies=[Depends(authenticate)], route_class=WaitingRoute)

_ALL = ("no-key", "unknown-world", "invalid-parameter", "world-unavailable")
_OWN = (*_ALL, "wrong-role", "world-conflict")
MAX_BACKFILL_READINGS = 200_000_000
"""Readings that backfills of one pilot's worlds may make in a day of UTC. A default: the whole city in ticks of 15 min for four
months. Counted in the audit log, at most as many as there can be."""

_DAY = 86_400 * SECOND
_ADVANCE_TIMEOUT = 600.0  # for a world to be advanced [s]


@router.post(
    "/worlds",
    status_code=201,
    responses=responses(
        World, "no-key", "wrong-role", "invalid-parameter", "world-limit", "world-unavailable", status=201
    ),
)
def create(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewWorld, body(NewWorld)], _: NoParams
) -> Response:
    """Make a private world beside the shared city.

    It has a clock of its own and its own topics, `{world}/...`; its readings are kept under its name. Nobody else sees
    it. Left alone for long it falls asleep, and wakes when it is asked for something.
    """
    start = format_time(WallClock().now()) if new.start is None else new.start
    arguments = present(new, nulls=False) | {"start": start} | _owner(context, principal)
    answer = context.worlds.host("create", arguments, type_=World)
    return respond(redacted(principal, answer), 201, {"Location": f"/v1/worlds/{answer.world}"})


@router.get("/worlds", responses=responses(Page[World], "no-key", "invalid-parameter", "world-unavailable"))
def worlds(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """List the worlds one may look into: the shared city, one's own, and for engineers and administrators all."""
    allowed, view = context.worlds.of(principal), _view(principal)
    answers = context.worlds.host("worlds", view, type_=list[World])
    private = [redacted(principal, answer) for answer in answers if answer.world in allowed]
    return respond(Page(items=[context.worlds.ask(context.world, "status", view, type_=World), *private], next=None))


@router.get("/worlds/{world}", responses=responses(World, *_ALL))
def world(context: ContextDep, principal: PrincipalDep, world: str, _: NoParams) -> Response:
    """Say how a world is, without waking it."""
    context.worlds.check(principal, world)
    if world == context.world:
        return respond(context.worlds.ask(context.world, "status", _view(principal), type_=World))
    for answer in context.worlds.host("worlds", _view(principal), type_=list[World]):
        if answer.world == world:
            return respond(redacted(principal, answer))
    raise Problem("world-unavailable", "The world is just being made or deleted; look again in a moment.")


@router.delete("/worlds/{world}", status_code=204, responses=responses(None, *_OWN, status=204))
def delete(context: ContextDep, principal: PrincipalDep, right: RightDep, world: str, _: NoParams) -> Response:
    """Delete a private world: its process, its record and what the broker retains of it. Its readings are out of reach."""
    context.worlds.check_owner(principal, world, right)
    _check_private(context, world)
    context.worlds.host("delete", {"world": world})
    return Response(status_code=204)


@router.patch("/worlds/{world}/clock", responses=responses(World, *_OWN))
def clock(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[ClockChange, body(ClockChange)],
    _: NoParams,
) -> Response:
    """Pause a world, let it go on, or change its speed."""
    context.worlds.check_owner(principal, world, right)
    return respond(context.worlds.ask(world, "pace", present(new, nulls=False), type_=World))


@router.post("/worlds/{world}/advance", responses=responses(Advanced, *_OWN, "world-limit"))
def advance(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[Advance, body(Advance)],
    request: Request,
    _: NoParams,
) -> Response:
    """Move a paused world on, at once, and return what its sensors say meanwhile.

    The readings are published and stored too, unless the world was made with `publish` false. Beyond `limit` they are
    not in the answer; `next` has them all, a moment later. What was observed before and came late is in the answer alone.
    `outcomes` are those of the commands that came into force. With `Accept: application/msgpack` the same document comes
    as MessagePack; with `application/vnd.apache.arrow.stream` the readings as a table, and the rest in its metadata.
    """
    context.worlds.check_owner(principal, world, right)
    arguments = _renamed(present(new, nulls=False))
    orders = arguments["orders"] = [order_of(context, principal, present(one)) for one in arguments.pop("commands")]
    if orders or principal.role in WATCHERS:  # for the audit log
        request.state.detail = {"commands": [{"sensor": order["sensor"], "set": order["set"]} for order in orders]}
    text = context.worlds.ask_raw(world, "advance", arguments, timeout=_ADVANCE_TIMEOUT)
    answer = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    following = None
    if msgspec.json.decode(answer.pop("more")):
        # From behind the tick where it stood up to and with the one where it stands; a query ends before its end.
        begin, end = (
            format_time(parse_time(msgspec.json.decode(answer[name], type=str)) + 1) for name in ("from", "time")
        )
        following = f"/v1/readings?world={world}&start={begin}&end={end}&limit=10000"
    rest = {"next": following}
    return steps_response(answer | rest, request.headers.get("accept"))


@router.post("/worlds/{world}/events", status_code=201, responses=responses(Event, *_OWN, "world-limit", status=201))
def inject(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[dict[str, Any], body(NewEvent)],
    _: NoParams,
) -> Response:
    """Make something happen in a world: a leak, an outage, a heat wave; `docs/scenarios.md` has all types.

    In the shared city only administrators may.
    """
    context.worlds.check_owner(principal, world, right)
    return respond(context.worlds.ask(world, "event", {"event": new} | _view(principal), type_=Event), 201)


@router.delete("/worlds/{world}/events/{event}", responses=responses(EventEnd, *_OWN, "unknown-event"))
def end_event(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    event: Annotated[str, Path(description="An event's id, as `/v1/worlds/{world}/events` lists them.", max_length=64)],
    _: NoParams,
) -> Response:
    """End an event that goes on, or take back one that has not begun."""
    context.worlds.check_owner(principal, world, right)
    return respond(context.worlds.ask(world, "end-event", {"id": event} | _view(principal), type_=EventEnd))


@router.post("/worlds/{world}/repairs", status_code=201, responses=responses(Repair, *_OWN, "world-limit", status=201))
def send_crew(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[NewRepair, body(NewRepair)],
    _: NoParams,
) -> Response:
    """Send a crew to a pipe, a line, a lamp or a sensor; what it finds there ends before its time, for a price.

    Whether it has found anything is known when it is there. In the shared city only administrators may.
    """
    context.worlds.check_owner(principal, world, right)
    arguments = {"target": new.target, "by": principal.pilot}
    return respond(context.worlds.ask(world, "repair", arguments, type_=Repair), 201)


@router.get("/worlds/{world}/repairs", responses=responses(Page[Repair], *_OWN))
def repairs(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    params: Annotated[PageParams, Query()],
) -> Response:
    """List the crews that were sent out in a world, with what they found and cost."""
    context.worlds.check_owner(principal, world, right)
    numbered = list(enumerate(context.worlds.ask(world, "repairs", type_=list[Repair])))
    shown, following = page_of(numbered, lambda one: (one[0], 0), params, context.cursors, f"repairs {world}")
    return respond(Page(items=[repair for _, repair in shown], next=following))


@router.post("/worlds/{world}/reveal", responses=responses(Page[Event], *_OWN))
def reveal(context: ContextDep, principal: PrincipalDep, right: RightDep, world: str, _: NoParams) -> Response:
    """Give up: show the hidden events of a blind world. There is no way back."""
    context.worlds.check_owner(principal, world, right)
    return respond(Page(items=context.worlds.ask(world, "reveal", type_=list[Event]), next=None))


@router.get("/worlds/{world}/events", responses=responses(Page[Event], *_ALL))
def events(context: ContextDep, principal: PrincipalDep, world: str, _: NoParams) -> Response:
    """List the events of a world: of one's own all, of the shared city those that were announced."""
    context.worlds.check(principal, world)
    return respond(Page(items=context.worlds.ask(world, "events", _view(principal), type_=list[Event]), next=None))


@router.post(
    "/worlds/{world}/fork",
    status_code=201,
    responses=responses(World, *_OWN, "world-limit", status=201),
)
def fork(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[Fork, body(Fork)],
    _: NoParams,
) -> Response:
    """Make a private world that goes on from another, as it is now or was at a time: the same past, a future of its own.

    A copy of the shared city knows what will happen there, so only engineers and administrators may make one.
    """
    context.worlds.check_owner(principal, world, right)
    arguments = _renamed(present(new, nulls=False)) | _owner(context, principal) | _view(principal)
    answer = context.worlds.ask(world, "fork", arguments, type_=World)
    return respond(redacted(principal, answer), 201, {"Location": f"/v1/worlds/{answer.world}"})


@router.post("/worlds/{world}/backfill", status_code=202, responses=responses(World, *_OWN, status=202))
def backfill(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    world: str,
    new: Annotated[NewBackfill, body(NewBackfill)],
    _: NoParams,
) -> Response:
    """Move a paused world on into the store, in ticks of `every`, as fast as it goes; `/v1/worlds/{world}` tells how far."""
    context.worlds.check_owner(principal, world, right)
    _check_private(context, world)
    arguments, now = present(new, nulls=False), WallClock().now()
    with context.backfill_turns[principal.pilot]:
        if principal.role is not Role.ADMIN:
            used = context.audit.backfilled(principal.pilot, now - now % _DAY)
            arguments["max_readings"] = max(MAX_BACKFILL_READINGS - used, 0)
        answer = context.worlds.ask(world, "backfill", arguments)
        detail = {"readings": answer.pop("expected", 0)}
        context.audit.record(audit_entry(principal, time=now, what=BACKFILL, target=world, detail=detail))
    return respond(msgspec.convert(answer, World), 202)


@router.get("/worlds/{world}/record", responses=responses(WorldRecord, *_OWN))
def record(context: ContextDep, principal: PrincipalDep, right: RightDep, world: str, _: NoParams) -> Response:
    """Download all that makes a world what it is, as one file: `zenata replay FILE` makes it again and compares.

    It holds the scenario and every event, announced or not; so it is for the world's owner, engineers and administrators,
    and of a sealed world not for the owner. A sealed world is replayed where its secret is: in its data directory.
    """
    context.worlds.check_owner(principal, world, right)
    headers = {"Content-Disposition": f'attachment; filename="{world}.json"'}
    return Response(context.worlds.ask_raw(world, "record", _view(principal)), headers=headers, media_type=JSON)


@router.get("/worlds/{world}/truth", responses=responses(Page[Label], *_OWN))
def truth(context: ContextDep, principal: PrincipalDep, right: RightDep, world: str, _: NoParams) -> Response:
    """Say what really happened in a world; for its owner, engineers and administrators.

    The truth of a sealed world is not for its owner, that of a blind one not before its scenario is over.
    """
    context.worlds.check_owner(principal, world, right)
    return respond(Page(items=context.worlds.ask(world, "labels", _view(principal), type_=list[Label]), next=None))


@router.post(
    "/commands",
    responses={
        **responses(CommandResult, *_OWN, "unknown-sensor"),
        202: responses(CommandResult, status=202)[202] | {"description": "The tick has not come yet"},
    },
)
def command(
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    new: Annotated[NewCommands, body(NewCommands)],
    request: Request,
    _: NoParams,
) -> Response:
    """Command a device, or several of one world with a list. It holds from the world's next tick on.

    What no device could obey (an unknown setting, a value out of range) is refused at once, and nothing of a list is
    taken then. `rejected` comes with the tick: device down. `wait` is how long to wait for that; in a world that stands
    still it is not waited, and `/v1/commands/{id}`, the answer to `advance` and `{world}/responses/{kind}/{sensor}` have
    the outcome. In the shared city only administrators may, and a pilot what it was allowed.
    """
    is_list = isinstance(new, tuple)
    commands = new if isinstance(new, tuple) else (new,)
    world = commands[0].world or context.world
    if any((command.world or context.world) != world for command in commands):
        raise invalid("world", "a list is for one world: send a request for each")
    for command in commands:
        if world != context.world or not context.register.may_command(principal.pilot, command.sensor):
            context.worlds.check_owner(principal, world, right)
    orders = [order_of(context, principal, present(command)) for command in commands]
    wait = max(command.wait for command in commands)
    arguments = {"orders": orders, "wait": wait}
    answers = context.worlds.ask(world, "command", arguments, timeout=wait + 30, type_=list[CommandResult])
    request.state.detail = {
        "world": world,
        "commands": [
            {"sensor": order["sensor"], "set": order["set"], "result": answer.status}
            for order, answer in zip(orders, answers, strict=True)
        ],
    }
    status = 202 if any(answer.status == "pending" for answer in answers) else 200
    return respond(Page(items=answers, next=None) if is_list else answers[0], status)


@router.get("/commands/{command}", responses=responses(CommandResult, *_OWN, "unknown-command"))
def command_outcome(
    context: ContextDep,
    principal: PrincipalDep,
    command: Annotated[str, Path(description="A command's id: yours, or that of the answer to it.", max_length=128)],
    params: Annotated[WorldParams, Query()],
) -> Response:
    """Say what became of a command: one's own, or any to a world of one's own. A world remembers the last 10,000."""
    world = params.world or context.world
    context.worlds.check(principal, world)
    anybodys = world != context.world or principal.role in WATCHERS
    arguments = {"id": command} if anybodys else {"id": command, "by": principal.pilot}
    answer = context.worlds.ask(world, "outcome", arguments, type_=CommandResult | None)
    if answer is None:
        raise Problem("unknown-command", f"{world} remembers no command {command!r} of yours.")
    return respond(answer)


def _renamed(members: dict[str, Any]) -> dict[str, Any]:
    """Return members of a body whose old names are replaced by those of today."""
    return {{"until": "end", "at": "start"}.get(name, name): value for name, value in members.items()}


def _owner(context: Context, principal: Principal) -> dict[str, Any]:
    return {"owner": principal.pilot, "max_worlds": context.register.quotas(principal.pilot).worlds}


def _view(principal: Principal) -> dict[str, bool]:
    """Return whether somebody sees what is hidden from the owner of a sealed or blind world."""
    return {"full": principal.role in WATCHERS}


def _check_private(context: Context, world: str) -> None:
    if world == context.world:
        raise invalid("world", f"{world} is the shared city: this is for private worlds")
