"""Cayenne LPP: channel, type and data by turns, as many as the message holds.

Properties are called as The Things Stack calls them, by type and channel: ``temperature_3``, ``gps_1_latitude``.

References
----------
myDevices, "Cayenne Low Power Payload"; a type is an object of the IPSO Alliance's registry less 3200. The types 100, 116
to 133, 135 and 142 are those of the library CayenneLPP of ElectronicCats (1.4). Numbers are big-endian.
"""

from typing import NamedTuple

from zenata.errors import UplinkError
from zenata.wire.uplinks.base import LeftOut, Members, leave_out, put


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
    100: _Type("generic", _one(4, signed=False)),
    101: _Type("luminosity", _one(2, unit="lx", signed=False)),
    102: _Type("presence", _one(1, signed=False)),
    103: _Type("temperature", _one(2, 10, "Cel")),
    104: _Type("relative_humidity", _one(1, 2, "%RH", signed=False)),
    113: _Type("accelerometer", _axes(1000)),  # [standard gravity]
    115: _Type("barometric_pressure", _one(2, 10, "hPa", signed=False)),
    116: _Type("voltage", _one(2, 100, "V", signed=False)),
    117: _Type("current", _one(2, 1000, "A", signed=False)),
    118: _Type("frequency", _one(4, 1, "Hz", signed=False)),
    120: _Type("percentage", _one(1, 1, "%", signed=False)),
    121: _Type("altitude", _one(2, 1, "m")),
    125: _Type("concentration", _one(2, 1, "ppm", signed=False)),
    128: _Type("power", _one(2, 1, "W", signed=False)),
    130: _Type("distance", _one(4, 1000, "m", signed=False)),
    131: _Type("energy", _one(4, 1000, "kWh", signed=False)),
    132: _Type("direction", _one(2, 1, "deg", signed=False)),
    133: _Type("unix_time", _one(4, signed=False)),
    134: _Type("gyrometer", _axes(100)),  # [deg/s]
    135: _Type("colour", tuple(_Part(f"_{name}", 1, 1, "", signed=False) for name in ("red", "green", "blue"))),
    136: _Type(
        "gps",
        (
            _Part("_latitude", 3, 10_000, "lat"),
            _Part("_longitude", 3, 10_000, "lon"),
            _Part("_altitude", 3, 100, "m"),
        ),
    ),
    142: _Type("switch", _one(1, signed=False)),
}
"""Every type by its number on the wire."""

_UNIX_TIME = 133


def decode(data: bytes) -> Members:
    """Read the bytes of a message.

    A channel and type that come again get a number behind: ``temperature_3``, ``temperature_3_2``. Behind a type that is
    not known nothing can be read, as its length is not known either: what came before stays.

    Raises
    ------
    UplinkError
        If nothing can be read of it.
    """
    if not data:
        raise UplinkError("a Cayenne LPP message of no bytes")
    members = Members({}, [])
    at = 0
    while at < len(data):
        try:
            at = _read(data, at, members)
        except UplinkError as error:
            if not members.properties:
                raise
            leave_out(members.left_out, LeftOut(f"byte {at}", str(error)))
            break
    return members


def _read(data: bytes, at: int, members: Members) -> int:
    """Read one value, and return where the next begins."""
    channel, number = data[at], data[at + 1] if at + 1 < len(data) else None
    if number not in TYPES:
        found = "no type" if number is None else f"type {number}"
        known = ", ".join(map(str, TYPES))
        raise UplinkError(f"byte {at + 1}: {found}, with {len(data) - at} bytes not read; the types are {known}")
    name, parts = TYPES[number]
    name, at = f"{name}_{channel}", at + 2
    if at + sum(part.size for part in parts) > len(data):
        raise UplinkError(f"{name} needs {sum(part.size for part in parts)} bytes from byte {at} on, and has fewer")
    again = next(
        count for count in range(1, len(data)) if _numbered(name, count) + parts[0].suffix not in members.properties
    )
    if number == _UNIX_TIME:
        leave_out(members.left_out, LeftOut(name, "it is a time, not a reading", rejected=False))
        return at + parts[0].size
    for part in parts:
        value = int.from_bytes(data[at : at + part.size], "big", signed=part.signed) / part.per_unit
        put(members.properties, _numbered(name, again) + part.suffix, value, part.unit)
        at += part.size
    return at


def _numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}_{count}"
