"""Worlds: their state, clocks, events and truth."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from .base import Body, Document, Duration, JsonObject, Moment, OpenDocument, Page, Speed, Time, Titles
from .commands import CommandResult, DeviceCommands
from .readings import Reading

State: TypeAlias = Literal["running", "paused"]
DEPRECATED = Meta(extra_json_schema={"deprecated": True})


class NewWorld(Body, frozen=True, kw_only=True):
    """A private world to make.

    Parameters
    ----------
    seed : int
        What all chance comes from.
    start : time, optional
        Its first moment; the time of day if left out, from which relative times count too.
    scenario : str or list, optional
        Name of one of the city's scenarios, TOML text, or a list of events.
    speed : float or "max"
        World seconds per second, 1 to 3600, or `max`.
    state : str
        `paused` for a world that moves only when it is advanced.
    kinds, districts : list of str
        Only sensors of these publish; all if empty.
    packs : bool
        Publish a pack for each district instead of a message for each sensor.
    publish : bool
        Whether readings are published and stored; if not, they are in the answers to `advance` alone.
    blind : bool
        Hide the scenario until all of its events are over, or you give up.
    """

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    start: Moment | None = None
    scenario: (
        Annotated[str, Meta(max_length=100_000)] | Annotated[list[JsonObject], Meta(max_length=100_000)] | None
    ) = None
    speed: Speed = 1.0
    state: State = "running"
    kinds: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    districts: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()
    packs: bool = False
    publish: bool = True
    blind: bool = False


class ClockChange(Body, frozen=True, kw_only=True):
    """A change of a world's clock; what is left out stays.

    Parameters
    ----------
    state : str, optional
    speed : float or "max", optional
        World seconds per second, 1 to 3600, or `max`.
    """

    state: State | None = None
    speed: Speed | None = None


class Advance(Body, frozen=True, kw_only=True):
    """How far to move a paused world.

    Parameters
    ----------
    end : time, optional
        Up to this time; `+10m` is ten minutes of the world from where it stands. Give this or `steps`.
    steps : int, optional
        Ticks.
    every : duration
        Length of a tick, 10s to 1h.
    commands : list of DeviceCommand
        Given before the first tick; their outcomes are in the answer.
    limit : int
        Readings to return, at most.
    until : time, optional
        The earlier word for `end`.
    """

    end: Moment | None = None
    steps: Annotated[int, Meta(ge=1)] | None = None
    every: Duration = "10s"
    commands: DeviceCommands = ()
    limit: Annotated[int, Meta(ge=0, le=100_000)] = 10_000
    until: Annotated[Moment | None, DEPRECATED] = None

    def __post_init__(self) -> None:
        if [self.end, self.until, self.steps].count(None) != 2:
            raise ValueError("give either end or steps")


class Fork(Body, frozen=True, kw_only=True):
    """A copy of a world to make.

    Parameters
    ----------
    start : time, optional
        As it was at this time, from which the copy goes on; as it is now if left out. `-1h` is an hour before now in
        the world.
    speed : float or "max", optional
        World seconds per second; that of the world if left out.
    state : str
    at : time, optional
        The earlier word for `start`.
    """

    start: Moment | None = None
    speed: Speed | None = None
    state: State = "running"
    at: Annotated[Moment | None, DEPRECATED] = None

    def __post_init__(self) -> None:
        if self.start is not None and self.at is not None:
            raise ValueError("at: it is the earlier word for start, so give start alone")


class NewEvent(OpenDocument, frozen=True, kw_only=True):
    """An event to begin. Each type has parameters of its own beside these (docs/scenarios.md).

    Parameters
    ----------
    type : str
    start : time, optional
        The world's next tick if left out, from which relative times count.
    duration : duration, optional
        As `6h`, or seconds.
    """

    type: Annotated[str, Meta(max_length=64, examples=["leak"])]
    start: Moment | None = None
    duration: Duration | None = None


class NewBackfill(Body, frozen=True, kw_only=True):
    """Up to when to move a paused world, in long ticks, into the store.

    Parameters
    ----------
    end : time
        Relative times count from now in the world.
    every : duration
        Length of a tick, 10s to 1h.
    """

    end: Moment
    every: Duration = "15m"


class Backfill(Document, frozen=True, kw_only=True):
    """Progress of a backfill.

    Parameters
    ----------
    from, to, at : datetime
        Where it began, ends, and is now.
    readings : int
        How many it has written.
    eta : float or None
        Time it still needs [s].
    """

    from_: Time = field(name="from")
    to: Time
    at: Time
    readings: int
    eta: float | None


class World(Document, frozen=True, kw_only=True):
    """A world.

    Parameters
    ----------
    world, owner, parent, city : str
        Its name, its pilot (empty for the shared city), the world that it was forked from, and its city pack.
    seed : int or None
        Null for a sealed world.
    start, time : datetime
        Its first moment, and its time now.
    state : str
    speed : float or "max"
        World seconds per second, as requested.
    pace : float
        World seconds per second, as it runs; 0 while it is paused.
    kinds, districts : list of str
        Only sensors of these publish; all if empty.
    packs : bool
        Whether it publishes packs of districts.
    publish : bool
        Whether its readings are published and stored.
    live : bool
        Whether it follows the time of day.
    sealed : bool
        Whether it draws from a secret, so that nobody can compute its future.
    blind : bool
        Whether its scenario is hidden until it is over.
    zone_rules : str
        Version of the time zone rules it was made by.
    events : int
        Those that may be seen.
    messages : int or None
        Messages that its sensors have published; null while it does not run.
    backfill : Backfill or None
    reason : str or None
        Why it failed.
    reasons : Titles or None
        The reason by language.
    """

    world: str
    owner: str
    parent: str
    city: str
    seed: int | None
    start: Time
    time: Time
    state: Literal["running", "paused", "asleep", "failed", "catching-up"]
    speed: float | Literal["max"]
    pace: float
    kinds: list[str]
    districts: list[str]
    packs: bool
    publish: bool
    live: bool
    sealed: bool
    blind: bool
    zone_rules: str
    events: int
    messages: int | None
    backfill: Backfill | None
    reason: str | None = None
    reasons: Titles | None = None


class Advanced(Page[Reading], frozen=True, kw_only=True):
    """Readings of a world while it was advanced.

    Parameters
    ----------
    from, time : datetime
        Where it stood before, and stands now.
    steps : int
        Ticks.
    rows : int
        Readings in all.
    items : list of Reading
    next : str or None
        Path that leads to all readings, if they are more than `limit`.
    outcomes : list of CommandResult
        Of the commands that came into force meanwhile.
    """

    time: Time
    from_: Time = field(name="from")
    steps: int
    rows: int
    outcomes: list[CommandResult]


class NewRepair(Body, frozen=True, kw_only=True):
    """A crew to send out.

    Parameters
    ----------
    target : str
        A street (its pipe), a transformer station (its line), a lamp, or any other sensor.
    """

    target: Annotated[str, Meta(max_length=64, examples=["street-0033"])]


class Repair(Document, frozen=True, kw_only=True):
    """A crew that was sent out.

    Parameters
    ----------
    id, target : str
    sent, there : datetime
    status : str
    done : datetime or None
        When its work ends; null until it is there.
    found : list of str or None
        What it finds and mends at its target: types of events, and ``lamp_failure``; null until it is there.
    cost : float
        So far [DH].
    by : str
    """

    id: str
    target: str
    sent: Time
    there: Time
    status: Literal["on its way", "working", "done"]
    done: Time | None
    found: list[str] | None
    cost: float
    by: str


class EventEnd(Document, frozen=True, kw_only=True):
    """An event that was ended.

    Parameters
    ----------
    id : str
    end : datetime or None
        Null if it had not begun and was taken back.
    """

    id: str
    end: Time | None


class Event(Document, frozen=True, kw_only=True):
    """Something that happens in a world.

    Parameters
    ----------
    id, type : str
    start, end : datetime
    targets : list of str
    severity : float
        From 0 to 1.
    public : bool
        Whether the city announces it.
    parameters : dict
        Those of its type.
    """

    id: str
    type: str
    start: Time
    end: Time
    targets: list[str]
    severity: float
    public: bool
    parameters: JsonObject


class Affected(Document, frozen=True, kw_only=True):
    """A property of a sensor that an event changed.

    Parameters
    ----------
    sensor, property : str
    start, end : datetime
    largest : float or None
        Largest difference [unit of the property]; null where the sensor was only silent.
    """

    sensor: str
    property: str
    start: Time
    end: Time
    largest: float | None


class Label(Document, frozen=True, kw_only=True):
    """The truth about an event.

    Parameters
    ----------
    event, type : str
    cause : dict
    targets : list of str
    start, end : datetime
    severity : float
        From 0 to 1.
    public : bool
    affected : list of Affected or None
        Null where it is not known (docs/scenarios.md).
    """

    event: str
    type: str
    cause: JsonObject
    targets: list[str]
    start: Time
    end: Time
    severity: float
    public: bool
    affected: list[Affected] | None


class WorldRecord(OpenDocument, frozen=True, kw_only=True):
    """Everything that makes a world what it is; `zenata replay` reads it."""

    format: int
    world: str
