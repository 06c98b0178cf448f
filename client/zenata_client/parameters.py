"""Parameters of calls: their types, how a request writes them, and their part of the docstrings."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from inspect import Parameter, signature
from operator import index
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar, get_args

from zenata_client.contract.commands import MAX_COMMANDS

F = TypeVar("F", bound=Callable[..., Any])

Names: TypeAlias = str | Sequence[str]
Moment: TypeAlias = str | int | float | datetime | timedelta
"""A time, or a duration from now on, where now is the newest reading or the time of a world; see `DOCUMENTED`."""
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
        milliseconds, or a duration from the newest reading on: ``-90m``, ``now-1h``, ``timedelta(minutes=-90)``.
    every : str, int, float or timedelta, optional
        Aggregate in buckets of this width: ``15m``, seconds, or a `timedelta`.
    agg : str or list of str, optional
        Aggregates: mean, min, max, sum, count, first, last, p95; mean if only `every` is given.
    tz : str, optional
        Time zone by whose clock buckets begin, such as ``Africa/Casablanca``.""",
    "paused": """\
    steps : int, optional
        Ticks; give this or `end`.
    end : str, int, float, datetime or timedelta, optional
        Up to this time, or so much further: ``+10m``, ``timedelta(minutes=10)``.
    until
        The earlier word for `end`.""",
}
"""Descriptions that several docstrings share, by the name that stands for each, such as ``{series}``."""


class Which(TypedDict, total=False):
    """Parameters that choose series; see `DOCUMENTED`."""

    world: Names | None
    sensor: Names | None
    kind: Names | None
    district: Names | None
    property: Names | None


class Selection(Which, total=False):
    """Parameters that choose series, a range of time, and aggregates; see `DOCUMENTED`."""

    start: Moment | None
    end: Moment | None
    every: Duration | None
    agg: Names | None
    tz: str | None


def documented(function: F) -> F:
    """Put the shared descriptions into a docstring, and the members of an `Unpack` into the signature."""
    text = function.__doc__ or ""
    for name, description in DOCUMENTED.items():
        text = text.replace(f"    {{{name}}}", description)
    function.__doc__ = text
    plain = signature(function)
    named = list(plain.parameters.values())
    if named and named[-1].kind is Parameter.VAR_KEYWORD:
        (members,) = get_args(named.pop().annotation)
        named += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=type_)
            for name, type_ in members.__annotations__.items()
        ]
        vars(function)["__signature__"] = plain.replace(parameters=named)
    return function


_MOMENTS = {"start", "end", "expires"}  # members and parameters that are times, so that a duration counts from now
_UNITS = {
    unit: timedelta(**{name: 1})
    for name, units in {
        "microseconds": "us usec",
        "milliseconds": "ms msec",
        "seconds": "s sec secs second seconds",
        "minutes": "m min mins minute minutes",
        "hours": "h hr hrs hour hours",
        "days": "d day days",
        "weeks": "w week weeks",
    }.items()
    for unit in units.split()
}
_NUMBER = r"[0-9]+(?:\.[0-9]*)?"
_PART = rf"({_NUMBER})\s*([a-z]+)\s*"
_ISO = rf"P(?:({_NUMBER})W)?(?:({_NUMBER})D)?(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?"
_YEARS = (datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp())


def query(parameters: Mapping[str, object]) -> dict[str, str]:
    """Write parameters as a query has them; None is left out."""
    return {name: _text(name, value) for name, value in parameters.items() if value is not None}


def body(members: Mapping[str, object]) -> dict[str, Any]:
    """Write the members of a body, times and durations as text; None is left out, except in members of members."""
    return {name: _member(name, value) for name, value in members.items() if value is not None}


def limit_of(limit: Any) -> int | None:  # noqa: ANN401 - whatever was given
    """Return how many items are wanted at most.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is below 0.
    """
    if limit is None:
        return None
    if isinstance(limit, bool) or not hasattr(limit, "__index__"):
        raise TypeError(f"limit: {limit!r} is not a whole number: write one such as 5, or leave it out for all")
    count = index(limit)
    if count < 0:
        raise ValueError(f"limit: {count} is below 0: write how many you want at most, or leave it out for all")
    return count


def check_commands(count: int) -> None:
    """Check that one request may hold so many commands.

    Raises
    ------
    ValueError
        If they are too many.
    """
    if count > MAX_COMMANDS:
        raise ValueError(
            f"commands: {count:,} are more than the {MAX_COMMANDS:,} that one request or step of a trial takes: "
            "give the others with the next one"
        )


def text_of(value: Moment, *, signed: bool = False) -> str:
    """Write a time or duration as the API reads it; `signed` is for a duration from now on."""
    if isinstance(value, timedelta):
        sign = "-" if value < timedelta() else "+" if signed else ""
        micros = abs(value) // timedelta(microseconds=1)
        return f"{sign}{micros}us" if micros % 1_000_000 else f"{sign}{micros // 1_000_000}s"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")  # without an offset it is UTC, as everywhere in the API
    return str(value)


def duration_of(duration: Duration) -> timedelta:
    """Return a duration, read as the API reads it.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(duration, timedelta):
        return duration
    text = str(duration).strip()
    if re.fullmatch(_NUMBER, text):
        return timedelta(seconds=float(text))
    parts = re.findall(_PART, text) if re.fullmatch(f"(?:{_PART})+", text) else []
    if match := re.fullmatch(_ISO, text.upper()):
        parts = [(count, unit) for count, unit in zip(match.groups(), "wdhms", strict=True) if count]
    if not parts or any(unit not in _UNITS for _, unit in parts):
        raise ValueError(f"{duration!r} is not a duration: write one such as 30s, 15min, 1h, PT15M or 900 (seconds)")
    return sum((float(count) * _UNITS[unit] for count, unit in parts), timedelta())


def moment_of(moment: Moment, now: datetime) -> datetime:
    """Return a time, read as the API reads it; relative ones count from `now`.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(moment, timedelta):
        return now + moment
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    text = str(moment).strip()
    if re.fullmatch(_NUMBER, text):
        seconds = [float(text) / scale for scale in (1, 1e3, 1e6, 1e9)]
        found = [one for one in seconds if _YEARS[0] <= one < _YEARS[1]]
        if not found:
            raise ValueError(f"{moment!r} is not a time of the years 2000 to 2099 in s, ms, us or ns since 1970")
        return datetime.fromtimestamp(found[0], UTC)
    if text == "now":
        return now
    if match := re.fullmatch(r"(?:now)?\s*([+-])\s*(.+)", text):
        length = duration_of(match[2])
        return now - length if match[1] == "-" else now + length
    try:
        return moment_of(datetime.fromisoformat(text), now)
    except ValueError:
        raise ValueError(f"{moment!r} is not a time: write RFC 3339, or so far from now as +10m") from None


def _member(name: str, value: object) -> object:
    if isinstance(value, datetime | timedelta):
        return text_of(value, signed=name in _MOMENTS)
    if isinstance(value, Mapping):
        return {inner: _member(inner, one) for inner, one in value.items()}
    return [_member(name, one) for one in value] if isinstance(value, list | tuple) else value


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float | datetime | timedelta):
        return text_of(value, signed=name in _MOMENTS)
    return ",".join(_text(name, one) for one in value) if isinstance(value, Iterable) else str(value)
