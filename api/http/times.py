"""Moments as people and programs write them in a query.

References
----------
RFC 3339.
"""

import re

from zenata.city.clock import parse_duration, parse_time

MOMENT_HELP = "write a time such as 2026-01-01T00:00:00Z, or one relative to the newest reading: now, -1h, -P1D"

_LOST_PLUS = re.compile(r"(T\S+) (\d\d:\d\d)$")


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
