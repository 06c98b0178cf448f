"""Routes for the devices that pilots bring."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.city.sensor_index import district_of, is_near
from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.bodies import body, present
from api.http.context import Context, ContextDep
from api.http.formats import JSON
from api.http.params import DeviceParams, DevicesParams, NoParams
from api.http.problems import KINDS, Problem, invalid, sentence
from api.http.responses import responses
from api.http.rights import WATCHERS
from api.http.routing import FairRoute
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.contract.base import Page
from zenata.contract.devices import Device as DeviceDocument
from zenata.contract.devices import DeviceChange, DeviceWithLatest, NewDevice
from zenata.control.device import Device, DeviceError
from zenata.control.keys import Principal
from zenata.wire import topics

router = APIRouter(prefix="/v1/devices", tags=["devices"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "invalid-parameter")
_OWN = (*_COMMON, "wrong-role", "unknown-device", "device-conflict")


@router.post("", status_code=201, responses=responses(DeviceDocument, *_OWN, status=201))
def make(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewDevice, body(NewDevice)], _: NoParams
) -> Response:
    """Make a device. It may send at once: on its topic, or to `/v1/telemetry`."""
    position = _position(context, new.longitude, new.latitude)
    fields = present(new) | position | {"name": new.name or new.id}
    made = context.devices.add(Device(pilot=principal.pilot, made=WallClock().now(), **fields))
    return respond(document_of(made), 201, {"Location": f"/v1/devices/{made.id}"})


@router.get("", responses=responses(Page[DeviceDocument], *_COMMON, "wrong-role"))
def devices(context: ContextDep, principal: PrincipalDep, params: Annotated[DevicesParams, Query()]) -> Response:
    """List one's own devices, with when they were seen last; for engineers and administrators, those of all pilots."""
    pilot = _pilot(principal, params.pilot, everybody=True)
    items = [document_of(device) for device in context.devices.devices(pilot)]
    if params.state is not None:
        items = [item for item in items if item.state == params.state]
    fingerprint = params.model_dump_json(exclude={"cursor", "limit"})
    (begin,) = (0,) if params.cursor is None else context.cursors.decode(params.cursor, fingerprint, 1)
    end = begin + params.limit
    following = context.cursors.encode((end,), fingerprint) if end < len(items) else None
    return respond(Page(items=items[begin:end], next=following))


@router.get(
    "/{device}", responses=responses(DeviceWithLatest, *_COMMON, "wrong-role", "unknown-device", "store-unavailable")
)
def device(
    context: ContextDep, principal: PrincipalDep, device: str, params: Annotated[DeviceParams, Query()]
) -> Response:
    """Return one device with the latest reading of each of its properties."""
    pilot = _pilot(principal, params.pilot) or principal.pilot
    found = context.devices.device(pilot, device)
    if found is None:
        raise Problem("unknown-device", f"There is no device {device[:80]!r}. {KINDS['unknown-device'].help}")
    table = context.store.latest(Selection(worlds=(found.world,), sensors=(found.id,)))
    latest = context.encoder.json_list(table, b',"latest":[', b"]}")
    return Response(msgspec.json.encode(document_of(found))[:-1] + latest, media_type=JSON)


@router.patch("/{device}", responses=responses(DeviceDocument, *_OWN))
def change(
    context: ContextDep,
    principal: PrincipalDep,
    device: str,
    new: Annotated[DeviceChange, body(DeviceChange)],
    _: NoParams,
) -> Response:
    """Change a device. Readings that are there keep the district that they were made in."""
    fields = present(new)
    if "longitude" in fields:
        fields |= _position(context, fields["longitude"], fields["latitude"])
    return respond(document_of(context.devices.change(principal.pilot, device, **fields)))


@router.delete("/{device}", status_code=204, responses=responses(None, *_OWN, status=204))
def remove(context: ContextDep, principal: PrincipalDep, device: str, _: NoParams) -> Response:
    """Remove a device. It may send nothing more; its readings stay."""
    context.devices.remove(principal.pilot, device)
    return Response(status_code=204)


def _pilot(principal: Principal, pilot: str | None, *, everybody: bool = False) -> str | None:
    """Return whose devices are meant; None for everybody's. Who may not watch others sees its own, and no difference."""
    if principal.role in WATCHERS:
        return pilot if pilot is not None or everybody else principal.pilot
    if pilot not in {None, principal.pilot}:
        raise Problem("wrong-role", "A pilot sees its own devices: leave out pilot.", allowed=list(WATCHERS))
    return principal.pilot


def _position(context: Context, longitude: float | None, latitude: float | None) -> dict[str, Any]:
    """Return a position that is in the city or near it, with its district."""
    if longitude is None or latitude is None:
        return {"longitude": None, "latitude": None, "district": ""}
    if not is_near(context.city, longitude, latitude):
        west, south, east, north = context.city.bbox
        raise invalid(
            "longitude", f"{longitude}, {latitude} is far from the city, which is {west} to {east}, {south} to {north}"
        )
    return {"longitude": longitude, "latitude": latitude, "district": district_of(context.city, longitude, latitude)}


def problem_of(error: DeviceError) -> Problem:
    """Return the problem that a refusal of the register is answered with."""
    if error.reason == "invalid":
        return invalid("id", str(error))
    name = "unknown-device" if error.reason == "unknown" else "device-conflict"
    return Problem(name, f"{sentence(str(error))} {KINDS[name].help}")


def document_of(device: Device) -> DeviceDocument:
    """Return the document of a device."""
    topic, state = topics.device(device.pilot, device.id), device.state(WallClock().now())
    return document(DeviceDocument, device, kind="device", topic=topic, state=state)
