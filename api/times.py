"""Durations and moments as people and programs write them in a query.

References
----------
RFC 3339 (times), ISO 8601-1 section 5.5.2 (durations).
"""

import re

from zenata.city.clock import SECOND, parse_time

LONGEST = 100 * 366 * 86_400 * SECOND
"""The longest duration that is read, 100 years [us]: enough for any query, and no sum of times overflows."""

DURATION_HELP = "write a duration such as 30s, 15m, 1h, 7d or PT15M, up to 100 years"
MOMENT_HELP = "write a time such as 2026-01-01T00:00:00Z, or one relative to the newest reading: now, -1h, -P1D"

_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
_SHORT = re.compile(r"([0-9]{1,10})([smhdw])")
_ISO = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,10})W)?(?:([0-9]{1,10})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,10})H)?(?:([0-9]{1,10})M)?(?:([0-9]{1,10})S)?)?"
)
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:\d\d)$")


def parse_duration(text: str) -> int:
    """Read a duration: a number and one of ``s m h d w``, or ISO 8601 with weeks, days, hours, minutes and seconds.

    Returns
    -------
    int
        [us], more than zero.

    Raises
    ------
    ValueError
        If `text` is not a duration.
    """
    if match := _SHORT.fullmatch(text):
        duration = int(match[1]) * _UNITS[match[2]]
    elif match := _ISO.fullmatch(text):
        duration = sum(int(count or 0) * _UNITS[unit] for count, unit in zip(match.groups(), "wdhms", strict=True))
    else:
        raise ValueError(f"{text!r} is not a duration: {DURATION_HELP}")
    if not 0 < duration <= LONGEST:
        raise ValueError(f"{text!r} is out of range: {DURATION_HELP}")
    return duration


def parse_moment(text: str, now: int) -> int:
    """Read a time: RFC 3339, ``now``, or a duration before now (``-1h``, ``now-1h``).

    Parameters
    ----------
    text : str
    now : int
        What relative times count from [us since the Unix epoch].

    Returns
    -------
    int
        [us since the Unix epoch]

    Raises
    ------
    ValueError
        If `text` is not a time.
    """
    relative = text.removeprefix("now")
    if not relative:
        if text:
            return now
        raise ValueError(f"is empty: {MOMENT_HELP}")
    if relative.startswith("-"):
        return now - parse_duration(relative[1:])
    try:
        return parse_time(_LOST_PLUS.sub(r"\1+\2", text))  # a '+' that nobody escaped reaches us as a space
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time: {MOMENT_HELP}") from None
