"""JSON documents about worlds, as the API passes them on, and which events of a world its owner may see."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from simulators.events.base import Effect, Event
from simulators.events.registry import EVENTS
from simulators.events.repair import Repair, price
from simulators.labels.labels import Label
from simulators.record.journal import Entry, Order
from simulators.record.record import Pace, Recipe
from simulators.world.emission import Emission
from simulators.world.world import World
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.wire.commands import Response


def is_blind(recipe: Recipe, journal: Iterable[Entry], time: int) -> bool:
    """Return whether the scenario of a world is hidden from its owner at a time [us since the Unix epoch].

    It is until all events of the scenario are over, or the owner gives up.
    """
    hidden = recipe.blind and any(event.end > time for event in recipe.events)
    return hidden and not any(entry.reveal for entry in journal)


def shown(
    events: Iterable[Event], recipe: Recipe, journal: Sequence[Entry], time: int, *, full: bool = False
) -> list[Event]:
    """Return the events of a world that its owner may know of.

    Of the shared city and of a sealed world these are the announced ones that have begun; of a blind world also what the owner made happen.

    Parameters
    ----------
    events : iterable of Event
    recipe : Recipe
    journal : sequence of Entry
    time : int
        Of the world [us since the Unix epoch].
    full : bool
        Whether to return all, for the operator.
    """
    if full or not (recipe.conceals or is_blind(recipe, journal, time)):
        return list(events)
    own = set() if recipe.conceals else {entry.event.id for entry in journal if entry.event is not None}
    return [event for event in events if event.id in own or (EVENTS[event.type].public and event.start <= time)]


def describe(
    name: str, recipe: Recipe, time: int, pace: Pace, events: Sequence[Event], *, full: bool = False
) -> dict[str, Any]:
    """Return the document of a world.

    Parameters
    ----------
    name : str
    recipe : Recipe
    time : int
        Of its last tick [us since the Unix epoch].
    pace : Pace
    events : sequence of Event
        Those that may be counted, see `shown`.
    full : bool
        Whether the seed of a sealed world is shown.
    """
    return {
        "world": name,
        "owner": recipe.owner,
        "parent": recipe.parent,
        "city": recipe.city,
        "seed": None if recipe.conceals and not full else recipe.seed,
        "start": format_time(recipe.start),
        "time": format_time(time),
        "state": pace.state,
        "speed": pace.speed or "max",
        "pace": 0.0,
        "kinds": recipe.kinds,
        "districts": recipe.districts,
        "packs": recipe.packs,
        "publish": recipe.publish,
        "live": recipe.live,
        "sealed": bool(recipe.sealed),
        "blind": recipe.blind,
        "zone_rules": recipe.zone_rules,
        "events": len(events),
        "messages": None,
        "backfill": None,
        "reason": None,
    }


def event_document(event: Event, effect: Effect) -> dict[str, Any]:
    """Return an event as JSON has it."""
    return {
        "id": event.id,
        "type": event.type,
        "start": format_time(event.start),
        "end": format_time(event.end),
        "targets": effect.targets,
        "severity": effect.severity,
        "public": effect.public,
        "parameters": event.parameters,
    }


def repair_document(repair: Repair, world: World) -> dict[str, Any]:
    """Return a repair as JSON has it; what the crew found is known once it is there."""
    found = [event for event, effect in world.effects if repair.mends(event, effect.targets)]
    is_there = world.time >= repair.there
    done = max((repair.done(event) for event in found), default=repair.there)
    return {
        "id": repair.id,
        "target": repair.target,
        "sent": format_time(repair.sent),
        "there": format_time(repair.there),
        "status": ("done" if world.time >= done else "working") if is_there else "on its way",
        "done": format_time(done) if is_there else None,
        "found": [event.type for event in found] if is_there else None,
        "cost": price(repair, found if is_there else ()),
        "by": repair.by,
    }


def outcome_document(order: Order, response: Response | None) -> dict[str, Any]:
    """Return what became of a command as JSON has it; without a response it waits for its tick."""
    if response is None:
        return {"id": order.id, "sensor": order.sensor, "status": "pending", "at": None, "reason": None}
    return {
        "id": order.id,
        "sensor": order.sensor,
        "status": response.status,
        "at": response.at,
        "reason": response.reason,
    }


def label_document(label: Label) -> dict[str, Any]:
    """Return a label as JSON has it: with times as text."""
    document: dict[str, Any] = msgspec.to_builtins(label)
    for part in (document, *(document["affected"] or ())):
        part |= {name: format_time(part[name]) for name in ("start", "end")}
    return document


_COLUMNS = {
    kind: tuple((name, QUANTITIES[name].unit) for name in declared.properties) for kind, declared in KINDS.items()
}
"""Property and unit of each column of a kind."""


def rows_of(emission: Emission, city: City, world: str) -> list[dict[str, Any]]:
    """Return the readings of a tick as a query of the store would, one after the other."""
    values, offsets = emission.values.tolist(), emission.offsets.tolist()
    columns = (emission.sensors.tolist(), emission.times.tolist(), emission.seq.tolist())
    sensors = city.sensors
    written: dict[int, str] = {}  # most readings of a tick have one of few times
    rows: list[dict[str, Any]] = []
    for index, time, seq, first, end in zip(*columns, offsets, offsets[1:], strict=False):
        sensor = sensors[index]
        id_, kind, district = sensor.id, sensor.kind, sensor.district
        when = written.get(time) or written.setdefault(time, format_time(time))
        for (name, unit), value in zip(_COLUMNS[kind], values[first:end], strict=True):
            rows.append({
                "time": when, "world": world, "sensor": id_, "kind": kind, "district": district,
                "property": name, "unit": unit, "value": value, "seq": seq,
            })  # fmt: skip
    return rows
