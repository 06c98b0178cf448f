"""Cayenne LPP: channel, type and data by turns, as many as the message holds.

Properties are called as The Things Stack calls them, by type and channel: ``temperature_3``, ``gps_1_latitude``.

References
----------
myDevices, "Cayenne Low Power Payload"; a type is an object of the IPSO Alliance's registry less 3200. Numbers are
big-endian.
"""

from typing import NamedTuple

from zenata.errors import UplinkError
from zenata.wire.uplinks.base import Measure, put


class _Part(NamedTuple):
    """One number of a type: what is behind its name, how many bytes, what one step is, and its SenML unit."""

    suffix: str
    size: int
    per_unit: int
    unit: str
    signed: bool = True


class _Type(NamedTuple):
    name: str
    parts: tuple[_Part, ...]


def _one(size: int, per_unit: int = 1, unit: str = "", *, signed: bool = True) -> tuple[_Part, ...]:
    return (_Part("", size, per_unit, unit, signed),)


def _axes(per_unit: int) -> tuple[_Part, ...]:
    return tuple(_Part(f"_{axis}", 2, per_unit, "") for axis in "xyz")


TYPES: dict[int, _Type] = {
    0: _Type("digital_in", _one(1, signed=False)),
    1: _Type("digital_out", _one(1, signed=False)),
    2: _Type("analog_in", _one(2, 100)),
    3: _Type("analog_out", _one(2, 100)),
    101: _Type("luminosity", _one(2, unit="lx", signed=False)),
    102: _Type("presence", _one(1, signed=False)),
    103: _Type("temperature", _one(2, 10, "Cel")),
    104: _Type("relative_humidity", _one(1, 2, "%RH", signed=False)),
    113: _Type("accelerometer", _axes(1000)),  # [standard gravity]
    115: _Type("barometric_pressure", _one(2, 10, "hPa", signed=False)),
    134: _Type("gyrometer", _axes(100)),  # [deg/s]
    136: _Type(
        "gps",
        (
            _Part("_latitude", 3, 10_000, "lat"),
            _Part("_longitude", 3, 10_000, "lon"),
            _Part("_altitude", 3, 100, "m"),
        ),
    ),
}
"""Every type by its number on the wire."""


def decode(data: bytes) -> dict[str, Measure]:
    """Read the bytes of a message.

    Raises
    ------
    UplinkError
        If they are none, of a type that is not known, or end too early.
    """
    if not data:
        raise UplinkError("a Cayenne LPP message of no bytes")
    properties: dict[str, Measure] = {}
    place = 0
    while place < len(data):
        channel, number = data[place], data[place + 1] if place + 1 < len(data) else None
        if number not in TYPES:
            said = "no type" if number is None else f"type {number}"
            raise UplinkError(f"byte {place + 1}: {said}; Cayenne LPP has the types {', '.join(map(str, TYPES))}")
        place = _read(data, place + 2, f"{TYPES[number].name}_{channel}", TYPES[number].parts, properties)
    return properties


def _read(data: bytes, place: int, name: str, parts: tuple[_Part, ...], properties: dict[str, Measure]) -> int:
    """Read the parts of one value, and return where the next begins."""
    for part in parts:
        raw = data[place : place + part.size]
        if len(raw) < part.size:
            raise UplinkError(f"{name} needs {part.size} bytes from byte {place} on, and the message ends before")
        value = int.from_bytes(raw, "big", signed=part.signed) / part.per_unit
        put(properties, name + part.suffix, value, part.unit)
        place += part.size
    return place
