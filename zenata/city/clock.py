"""Time, injected: whole microseconds since the Unix epoch, and RFC 3339 text at the edges.

`parse_time` reads text, `from_epoch` reads a number of seconds, milliseconds, microseconds or nanoseconds (distinguished
by its size), `parse_duration` reads durations, `format_time` writes.
"""

import math
import re
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Protocol
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

SECOND = 1_000_000
"""One second [us]."""

LONGEST = 100 * 366 * 86_400 * SECOND
"""The longest duration that is read, 100 years [us]: enough for anyone, and no sum of times overflows."""

DURATION_HELP = "write a duration such as 30s, 15min, 1h, 1d12h, PT15M or 900 (seconds), up to 100 years"

MOMENT_HELP = (
    "write a time as RFC 3339 (2026-01-01T00:00:00Z), as a number since 1970 (s, ms, us or ns, by its size), "
    "or from now: now, -90min, +10m, now-1h"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_UNITS = {
    unit: length
    for units, length in (
        ("us usec", 1),
        ("ms msec", SECOND // 1000),
        ("s sec secs second seconds", SECOND),
        ("m min mins minute minutes", 60 * SECOND),
        ("h hr hrs hour hours", 3600 * SECOND),
        ("d day days", 86_400 * SECOND),
        ("w week weeks", 7 * 86_400 * SECOND),
    )
    for unit in units.split()
}
_NUMBER = r"[0-9]{1,19}(?:\.[0-9]{0,12})?"
_PART = re.compile(rf"({_NUMBER})\s*([a-z]+)\s*")
_SHORT = re.compile(rf"(?:{_PART.pattern})+")
_ISO = re.compile(
    rf"P(?=[0-9T])(?:({_NUMBER})W)?(?:({_NUMBER})D)?(?:T(?=[0-9])(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?"
)
_SIGNED = re.compile(r"([+-])\s*(.+)", re.DOTALL)
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")
_OFFSET = re.compile(r"T.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")


ZONE_RULES = IANA_VERSION
"""Version of the time zone rules in use, such as ``2026f``: that of the installed package ``tzdata``."""

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


def load_zone(name: str) -> ZoneInfo:
    """Return a time zone with the rules of the installed package ``tzdata``.

    Never with the machine's: `zoneinfo.ZoneInfo` prefers the files of the operating system, so the same world would
    differ between machines whose rules are of different years.

    Parameters
    ----------
    name : str
        Of the IANA database, such as ``Africa/Casablanca``.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not _ZONE.fullmatch(name) or not file.is_file():
        raise ValueError(f"{name!r} is no time zone of the IANA database, version {ZONE_RULES}")
    with file.open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


class Clock(Protocol):
    """What tells the time of a world."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        ...


class ScaledClock:
    """A clock that starts at `start` and runs `speed` times as fast as the wall.

    Parameters
    ----------
    start : int
        What it shows now [us since the Unix epoch].
    speed : float
        World seconds per wall second.
    """

    def __init__(self, *, start: int, speed: float = 1.0) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic_ns()

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return self._start + int((time.monotonic_ns() - self._origin) / 1000 * self._speed)


class WallClock:
    """The time of day."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return time.time_ns() // 1000


def parse_time(text: str) -> int:
    """Read an RFC 3339 time, which in UTC is of the years 1 to 9999; without an offset it is UTC.

    Returns
    -------
    int
        [us since the Unix epoch]

    Raises
    ------
    ValueError
        If `text` is not a time, or `format_time` could not write it.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"{text!r} is beyond the years 1 to 9999 of UTC")
    delta = moment - _EPOCH
    return (delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds


@lru_cache(256)
def parse_duration(value: str | float) -> int:
    """Read a duration: ``90min``, ``1d12h``, ISO 8601 (-1, section 5.5.2; ``PT15M``), or a number of seconds.

    Months and years have no fixed length and are not read.

    Returns
    -------
    int
        [us], more than zero.

    Raises
    ------
    ValueError
        If `value` is not a duration.
    """
    text = as_text(value)
    plain = text.strip()
    parts: list[tuple[str, str]] = []
    if re.fullmatch(_NUMBER, plain):
        parts = [(plain, "s")]
    elif _SHORT.fullmatch(plain):
        parts = _PART.findall(plain)
    elif match := _ISO.fullmatch(plain.upper()):
        parts = [(count, unit) for count, unit in zip(match.groups(), "wdhms", strict=True) if count]
    if not parts or any(unit not in _UNITS for _, unit in parts):
        raise ValueError(f"{text!r} is not a duration: {DURATION_HELP}")
    duration = sum(int(Fraction(count) * _UNITS[unit]) for count, unit in parts)
    if not 0 < duration <= LONGEST:
        raise ValueError(f"{text!r} is out of range: {DURATION_HELP}")
    return duration


def as_text(value: str | float) -> str:
    """Return a number of a JSON document as its text, without an exponent; text as it is."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def parse_moment(value: str | float, now: int) -> int:
    """Read a time in any of the forms that parameters and the members of bodies take.

    Parameters
    ----------
    value : str, int or float
        RFC 3339, where a time without an offset is UTC; a number since the Unix epoch in s, ms, us or ns, by its size;
        ``now``; or a duration from now: ``-90min``, ``+10m``, ``now-1h``, ``-PT1H``. Where a URL has turned a plus into
        a space, the space is read as one.
    now : int
        What relative times count from [us since the Unix epoch].

    Returns
    -------
    int
        [us since the Unix epoch]

    Raises
    ------
    ValueError
        If `value` is none of these.
    """
    text = as_text(value)
    plain = text.strip()
    if not plain:
        raise ValueError(f"is empty: {MOMENT_HELP}")
    if plain == "now":
        return now
    try:
        if re.fullmatch(_NUMBER, plain) and not text.startswith(" "):
            return 0 if not plain.strip("0.") else from_epoch(float(plain) if "." in plain else int(plain))
        offset = text.removeprefix("now")
        lost_plus = offset.startswith(" ") and offset.strip()[0] not in "+-"
        if signed := _SIGNED.fullmatch("+" + offset if lost_plus else offset.strip()):
            length = parse_duration(signed[2])
            return now - length if signed[1] == "-" else now + length
        return parse_time(_LOST_PLUS.sub(r"\1+\2", plain))
    except OverflowError:
        raise ValueError(f"{text!r} is not a time: {MOMENT_HELP}") from None
    except ValueError as error:
        reason = str(error) if "1970" in str(error) or "beyond" in str(error) else f"{text!r} is not a time"
        raise ValueError(f"{reason}: {MOMENT_HELP}") from None


def is_relative(value: str | float) -> bool:
    """Return whether a time that `parse_moment` reads counts from now."""
    text = as_text(value)
    return text[:3] == "now" or text[:1] in {"+", "-", " "}


def lacks_zone(value: str | float) -> bool:
    """Return whether a time that `parse_moment` reads is a date or a time of day without an offset, and so taken as UTC."""
    text = as_text(value)
    plain = _LOST_PLUS.sub(r"\1+\2", text.strip())
    return not (is_relative(text) or re.fullmatch(_NUMBER, plain) or _OFFSET.search(plain.upper()))


def time_of(moment: int) -> datetime:
    """Return a time [us since the Unix epoch] as a datetime in UTC, as documents of the contract have it."""
    return _EPOCH + timedelta(microseconds=moment)


def format_time(moment: int) -> str:
    """Write a time [us since the Unix epoch] as RFC 3339 in UTC: a whole second without decimals, else with six.

    `msgspec` writes a datetime alike, so a time has one text whichever of the two writes it.
    """
    return time_of(moment).replace(tzinfo=None).isoformat() + "Z"  # strftime would leave years before 1000 short


EARLIEST, LATEST = parse_time("2000-01-01"), parse_time("2100-01-01")
"""Between which a world's time may be [us since the Unix epoch]: calendars and the sun hold there."""

EPOCH_HELP = "a number is seconds, milliseconds, microseconds or nanoseconds since 1970, of the years 2000 to 2099"


def from_epoch(number: float) -> int:
    """Read a number as a time since the Unix epoch; its size tells whether it is in s, ms, us or ns.

    The four ranges do not overlap, as only the years 2000 to 2099 are read: seconds have 9 or 10 digits, milliseconds
    12 or 13, microseconds 15 or 16, nanoseconds 18 or 19. Nanoseconds are cut off to whole microseconds.

    Parameters
    ----------
    number : int or float
        A float is read as the decimal number that writes it; above 2**53 it is no longer exact.

    Returns
    -------
    int
        [us since the Unix epoch], from `EARLIEST` (included) to `LATEST` (excluded).

    Raises
    ------
    ValueError
        If it is no time of these years in any of the four units.
    """
    if isinstance(number, int) or math.isfinite(number):
        exact = number if isinstance(number, int) else Fraction(repr(number))
        for per_second in (1, 1000, SECOND, 1000 * SECOND):
            moment = exact * SECOND // per_second
            if EARLIEST <= moment < LATEST:
                return moment
    raise ValueError(f"{number!r} is not a time: {EPOCH_HELP}")
