"""A JSON object of properties: ``{"temperature": 21.5, "door": true, "time": "2026-01-31T08:00:00Z"}``.

``time`` is RFC 3339, or seconds since the Unix epoch; left out, it is when the message comes. ``device`` names the
device where nothing else does. Every other member is a property (`zenata.wire.uplinks.base`).
"""

from typing import Any

import msgspec

from zenata.errors import UplinkError
from zenata.wire.uplinks.base import Uplink, battery, flatten, moment, read, seconds

_decoder = msgspec.json.Decoder(dict[str, Any])


def decode(payload: bytes) -> list[Uplink]:
    """Read an object of properties.

    Raises
    ------
    UplinkError
        If it is none, or nothing of it is a number.
    """
    return [of(read(_decoder, payload))]


def of(document: dict[str, Any]) -> Uplink:
    """Return what an object of properties says.

    Raises
    ------
    UplinkError
        If nothing of it is a number, or its time is none.
    """
    device = document.get("device")
    if device is not None and not isinstance(device, str):
        raise UplinkError("device is no text")
    properties, left_out = flatten({name: value for name, value in document.items() if name not in {"time", "device"}})
    if not properties:
        raise UplinkError('no property with a number: expected {"temperature": 21.5, ...}')
    return Uplink(
        device=device,
        time=_time(document.get("time")),
        properties=properties,
        battery=battery(properties),
        left_out=left_out,
    )


def _time(value: object) -> int | None:
    match value:
        case None:
            return None
        case str():
            return moment(value)
        case bool():
            raise UplinkError("time is no time")
        case int() | float():
            return seconds("time", value)
    raise UplinkError("time is no time")
