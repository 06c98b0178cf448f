"""Calls about worlds and what happens in them (docs/scenarios.md)."""

from collections.abc import Mapping
from typing import Unpack

from zenata_client.asked import ClockWords, ForkWords, Moment, WorldWords
from zenata_client.documents import Advanced, Command, Event, Page, World
from zenata_client.plan import Plan, at, delete, get, items, patch, post, whole

_LONG = 660.0  # more than a world may take to be advanced [s]


def worlds() -> Plan[list[World]]:
    """Return the worlds one may look into."""
    return (yield from whole(items(Page[World], at("worlds"))))


def world(world: str) -> Plan[World]:
    """Return how a world is."""
    return (yield from get(World, at("worlds", world)))


def make_world(**words: Unpack[WorldWords]) -> Plan[World]:
    """Make a private world."""
    return (yield from post(World, at("worlds"), words))


def fork_world(world: str, **words: Unpack[ForkWords]) -> Plan[World]:
    """Make a private world that goes on from another: the same past, a future of its own."""
    return (yield from post(World, at("worlds", world, "fork"), words))


def delete_world(world: str) -> Plan[None]:
    """Delete a private world."""
    yield from delete(at("worlds", world))


def set_clock(world: str, **words: Unpack[ClockWords]) -> Plan[World]:
    """Pause a world, let it go on, or change its speed."""
    return (yield from patch(World, at("worlds", world, "clock"), words))


def advance(
    world: str, *, steps: int | None = None, until: Moment | None = None, limit: int = 10_000
) -> Plan[Advanced]:
    """Move a paused world on by ticks of ten seconds, or up to a time, and return what its sensors say meanwhile.

    Parameters
    ----------
    world : str
    steps, until : int, str or datetime
        Say one of them.
    limit : int
        The most readings to return; all are in `readings` too.
    """
    body = {name: value for name, value in (("steps", steps), ("until", until)) if value is not None}
    return (yield from post(Advanced, at("worlds", world, "advance"), {**body, "limit": limit}, timeout=_LONG))


def add_event(world: str, type: str, **parameters: object) -> Plan[Event]:  # noqa: A002 - the API's word
    """Make something happen in a world: a leak, an outage, a heat wave."""
    return (yield from post(Event, at("worlds", world, "events"), {"type": type, **parameters}))


def events(world: str) -> Plan[list[Event]]:
    """Return the events of a world; of the shared city those that were announced."""
    return (yield from whole(items(Page[Event], at("worlds", world, "events"))))


def command(
    world: str,
    sensor: str,
    settings: Mapping[str, float | None],
    *,
    id: str | None = None,  # noqa: A002 - the API's word
    wait: float = 15.0,
) -> Plan[Command]:
    """Tell a device of a world what to do, and return what became of it.

    Parameters
    ----------
    world, sensor : str
    settings : mapping
        As `kinds` lists them; None gives one back to the device's own control.
    id : str, optional
        Of the command; one is made if left out.
    wait : float
        How long to wait for the world's next tick [s]; `pending` after that.
    """
    body = {"world": world, "sensor": sensor, "set": settings, "id": id, "wait": wait}
    return (yield from post(Command, at("commands"), body, timeout=wait + 60))
