"""Verbs that every world answers: status, pace, advance, commands, copies, record; `zenata.worlds.control` carries them."""

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as NotYet
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from simulators.host.activity import Activity
from simulators.host.documents import Collected, Rows, array_of, describe, outcome_document
from simulators.host.event_control import EventControl, check_view, visible_events
from simulators.host.requests import (
    MAX_STEPS,
    AdvanceRequest,
    BackfillRequest,
    CommandRequest,
    ForkRequest,
    NetworkRequest,
    OutcomeRequest,
    PaceRequest,
    StatusRequest,
    ViewRequest,
    read_arguments,
    read_speed,
    read_tick,
    read_time,
)
from simulators.host.service import Simulation
from simulators.host.store_writer import check_times
from simulators.host.trials import TrialControl
from simulators.host.worlds import Worlds
from simulators.networks.documents import Networks
from simulators.record.journal import Entry, Order
from simulators.record.record import History, Pace, Record
from simulators.record.run import unpublished
from simulators.record.states import State
from simulators.world.selection import is_listed
from simulators.world.world import TICK
from zenata.city.clock import format_time
from zenata.city.kinds import KINDS
from zenata.contract.commands import CommandResult
from zenata.contract.worlds import Backfill
from zenata.contract.worlds import World as WorldDocument
from zenata.errors import CityError, ControlError, ScenarioError, SetupError, StoreError
from zenata.wire.commands import Response

_TURN = 0.1  # the longest that an advance keeps the world's thread for itself [s]
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
        Where its copies are made, and it is marked as asleep.
    stop : threading.Event
        Set when the simulation ends.

    Attributes
    ----------
    activity : Activity
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
            "command": self._command,
            "outcome": self._outcome,
            "fork": self._fork,
            "record": self._record_of,
            "network": self._network,
        }
        self._rows = Rows(simulation.running.world.city, name)
        self._networks = Networks(simulation.running.world.city)
        self._name, self._record, self._worlds, self._stop = name, record, worlds, stop
        self._simulation, self._run = simulation, simulation.running
        self.verbs |= EventControl(simulation, self._between_ticks).verbs
        if self._run.recipe.trial:
            self.verbs |= TrialControl(simulation, record, name, self._between_ticks).verbs

    def handle(self, verb: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
        """Handle a request; any thread may call this.

        Raises
        ------
        ControlError
            If it cannot be done.
        """
        if verb in self.verbs and arguments.get("used", True):
            self.activity.touch()
        self._simulation.between_ticks.wait(_PATIENCE)
        return dispatch(self.verbs, verb, arguments)

    def run(self, idle: float = math.inf) -> None:
        """Run the world until it is to stop, or nobody has used it for so long [s]: then it is asleep.

        One that is under way to a time is used.
        """

        def on_turn() -> None:
            self.activity.see(self._run.time)
            if self._simulation.fast_forward and self._simulation.fast_forward.under_way:
                self.activity.touch()
            if self.activity.idle > idle:
                self._stop.set()

        self._simulation.run(self._stop, on_turn)
        if self.activity.idle > idle:
            self._worlds.index.mark(self._name, "asleep")

    def _status(self, arguments: dict[str, Any]) -> WorldDocument:
        view = read_arguments(arguments, StatusRequest)
        run, pace = self._run, self._simulation.pace
        time_, messages = self._simulation.shown
        return replace(
            describe(self._name, run.recipe, time_, pace, visible_events(run, full=view.full), full=view.full),
            state=pace.state if run.caught_up else "catching-up",
            sealed=bool(run.sealed),
            pace=0.0 if pace.state == "paused" else round(self.activity.pace, 3),
            messages=messages,
            backfill=self._progress(),
        )

    def _pace(self, arguments: dict[str, Any]) -> WorldDocument:
        request = read_arguments(arguments, PaceRequest)

        def change() -> None:
            now = self._simulation.pace
            self._simulation.set_pace(
                Pace(state=request.state or now.state, speed=read_speed(request.speed, now.speed))
            )
            self.activity.forget()

        self._between_ticks(change)
        return self._status({})

    def _advance(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, AdvanceRequest)
        if (request.end is None) == (request.steps is None):
            raise ControlError("advance needs either end or steps", "invalid")
        every = read_tick("every", request.every)
        end = None if request.end is None else read_time("end", request.end, self._run.time)
        collected = Collected(self._rows, self._run.time, request.limit)
        steps = self._steps(request.steps, end, every)

        def is_done() -> bool:
            return collected.steps >= steps or (end is not None and self._run.time // every >= end // every)

        def begin() -> None:
            nonlocal steps
            # Others may have moved it meanwhile.
            collected.before, steps = self._run.time, self._steps(request.steps, end, every)
            self._begin_steps(_identified(request.orders), every)
            self._take_steps(collected, is_done)

        self._between_ticks(begin)
        while not (is_done() or self._stop.is_set()):
            self._between_ticks(lambda: self._take_steps(collected, is_done))
            if not is_done() and self._simulation.rest > 0:
                self._stop.wait(self._simulation.rest)
        return {
            "time": format_time(self._run.time),
            "from": format_time(collected.before),
            "steps": collected.steps,
            "rows": collected.rows,
            "items": array_of(collected.items),
            "more": collected.rows > len(collected.items),
            "outcomes": collected.outcomes,
        }

    def _steps(self, steps: int | None, end: int | None, every: int) -> int:
        """Return how many ticks it is to an end [us], or that are asked for."""
        now = self._run.time
        if end is not None:
            steps = end // every - now // every
        if steps is None or steps < 1:
            raise ControlError(f"end is not a tick later: it is {format_time(now)} in this world", "invalid")
        if steps > MAX_STEPS:
            raise ControlError(f"that is {steps:,} ticks; a request makes up to {MAX_STEPS:,}", "limit")
        return steps

    def _begin_steps(self, orders: Sequence[Order], every: int) -> None:
        """Make ready for ticks of a length, with commands for the first of them."""
        self._check_paused()
        self._check_commands(orders)
        if self._simulation.fast_forward and self._simulation.fast_forward.under_way:
            raise ControlError("a backfill is under way; wait until it is done", "conflict")
        self._simulation.set_every(every)
        for order in orders:
            self._simulation.order(order)

    def _take_steps(self, collected: Collected, is_done: Callable[[], bool]) -> None:
        """Make some ticks, for a short time, so that others get their turn."""
        deadline = time.monotonic() + _TURN
        while not is_done():
            self._check_paused()
            collected.add(self._simulation.tick(), self._simulation.outcomes)
            if self._simulation.rest > 0 or time.monotonic() > deadline:
                break

    def _backfill(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request, fast_forward = read_arguments(arguments, BackfillRequest), self._simulation.fast_forward
        if fast_forward is None:
            raise ControlError("this world has no store to fill", "conflict")
        end, every = read_time("end", request.end, self._run.time), read_tick("every", request.every)
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
        return {**msgspec.to_builtins(self._status({})), "expected": expected}

    def _readings_per_tick(self) -> int:
        """Return the most readings that a tick of this world can make."""
        recipe = self._run.recipe
        return sum(
            len(KINDS[sensor.kind].properties)
            for sensor in self._run.city.sensors
            if is_listed(sensor.kind, sensor.district, recipe.kinds, recipe.districts)
        )

    def _progress(self) -> Backfill | None:
        """Return how far a backfill has come, if one is under way."""
        progress = self._simulation.fast_forward and self._simulation.fast_forward.progress
        return progress.report() if progress else None

    def _command(self, arguments: dict[str, Any]) -> list[CommandResult]:
        request = read_arguments(arguments, CommandRequest)
        orders = _identified(request.orders)

        def take() -> list[Future[Response]]:
            self._check_commands(orders)
            return [self._simulation.order(order) for order in orders]

        futures = self._between_ticks(take)
        stands_still = self._simulation.pace.state == "paused"
        wait(futures, 0 if stands_still else request.wait)
        return [
            outcome_document(order, future.result() if future.done() else None)
            for order, future in zip(orders, futures, strict=True)
        ]

    def _outcome(self, arguments: dict[str, Any]) -> CommandResult | None:
        request = read_arguments(arguments, OutcomeRequest)
        found = self._simulation.commands.outcome(request.id)
        if found is None or request.by not in (None, found[0].by):
            return None
        return outcome_document(*found)

    def _check_commands(self, orders: Sequence[Order]) -> None:
        """Refuse commands that no device could ever obey."""
        for number, order in enumerate(orders):
            if refusal := self._simulation.refusal(order):
                which = f"command {number + 1}, to {order.sensor}: " if len(orders) > 1 else ""
                raise ControlError(f"{which}{refusal}", "invalid")

    def _fork(self, arguments: dict[str, Any]) -> WorldDocument:
        request = read_arguments(arguments, ForkRequest)
        check_view(self._run, request.full, "a copy of it would show its future")
        self._check_caught_up()
        if request.start is None:
            begins, state, journal = self._between_ticks(self._now)
        else:
            begins, state, journal = self._then(read_time("start", request.start, self._run.time))
        name = self._worlds.make(
            replace(self._run.recipe, owner=request.owner, parent=self._name, live=False, begins=begins),
            Pace(state=request.state, speed=read_speed(request.speed, self._simulation.pace.speed)),
            journal,
            None if state is None else unpublished(state),
            max_worlds=request.max_worlds,
        )
        return self._worlds.wait_for(name)

    def _now(self) -> Moment:
        return self._run.time, self._run.state(), self._run.journal.since(0)

    def _then(self, at: int) -> Moment:
        """Return how it was at a time [us]; without a state where a copy has to come there from the start."""
        if not self._run.recipe.start <= at <= self._run.time:
            raise ControlError(
                "start is outside what this world has lived: from start to time of its status", "invalid"
            )
        time_ = at // TICK * TICK
        journal = [entry for entry in self._run.journal.since(0) if entry.at < time_]
        return time_, self._record.milestone(time_), journal

    def _record_of(self, arguments: dict[str, Any]) -> History:
        check_view(
            self._run, read_arguments(arguments, ViewRequest).full, "its record holds what is hidden", blind=True
        )
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

    def _network(self, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
        request = read_arguments(arguments, NetworkRequest)
        try:
            return self._networks.document(request.network, request.format)
        except CityError as error:
            raise ControlError(str(error), "invalid") from error

    def _check_paused(self) -> None:
        if self._simulation.pace.state != "paused":
            raise ControlError("the world runs by itself; pause it first", "conflict")
        self._check_caught_up()

    def _check_caught_up(self) -> None:
        if not self._run.caught_up:
            raise ControlError("the world is still coming to where it was; try again in a moment", "conflict")

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


def dispatch(verbs: Mapping[str, Verb], verb: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
    """Handle a request by one of some verbs.

    Raises
    ------
    ControlError
        If it cannot be done.
    """
    if verb not in verbs:
        raise ControlError(f"there is no verb {verb[:80]!r}: use {', '.join(verbs)}", "invalid")
    try:
        return verbs[verb](arguments)
    except ScenarioError as error:
        raise ControlError(str(error), "invalid") from error
    except SetupError as error:
        raise ControlError(str(error), "conflict") from error


def _identified(orders: Sequence[Order]) -> list[Order]:
    """Return commands, each with an id."""
    return [replace(order, id=order.id or secrets.token_hex(8)) for order in orders]
