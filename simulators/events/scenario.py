"""Scenarios: lists of events, as people write them.

::

    [[events]]
    type = "leak"          # a key of `simulators.events.registry.EVENTS`
    id = "night-leak"      # optional: the type and a number
    start = "+1d2h"        # from the start of the world on, or a time; at its start if it is left out
    duration = "6h"        # or a number of seconds; as the type has it if it is left out
    target = "street-0033" # everything else is a parameter of the type
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import msgspec

from simulators.events.base import Event
from simulators.events.registry import EVENTS
from simulators.events.targets import unknown
from zenata.city.clock import LATEST, format_time, parse_duration, parse_moment
from zenata.city.model import City
from zenata.contract.decode import convert
from zenata.errors import ScenarioError

MAX_EVENTS = 1000
"""Events of one scenario."""


_ID = "1 to 64 letters, digits, points, '-' and '_'"


class _Entry(msgspec.Struct, kw_only=True):
    """What every entry may say."""

    type: str
    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$", extra={"words": _ID})] | None = None
    start: str | int | float | None = None
    duration: str | int | float | None = None


def scenario_named(city: City, name: str) -> str:
    """Return the text of a scenario that comes with a city.

    Raises
    ------
    ScenarioError
        If there is none of that name.
    """
    if name not in city.scenarios:
        known = ", ".join(city.scenarios) or "none"
        raise ScenarioError(f"city {city.id} has no scenario {name!r}: there is {known}")
    return city.scenarios[name]


def read_scenario(text: str, start: int) -> list[Event]:
    """Return the events of a scenario.

    Parameters
    ----------
    text : str
        TOML: a list of tables ``events``.
    start : int
        Of the world, from which relative times count [us since the Unix epoch].

    Raises
    ------
    ScenarioError
        If it is no such TOML, or as `events_of`.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"the scenario is not TOML: {error}") from error
    entries = table.pop("events", None)
    if table or not isinstance(entries, list):
        raise ScenarioError("a scenario is a list of tables [[events]], and nothing else")
    return events_of(entries, start)


def events_of(entries: Sequence[Any], start: int, taken: Collection[str] = ()) -> list[Event]:
    """Return what entries of a scenario mean, in their order. Whether it fits a city is seen when it is injected.

    Parameters
    ----------
    entries : sequence of mapping
        As JSON or TOML gives them; what is no mapping is refused.
    start : int
        From which relative times count [us since the Unix epoch].
    taken : collection of str
        Ids that other events have.

    Raises
    ------
    ScenarioError
        If an entry has no type or one that is unknown, or an id, a start or a duration that is none.
    """
    if len(entries) > MAX_EVENTS:
        raise ScenarioError(f"a scenario has up to {MAX_EVENTS} events, not {len(entries)}")
    events: list[Event] = []
    used = {
        *taken,
        *(entry["id"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)),
    }
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping):
            raise ScenarioError(f"event {number} is no table")
        try:
            event = _event_of(entry, start, used)
        except (ScenarioError, ValueError, OverflowError) as error:
            raise ScenarioError(f"event {number}: {error}") from error
        used.add(event.id)
        events.append(event)
    return events


def planned(city: City, scenario: str | Sequence[Mapping[str, Any]] | None, start: int) -> list[Event]:
    """Return the events of a scenario.

    Parameters
    ----------
    city : City
    scenario : str, sequence of mapping, or None
        The name of one that comes with the city, TOML text, or its events.
    start : int
        Of the world [us since the Unix epoch].

    Raises
    ------
    ScenarioError
        If there is none of that name, or as `read_scenario` or `events_of`.
    """
    if scenario is None:
        return []
    if not isinstance(scenario, str):
        return events_of(scenario, start)
    is_text = any(sign in scenario for sign in "\n[=#")
    return read_scenario(scenario if is_text else scenario_named(city, scenario), start)


def _event_of(entry: Mapping[str, Any], start: int, used: Collection[str]) -> Event:
    plain = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in entry.items()
    }  # TOML's own
    parsed = convert(plain, _Entry)
    if parsed.type not in EVENTS:
        raise unknown("type", parsed.type, EVENTS)
    begin, duration = start, EVENTS[parsed.type].duration
    name = "start"
    try:
        if parsed.start is not None:
            begin = parse_moment(parsed.start, start)
            if begin >= LATEST:  # its end could be beyond what a date can write
                raise ValueError(f"no world lives until {format_time(begin)}: give a time before {format_time(LATEST)}")
        name = "duration"
        if parsed.duration is not None:
            duration = parse_duration(parsed.duration)
    except ValueError as error:
        raise ScenarioError(f"{name}: {error}") from None
    return Event(
        id=parsed.id or _free_id(parsed.type, used),
        type=parsed.type,
        start=begin,
        end=begin + duration,
        parameters={name: value for name, value in entry.items() if name not in _Entry.__struct_fields__},
    )


def _free_id(type_: str, used: Collection[str]) -> str:
    number = 1
    while f"{type_}-{number}" in used:
        number += 1
    return f"{type_}-{number}"
