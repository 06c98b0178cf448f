"""What every format comes down to, and how names and nested members become properties.

A property is a word: letters, digits and ``_``, beginning with a letter, at most 63 characters. Whatever else stands in
a name becomes ``_`` (accents go); a name that begins with a digit gets a ``p`` before it. Members of members are joined
by ``_``, and those of lists by their place: ``{"gps": {"lat": 33.6}, "accel": [1, 2]}`` is ``gps_lat``, ``accel_0`` and
``accel_1``. Booleans become 1 and 0. Text and null are no numbers: they are left out, and told.
"""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import TypeVar

import msgspec

from zenata.city.clock import SECOND, parse_time
from zenata.errors import UplinkError

T = TypeVar("T")

MAX_PROPERTIES = 256
"""Properties of one uplink."""

DEEPEST = 8
"""Members of members that are looked into."""

_LONGEST_NAME = 63
_OTHER = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its SenML unit, empty where the format does not say."""

    value: float
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Radio:
    """How an uplink came through the air, at the gateway that heard it best.

    Parameters
    ----------
    rssi : float or None
        Received signal strength [dBm].
    snr : float or None
        Signal-to-noise ratio [dB].
    spreading_factor : int or None
    frequency : float or None
        [Hz]
    gateways : int
        How many heard it.
    """

    rssi: float | None = None
    snr: float | None = None
    spreading_factor: int | None = None
    frequency: float | None = None
    gateways: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Uplink:
    """What one device said of one moment.

    Parameters
    ----------
    device : str or None
        What the format calls the device; None where it does not say.
    time : int or None
        When it observed [us since the Unix epoch]; None where it does not say.
    properties : mapping of str to Measure
        Empty for messages about the device itself.
    battery : float or None
        Charge [%].
    radio : Radio or None
    left_out : tuple of str
        Names of members that are no numbers.
    """

    device: str | None = None
    time: int | None = None
    properties: Mapping[str, Measure] = field(default_factory=dict)
    battery: float | None = None
    radio: Radio | None = None
    left_out: tuple[str, ...] = ()


BytesCodec = Callable[[bytes], dict[str, Measure]]
"""Reads the bytes that a device sent through a network server."""


@lru_cache(maxsize=10_000)
def word(name: str) -> str:
    """Return a name as a property.

    Raises
    ------
    UplinkError
        If nothing of it is left, or it is too long.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    made = _OTHER.sub("_", plain).strip("_")
    if made[:1].isdigit():
        made = "p" + made
    if not made:
        raise UplinkError(f"name {name[:80]!r} cannot be a property: nothing of it is a letter or digit")
    if len(made) > _LONGEST_NAME:
        raise UplinkError(f"the property {made[:200]!r} has {len(made)} characters; use up to {_LONGEST_NAME}")
    return made


def flatten(document: object) -> tuple[dict[str, Measure], tuple[str, ...]]:
    """Return the numbers of an object as properties, and the names of what is no number.

    Raises
    ------
    UplinkError
        If it is no object, or two names become the same property, or it holds too many, or too deep ones.
    """
    if not isinstance(document, dict):
        raise UplinkError("the decoded payload is not an object of properties")
    properties: dict[str, Measure] = {}
    left_out: list[str] = []
    _collect("", document, 0, properties, left_out)
    return properties, tuple(left_out)


def _collect(prefix: str, value: object, depth: int, properties: dict[str, Measure], left_out: list[str]) -> None:
    if depth > DEEPEST:
        raise UplinkError(f"{prefix[:80]!r} is nested more than {DEEPEST} deep")
    match value:
        case dict():
            for name, member in value.items():
                _collect(f"{prefix}_{name}" if prefix else name, member, depth + 1, properties, left_out)
        case list():
            for place, member in enumerate(value):
                _collect(f"{prefix}_{place}", member, depth + 1, properties, left_out)
        case bool() | int() | float():
            put(properties, prefix, number(prefix, value))
        case _:
            left_out.append(prefix[:_LONGEST_NAME])
    if len(left_out) > MAX_PROPERTIES:
        raise UplinkError(f"more than {MAX_PROPERTIES} members that are no numbers")


def put(properties: dict[str, Measure], name: str, value: float, unit: str = "") -> None:
    """Add a number to properties, under the word of its name.

    Raises
    ------
    UplinkError
        If there is one of that word, or there are too many.
    """
    made = word(name)
    if made in properties:
        raise UplinkError(f"two members are called {made!r}, once only letters, digits and '_' are left of their names")
    if len(properties) == MAX_PROPERTIES:
        raise UplinkError(f"more than {MAX_PROPERTIES} properties in one message")
    properties[made] = Measure(value, unit)


def number(name: str, value: float) -> float:
    """Return a number that a double can hold.

    Raises
    ------
    UplinkError
        If none can.
    """
    try:
        made = float(value)
    except OverflowError:
        made = float("inf")
    if not isfinite(made):
        raise UplinkError(f"{name[:80]!r} is beyond all range")
    return made


def battery(properties: Mapping[str, Measure]) -> float | None:
    """Return the charge [%] that a device says of itself, as ``battery`` or ``battery_level``.

    One in another unit than percent, or outside of 0 to 100, is none.
    """
    for name in ("battery", "battery_level"):
        measure = properties.get(name)
        if measure is not None and measure.unit in {"", "%", "%EL"} and 0 <= measure.value <= 100:
            return measure.value
    return None


def moment(text: str) -> int:
    """Read an RFC 3339 time [us since the Unix epoch].

    Raises
    ------
    UplinkError
        If it is none.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise UplinkError(f"{text[:80]!r} is not a time: write it like 2026-01-31T08:00:00Z") from error


def seconds(name: str, value: float) -> int:
    """Return seconds since the Unix epoch in microseconds.

    Raises
    ------
    UplinkError
        If they are beyond all calendars.
    """
    made = number(name, value) * SECOND
    if not abs(made) < 2**62:
        raise UplinkError(f"{name} {value:g} is no time in seconds since 1970")
    return round(made)


def unwrap(text: str) -> bytes:
    """Read base64.

    Raises
    ------
    UplinkError
        If it is none.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise UplinkError(f"the payload is not base64: {error}") from error


def payload(decoded: object, raw: str | None, codec: BytesCodec | None) -> tuple[dict[str, Measure], tuple[str, ...]]:
    """Return the properties of an uplink through a network server: decoded there, or by a codec here.

    Raises
    ------
    UplinkError
        If they cannot be read, or nobody has decoded them.
    """
    if decoded is not None:
        return flatten(decoded)
    if not raw:
        return {}, ()
    if codec is None:
        raise UplinkError(
            "nobody has decoded the payload: give the device a codec here, or a payload formatter at the network server"
        )
    return codec(unwrap(raw)), ()


def read(decoder: msgspec.json.Decoder[T], document: bytes) -> T:
    """Read JSON of a type.

    Raises
    ------
    UplinkError
        If it is none.
    """
    try:
        return decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UplinkError(f"not understood: {error}") from error
