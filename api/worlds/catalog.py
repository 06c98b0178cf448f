"""Routes for what worlds are made of: types of events, scenarios of the city, and the machines that run them."""

import re
import tomllib
from datetime import date

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.http.answers import respond
from api.http.auth import authenticate
from api.http.context import ContextDep
from api.http.params import NoParams
from api.http.responses import responses
from api.http.routing import WaitingRoute
from zenata.city.titles import titles
from zenata.contract.base import Page
from zenata.contract.events import EventType, Scenario
from zenata.contract.hosts import Host

router = APIRouter(prefix="/v1", tags=["worlds"], dependencies=[Depends(authenticate)], route_class=WaitingRoute)


@router.get("/event-types", responses=responses(Page[EventType], "no-key", "invalid-parameter", "world-unavailable"))
def event_types(context: ContextDep, _: NoParams) -> Response:
    """List the types of events, with their parameters as JSON Schema: defaults, limits, units.

    `start`, `duration` and `id` are of every type; see `POST /v1/worlds/{world}/events`.
    """
    types = [
        one | {"titles": titles("events", one["type"], one["type"].replace("_", " "))}
        for one in context.worlds.host("event-types")
    ]
    return respond(Page(items=types, next=None))


@router.get("/scenarios", responses=responses(Page[Scenario], "no-key", "invalid-parameter"))
def scenarios(context: ContextDep, _: NoParams) -> Response:
    """List the scenarios of the city, which a new world takes by name."""
    return respond(Page(items=[_scenario(name, text) for name, text in context.city.scenarios.items()], next=None))


def _scenario(name: str, text: str) -> Scenario:
    heading = re.match(r"(?:#.*\n)*", text)
    lines = (line.lstrip("# ") for line in (heading[0] if heading else "").splitlines())
    events = tomllib.loads(text)["events"]
    plain = [
        {key: value.isoformat() if isinstance(value, date) else value for key, value in one.items()} for one in events
    ]
    return Scenario(name=name, description=" ".join(lines), events=plain)


@router.get("/hosts", responses=responses(Page[Host], "no-key", "wrong-role", "invalid-parameter", "world-unavailable"))
def hosts(context: ContextDep, _: NoParams) -> Response:
    """List the machines that run worlds: since when, how busy, with which worlds, and when each last reported itself."""
    return respond(Page(items=context.worlds.hosts(), next=None))
