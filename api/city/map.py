"""Route for the map: the city and one's own devices as GeoJSON."""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from msgspec import structs

from api.devices.routes import document_of
from api.http.auth import PrincipalDep, authenticate
from api.http.context import Context, ContextDep
from api.http.formats import is_known, weak_tag
from api.http.params import MapParams, NoParams
from api.http.responses import responses
from api.http.routing import FairRoute
from api.readings.selection import check_names
from zenata.city.kinds import KINDS
from zenata.city.model import Sensor
from zenata.contract.city import CityMap
from zenata.contract.networks import Layer
from zenata.control.device import Device

router = APIRouter(prefix="/v1", tags=["city"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_DEVICE = "device"
_ELSEWHERE = ("longitude", "latitude", "ring", "name_fr", "name_ar")  # what the geometry and the titles say


class GeoJson(JSONResponse):
    """An answer in GeoJSON (RFC 7946 section 12)."""

    media_type = "application/geo+json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return the body."""
        return msgspec.json.encode(content)


@router.get(
    "/map",
    response_class=GeoJson,
    responses=responses(CityMap, "no-key", "invalid-parameter", media=GeoJson.media_type),
)
def city_map(context: ContextDep, principal: PrincipalDep, params: Annotated[MapParams, Query()]) -> Response:
    """Return districts, sensors and one's own devices as GeoJSON (RFC 7946), for QGIS, Leaflet and their like.

    Each feature has an `id` and, as its properties, what the lists say of it; `layer` tells the three apart.
    """
    check_names("kind", params.kind, [*KINDS, _DEVICE])
    check_names("district", params.district, context.city.district_by_id)
    kinds = [name for name in params.kind if name != _DEVICE]
    sensors: list[Sensor] = []
    if kinds or not params.kind:
        sensors = [
            context.city.sensors[position]
            for position in context.sensors.find(kinds=kinds, districts=params.district).tolist()
        ]
    devices: list[Device] = []
    if not params.kind or _DEVICE in params.kind:
        devices = [
            device
            for device in context.devices.devices(principal.pilot)
            if device.longitude is not None and (not params.district or device.district in params.district)
        ]
    features = [
        *(
            _feature("district", asdict(one) | {"titles": one.titles}, {"type": "Polygon", "coordinates": [one.ring]})
            for one in context.city.districts
            if not params.district or one.id in params.district
        ),
        *(_feature("sensor", asdict(one), _point(one.longitude, one.latitude)) for one in sensors),
        *(_feature(_DEVICE, structs.asdict(document_of(one)), _point(one.longitude, one.latitude)) for one in devices),
    ]
    return GeoJson({"type": "FeatureCollection", "features": features})


def _point(longitude: float | None, latitude: float | None) -> dict[str, Any]:
    return {"type": "Point", "coordinates": (longitude, latitude)}


def _feature(layer: str, about: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in about.items() if name not in _ELSEWHERE}
    # A device may be called as a sensor is, and ids are unique in a collection (RFC 7946 section 3.2).
    id_ = f"{_DEVICE}/{about['id']}" if layer == _DEVICE else about["id"]
    return {"type": "Feature", "id": id_, "geometry": geometry, "properties": {"layer": layer, **known}}


@router.get(
    "/buildings",
    response_class=GeoJson,
    responses=responses(Layer, "no-key", "invalid-parameter", media=GeoJson.media_type),
)
def buildings(context: ContextDep, request: Request, _: NoParams) -> Response:
    """Return the footprints of the buildings as GeoJSON, with their heights [m]; all are fictional.

    It is the same until the city changes: send the `ETag` as `If-None-Match`.
    """
    return _layer(context, request, "buildings")


@router.get(
    "/land",
    response_class=GeoJson,
    responses=responses(Layer, "no-key", "invalid-parameter", media=GeoJson.media_type),
)
def land(context: ContextDep, request: Request, _: NoParams) -> Response:
    """Return sea, shore, beach, parks and railway as GeoJSON, schematic, with names in French, English and Arabic.

    It is the same until the city changes: send the `ETag` as `If-None-Match`.
    """
    return _layer(context, request, "land")


def _layer(context: Context, request: Request, name: str) -> Response:
    body = context.layers[name]
    headers = {"Cache-Control": "private, max-age=3600", "ETag": weak_tag(body)}
    if is_known(request.headers, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=GeoJson.media_type)
