"""Timeline of a world: the events that are known to happen, and the crews that were sent."""

from collections.abc import Callable

from msgspec.structs import replace

from simulators.events.base import Effect, Event
from simulators.events.repair import Repair, comings, mended
from zenata.errors import ScenarioError


class Timeline:
    """What happens to a world.

    Parameters
    ----------
    effect_of : callable
        Returns what an event would do; raises ScenarioError if it does not fit the city.

    Attributes
    ----------
    effects : tuple of (Event, Effect)
        Every event that was or will be, with what it does, in the order in which they were injected.
    repairs : tuple of Repair
        The crews that were sent, in their order.
    crews : dict of str to list of int
        When they come to each target [us since the Unix epoch].
    """

    def __init__(self, effect_of: Callable[[Event], Effect]) -> None:
        self._effect_of = effect_of
        self.effects: tuple[tuple[Event, Effect], ...] = ()
        self.repairs: tuple[Repair, ...] = ()
        self.crews: dict[str, list[int]] = {}

    def inject(self, event: Event) -> Effect:
        """Let something happen, from its start on but not before the next tick.

        Raises
        ------
        ScenarioError
            If the event does not fit the city, or has the id of another.
        """
        effect = self.check(event)
        self.effects += (mended(event, effect, self.repairs),)
        return effect

    def check(self, event: Event) -> Effect:
        """Return what an event would do.

        Raises
        ------
        ScenarioError
            As `inject`.
        """
        if any(event.id == other.id for other, _ in self.effects):
            raise ScenarioError(f"there is an event {event.id!r} already")
        return self._effect_of(event)

    def end(self, id_: str, time: int) -> None:
        """Let an event end at a time [us since the Unix epoch]; what has not begun by then is taken back.

        Raises
        ------
        ScenarioError
            If there is no such event, or it is over.
        """
        ending = self.check_end(id_, time)
        ended = replace(ending, end=time)
        self.effects = tuple(
            (ended if event is ending else event, effect)
            for event, effect in self.effects
            if event is not ending or event.start < time
        )

    def check_end(self, id_: str, time: int) -> Event:
        """Return the event that is to end at a time [us since the Unix epoch].

        Raises
        ------
        ScenarioError
            As `end`.
        """
        for event, _ in self.effects:
            if event.id == id_ and time < event.end:
                return event
            if event.id == id_:
                raise ScenarioError(f"event {id_!r} is over already")
        raise ScenarioError(f"there is no event {id_!r}")

    def repair(self, repair: Repair) -> None:
        """Send a crew: what it will find at its target ends when its work is done."""
        self.repairs += (repair,)
        self.crews = comings(self.repairs)
        self.effects = tuple(mended(event, effect, self.repairs) for event, effect in self.effects)

    def adopt(self, other: "Timeline", without: str = "") -> None:
        """Take over the events and crews of another world of the same city, with their targets there, but for one event."""
        self.effects = tuple((event, effect) for event, effect in other.effects if event.id != without)
        self.repairs, self.crews = other.repairs, other.crews
