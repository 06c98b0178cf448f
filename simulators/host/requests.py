"""Requests that a world and the host of worlds take: their arguments, and how they are read."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from simulators.host.commands import MAX_COMMANDS
from simulators.host.store_writer import LONGEST_TICK
from simulators.record.journal import Order
from simulators.world.world import TICK
from zenata.city.clock import parse_duration, parse_moment
from zenata.errors import ControlError
from zenata.trials.seeds import Seed

State = Literal["running", "paused"]

Speed = Annotated[float, msgspec.Meta(ge=1, le=3600)] | Literal["max"]
"""World seconds per second, or as fast as it can."""


MAX_STEPS = 8640
"""Ticks of one `advance`: a day of ten seconds each."""

MAX_ROWS = 1_000_000
"""Readings in the answer to one `advance`."""

P = TypeVar("P", bound="Arguments")
Moment = str | int | float
"""A time in any of the forms that `zenata.city.clock.parse_moment` reads."""
Duration = str | int | float

MaxWorlds = Annotated[int, msgspec.Meta(ge=0)] | None  # private worlds that the owner may have


class Arguments(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a verb."""


class ViewRequest(Arguments):
    """Whether to show what is hidden from the owner of a sealed or blind world too."""

    full: bool = False


class StatusRequest(ViewRequest):
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
    """Either a time or a number of ticks, their length, commands for the first of them, and the most readings to return."""

    end: Moment | None = None
    steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    every: Duration = "10s"
    orders: Annotated[tuple[Order, ...], msgspec.Meta(max_length=MAX_COMMANDS)] = ()
    limit: Annotated[int, msgspec.Meta(ge=0, le=MAX_ROWS)] = 100_000


class BackfillRequest(Arguments):
    """Up to when to move the world on, the length of its ticks, and how many readings that may make."""

    end: Moment
    every: Duration = "15m"
    max_readings: Annotated[int, msgspec.Meta(ge=0)] | None = None


class CommandRequest(Arguments):
    """Commands, and how long to wait for their tick [s]."""

    orders: Annotated[tuple[Order, ...], msgspec.Meta(min_length=1, max_length=MAX_COMMANDS)]
    wait: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


class OutcomeRequest(Arguments):
    """Which command is meant; its sender, unless anybody's may be asked for."""

    id: str
    by: str | None = None


class EventRequest(ViewRequest, kw_only=True):
    """An event as `simulators.events.scenario` has it."""

    event: dict[str, Any]


class EndEventRequest(ViewRequest, kw_only=True):
    """Which event is to end."""

    id: str


class RepairRequest(Arguments):
    """What a crew is sent to, and who sends it."""

    target: str
    by: str = ""


class ForkRequest(ViewRequest, kw_only=True):
    """Whose the copy is, of what time, and how its clock goes."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    max_worlds: MaxWorlds = None
    start: Moment | None = None
    speed: Speed | None = None
    state: State = "running"


class NewWorldRequest(Arguments):
    """How to make a private world."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    max_worlds: MaxWorlds = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 1
    start: Moment | None = None
    scenario: str | list[dict[str, Any]] | None = None
    speed: Speed = 1.0
    state: State = "running"
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    packs: bool = False
    blind: bool = False
    publish: bool = True


class WorldRequest(Arguments):
    """Which world is meant."""

    world: str


class DeleteRequest(WorldRequest, kw_only=True):
    """Which world is meant, and the trial whose it is."""

    trial: str = ""


class NewTrialWorldRequest(Arguments):
    """How to make the world of a seed of a trial; the speed of one that runs by itself."""

    owner: Annotated[str, msgspec.Meta(min_length=1)]
    trial: Annotated[str, msgspec.Meta(min_length=1)]
    challenge: str
    seed: Seed
    speed: Speed | None = None


class TrialStepRequest(Arguments):
    """The number of a step, from 1, commands before it, the most readings to return, and whether to publish readings."""

    step: Annotated[int, msgspec.Meta(ge=1)]
    orders: Annotated[tuple[Order, ...], msgspec.Meta(max_length=MAX_COMMANDS)] = ()
    limit: Annotated[int, msgspec.Meta(ge=0, le=MAX_ROWS)] = 100_000
    publish: bool = False


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


def read_tick(name: str, text: Duration) -> int:
    """Read a length of ticks [us].

    Raises
    ------
    ControlError
        If it is none.
    """
    every = _read(name, lambda: parse_duration(text))
    if every % TICK or not TICK <= every <= LONGEST_TICK:
        raise ControlError(f"{name} must be a multiple of 10s, up to 1h", "invalid")
    return every


def read_time(name: str, text: Moment, now: int) -> int:
    """Read a time; relative ones count from `now` [us since the Unix epoch].

    Raises
    ------
    ControlError
        If it is none.
    """
    return _read(name, lambda: parse_moment(text, now))


def _read(name: str, parse: Callable[[], int]) -> int:
    try:
        return parse()
    except ValueError as error:
        raise ControlError(f"{name}: {error}", "invalid") from None


def read_speed(speed: float | Literal["max"] | None, default: float) -> float:
    """Return a speed as `simulators.record.record.Pace` has it; `default` if there is none."""
    if speed is None:
        return default
    return 0.0 if speed == "max" else float(speed)
