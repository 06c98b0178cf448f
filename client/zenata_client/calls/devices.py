"""Calls about devices of one's own (docs/devices.md)."""

from collections.abc import Mapping
from typing import Literal, Unpack

import msgspec

from zenata_client.asked import DeviceWords
from zenata_client.documents import Device, Page, Taken
from zenata_client.plan import Plan, Send, answered, at, delete, get, items, patch, post, whole


def devices(*, state: Literal["new", "online", "offline"] | None = None) -> Plan[list[Device]]:
    """Return one's devices, with when they were seen last."""
    return (yield from whole(items(Page[Device], at("devices"), {"state": state})))


def device(device: str) -> Plan[Device]:
    """Return one device, with the latest reading of each of its properties."""
    return (yield from get(Device, at("devices", device)))


def add_device(device: str, **words: Unpack[DeviceWords]) -> Plan[Device]:
    """Make a device; it may speak at once."""
    return (yield from post(Device, at("devices"), {"id": device, **words}))


def change_device(device: str, **words: Unpack[DeviceWords]) -> Plan[Device]:
    """Change a device; what is left out stays, and None takes a position or an external id away."""
    return (yield from patch(Device, at("devices", device), words))


def remove_device(device: str) -> Plan[None]:
    """Remove a device; what it said stays."""
    yield from delete(at("devices", device))


def send(device: str, message: Mapping[str, object]) -> Plan[Taken]:
    """Say something as a device: what is returned is durable.

    With a member `time` it does no harm twice, so it is sent again while the store is away.
    """
    return (
        yield from answered(
            Taken,
            Send(
                method="POST",
                path=at("telemetry"),
                params={"device": device},
                body=msgspec.json.encode(message),
                repeatable="time" in message,
            ),
        )
    )
