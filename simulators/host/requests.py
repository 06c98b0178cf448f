"""What may be said to a world and to the host of worlds, and how it is read."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from zenata.city.clock import parse_duration, parse_time
from zenata.errors import ControlError

State = Literal["running", "paused"]

Speed = Annotated[float, msgspec.Meta(ge=1, le=3600)] | Literal["max"]
"""World seconds per second, or as fast as it can."""


MOST_STEPS = 8640
"""Ticks of one `advance`: a day of ten seconds each."""

MOST_ROWS = 1_000_000
"""Readings in the answer to one `advance`."""

P = TypeVar("P", bound="Words")

Most = Annotated[int, msgspec.Meta(ge=0)] | None  # private worlds that the owner may have


class Words(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a verb."""


class StatusWords(Words):
    """Whether asking counts as using the world."""

    used: bool = True


class PaceWords(Words):
    """What is left out stays as it is."""

    state: State | None = None
    speed: Speed | None = None


class AdvanceWords(Words):
    """Either a time or a number of ticks, and the most readings to return."""

    until: str | None = None
    steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=0, le=MOST_ROWS)] = 100_000


class BackfillWords(Words):
    """Up to when to move the world on, and the length of its ticks."""

    end: str
    every: str = "15m"


class CommandWords(Words):
    """A command, who sends it, and how long to wait for its tick [s]."""

    kind: str
    sensor: str
    set: dict[str, float | None]
    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    by: str = ""
    wait: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


class ForkWords(Words):
    """Whose the copy is, of what time, and how its clock goes."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    most: Most = None
    at: str | None = None
    speed: Speed | None = None
    state: State = "running"


class NewWorldWords(Words):
    """How to make a private world."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    most: Most = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 1
    start: str | None = None
    scenario: str | list[dict[str, Any]] | None = None
    speed: Speed = 1.0
    state: State = "running"
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    packs: bool = False


class WorldWords(Words):
    """Which world is meant."""

    world: str


def words_of(arguments: Mapping[str, Any], type_: type[P]) -> P:
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


def duration_of(name: str, text: str) -> int:
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


def moment_of(name: str, text: str) -> int:
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


def speed_of(speed: float | Literal["max"] | None, default: float) -> float:
    """Return a speed as `simulators.record.record.Pace` has it; `default` if nothing is said."""
    if speed is None:
        return default
    return 0.0 if speed == "max" else float(speed)
