"""Routes for districts, kinds and sensors."""

from typing import Annotated

import msgspec
import numpy as np
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.city.sensor_index import is_near
from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.context import Context, ContextDep
from api.http.formats import JSON
from api.http.params import NoParams, SensorsParams, WorldParams
from api.http.problems import invalid
from api.http.responses import responses
from api.http.routing import FairRoute
from api.readings.selection import check_kinds_and_districts, check_sensor, kinds_observing, select_world
from zenata.city.clock import time_of
from zenata.city.kinds import KINDS, Kind
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import FloatArray, IntArray, Selection
from zenata.city.titles import titles
from zenata.contract.base import Page
from zenata.contract.city import City as CityDocument
from zenata.contract.city import District as DistrictDocument
from zenata.contract.city import Kind as KindDocument
from zenata.contract.city import Polygon, Property, Sensor, SensorWithLatest, Setting

router = APIRouter(prefix="/v1", tags=["city"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "invalid-parameter")


@router.get("/city", responses=responses(CityDocument, *_COMMON, "unknown-world", "store-unavailable"))
def city(context: ContextDep, principal: PrincipalDep, params: Annotated[WorldParams, Query()]) -> Response:
    """Say what the city is, and what time it is in a world: `newest` is the time of its newest reading."""
    world = select_world(context, principal, params.world)
    newest = context.newest((world,))
    subject = context.city
    return respond(
        document(
            CityDocument,
            subject,
            districts=len(subject.districts),
            streets=len(subject.streets),
            sensors=len(subject.sensors),
            world=world,
            newest=None if newest is None else time_of(newest),
        )
    )


@router.get("/districts", responses=responses(Page[DistrictDocument], *_COMMON))
def districts(context: ContextDep, _: NoParams) -> Response:
    """List the districts, each with its outline as GeoJSON."""
    items = [
        document(DistrictDocument, district, geometry=Polygon(coordinates=[[*district.ring]]))
        for district in context.city.districts
    ]
    return respond(Page(items=items, next=None))


@router.get("/kinds", responses=responses(Page[KindDocument], *_COMMON))
def kinds(_: NoParams) -> Response:
    """List the kinds of sensors: what they observe, in which units and ranges, how often [s], and what they obey."""
    return respond(Page(items=[_kind(kind) for kind in KINDS.values()], next=None))


@router.get("/sensors", responses=responses(Page[Sensor], *_COMMON))
def sensors(context: ContextDep, params: Annotated[SensorsParams, Query()]) -> Response:
    """List sensors, in the order of the city or, with `near`, by distance.

    The header `Zenata-Sensors` is the version of the list, which frames name too.
    """
    positions, distances = _search(context, params)
    fingerprint = params.model_dump_json(exclude={"cursor", "limit"})
    (begin,) = (0,) if params.cursor is None else context.cursors.decode(params.cursor, fingerprint, 1)
    end = begin + params.limit
    items = context.sensors.json(positions[begin:end], None if distances is None else distances[begin:end])
    following = context.cursors.encode((end,), fingerprint) if end < len(positions) else None
    body = b'{"items":[' + b",".join(items) + b'],"next":' + msgspec.json.encode(following) + b"}"
    return Response(body, headers={"Zenata-Sensors": f"{context.sensors.version:08x}"}, media_type=JSON)


@router.get(
    "/sensors/{sensor}",
    responses=responses(SensorWithLatest, *_COMMON, "unknown-sensor", "unknown-world", "store-unavailable"),
)
def sensor(
    context: ContextDep, principal: PrincipalDep, sensor: str, params: Annotated[WorldParams, Query()]
) -> Response:
    """Return one sensor with the latest reading of each of its properties."""
    check_sensor(context, sensor, principal.pilot)
    world = select_world(context, principal, params.world)
    table = context.store.latest(Selection(worlds=(world,), sensors=(sensor,)))
    latest = context.encoder.json_list(table, b',"latest":[', b"]}")
    return Response(context.sensors.json_of(sensor)[:-1] + latest, media_type=JSON)


def _search(context: Context, params: SensorsParams) -> tuple[IntArray, FloatArray | None]:
    """Return the positions of the sensors asked for, and their distances with `near`."""
    check_kinds_and_districts(context, params.kind, params.district)
    bbox = _bbox(context, params.bbox) if params.bbox is not None else None
    kinds = kinds_observing(params.property, params.kind) if params.property else params.kind
    positions = context.sensors.find(kinds=kinds, districts=params.district, bbox=bbox)
    if params.near is None:
        if params.within is not None:
            raise invalid("within", "needs near=longitude,latitude")
        return positions, None
    longitude, latitude = _degrees("near", params.near, ("longitude", "latitude"))
    if not is_near(context.city, longitude, latitude) and is_near(context.city, latitude, longitude):
        raise invalid("near", f"longitude comes first, as in GeoJSON: near={latitude},{longitude}")
    distances = context.sensors.distance(positions, longitude, latitude)
    order = np.argsort(distances, kind="stable")
    if params.within is not None:
        order = order[distances[order] <= params.within]
    return positions[order], distances[order]


def _bbox(context: Context, text: str) -> tuple[float, float, float, float]:
    west, south, east, north = _degrees("bbox", text, ("west", "south", "east", "north"))
    if is_near(context.city, south, west) and is_near(context.city, north, east):
        raise invalid("bbox", f"longitude comes first, as in GeoJSON: bbox={south},{west},{north},{east}")
    if west > east or south > north:
        raise invalid("bbox", f"{text!r} is empty: give west,south,east,north with west <= east and south <= north")
    return west, south, east, north


def _degrees(parameter: str, text: str, names: tuple[str, ...]) -> list[float]:
    """Read longitudes and latitudes by turns [deg]."""
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    limits = (180.0, 90.0) * (len(names) // 2)
    if len(numbers) != len(names) or not all(abs(x) <= limit for x, limit in zip(numbers, limits, strict=True)):
        raise invalid(parameter, f"{text!r} is not {','.join(names)} in degrees (longitude first, as in GeoJSON)")
    return numbers


def _kind(kind: Kind) -> KindDocument:
    properties = [
        document(Property, quantity, name=name, titles=titles("properties", name, quantity.title))
        for name, quantity in ((name, QUANTITIES[name]) for name in kind.properties)
    ]
    settings = [
        document(Setting, one, titles=titles("settings", f"{kind.name}.{one.name}", one.title)) for one in kind.settings
    ]
    about = titles("kinds", kind.name, kind.title)
    return document(KindDocument, kind, titles=about, properties=properties, settings=settings)
