"""The types of events there are."""

from collections.abc import Mapping

from simulators.domains.base import Domain
from simulators.events.base import Effect, Event
from simulators.events.leak import Leak
from zenata.city.model import City
from zenata.errors import ScenarioError

EVENTS: dict[str, type[Effect]] = {
    "leak": Leak,
}
"""By the word for them."""


def effect_of(event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> Effect:
    """Return what an event does to a city.

    Raises
    ------
    ScenarioError
        If the type is unknown, or the parameters do not fit it or the city.
    """
    if event.type not in EVENTS:
        raise ScenarioError(f"there is no event of type {event.type!r}: use {', '.join(EVENTS)}")
    if event.end <= event.start:
        raise ScenarioError(f"{event.type}: it ends before it has begun")
    return EVENTS[event.type](event, city, domains, seed)
