"""Documents about worlds, which the API passes on, and which events of a world its owner may see."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal

import msgspec

from simulators.events.base import Effect, Event
from simulators.events.registry import EVENTS
from simulators.events.repair import Repair, price
from simulators.labels.labels import Affected, Label
from simulators.record.journal import Entry, Order
from simulators.record.record import Pace, Recipe
from simulators.world.emission import Emission
from simulators.world.world import World
from zenata.city.clock import format_time, parse_time, time_of
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.contract.commands import CommandResult
from zenata.contract.worlds import Affected as AffectedDocument
from zenata.contract.worlds import Event as EventDocument
from zenata.contract.worlds import Label as LabelDocument
from zenata.contract.worlds import Repair as RepairDocument
from zenata.contract.worlds import World as WorldDocument
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

    Of the shared city and of a sealed world these are the announced ones that have begun; of a blind world also what the owner
    made happen; of the world of a trial none, as an announcement says how long an episode will last.

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
    if recipe.trial:
        return []
    own = set() if recipe.conceals else {entry.event.id for entry in journal if entry.event is not None}
    return [event for event in events if event.id in own or (EVENTS[event.type].public and event.start <= time)]


def describe(
    name: str, recipe: Recipe, time: int, pace: Pace, events: Sequence[Event], *, full: bool = False
) -> WorldDocument:
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
    return WorldDocument(
        world=name,
        owner=recipe.owner,
        parent=recipe.parent,
        city=recipe.city,
        seed=None if recipe.conceals and not full else recipe.seed,
        start=time_of(recipe.start),
        time=time_of(time),
        state=pace.state,
        speed=pace.speed or "max",
        pace=0.0,
        kinds=list(recipe.kinds),
        districts=list(recipe.districts),
        packs=recipe.packs,
        publish=recipe.publish and pace.publish,
        live=recipe.live,
        sealed=bool(recipe.sealed),
        blind=recipe.blind,
        zone_rules=recipe.zone_rules,
        events=len(events),
        messages=None,
        backfill=None,
    )


def event_document(event: Event, effect: Effect) -> EventDocument:
    """Return an event as the API answers it."""
    return EventDocument(
        id=event.id,
        type=event.type,
        start=time_of(event.start),
        end=time_of(event.end),
        targets=list(effect.targets),
        severity=effect.severity,
        public=effect.public,
        parameters=event.parameters,
    )


def repair_document(repair: Repair, world: World) -> RepairDocument:
    """Return a repair as the API answers it; what the crew found is known once it is there."""
    is_there = world.time >= repair.there
    found = world.found(repair) if is_there else []
    done = repair.done(*found)
    status: Literal["working", "done"] = "done" if world.time >= done else "working"
    return RepairDocument(
        id=repair.id,
        target=repair.target,
        sent=time_of(repair.sent),
        there=time_of(repair.there),
        status=status if is_there else "on its way",
        done=time_of(done) if is_there else None,
        found=found if is_there else None,
        cost=price(found),
        by=repair.by,
    )


def outcome_document(order: Order, response: Response | None) -> CommandResult:
    """Return what became of a command as the API answers it; without a response it waits for its tick."""
    if response is None:
        return CommandResult(id=order.id, sensor=order.sensor, status="pending", at=None, reason=None)
    at = time_of(parse_time(response.at))
    return CommandResult(id=order.id, sensor=order.sensor, status=response.status, at=at, reason=response.reason)


def label_document(label: Label) -> LabelDocument:
    """Return a label as the API answers it."""
    affected = label.affected
    return LabelDocument(
        event=label.event,
        type=label.type,
        cause=label.cause,
        targets=list(label.targets),
        start=time_of(label.start),
        end=time_of(label.end),
        severity=label.severity,
        public=label.public,
        affected=None if affected is None else [_affected(one) for one in affected],
    )


def _affected(one: Affected) -> AffectedDocument:
    start, end = time_of(one.start), time_of(one.end)
    return AffectedDocument(sensor=one.sensor, property=one.property, start=start, end=end, largest=one.largest)


_COLUMNS = {
    kind: tuple((name, QUANTITIES[name].unit) for name in declared.properties) for kind, declared in KINDS.items()
}
"""Property and unit of each column of a kind."""


class Rows:
    """Readings as JSON texts of the rows of a query; what all rows of a sensor's property share is written once.

    Parameters
    ----------
    city : City
    world : str
        Its name.
    """

    def __init__(self, city: City, world: str) -> None:
        self._city, self._world = city, world
        self._middles: dict[int, list[bytes]] = {}  # by sensor, from behind the time to before the value

    def of(self, emission: Emission) -> list[bytes]:
        """Return the readings of a tick as a query of the store would, one after the other."""
        if not len(emission.values):
            return []
        values = msgspec.json.encode(emission.values.tolist())[1:-1].split(b",")
        middles = [self._middles.get(index) or self._add_middle(index) for index in emission.sensors.tolist()]
        counts = [len(each) for each in middles]
        times = emission.times.tolist()
        written = {time: b'{"time":"%s' % format_time(time).encode() for time in set(times)}  # mostly few
        heads = map(repeat, map(written.__getitem__, times), counts)
        tails = map(repeat, [b',"seq":%d}' % seq for seq in emission.seq.tolist()], counts)
        columns = zip(
            chain.from_iterable(heads), chain.from_iterable(middles), values, chain.from_iterable(tails), strict=True
        )
        return list(map(b"".join, columns))

    def _add_middle(self, index: int) -> list[bytes]:
        """Find what stands between time and value in the rows of a sensor, for each of its properties."""
        sensor = self._city.sensors[index]
        shared = {"world": self._world, "sensor": sensor.id, "kind": sensor.kind, "district": sensor.district}
        self._middles[index] = [
            b'",%s,"value":' % msgspec.json.encode(shared | {"property": name, "unit": unit})[1:-1]
            for name, unit in _COLUMNS[sensor.kind]
        ]
        return self._middles[index]


@dataclass
class Collected:
    """What some ticks bring: their readings up to a limit, and the outcomes of commands.

    Parameters
    ----------
    writer : Rows
    before : int
        Time of the tick before them [us since the Unix epoch].
    limit : int
    """

    writer: Rows
    before: int
    limit: int = sys.maxsize
    steps: int = 0
    rows: int = 0
    items: list[bytes] = field(default_factory=list)
    outcomes: list[CommandResult] = field(default_factory=list)

    def add(self, emission: Emission, outcomes: Iterable[tuple[Order, Response]]) -> None:
        """Take in a tick."""
        self.steps += 1
        self.rows += len(emission.values)
        self.outcomes += [outcome_document(*outcome) for outcome in outcomes]
        if len(self.items) < self.limit:
            self.items += self.writer.of(emission)[: self.limit - len(self.items)]


def array_of(rows: Sequence[bytes]) -> msgspec.Raw:
    """Return rows as a JSON array."""
    return msgspec.Raw(b"[%s]" % b",".join(rows))
