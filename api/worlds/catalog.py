"""Routes for what can be made to happen in a world: types of events, and the scenarios of the city."""

import re
import tomllib
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.http.auth import authenticate
from api.http.context import ContextDep
from api.http.formats import JSON
from api.http.params import Params
from api.http.responses import responses
from api.http.routing import WaitingRoute
from zenata.city.titles import titles
from zenata.contract.base import Page
from zenata.contract.events import EventType, Scenario

router = APIRouter(prefix="/v1", tags=["worlds"], dependencies=[Depends(authenticate)], route_class=WaitingRoute)

NoParams = Annotated[Params, Query()]


@router.get("/event-types", responses=responses(Page[EventType], "no-key", "invalid-parameter", "world-unavailable"))
def event_types(context: ContextDep, _: NoParams) -> Response:
    """List the types of events, with their parameters as JSON Schema: defaults, limits, units.

    `start`, `duration` and `id` are of every type; see `POST /v1/worlds/{world}/events`.
    """
    types = context.worlds.host("event-types")
    return _page([one | {"titles": titles("events", one["type"], one["type"].replace("_", " "))} for one in types])


@router.get("/scenarios", responses=responses(Page[Scenario], "no-key", "invalid-parameter"))
def scenarios(context: ContextDep, _: NoParams) -> Response:
    """List the scenarios of the city, which a new world takes by name."""
    return _page([_document(name, text) for name, text in context.city.scenarios.items()])


def _document(name: str, text: str) -> dict[str, Any]:
    heading = re.match(r"(?:#.*\n)*", text)
    lines = (line.lstrip("# ") for line in (heading[0] if heading else "").splitlines())
    events = tomllib.loads(text)["events"]
    plain = [
        {key: value.isoformat() if isinstance(value, date) else value for key, value in one.items()} for one in events
    ]
    return {"name": name, "description": " ".join(lines), "events": plain}


def _page(items: list[dict[str, Any]]) -> Response:
    return Response(msgspec.json.encode({"items": items, "next": None}), media_type=JSON)
