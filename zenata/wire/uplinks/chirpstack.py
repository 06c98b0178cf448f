"""Events of ChirpStack v4 as JSON, as its HTTP integration posts them and its MQTT integration publishes them.

An uplink (``up``) has ``object`` where ChirpStack has a codec for the device, and ``data`` in any case; ``status`` has
the battery, or leaves it out where the device does not know it. The other events (join, ack, txack, log, location) say
nothing that is measured.

References
----------
ChirpStack, ``integration.proto`` (messages UplinkEvent, StatusEvent) in the JSON mapping of Protocol Buffers, which
leaves out what is zero or empty.
"""

from typing import Any

import msgspec

from zenata.city.clock import lacks_zone
from zenata.errors import UplinkError
from zenata.wire.uplinks.base import BytesCodec, Reception, Uplink, battery, best, payload, read
from zenata.wire.uplinks.times import moment


class _Device(msgspec.Struct, rename="camel"):
    dev_eui: str


class _Lora(msgspec.Struct, rename="camel"):
    spreading_factor: float | None = None


class _Modulation(msgspec.Struct):
    lora: _Lora | None = None


class _Transmission(msgspec.Struct):
    frequency: float | None = None
    modulation: _Modulation | None = None


class Event(msgspec.Struct, rename="camel"):
    """An event as it stands on the wire."""

    device_info: _Device
    time: str | None = None
    data: str | None = None
    object: dict[str, Any] | None = None
    rx_info: list[Reception] = []
    tx_info: _Transmission | None = None
    battery_level: float | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False
    dev_addr: str | None = None
    queue_item_id: str | None = None
    downlink_id: float | None = None
    level: str | None = None
    code: str | None = None
    description: str | None = None
    location: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Event)


def decode(document: bytes, codec: BytesCodec | None = None) -> list[Uplink]:
    """Read an event.

    Parameters
    ----------
    document : bytes
    codec : callable, optional
        Reads ``data`` where there is no ``object``.

    Raises
    ------
    UplinkError
        If it is none, or its payload cannot be read.
    """
    event = read(_decoder, document)
    if not event.device_info.dev_eui:
        raise UplinkError("deviceInfo.devEui is empty")
    properties, left_out = payload(event.object, event.data, codec)
    return [
        Uplink(
            device=event.device_info.dev_eui.lower(),
            time=moment(event.time) if event.time is not None else None,
            properties=properties,
            battery=_charge(event) if _is_status(event) else battery(properties),
            reports_battery=_is_status(event),
            radio=best(event.rx_info),
            left_out=left_out,
            assumed_utc=event.time is not None and lacks_zone(event.time),
        )
    ]


def _is_status(event: Event) -> bool:
    """Return whether an event is of the status: it has nothing of another, and its own members are left out when zero."""
    if event.battery_level is not None or event.battery_level_unavailable or event.external_power_source:
        return True
    is_uplink = event.rx_info or event.object is not None or event.data or event.tx_info
    others = (event.queue_item_id, event.downlink_id, event.level, event.code, event.description, event.location)
    return not is_uplink and event.dev_addr is None and all(one is None for one in others)


def _charge(event: Event) -> float | None:
    """Return the battery of a status event [%], unless the device does not know, or runs on the mains."""
    unknown = event.battery_level_unavailable or event.external_power_source
    level = event.battery_level
    return None if unknown or level is None or not 0 <= level <= 100 else level
