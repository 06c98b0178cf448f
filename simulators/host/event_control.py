"""Verbs about what happens in a world: events, their ends, repairs, and the truth about them."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from simulators.events.base import Event
from simulators.events.repair import send
from simulators.events.scenario import MAX_EVENTS, events_of
from simulators.host.documents import event_document, is_blind, label_document, repair_document, shown
from simulators.host.requests import (
    Arguments,
    EndEventRequest,
    EventRequest,
    RepairRequest,
    ViewRequest,
    read_arguments,
)
from simulators.host.service import Simulation
from simulators.record.journal import Entry
from simulators.record.run import Run
from zenata.city.clock import format_time, time_of
from zenata.contract.worlds import Event as EventDocument
from zenata.contract.worlds import EventEnd, Label, Repair
from zenata.errors import ControlError

T = TypeVar("T")

MAX_REPAIRS = 10_000
"""Repairs of a world: each is in its record, and is asked at every tick whether it ends something. A default."""


class BetweenTicks(Protocol):
    """Lets the thread of a world do something between two ticks, and waits for it."""

    def __call__(self, act: Callable[[], T]) -> T:
        """Return what `act` returns."""
        ...


class EventControl:
    """The verbs about events of one world.

    Parameters
    ----------
    simulation : Simulation
    between_ticks : callable

    Attributes
    ----------
    verbs : dict of str to callable
    """

    def __init__(self, simulation: Simulation, between_ticks: BetweenTicks) -> None:
        self._simulation, self._run, self._between_ticks = simulation, simulation.running, between_ticks
        self.verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "event": self._event,
            "events": self._events,
            "end-event": self._end_event,
            "repair": self._repair,
            "repairs": self._repairs,
            "reveal": self._reveal,
            "labels": self._labels,
        }

    def _event(self, arguments: dict[str, Any]) -> EventDocument:
        request = read_arguments(arguments, EventRequest)
        check_view(self._run, request.full, "its events are the operator's")

        def inject() -> EventDocument:
            effects = self._run.world.timeline.effects
            if len(effects) >= MAX_EVENTS:
                raise ControlError(f"a world has up to {MAX_EVENTS:,} events", "limit")
            (event,) = events_of([request.event], self._next(), [known.id for known, _ in effects])
            event = self._not_before_now(event)
            self._simulation.do(Entry(at=self._run.time, event=event))
            return event_document(*self._run.world.timeline.effects[len(effects)])

        return self._between_ticks(inject)

    def _events(self, arguments: dict[str, Any]) -> list[EventDocument]:
        view = read_arguments(arguments, ViewRequest)
        run = self._run
        effects = {event.id: (event, effect) for event, effect in run.world.timeline.effects}
        return [event_document(*effects[event.id]) for event in visible_events(run, full=view.full)]

    def _end_event(self, arguments: dict[str, Any]) -> EventEnd:
        request = read_arguments(arguments, EndEventRequest)
        check_view(self._run, request.full, "its events are the operator's")

        def end() -> EventEnd:
            known = {event.id for event in visible_events(self._run, full=request.full)}
            if request.id not in known:
                raise ControlError(f"there is no event {request.id[:80]!r}", "unknown")
            self._simulation.do(Entry(at=self._run.time, ended=request.id))
            left = {event.id: (event, effect) for event, effect in self._run.world.timeline.effects}
            return EventEnd(id=request.id, end=time_of(left[request.id][0].end) if request.id in left else None)

        return self._between_ticks(end)

    def _repair(self, arguments: dict[str, Any]) -> Repair:
        request = read_arguments(arguments, RepairRequest)

        def order() -> Repair:
            run = self._run
            if len(run.world.timeline.repairs) >= MAX_REPAIRS:
                raise ControlError(f"a world has up to {MAX_REPAIRS:,} repairs", "limit")
            repair = send(run.city, request.target, len(run.world.timeline.repairs) + 1, run.time, request.by)
            self._simulation.do(Entry(at=run.time, repair=repair))
            return repair_document(repair, run.world)

        return self._between_ticks(order)

    def _repairs(self, arguments: dict[str, Any]) -> list[Repair]:
        read_arguments(arguments, Arguments)
        return [repair_document(repair, self._run.world) for repair in self._run.world.timeline.repairs]

    def _reveal(self, arguments: dict[str, Any]) -> list[EventDocument]:
        read_arguments(arguments, Arguments)
        if not self._run.recipe.blind:
            raise ControlError("this world hides no events from you", "conflict")
        self._between_ticks(lambda: self._simulation.do(Entry(at=self._run.time, reveal=True)))
        return [event_document(*pair) for pair in self._run.world.timeline.effects]

    def _labels(self, arguments: dict[str, Any]) -> list[Label]:
        check_view(self._run, read_arguments(arguments, ViewRequest).full, "its truth is the operator's", blind=True)
        shadows = self._run.shadows
        return [label_document(label) for label in self._between_ticks(shadows.labels)] if shadows else []

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


def visible_events(run: Run, *, full: bool) -> list[Event]:
    """Return the events of a world that may be shown: all, or what its owner may know of."""
    events = [event for event, _ in run.world.timeline.effects]
    return shown(events, run.recipe, run.journal.since(0), run.time, full=full)


def check_view(run: Run, full: bool, reason: str, *, blind: bool = False) -> None:
    """Refuse the owner what shows or moves what is hidden in a sealed world, and, if `blind`, in a blind one.

    Raises
    ------
    ControlError
    """
    if full:
        return
    if run.recipe.conceals:
        raise ControlError(f"this world is not its pilot's own to know: {reason}", "conflict")
    if blind and is_blind(run.recipe, run.journal.since(0), run.time):
        raise ControlError(
            "this world is blind: its events are shown when all of them are over, or when you give up (POST to .../reveal)",
            "conflict",
        )
