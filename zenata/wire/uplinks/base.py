"""What every format comes down to: uplinks of properties, and how the members of an object become properties.

Booleans become 1 and 0, and so do the texts ``ON`` and ``OFF``, which is how Tasmota and Zigbee2MQTT write them. Other
text, null, and times under the name of one are no readings: they are left out, and named. What cannot be stored (beyond
all range, nested too deep, too much) is left out with its reason, and the rest stays. `zenata.wire.uplinks.names` says
how a property is called.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple, TypeVar

import msgspec

from zenata.errors import UplinkError
from zenata.wire.uplinks import names
from zenata.wire.uplinks.times import is_time

T = TypeVar("T")

MAX_PROPERTIES = 256
"""Properties of one uplink."""

MAX_LEFT_OUT = 256
"""Members of one uplink that are named as left out."""

MAX_DEPTH = 8
"""Members of members that are read."""

OBSERVATION = {"ts", "values"}
"""Members of an observation as ThingsBoard has it."""

_SWITCH = {"on": 1.0, "off": 0.0}
_PERCENT_NAMES = ("battery_percent", "battery_percentage", "battery_pct", "battery_level_percent")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its SenML unit, empty where the format does not say."""

    value: float
    unit: str = ""


class LeftOut(NamedTuple):
    """A member that is not stored, and why.

    `rejected` is whether it should have been: its sender may want to mend it. Text and null are only no readings.
    """

    name: str
    reason: str
    rejected: bool = True


class Members(NamedTuple):
    """What an object says: its properties, and what is left out."""

    properties: dict[str, Measure]
    left_out: list[LeftOut]


class Reception(msgspec.Struct):
    """Reception of an uplink at one gateway [dBm], [dB]; None where it does not say."""

    rssi: float | None = None
    snr: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Uplink:
    """Measurements of one device at one moment.

    Parameters
    ----------
    device : str or None
        What the format calls the device; None where it does not say.
    time : int or None
        When it observed [us since the Unix epoch]; None where it does not say.
    properties : mapping of str to Measure
        Empty for messages about the device itself.
    nanosecond : int
        What of the time is cut off to make microseconds [ns].
    battery : float or None
        Charge [%].
    reports_battery : bool
        Whether the battery is reported, if only as unknown: what was known before then holds no more.
    radio : Reception or None
        At the gateway where it was best.
    left_out : sequence of LeftOut
    assumed_utc : bool
        Whether its time has no offset, and so was taken as UTC.
    """

    device: str | None = None
    time: int | None = None
    properties: Mapping[str, Measure] = field(default_factory=dict)
    nanosecond: int = 0
    battery: float | None = None
    reports_battery: bool = False
    radio: Reception | None = None
    left_out: Sequence[LeftOut] = ()
    assumed_utc: bool = False


BytesCodec = Callable[[bytes], Members]
"""Reads the bytes that a device sent through a network server."""


def flatten(document: object, *skipped: str) -> Members:
    """Return the numbers of an object as properties, and what is left out.

    Parameters
    ----------
    document : object
        Decoded JSON.
    skipped : str
        Names of members of the object itself that are something else.

    Raises
    ------
    UplinkError
        If it is no object.
    """
    if not isinstance(document, dict):
        raise UplinkError("the decoded payload is not an object of properties")
    members = Members({}, [])
    for name, value in document.items():
        if name not in skipped:
            _collect(members, "", name, value, 1)
    return members


def _collect(members: Members, path: str, name: str, value: object, depth: int) -> None:
    """Add a member, and the members of it."""
    try:
        property_ = names.join(path, names.encode(name))
        if depth > MAX_DEPTH:
            raise UplinkError(f"it is nested more than {MAX_DEPTH} deep")
        match value:
            case dict() | list():
                for inner, member in _inner(value):
                    _collect(members, property_, inner, member, depth + 1)
            case bool() | int() | float():
                if not isinstance(value, bool) and is_time(name, value):
                    leave_out(members.left_out, LeftOut(property_, "it is a time, not a reading", rejected=False))
                else:
                    put(members.properties, property_, number(value))
            case str() if value.lower() in _SWITCH:
                put(members.properties, property_, _SWITCH[value.lower()])
            case _:
                reason = "it is null" if value is None else "it is text"
                leave_out(members.left_out, LeftOut(property_, reason, rejected=False))
    except UplinkError as error:
        leave_out(members.left_out, LeftOut(names.join(path, name)[: names.MAX_NAME], str(error)))


def _inner(value: dict[str, object] | list[object]) -> Iterable[tuple[str, object]]:
    """Return the members of an object, or the items of a list by their indices."""
    if isinstance(value, list):
        return ((str(index), one) for index, one in enumerate(value))
    if set(value) == OBSERVATION:
        raise UplinkError("it has a time of its own: send such observations as a list, or each as a message")
    return value.items()


def leave_out(left_out: list[LeftOut], one: LeftOut) -> None:
    """Add what is left out; from a number on, only that there is more."""
    if len(left_out) < MAX_LEFT_OUT:
        left_out.append(one)
    elif len(left_out) == MAX_LEFT_OUT:
        left_out.append(LeftOut("...", "more than can be named", one.rejected))


def put(properties: dict[str, Measure], property_: str, value: float, unit: str = "") -> None:
    """Add a number to properties.

    Raises
    ------
    UplinkError
        If there is one of that name, its name is too long, or there are too many.
    """
    if len(property_) > names.MAX_PROPERTY:
        raise UplinkError(
            f"the property {property_[:40]!r}... has {len(property_)} characters; use up to {names.MAX_PROPERTY}"
        )
    if property_ in properties:
        raise UplinkError("there is another of this name and time")
    if len(properties) == MAX_PROPERTIES:
        raise UplinkError(f"more than {MAX_PROPERTIES} properties in one message")
    properties[property_] = Measure(value, unit)


def number(value: float) -> float:
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
        raise UplinkError("it is beyond the range of a double")
    return made


def battery(properties: Mapping[str, Measure], *, is_percent: bool = False) -> float | None:
    """Return the charge [%] that a device says of itself, where it says that it is in percent.

    That is by the unit of ``battery`` or ``battery_level``, or by a name such as ``battery_percent``: a device that says
    ``"battery": 3.6`` may mean volts.

    Parameters
    ----------
    properties : mapping of str to Measure
    is_percent : bool
        Whether the format has ``battery`` in percent.
    """
    for name in ("battery", "battery_level", *_PERCENT_NAMES):
        measure = properties.get(name)
        if measure is None or not 0 <= measure.value <= 100:
            continue
        if measure.unit in {"%", "%EL"} or (not measure.unit and (is_percent or name in _PERCENT_NAMES)):
            return measure.value
    return None


def payload(decoded: object, raw: str | None, codec: BytesCodec | None) -> Members:
    """Return the properties of an uplink through a network server: decoded there, or by a codec here.

    Raises
    ------
    UplinkError
        If they cannot be read, or nobody has decoded them.
    """
    if decoded is not None:
        return flatten(decoded)
    if not raw:
        return Members({}, [])
    if codec is None:
        raise UplinkError(
            "nobody has decoded the payload: give the device a codec here, or a payload formatter at the network server"
        )
    try:
        data = b64decode(raw, validate=True)
    except ValueError as error:
        raise UplinkError(f"the payload is not base64: {error}") from error
    return codec(data)


def best(receptions: Sequence[Reception]) -> Reception | None:
    """Return the reception at the gateway where an uplink was received best, among those that report it; None without any."""
    return max(
        receptions,
        key=lambda one: (one.rssi is not None, one.rssi or 0.0, one.snr is not None, one.snr or 0.0),
        default=None,
    )


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
