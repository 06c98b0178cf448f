"""Shadow runs: beside a world, for each event under way, the same world without it.

City, seed, commands and all other events are the same, so what differs is what the event has done, up to the little that
chance makes of it (`simulators.labels.difference`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.events.base import Event
from simulators.events.repair import Repair
from simulators.labels.difference import FOUND, Found, Tally, Threshold, affected
from simulators.labels.labels import Label, label_of
from simulators.world.emission import Emission
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND
from zenata.city.readings import FloatArray

State = Mapping[str, npt.NDArray[Any]]

MAX_SHADOWS = 12
"""Worlds without an event at a time. What begins when there are as many has none, and nobody knows whom it affects."""

TAIL = 2 * 3600 * SECOND
"""How long after its end an event is followed at most, while anything still differs [us]."""


INSTRUMENTS = frozenset({"sensor_stuck", "sensor_drift", "sensor_fault"})
"""Types of events that touch instruments alone: they are compared in the very world, and need none without them."""


class _Shadow:
    """The world without an event, and how it differs.

    Parameters
    ----------
    event : Event
    world : World or None
        A copy without the event; None for faults of instruments.
    tally : Tally
    """

    def __init__(self, event: Event, world: World | None, tally: Tally) -> None:
        self.event = event
        self.world = world
        self.tally = tally

    def follow(self, world: World, every: int) -> FloatArray:
        """Let happen here what happens in the world, but for the event, take a step, and return what is seen then."""
        if self.world is None:
            return world.seen(without=self.event.id)
        known = {event.id for event, _ in self.world.timeline.effects} | {self.event.id}
        for event, _ in world.timeline.effects:
            if event.id not in known:
                self.world.timeline.inject(event)
        self.world.step(every)
        return self.world.seen()

    def is_over(self, time: int) -> bool:
        """Return whether there is nothing more to find out at a time [us since the Unix epoch]."""
        past = time - self.event.end
        return past >= TAIL or (past >= 0 and self.tally.settled)


class Shadows:
    """The shadows of one world. They follow it with `step` and `command`.

    Parameters
    ----------
    world : World

    Attributes
    ----------
    unknown : list of str
        Events that began when there were shadows enough.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._threshold = Threshold(world.channels)
        self._running: dict[str, _Shadow] = {}
        self._over: dict[str, Found] = {}
        self.unknown: list[str] = []

    def step(self, every: int = TICK) -> Emission:
        """Let the world take a step, and its shadows too; see `World.step`."""
        time = (self._world.time // every + 1) * every
        for event, _ in self._world.timeline.effects:
            if event.under_way(time) and event.id not in (*self._running, *self._over, *self.unknown):
                self._begin(event, time)
        emission = self._world.step(every)
        seen = self._world.seen() if self._running else None
        for shadow in list(self._running.values()):
            otherwise = shadow.follow(self._world, every)
            assert seen is not None  # noqa: S101 - there are shadows
            shadow.tally.add(seen, otherwise, time + every)
            if shadow.is_over(time):
                self._over[shadow.event.id] = self._running.pop(shadow.event.id).tally.found()
        return emission

    def command(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> str | None:
        """Tell a device what to do, in the shadows too; see `World.command`.

        Where there was no event it may obey, though it refuses in the world.
        """
        for world in self._worlds():
            world.command(kind, sensor, values)
        return self._world.command(kind, sensor, values)

    def inject(self, event: Event) -> None:
        """Let something happen, here and in all shadows; see `Timeline.inject`."""
        self._world.timeline.inject(event)

    def end(self, id_: str, time: int) -> None:
        """Let an event end, in the shadows too; see `Timeline.end`."""
        self._world.timeline.end(id_, time)
        for world in self._worlds():
            if any(event.id == id_ for event, _ in world.timeline.effects):
                world.timeline.end(id_, time)
        self._follow_ends()

    def repair(self, repair: Repair) -> None:
        """Send a crew, in the shadows too; see `Timeline.repair`."""
        self._world.timeline.repair(repair)
        for world in self._worlds():
            world.timeline.repair(repair)
        self._follow_ends()

    def _follow_ends(self) -> None:
        """Take over when events end by now."""
        events = {event.id: event for event, _ in self._world.timeline.effects}
        for id_, shadow in self._running.items():
            shadow.event = events.get(id_, shadow.event)

    @property
    def final(self) -> frozenset[str]:
        """Events of which nothing more will be found out."""
        return frozenset([*self._over, *self.unknown])

    @property
    def found(self) -> dict[str, Found]:
        """What is known up to now, by event."""
        return {**self._over, **{name: shadow.tally.found() for name, shadow in self._running.items()}}

    def labels(self) -> list[Label]:
        """Return the labels of all events that have begun, with what is known of them up to now."""
        world, found, none = self._world, self.found, self._tally().found()
        labels = []
        for event, effect in world.timeline.effects:
            if event.start <= world.time:
                known = affected(world.city, world.channels, found.get(event.id, none))
                labels.append(label_of(event, effect, None if event.id in self.unknown else known))
        return labels

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return a copy of everything that changes, by name."""
        state: dict[str, npt.NDArray[Any]] = {
            "running": np.array(list(self._running), dtype=np.str_),
            "over": np.array(list(self._over), dtype=np.str_),
            "unknown": np.array(self.unknown, dtype=np.str_),
        }
        for number, shadow in enumerate(self._running.values()):
            if shadow.world is not None:
                state |= {f"running.{number}.world.{name}": array for name, array in shadow.world.state().items()}
            state |= {f"running.{number}.tally.{name}": array.copy() for name, array in shadow.tally.arrays.items()}
        for number, found in enumerate(self._over.values()):
            state |= {f"over.{number}.{name}": found[name] for name in FOUND}
        return state

    def restore(self, state: State) -> None:
        """Continue where `state` was saved, bit for bit; the world must have been restored, and have its events.

        Raises
        ------
        CityError
            If the state is not of this city, or of another version.
        KeyError
            If it lacks something.
        """
        events = {event.id: event for event, _ in self._world.timeline.effects}
        self._running, self._over = {}, {}
        self.unknown = state["unknown"].tolist()
        for number, name in enumerate(state["running"].tolist()):
            shadow = self._shadow(events[name], 0)
            if shadow.world is not None:
                shadow.world.restore(part_of(state, f"running.{number}.world."))
            for key, array in part_of(state, f"running.{number}.tally.").items():
                shadow.tally.arrays[key][...] = array
            self._running[name] = shadow
        for number, name in enumerate(state["over"].tolist()):
            self._over[name] = dict(part_of(state, f"over.{number}."))

    def inherit(self, other: "Shadows") -> None:
        """Take over what was found out beside a world that this one continues after an absence; nothing is added to it."""
        self._over, self.unknown = other.found, list(other.unknown)

    def _begin(self, event: Event, time: int) -> None:
        if event.type in INSTRUMENTS or len(self._worlds()) < MAX_SHADOWS:
            self._running[event.id] = self._shadow(event, time)
        else:
            self.unknown.append(event.id)

    def _shadow(self, event: Event, time: int) -> _Shadow:
        world = None if event.type in INSTRUMENTS else self._world.copy(without=event.id)
        return _Shadow(event, world, self._tally(time))

    def _worlds(self) -> list[World]:
        """Return the worlds without an event."""
        return [shadow.world for shadow in self._running.values() if shadow.world is not None]

    def _tally(self, start: int = 0) -> Tally:
        return Tally(self._world.channels, self._threshold, start)


def part_of(state: State, prefix: str) -> State:
    """Return the arrays whose names begin with a prefix, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
