"""The types of events there are."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from simulators.domains.base import Domain
from simulators.events.base import Effect, Event
from simulators.events.faults import GatewayDown, SensorDrift, SensorFault, SensorStuck
from simulators.events.festival import Festival
from simulators.events.leak import Leak, PipeBurst
from simulators.events.outage import PowerOutage
from simulators.events.roads import Accident, RoadClosure
from simulators.events.sky import Flood, Heatwave, PollutionEpisode
from zenata.city.clock import SECOND
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
    "sensor_fault": SensorFault,
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


def describe_types() -> list[dict[str, Any]]:
    """Return what can be injected: of each type its parameters as JSON Schema, with defaults, and units in brackets.

    The descriptions are those of the docstrings, so that there is one place for them.
    """
    return [
        {
            "type": name,
            "description": inspect.cleandoc(effect.Parameters.__doc__ or "").partition("\n")[0],
            "public": effect.public,
            "duration": effect.duration // SECOND,
            "parameters": _schema_of(effect.Parameters),
        }
        for name, effect in EVENTS.items()
    ]


def _schema_of(parameters: type[msgspec.Struct]) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([parameters], ref_template="#/$defs/{name}")
    schema = components.pop(parameters.__name__, schema)
    _, _, text = inspect.cleandoc(parameters.__doc__ or "").partition("\n\n")
    for names, about in re.findall(r"^(\w+(?:, \w+)*) : .*\n((?: {4}.*\n?)*)", text, flags=re.MULTILINE):
        for name in names.split(", "):
            member = schema["properties"][name]
            member["description"] = " ".join(about.split())
            if unit := re.search(r"\[([^\]]+)\]", about):
                member["unit"] = unit[1]
    schema.pop("title", None)
    schema.pop("description", None)
    described: dict[str, Any] = schema | ({"$defs": components} if components else {})
    return described
