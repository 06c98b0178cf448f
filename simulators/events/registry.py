"""The types of events there are."""

from collections.abc import Mapping

from simulators.domains.base import Domain
from simulators.events.base import Effect, Event
from simulators.events.faults import GatewayDown, SensorDrift, SensorStuck
from simulators.events.festival import Festival
from simulators.events.leak import Leak, PipeBurst
from simulators.events.outage import PowerOutage
from simulators.events.roads import Accident, RoadClosure
from simulators.events.sky import Flood, Heatwave, PollutionEpisode
from zenata.city.model import City
from zenata.errors import ScenarioError

EVENTS: dict[str, type[Effect]] = {
    "leak": Leak,
    "pipe_burst": PipeBurst,
    "power_outage": PowerOutage,
    "accident": Accident,
    "road_closure": RoadClosure,
    "heatwave": Heatwave,
    "flood": Flood,
    "pollution_episode": PollutionEpisode,
    "festival": Festival,
    "sensor_stuck": SensorStuck,
    "sensor_drift": SensorDrift,
    "gateway_down": GatewayDown,
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
