"""InfluxDB line protocol, as Telegraf and the InfluxDB clients write it.

A line is a point: ``measurement,tag=value field=1.5,other=2i 1767225600000000000``. Its device is what the tag
``device`` says, or else ``host``; a ``device`` that is none of the pilot's, as Telegraf says of disks, is a tag like
others where there is a ``host``. A field's property is the measurement and the field, and then the other tags in the
order of their names: ``cpu,cpu=cpu0,host=box usage_idle=98`` is ``cpu/usage_idle;cpu=cpu0`` of ``box``. So lines that differ
in a tag are of different series. Of the measurement ``device`` without other tags only the field is left.

References
----------
InfluxData documentation, "Line protocol reference" (versions 1 and 2).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from zenata.city.clock import SECOND
from zenata.errors import UplinkError
from zenata.wire.uplinks import names
from zenata.wire.uplinks.base import LeftOut, Measure, Uplink, battery, leave_out, put

PRECISIONS = {"ns": 1_000_000_000, "n": 1_000_000_000, "us": SECOND, "u": SECOND, "ms": 1000, "s": 1}
"""Steps a second of a timestamp, by what clients call them."""

_PRECISIONS_LONG = {"m": 60, "h": 3600}  # version 1 only [s]

_MEASUREMENT = re.compile(r"(?:\\[, ]|[^, \n])++")
_KEY = re.compile(r"(?:\\[,= ]|[^,= \n])++")
_STRING = re.compile(r'"(?:\\["\\]|[^"])*+"')
_BARE = re.compile(r'[^,\s"]++')
_TIME = re.compile(r"[ ]++(-?[0-9]{1,19})(?=[ \r]*+(?:\n|\Z))")
_ESCAPED = re.compile(r"\\([,= ])")
_END = re.compile(r"[ \r]*+(?:\n|\Z)")
_SKIPPED = re.compile(r"(?:[ \t\r]*+(?:#[^\n]*+)?+\n)*+[ \t\r]*+(?:#[^\n]*+\Z)?+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}[iu]")
_BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), 0.0
)
_MAX_LINES, _MAX_BAD = 50_000, 1_000  # of one request; Telegraf sends 1,000 at once. Defaults
_SHOWN = 120  # characters of a bad line that are repeated


class BadLine(NamedTuple):
    """A line that is no point: its number from 1, how it begins, and what is wrong with it."""

    number: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"unable to parse '{self.text}': {self.reason}"


class Line(NamedTuple):
    """A line that is a point: its number from 1, its text, and what it says."""

    number: int
    text: str
    uplink: Uplink


@dataclass(frozen=True, slots=True)
class _Point:
    measurement: str
    tags: dict[str, str]
    fields: dict[str, float]
    left_out: list[LeftOut]
    time: int | None
    nanosecond: int


Knows = Callable[[str], bool]
"""Tells whether a tag's value is a device."""


def any_device(_: str) -> bool:
    """Return that it is one."""
    return True


def decode(payload: bytes, precision: str = "ns", knows: Knows = any_device) -> list[Uplink]:
    """Read lines, all or none; see `read_lines`.

    Raises
    ------
    UplinkError
        If one of them is no point; the message names it.
    """
    lines, bad = read_lines(payload, precision, knows)
    if bad:
        raise UplinkError(f"line {bad[0].number}: {bad[0]}")
    if not lines:
        raise UplinkError("no line with a point")
    return [line.uplink for line in lines]


def read_lines(payload: bytes, precision: str = "ns", knows: Knows = any_device) -> tuple[list[Line], list[BadLine]]:
    """Read lines, each on its own.

    Parameters
    ----------
    payload : bytes
        UTF-8.
    precision : str
        What timestamps count: one of `PRECISIONS`, or ``m`` or ``h``.
    knows : callable
        Whether the tag ``device`` speaks of a device.

    Raises
    ------
    UplinkError
        If the payload is no text, or there is no such precision.
    """
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UplinkError(f"the lines are not UTF-8: {error}") from error
    if precision not in PRECISIONS and precision not in _PRECISIONS_LONG:
        known = ", ".join((*PRECISIONS, *_PRECISIONS_LONG))
        raise UplinkError(f"precision {precision[:20]!r} is none of {known}")
    lines: list[Line] = []
    bad: list[BadLine] = []
    number, at = 1, 0
    while (begin := _skip(text, at)) < len(text):
        if len(bad) >= _MAX_BAD or len(lines) >= _MAX_LINES:
            bad.append(
                BadLine(number, text[begin : begin + _SHOWN], "too many before it: this and the rest were not read")
            )
            break
        number += text.count("\n", at, begin)
        at, found = _line(text, begin, precision, knows)
        line = text[begin:at].rstrip("\r\n ")
        if isinstance(found, Uplink):
            lines.append(Line(number, line, found))
        else:
            bad.append(BadLine(number, line[:_SHOWN], found))
        number += text.count("\n", begin, at)
    return lines, bad


def _skip(text: str, at: int) -> int:
    """Return where the next line begins that is neither empty nor a comment."""
    match = _SKIPPED.match(text, at)
    return match.end() if match else at


def _line(text: str, begin: int, precision: str, knows: Knows) -> tuple[int, Uplink | str]:
    """Read the line that begins somewhere; return where the next one does, and what it says or what is wrong."""
    try:
        point, end = _point(text, begin, precision)
        return end, _uplink(point, knows)
    except _Wrong as wrong:
        end = text.find("\n", wrong.at) + 1
        return end or len(text), str(wrong)
    except UplinkError as error:
        end = text.find("\n", begin) + 1
        return end or len(text), str(error)


class _Wrong(Exception):  # noqa: N818 - it names what happened
    """A line is no point; `at` is where that shows."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


def _point(text: str, at: int, precision: str) -> tuple[_Point, int]:
    measurement = _take(_MEASUREMENT, text, at, "missing measurement")
    at += len(measurement)
    tags, at = _tags(text, at)
    if text[at : at + 1] != " ":
        raise _Wrong(at, "missing fields")
    while text[at : at + 1] == " ":
        at += 1
    fields: dict[str, float] = {}
    left_out: list[LeftOut] = []
    while True:
        at = _field(text, at, fields, left_out)
        if text[at : at + 1] != ",":
            break
        at += 1
    time, nanosecond, at = _time(text, at, precision)
    end = _END.match(text, at)
    if end is None:
        raise _Wrong(at, "bad timestamp")
    return _Point(_plain(measurement), tags, fields, left_out, time, nanosecond), end.end()


def _tags(text: str, at: int) -> tuple[dict[str, str], int]:
    tags: dict[str, str] = {}
    while text[at : at + 1] == ",":
        key = _take(_KEY, text, at + 1, "missing tag key")
        at += 1 + len(key)
        if text[at : at + 1] != "=":
            raise _Wrong(at, "missing tag value")
        value = _take(_KEY, text, at + 1, "missing tag value")
        at += 1 + len(value)
        if _plain(key) in tags:
            raise _Wrong(at, "duplicate tags")
        tags[_plain(key)] = _plain(value)
    return tags, at


def _field(text: str, at: int, fields: dict[str, float], left_out: list[LeftOut]) -> int:
    """Read a field, and return where it ends. Of two of one name the last counts, as in InfluxDB."""
    key = _take(_KEY, text, at, "missing fields")
    at += len(key)
    if text[at : at + 1] != "=":
        raise _Wrong(at, "invalid field format")
    at += 1
    name = _plain(key)
    if text[at : at + 1] == '"':
        quoted = _take(_STRING, text, at, "unbalanced quotes")
        leave_out(left_out, LeftOut(name, "it is text", rejected=False))
        return at + len(quoted)
    value = _take(_BARE, text, at, "missing field value")
    fields[name] = _number(value, at)
    return at + len(value)


def _number(text: str, at: int) -> float:
    if (boolean := _BOOLEANS.get(text)) is not None:
        return boolean
    if _INTEGER.fullmatch(text):
        whole = int(text[:-1])
        low, high = (-(2**63), 2**63) if text[-1] == "i" else (0, 2**64)
        if low <= whole < high:
            return float(whole)
    elif _FLOAT.fullmatch(text) and isfinite(value := float(text)):
        return value
    raise _Wrong(at, "invalid number")


def _time(text: str, at: int, precision: str) -> tuple[int | None, int, int]:
    """Read the timestamp, if there is one [us since the Unix epoch], what it has beyond that [ns], and where it ends."""
    match = _TIME.match(text, at)
    if match is None:
        return None, 0, at
    count = int(match[1])
    if precision in PRECISIONS:
        time = count * SECOND // PRECISIONS[precision]
    else:
        time = count * SECOND * _PRECISIONS_LONG[precision]
    if not abs(time) < 2**62:
        raise _Wrong(at, "time outside of all calendars")
    return time, count % 1000 if PRECISIONS.get(precision) == PRECISIONS["ns"] else 0, match.end()


def _take(pattern: re.Pattern[str], text: str, at: int, missing: str) -> str:
    match = pattern.match(text, at)
    if match is None:
        raise _Wrong(at, missing)
    return match[0]


def _plain(text: str) -> str:
    """Return a name without the backslashes that keep its commas, equal signs and spaces."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _uplink(point: _Point, knows: Knows) -> Uplink:
    tags = dict(point.tags)
    is_device = "device" in tags and ("host" not in tags or knows(tags["device"]))
    device = tags.pop("device" if is_device else "host", None)
    properties: dict[str, Measure] = {}
    for field, value in point.fields.items():
        put(properties, names.tagged(point.measurement, tags, field), value)
    return Uplink(
        device=device,
        time=point.time,
        nanosecond=point.nanosecond,
        properties=properties,
        battery=battery(properties),
        left_out=point.left_out,
    )
