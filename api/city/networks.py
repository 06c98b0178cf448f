"""Routes for the networks of the city, as it publishes them; the simulator of the shared city makes the documents."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from api.city.map import GeoJson
from api.http.auth import authenticate
from api.http.context import Context, ContextDep
from api.http.formats import JSON
from api.http.params import NetworkParams, StreetsParams
from api.http.problems import invalid
from api.http.responses import SCHEMAS, responses
from api.http.routing import FairRoute
from zenata.contract.networks import NetworkGraph, NetworkMap

router = APIRouter(prefix="/v1", tags=["city"], dependencies=[Depends(authenticate)], route_class=FairRoute)

Network = Literal["water", "power", "traffic", "bus"]

TEXT = "text/plain; charset=utf-8"

_MEDIA = {"geojson": GeoJson.media_type, "node-link": JSON, "inp": TEXT, "pgm": JSON}
_FILES = {"inp": "water", "pgm": "power"}
_COMMON = ("no-key", "invalid-parameter", "world-unavailable")
_GRAPHS = {JSON: {"schema": SCHEMAS.reference(NetworkGraph)}}
_TEXTS = {"text/plain": {"schema": {"type": "string"}}}  # of EPANET


@router.get(
    "/streets",
    response_class=GeoJson,
    responses=responses(NetworkMap, *_COMMON, content=_GRAPHS, media=GeoJson.media_type),
)
def streets(context: ContextDep, params: Annotated[StreetsParams, Query()]) -> Response:
    """Return the streets, the devices in each, and the lighting class that each requires in each local hour (EN 13201-2)."""
    return _document(context, "streets", params.format)


@router.get(
    "/networks/{network}",
    response_class=GeoJson,
    responses=responses(NetworkMap, *_COMMON, content=_GRAPHS | _TEXTS, media=GeoJson.media_type),
)
def network(
    context: ContextDep,
    network: Annotated[Network, Path(description="Which network.")],
    params: Annotated[NetworkParams, Query()],
) -> Response:
    """Return a network as it was built, with the devices that stand in it; nothing of what is going on there.

    Water has pipes, tanks, pumps and district metered areas, and comes as an EPANET input file too (`format=inp`). Power has
    stations and cables, what hangs on them, charging sites and the tariff, and comes as JSON of power-grid-model too
    (`format=pgm`). Traffic has signals with their approaches, buses have lines with stops.
    """
    if _FILES.get(params.format, network) != network:
        raise invalid("format", f"{params.format!r} is a format of the {_FILES[params.format]} network alone")
    return _document(context, network, params.format)


def _document(context: Context, name: str, format_: str) -> Response:
    body = context.worlds.ask_raw(context.worlds.shared, "network", {"network": name, "format": format_})
    if format_ in _FILES:
        body = msgspec.json.decode(body, type=str).encode()
    return Response(body, media_type=_MEDIA[format_])
