"""Calls about worlds and what happens in them (docs/scenarios.md)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from zenata_client.calls.city import PAGE, readings
from zenata_client.contract.base import Page
from zenata_client.contract.commands import CommandResult
from zenata_client.contract.events import EventType, Scenario
from zenata_client.contract.hosts import Host
from zenata_client.contract.readings import Reading
from zenata_client.contract.worlds import Advanced, Event, EventEnd, Label, Repair, World
from zenata_client.errors import IncompleteError
from zenata_client.parameters import (
    Duration,
    Moment,
    RunState,
    Speed,
    body,
    check_commands,
    documented,
    duration_of,
    moment_of,
    text_of,
)
from zenata_client.plan import PATIENCE, Pause, Plan, Send, answered, collect, delete, get, items, patch, post, route

TICK = timedelta(seconds=10)
"""Step of a world's clock."""

_LONG = 660.0  # more than a world may take to be advanced [s]
_MAX_READINGS = 100_000  # in one answer to `advance`
_WANTED_READINGS = 50_000  # in one answer, so that a burst still fits
_FIRST_STEPS = 6  # of the first request, before it is known how many readings a step has
_POLL = 0.5  # before readings that were published are queried again [s]


def worlds() -> Plan[list[World]]:
    """Return the worlds you may read: the shared city and your own."""
    return (yield from collect(items(Page[World], route("worlds"))))


def world(world: str) -> Plan[World]:
    """Return the state of a world."""
    return (yield from get(World, route("worlds", world)))


def hosts() -> Plan[list[Host]]:
    """Return the machines that run worlds; for engineers and administrators."""
    return (yield from collect(items(Page[Host], route("hosts"))))


def make_world(
    *,
    seed: int = 1,
    start: Moment | None = None,
    scenario: str | Sequence[Mapping[str, object]] | None = None,
    speed: Speed = 1.0,
    state: RunState = "running",
    kinds: Sequence[str] = (),
    districts: Sequence[str] = (),
    packs: bool = False,
    publish: bool = True,
    blind: bool = False,
) -> Plan[World]:
    """Make a private world.

    Parameters
    ----------
    seed : int
        What all chance comes from.
    start : str, int, float, datetime or timedelta, optional
        Its first moment; now if left out. ``-1d`` or ``timedelta(days=-1)`` is a day ago.
    scenario : str or list of dict, optional
        Name of a scenario, TOML text, or a list of events.
    speed : float or "max"
        World seconds per second.
    state : str
        ``paused`` for a world that moves only when it is advanced.
    kinds, districts : list of str
        Only sensors of these publish; all if empty.
    packs : bool
        Publish a pack for each district instead of a message for each sensor.
    publish : bool
        Publish and store readings; if not, they are in the answers to `advance` alone.
    blind : bool
        Hide the scenario until it is over, or until `reveal`.
    """
    new = {"seed": seed, "start": start, "scenario": scenario, "speed": speed, "state": state}
    which = {"kinds": kinds, "districts": districts, "packs": packs, "publish": publish, "blind": blind}
    return (yield from post(World, route("worlds"), body({**new, **which})))


def fork_world(
    world: str,
    *,
    start: Moment | None = None,
    speed: Speed | None = None,
    state: RunState = "running",
    at: Moment | None = None,
) -> Plan[World]:
    """Make a private world that continues another: the same past, a future of its own.

    Parameters
    ----------
    world : str
    start : str, int, float, datetime or timedelta, optional
        As it was at this time; as it is now if left out. ``-1h`` is an hour before now in the world.
    speed : float or "max", optional
        World seconds per second; that of the world if left out.
    state : str
    at
        The earlier word for `start`.
    """
    new = {"start": at if start is None else start, "speed": speed, "state": state}
    return (yield from post(World, route("worlds", world, "fork"), body(new)))


def delete_world(world: str) -> Plan[None]:
    """Delete a private world."""
    yield from delete(route("worlds", world))


def set_clock(world: str, *, state: RunState | None = None, speed: Speed | None = None) -> Plan[World]:
    """Pause a world, let it run, or change its speed.

    Parameters
    ----------
    world : str
    state : str, optional
        ``running`` or ``paused``.
    speed : float or "max", optional
        World seconds per second.
    """
    return (yield from patch(World, route("worlds", world, "clock"), body({"state": state, "speed": speed})))


@documented
def advance(
    world: str,
    *,
    steps: int | None = None,
    end: Moment | None = None,
    every: Duration = TICK,
    commands: Sequence[Mapping[str, object]] = (),
    limit: int | None = None,
    until: Moment | None = None,
) -> Plan[Advanced]:
    """Move a paused world on, and return all readings of its sensors meanwhile.

    A long way is asked for in parts, so that every reading is in an answer; if one fails, the world stays where it is
    then.

    Parameters
    ----------
    world : str
    {paused}
    every : str, int, float or timedelta
        Length of a tick, 10 s to 1 h.
    commands : list of dict
        Given before the first tick, such as ``{"sensor": "water-0010", "set": {"valve": 0}}``; `outcomes` has theirs.
    limit : int, optional
        At most so many readings; the world moves on all the same.

    Raises
    ------
    IncompleteError
        If readings of the answer are missing, and are not stored in time either.
    """
    check_commands(len(commands))
    end = until if end is None else end
    if (steps is None) == (end is None):
        raise ValueError("give either steps or end")
    tick = duration_of(every)
    if isinstance(end, timedelta):
        steps = _steps(end, tick)
    elif end is not None:
        steps = yield from _distance(world, end, tick)
    parts: list[Advanced] = []
    left = steps or 0
    size = _FIRST_STEPS
    while not parts or left > 0:
        request = {"steps": min(size, left) or left, "every": text_of(tick), "commands": () if parts else commands}
        part = yield from _advance(world, request, limit)
        parts.append(part)
        left -= min(size, left)
        size = max(int(_WANTED_READINGS * part.steps / max(part.rows, 1)), 1)
    found = [reading for part in parts for reading in part.items]
    outcomes = [outcome for part in parts for outcome in part.outcomes]
    last = msgspec.structs.asdict(parts[-1])
    last |= {"from_": parts[0].from_, "steps": sum(part.steps for part in parts), "next": None}
    return Advanced(**{**last, "rows": sum(part.rows for part in parts), "items": found[:limit], "outcomes": outcomes})


def _steps(span: timedelta, every: timedelta) -> int:
    steps, rest = divmod(span, every)
    if rest or steps < 1:
        raise ValueError(f"end: a world moves on in ticks of {every.seconds} s, which {span} is no multiple of")
    return steps


def _distance(world_: str, end: Moment, every: timedelta) -> Plan[int]:
    """Return how many ticks it is from where a world stands to the first that is not before a time."""
    now = (yield from world(world_)).time
    steps = -((now - moment_of(end, now)) // every)
    if steps < 1:
        raise ValueError(f"end: {end} is not later than {text_of(now)}, where the world stands")
    return steps


def _advance(world: str, request: Mapping[str, object], limit: int | None) -> Plan[Advanced]:
    """Move a world on by one request, and return it with all readings."""
    wanted = _MAX_READINGS if limit is None else min(limit, _MAX_READINGS)
    path = route("worlds", world, "advance")
    part: Advanced = yield from post(Advanced, path, {**request, "limit": wanted}, timeout=_LONG)
    waited = 0.0
    while limit is None and len(part.items) < part.rows:  # published already, and stored a moment later
        if waited > PATIENCE:
            raise IncompleteError(f"{part.rows - len(part.items):,} of {part.rows:,} readings are not stored yet")
        yield Pause(_POLL)
        waited += _POLL
        start, end = part.from_ + timedelta(microseconds=1), part.time + timedelta(microseconds=1)
        stored = yield from collect(readings(world=world, start=start, end=end, page=PAGE))
        if len(stored) >= len(part.items):
            part = msgspec.structs.replace(part, items=_merged(part.items, stored))
    return part


def _merged(answered_: list[Reading], stored: list[Reading]) -> list[Reading]:
    """Return the readings of an answer and of the store, each once."""
    found = {(one.time, one.sensor, one.property): one for one in (*answered_, *stored)}
    return sorted(found.values(), key=lambda one: one.time)


def backfill(world: str, end: Moment, *, every: Duration = "15m") -> Plan[World]:
    """Move a paused world on into the store, in long ticks, as fast as it goes; `world` shows the progress.

    Parameters
    ----------
    world : str
    end : str, int, float, datetime or timedelta
        ``+30d`` or ``timedelta(days=30)`` counts from now in the world.
    every : str, int, float or timedelta
        Length of a tick, 10 s to 1 h.
    """
    request = body({"end": end, "every": every})
    return (yield from post(World, route("worlds", world, "backfill"), request))


def record(world: str) -> Plan[dict[str, Any]]:
    """Return all that makes a world what it is; saved as a file, ``zenata replay FILE`` repeats and compares it."""
    return (
        yield from answered(dict[str, Any], Send(method="GET", path=route("worlds", world, "record"), timeout=_LONG))
    )


def truth(world: str) -> Plan[list[Label]]:
    """Return what really happened in a world; for engineers and administrators."""
    return (yield from collect(items(Page[Label], route("worlds", world, "truth"))))


def event_types() -> Plan[list[EventType]]:
    """Return the types of events, with their parameters as JSON Schema."""
    return (yield from collect(items(Page[EventType], route("event-types"))))


def scenarios() -> Plan[list[Scenario]]:
    """Return the scenarios of the city, which `make_world` takes by name."""
    return (yield from collect(items(Page[Scenario], route("scenarios"))))


def add_event(world: str, type: str, **parameters: object) -> Plan[Event]:  # noqa: A002 - the API's word
    """Begin an event in a world: a leak, an outage, a heat wave.

    Parameters
    ----------
    world : str
    type : str
        Such as ``leak``.
    **parameters
        ``start`` and ``duration`` (text, numbers, datetime or timedelta; a start may count from now in the world), and
        those of the type.
    """
    return (yield from post(Event, route("worlds", world, "events"), body({"type": type, **parameters})))


def end_event(world: str, event: str) -> Plan[EventEnd]:
    """End an event that goes on, or take back one that has not begun."""
    return (yield from answered(EventEnd, Send(method="DELETE", path=route("worlds", world, "events", event))))


def send_crew(world: str, target: str) -> Plan[Repair]:
    """Send a crew, which mends what it finds for a price.

    Parameters
    ----------
    world : str
    target : str
        A street (its pipe), a transformer station (its line), a lamp, or any other sensor.
    """
    return (yield from post(Repair, route("worlds", world, "repairs"), {"target": target}))


def crews(world: str) -> Plan[list[Repair]]:
    """Return the crews that were sent out in a world, with what they found and cost."""
    return (yield from collect(items(Page[Repair], route("worlds", world, "repairs"))))


def reveal(world: str) -> Plan[list[Event]]:
    """Show the hidden events of a blind world; there is no way back."""
    return (yield from post(Page[Event], route("worlds", world, "reveal"), {})).items


def events(world: str) -> Plan[list[Event]]:
    """Return the events of a world; of the shared city those that were announced."""
    return (yield from collect(items(Page[Event], route("worlds", world, "events"))))


def command(
    world: str,
    sensor: str,
    settings: Mapping[str, float | None],
    *,
    id: str | None = None,  # noqa: A002 - the API's word
    wait: float = 15.0,
) -> Plan[CommandResult]:
    """Command a device of a world, and return the outcome.

    Parameters
    ----------
    world, sensor : str
    settings : dict
        Values by setpoint, as `kinds` lists them; None gives one back to the device's own control.
    id : str, optional
        Of the command; one is made if left out.
    wait : float
        How long to wait for the world's next tick [s]; ``pending`` after that.
    """
    request = {"world": world, "sensor": sensor, "set": settings, "id": id, "wait": wait}
    return (yield from post(CommandResult, route("commands"), body(request), timeout=wait + 60))


def command_all(
    world: str, commands: Sequence[Mapping[str, object]], *, wait: float = 15.0
) -> Plan[list[CommandResult]]:
    """Command several devices of a world; all commands are checked before the first is taken.

    Parameters
    ----------
    world : str
    commands : list of dict
        Such as ``{"sensor": "water-0010", "set": {"valve": 0}}``.
    wait : float
        How long to wait for the world's next tick [s].
    """
    check_commands(len(commands))
    request = [{"world": world, "wait": wait, **one} for one in commands]
    return (yield from post(Page[CommandResult], route("commands"), request, timeout=wait + 60)).items


def command_outcome(command: str, *, world: str | None = None) -> Plan[CommandResult]:
    """Return the outcome of a command.

    Parameters
    ----------
    command : str
        Its id.
    world : str, optional
        The shared city if left out.
    """
    return (yield from get(CommandResult, route("commands", command), world=world))
