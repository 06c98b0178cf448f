"""What may be said to a world and to the host of worlds, and how it is read."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from zenata.city.clock import parse_duration, parse_time
from zenata.errors import ControlError

State = Literal["running", "paused"]

Speed = Annotated[float, msgspec.Meta(ge=1, le=3600)] | Literal["max"]
"""World seconds per second, or as fast as it can."""


MAX_STEPS = 8640
"""Ticks of one `advance`: a day of ten seconds each."""

MAX_ROWS = 1_000_000
"""Readings in the answer to one `advance`."""

P = TypeVar("P", bound="Arguments")

MaxWorlds = Annotated[int, msgspec.Meta(ge=0)] | None  # private worlds that the owner may have


class Arguments(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a verb."""


class StatusRequest(Arguments):
    """Whether asking counts as using the world."""

    used: bool = True


class NetworkRequest(Arguments):
    """Which document of which network of the city."""

    network: str
    format: str


class PaceRequest(Arguments):
    """What is left out stays as it is."""

    state: State | None = None
    speed: Speed | None = None


class AdvanceRequest(Arguments):
    """Either a time or a number of ticks, and the most readings to return."""

    until: str | None = None
    steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=0, le=MAX_ROWS)] = 100_000


class BackfillRequest(Arguments):
    """Up to when to move the world on, the length of its ticks, and how many readings that may make."""

    end: str
    every: str = "15m"
    max_readings: Annotated[int, msgspec.Meta(ge=0)] | None = None


class CommandRequest(Arguments):
    """A command, who sends it, and how long to wait for its tick [s]."""

    kind: str
    sensor: str
    set: dict[str, float | None]
    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    by: str = ""
    wait: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


class ForkRequest(Arguments):
    """Whose the copy is, of what time, and how its clock goes."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    max_worlds: MaxWorlds = None
    at: str | None = None
    speed: Speed | None = None
    state: State = "running"


class NewWorldRequest(Arguments):
    """How to make a private world."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    max_worlds: MaxWorlds = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 1
    start: str | None = None
    scenario: str | list[dict[str, Any]] | None = None
    speed: Speed = 1.0
    state: State = "running"
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    packs: bool = False
    sealed: bool = False
    blind: bool = False


class WorldRequest(Arguments):
    """Which world is meant."""

    world: str


def read_arguments(arguments: Mapping[str, Any], type_: type[P]) -> P:
    """Read the arguments of a verb.

    Raises
    ------
    ControlError
        If one is unknown, missing or out of range.
    """
    try:
        return msgspec.convert(arguments, type_)
    except msgspec.ValidationError as error:
        raise ControlError(str(error).replace("$.", ""), "invalid") from error


def read_duration(name: str, text: str) -> int:
    """Read a duration [us].

    Raises
    ------
    ControlError
        If it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ControlError(f"{name}: {error}", "invalid") from None


def read_time(name: str, text: str) -> int:
    """Read a time [us since the Unix epoch].

    Raises
    ------
    ControlError
        If it is none.
    """
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise ControlError(
            f"{name} {text[:80]!r} is not a time: write it like 2026-01-31T08:00:00Z", "invalid"
        ) from None


def read_speed(speed: float | Literal["max"] | None, default: float) -> float:
    """Return a speed as `simulators.record.record.Pace` has it; `default` if nothing is said."""
    if speed is None:
        return default
    return 0.0 if speed == "max" else float(speed)
