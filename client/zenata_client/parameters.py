"""Parameters of calls: their types, how a request writes them, and their part of the docstrings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

Names: TypeAlias = str | Sequence[str]
Moment: TypeAlias = str | int | float | datetime | timedelta
"""A time, or a duration from the newest reading on; see `DOCUMENTED`."""
Duration: TypeAlias = str | int | float | timedelta
"""``15m``, seconds, or a `timedelta`."""
FormatName: TypeAlias = Literal["csv", "parquet", "arrow"]
Speed: TypeAlias = float | Literal["max"]
RunState: TypeAlias = Literal["running", "paused"]

DOCUMENTED = {
    "series": """\
    world : str or list of str, optional
        The shared city if left out; your devices are in ``p-`` and your pilot's name.
    sensor, kind, district, property : str or list of str, optional
        Only these.""",
    "range": """\
    start, end : str, int, float, datetime or timedelta, optional
        From `start` to before `end`, in the time of the world; the last hour if left out. RFC 3339, Unix seconds or
        milliseconds, or a duration before the newest reading: ``-90m``, ``timedelta(minutes=-90)``.
    every : str, int, float or timedelta, optional
        Aggregate in buckets of this width: ``15m``, seconds, or a `timedelta`.
    agg : str or list of str, optional
        Aggregates: mean, min, max, sum, count, first, last, p95; mean if only `every` is given.
    tz : str, optional
        Time zone by whose clock buckets begin, such as ``Africa/Casablanca``.""",
    "paused": """\
    steps : int, optional
        Ticks of ten seconds; give this or `until`.
    until : str, datetime or timedelta, optional
        Up to this time, or so much further.""",
}
"""Descriptions that several docstrings share, by the name that stands for each, such as ``{series}``."""


def documented(function: F) -> F:
    """Put the shared descriptions into a docstring."""
    text = function.__doc__ or ""
    for name, description in DOCUMENTED.items():
        text = text.replace(f"    {{{name}}}", description)
    function.__doc__ = text
    return function


def query(parameters: Mapping[str, object]) -> dict[str, str]:
    """Write parameters as a query has them; None is left out."""
    return {name: _text(value) for name, value in parameters.items() if value is not None}


def body(members: Mapping[str, object]) -> dict[str, Any]:
    """Write the members of a body, times and durations as text; None is left out."""
    return {
        name: text_of(value) if isinstance(value, datetime | timedelta) else value
        for name, value in members.items()
        if value is not None
    }


def text_of(moment: Moment) -> str:
    """Write a time or duration as the API reads it.

    Raises
    ------
    ValueError
        If it is a `timedelta` that is no whole number of seconds.
    """
    if isinstance(moment, timedelta):
        sign = "-" if moment < timedelta() else ""
        seconds, rest = divmod(abs(moment), timedelta(seconds=1))
        if rest:
            raise ValueError(f"{moment} is no whole number of seconds")
        return f"{sign}{seconds}s"
    if isinstance(moment, datetime):
        return moment.isoformat().replace("+00:00", "Z")  # without an offset it is UTC, as everywhere in the API
    return str(moment)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float | datetime | timedelta):
        return text_of(value)
    return ",".join(map(_text, value)) if isinstance(value, Iterable) else str(value)
