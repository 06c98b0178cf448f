"""What a world can be asked to do, verb by verb; `zenata.worlds.control` carries question and answer."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from msgspec.structs import replace

from simulators.events.base import Event
from simulators.events.scenario import MAX_EVENTS, events_of
from simulators.host.activity import Activity
from simulators.host.encoder import rows_of, told_of
from simulators.host.requests import (
    MAX_STEPS,
    AdvanceRequest,
    Arguments,
    BackfillRequest,
    CommandRequest,
    ForkRequest,
    NetworkRequest,
    PaceRequest,
    StatusRequest,
    read_arguments,
    read_duration,
    read_speed,
    read_time,
)
from simulators.host.service import Simulation
from simulators.host.store_writer import check_times
from simulators.host.worlds import Worlds, describe
from simulators.networks.documents import Networks
from simulators.record.journal import Entry, Order
from simulators.record.record import History, Pace, Record, State
from simulators.record.run import unheard
from simulators.world.world import TICK, Emission
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.errors import CityError, ControlError, ScenarioError, SetupError, StoreError

_PATIENCE = 30.0  # for the world to come to a request [s]
_LOOK = 0.25  # pause between two looks at whether the world ends [s]

MAX_BACKFILL_TICKS = 500_000
"""Ticks that one backfill may make, where readings are limited too. A default: at 15 min they are 14 years."""

T = TypeVar("T")
Moment = tuple[int, State | None, list[Entry]]

Verb = Callable[[dict[str, Any]], Any]


class WorldControl:
    """The verbs of every world.

    Parameters
    ----------
    name : str
        Of the world.
    simulation : Simulation
    record : Record
    worlds : Worlds
        Where its copies are made.
    stop : threading.Event
        Set when the simulation ends.

    Attributes
    ----------
    use : Use
    verbs : dict of str to callable
        Others may add theirs.
    """

    def __init__(
        self, *, name: str, simulation: Simulation, record: Record, worlds: Worlds, stop: threading.Event
    ) -> None:
        self.activity = Activity()
        self.verbs: dict[str, Verb] = {
            "status": self._status,
            "pace": self._pace,
            "advance": self._advance,
            "backfill": self._backfill,
            "event": self._event,
            "events": self._events,
            "command": self._command,
            "fork": self._fork,
            "record": self._record_of,
            "labels": self._labels,
            "network": self._network,
        }
        self._networks = Networks(simulation.running.world.city)
        self._name, self._record, self._worlds, self._stop = name, record, worlds, stop
        self._simulation, self._run = simulation, simulation.running

    def handle(self, verb: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
        """Do what is asked; any thread may call this.

        Raises
        ------
        ControlError
            If it cannot be done.
        """
        if verb not in self.verbs:
            raise ControlError(f"there is no verb {verb[:80]!r}: use {', '.join(self.verbs)}", "invalid")
        if arguments.get("used", True):
            self.activity.touch()
        try:
            return self.verbs[verb](arguments)
        except ScenarioError as error:
            raise ControlError(str(error), "invalid") from error
        except SetupError as error:
            raise ControlError(str(error), "conflict") from error

    def _status(self, arguments: dict[str, Any]) -> dict[str, Any]:
        read_arguments(arguments, StatusRequest)
        run, pace = self._run, self._simulation.pace
        told = describe(self._name, run.recipe, run.time, pace, len(run.world.effects))
        return {
            **told,
            "state": pace.state if run.caught_up else "catching-up",
            "pace": round(self.activity.pace, 3),
            "messages": run.world.messages,
            "backfill": self._way(),
        }

    def _pace(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, PaceRequest)

        def change() -> None:
            now = self._simulation.pace
            self._simulation.set_pace(
                Pace(state=request.state or now.state, speed=read_speed(request.speed, now.speed))
            )

        self._between_ticks(change)
        return self._status({})

    def _advance(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, AdvanceRequest)
        if (request.until is None) == (request.steps is None):
            raise ControlError("advance needs either until or steps", "invalid")
        first, every = self._run.time, self._run.every
        steps = request.steps or (read_time("until", request.until or "") // every - first // every)
        if steps < 1:
            raise ControlError(f"until is past: it is {format_time(first)} in this world", "invalid")
        if steps > MAX_STEPS:
            raise ControlError(f"that is {steps:,} ticks; a request makes up to {MAX_STEPS:,}", "limit")
        rows, items = 0, list[dict[str, Any]]()
        for _ in range(steps):
            emission = self._between_ticks(self._tick)
            rows += len(emission.values)
            if len(items) < request.limit:
                items += rows_of(emission, self._run.city, self._name)[: request.limit - len(items)]
            self._stop.wait(max(self._simulation.rest, 0.0))
        return {
            "time": format_time(self._run.time),
            "from": format_time(first),
            "steps": steps,
            "rows": rows,
            "items": items,
            "more": rows > len(items),
        }

    def _backfill(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request, fast_forward = read_arguments(arguments, BackfillRequest), self._simulation.fast_forward
        if fast_forward is None:
            raise ControlError("this world has no store to fill", "conflict")
        end, every = read_time("end", request.end), read_duration("every", request.every)
        try:
            check_times(self._run.time, end, every)
        except SetupError as error:
            raise ControlError(str(error), "invalid") from error
        ticks = (end - self._run.time) // every
        expected = ticks * self._readings_per_tick()
        if request.max_readings is not None and (expected > request.max_readings or ticks > MAX_BACKFILL_TICKS):
            raise ControlError(
                f"end: that is {ticks:,} ticks and up to {expected:,} readings, where {MAX_BACKFILL_TICKS:,} ticks are "
                f"allowed and {request.max_readings:,} readings are left for today: choose an earlier end or a longer every",
                "invalid",
            )
        try:
            self._between_ticks(lambda: fast_forward.begin(end, every))
        except StoreError as error:
            raise ControlError(str(error), "away") from error
        return {**self._status({}), "expected": expected}

    def _readings_per_tick(self) -> int:
        """Return the most readings that a tick of this world can make."""
        recipe = self._run.recipe
        return sum(
            len(KINDS[sensor.kind].properties)
            for sensor in self._run.city.sensors
            if (not recipe.kinds or sensor.kind in recipe.kinds)
            and (not recipe.districts or sensor.district in recipe.districts)
        )

    def _way(self) -> dict[str, object] | None:
        """Return how far a backfill has come, if one is under way."""
        progress = self._simulation.fast_forward and self._simulation.fast_forward.progress
        return progress.told() if progress else None

    def _event(self, arguments: dict[str, Any]) -> dict[str, Any]:
        def inject() -> dict[str, Any]:
            effects = self._run.world.effects
            if len(effects) >= MAX_EVENTS:
                raise ControlError(f"a world has up to {MAX_EVENTS:,} events", "limit")
            (event,) = events_of([arguments], self._next(), [known.id for known, _ in effects])
            event = self._not_before_now(event)
            self._simulation.do(Entry(at=self._run.time, event=event))
            return self._told(len(effects))

        return self._between_ticks(inject)

    def _events(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        read_arguments(arguments, Arguments)
        return [self._told(number) for number in range(len(self._run.world.effects))]

    def _command(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, CommandRequest)
        order = Order(
            id=request.id or secrets.token_hex(8),
            kind=request.kind,
            sensor=request.sensor,
            set=request.set,
            by=request.by,
        )
        told = Future[str | None]()
        answer: SimpleQueue[tuple[int, str | None]] = SimpleQueue()
        told.add_done_callback(lambda done: answer.put((self._run.time, done.result())))
        self._simulation.order(order, told)
        try:
            at, reason = answer.get(timeout=request.wait)
        except Empty:
            return {"id": order.id, "status": "pending", "at": None, "reason": None}
        return {"id": order.id, "status": "rejected" if reason else "applied", "at": format_time(at), "reason": reason}

    def _fork(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, ForkRequest)
        self._check_caught_up()
        if request.at is None:
            begins, state, journal = self._between_ticks(self._now)
        else:
            begins, state, journal = self._then(read_time("at", request.at))
        name = self._worlds.make(
            replace(self._run.recipe, owner=request.owner, parent=self._name, live=False, begins=begins),
            Pace(state=request.state, speed=read_speed(request.speed, self._simulation.pace.speed)),
            journal,
            None if state is None else unheard(state),
            max_worlds=request.max_worlds,
        )
        return self._worlds.wait_for(name)

    def _now(self) -> Moment:
        return self._run.time, self._run.state(), self._run.journal.since(0)

    def _then(self, at: int) -> Moment:
        """Return how it was at a time [us]; without a state where a copy has to come there from the start."""
        if not self._run.recipe.start <= at <= self._run.time:
            raise ControlError("at is outside what this world has lived: from start to time of its status", "invalid")
        time_ = at // TICK * TICK
        journal = [entry for entry in self._run.journal.since(0) if entry.at < time_]
        return time_, self._record.milestone(time_), journal

    def _record_of(self, arguments: dict[str, Any]) -> History:
        read_arguments(arguments, Arguments)
        run = self._run
        return self._between_ticks(
            lambda: History(
                world=self._name,
                recipe=run.recipe,
                journal=run.journal.since(0),
                marks=[mark for mark in self._record.marks() if mark.time <= run.time],
                last=run.mark(),
            )
        )

    def _labels(self, arguments: dict[str, Any]) -> list[Any]:
        read_arguments(arguments, Arguments)
        shadows = self._run.shadows
        return [told_of(label) for label in self._between_ticks(shadows.labels)] if shadows else []

    def _network(self, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
        request = read_arguments(arguments, NetworkRequest)
        try:
            return self._networks.document(request.network, request.format)
        except CityError as error:
            raise ControlError(str(error), "invalid") from error

    def _tick(self) -> Emission:
        """Make the next tick at once."""
        if self._simulation.pace.state != "paused":
            raise ControlError("the world runs by itself; pause it first", "conflict")
        self._check_caught_up()
        return self._simulation.tick()

    def _check_caught_up(self) -> None:
        if not self._run.caught_up:
            raise ControlError("the world is still coming to where it was; try again in a moment", "conflict")

    def _next(self) -> int:
        """Return the time of the next tick [us since the Unix epoch]."""
        return (self._run.time // self._run.every + 1) * self._run.every

    def _not_before_now(self, event: Event) -> Event:
        """Let an event that begins now begin with the next tick."""
        if event.start < self._run.time:
            raise ControlError(
                f"start {format_time(event.start)} is past: it is {format_time(self._run.time)} in this world",
                "invalid",
            )
        return replace(event, start=max(event.start, self._next()))

    def _told(self, number: int) -> dict[str, Any]:
        """Return an event as JSON has it."""
        event, effect = self._run.world.effects[number]
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

    def _between_ticks(self, act: Callable[[], T]) -> T:
        """Let the world's own thread do something, and wait for it."""
        future = self._simulation.call(act)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return future.result(_LOOK)
            except NotYet:
                if self._stop.is_set() or time.monotonic() > deadline:
                    raise ControlError(f"the world {self._name} is ending or busy; try again", "away") from None
