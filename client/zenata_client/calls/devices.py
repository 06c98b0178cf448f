"""Calls about devices of your own (docs/devices.md)."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from zenata_client.contract.base import Page
from zenata_client.contract.devices import (
    OFFLINE_AFTER,
    Codec,
    Device,
    DeviceChange,
    DeviceState,
    DeviceWithLatest,
    NewDevice,
    TelemetryResult,
)
from zenata_client.parameters import body
from zenata_client.plan import Plan, Send, answered, collect, delete, get, items, patch, post, route


def devices(*, state: DeviceState | None = None, pilot: str | None = None) -> Plan[list[Device]]:
    """Return devices, with when they last sent something.

    Parameters
    ----------
    state : str, optional
        Only ``new``, ``online`` or ``offline`` ones.
    pilot : str, optional
        Whose, for engineers and administrators; a pilot gets its own.
    """
    return (yield from collect(items(Page[Device], route("devices"), {"state": state, "pilot": pilot})))


def device(device: str) -> Plan[DeviceWithLatest]:
    """Return one device, with the latest reading of each of its properties."""
    return (yield from get(DeviceWithLatest, route("devices", device)))


def add_device(
    device: str,
    *,
    name: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    codec: Codec = "auto",
    external: str | None = None,
    offline_after: int = OFFLINE_AFTER,
) -> Plan[Device]:
    """Make a device; it may send messages at once.

    Parameters
    ----------
    device : str
        Its name in topics and queries.
    name : str
        For people.
    longitude, latitude : float, optional
        [deg, WGS 84]; both or neither.
    codec : str
        Format of its messages: ``auto``, ``json``, ``cayenne`` or ``influx``.
    external : str, optional
        Its name at a network server: DevEUI, or device id.
    offline_after : int
        Silence after which it is offline [s].
    """
    new = NewDevice(
        id=device,
        name=name,
        longitude=longitude,
        latitude=latitude,
        codec=codec,
        external=external,
        offline_after=offline_after,
    )
    return (yield from post(Device, route("devices"), new))


def change_device(
    device: str,
    *,
    name: str | UnsetType = UNSET,
    longitude: float | UnsetType | None = UNSET,
    latitude: float | UnsetType | None = UNSET,
    codec: Codec | UnsetType = UNSET,
    external: str | UnsetType | None = UNSET,
    offline_after: int | UnsetType = UNSET,
) -> Plan[Device]:
    """Change a device; what is left out stays, and None removes a position or an external name.

    Parameters
    ----------
    device : str
    name, longitude, latitude, codec, external, offline_after : optional
        As in `add_device`.
    """
    change = DeviceChange(
        name=name,
        longitude=longitude,
        latitude=latitude,
        codec=codec,
        external=external,
        offline_after=offline_after,
    )
    return (yield from patch(Device, route("devices", device), change))


def remove_device(device: str) -> Plan[None]:
    """Remove a device; its readings stay."""
    yield from delete(route("devices", device))


def send(device: str, message: Mapping[str, object]) -> Plan[TelemetryResult]:
    """Send a message of a device; what is returned is durable.

    Parameters
    ----------
    device : str
    message : dict
        Values by property. With a member `time` it may be sent twice without harm, so it is sent again while the store
        is away.
    """
    return (
        yield from answered(
            TelemetryResult,
            Send(
                method="POST",
                path=route("telemetry"),
                params={"device": device},
                body=msgspec.json.encode(body(message)),
                repeatable="time" in message,
            ),
        )
    )
