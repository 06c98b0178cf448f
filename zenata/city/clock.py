"""Time, injected: whole microseconds since the Unix epoch, and RFC 3339 text at the edges.

`parse_time` reads text, `from_epoch` reads a number of seconds, milliseconds, microseconds or nanoseconds (told apart
by its size), `parse_duration` reads durations, `format_time` writes.
"""

import math
import re
import time
from datetime import UTC, datetime
from fractions import Fraction
from importlib import resources
from typing import Protocol
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

SECOND = 1_000_000
"""One second [us]."""

LONGEST = 100 * 366 * 86_400 * SECOND
"""The longest duration that is read, 100 years [us]: enough for anyone, and no sum of times overflows."""

DURATION_HELP = "write a duration such as 30s, 15m, 1h, 1d12h or PT15M, up to 100 years"

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
_SHORT = re.compile(r"(?:[0-9]{1,10}[smhdw])+")
_PART = re.compile(r"([0-9]+)([smhdw])")
_ISO = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,10})W)?(?:([0-9]{1,10})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,10})H)?(?:([0-9]{1,10})M)?(?:([0-9]{1,10})S)?)?"
)


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
    """What tells the time of a world and waits for it."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        ...

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
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

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
        wait = (moment - self.now()) / SECOND / self._speed
        if wait > 0:
            time.sleep(min(wait, timeout))
        return wait <= timeout


class WallClock:
    """The time of day."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return time.time_ns() // 1000

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
        wait = (moment - self.now()) / SECOND
        if wait > 0:
            time.sleep(min(wait, timeout))
        return wait <= timeout


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
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds


def parse_duration(text: str) -> int:
    """Read a duration: numbers with one of ``s m h d w`` each, or ISO 8601 (-1, section 5.5.2) without months and years.

    Returns
    -------
    int
        [us], more than zero.

    Raises
    ------
    ValueError
        If `text` is not a duration.
    """
    if _SHORT.fullmatch(text):
        duration = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    elif match := _ISO.fullmatch(text):
        duration = sum(int(count or 0) * _UNITS[unit] for count, unit in zip(match.groups(), "wdhms", strict=True))
    else:
        raise ValueError(f"{text!r} is not a duration: {DURATION_HELP}")
    if not 0 < duration <= LONGEST:
        raise ValueError(f"{text!r} is out of range: {DURATION_HELP}")
    return duration


def format_time(moment: int) -> str:
    """Write a time [us since the Unix epoch] as RFC 3339 in UTC, with decimals only where there are any."""
    seconds, micros = divmod(moment, SECOND)
    text = datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=None).isoformat()  # strftime leaves years short
    if micros:
        text += f".{micros:06d}".rstrip("0")
    return text + "Z"


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
