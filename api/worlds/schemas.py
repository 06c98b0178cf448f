"""The JSON documents about worlds; see `api.city.schemas`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.city.schemas import Document, Row


class BackfillDocument(Document):
    """How far a backfill has come: `at`, on the way from `from` to `to`; `eta` [s]."""

    from_: str = Field(alias="from")
    to: str
    at: str
    readings: int
    eta: float | None


class WorldDocument(Document):
    """A world; `speed` and `pace` in world seconds per second, as it is told to go and as it goes.

    `messages` is how many its sensors have published; null while it does not run.
    """

    world: str
    owner: str
    parent: str
    city: str
    seed: int
    start: str
    time: str
    state: Literal["running", "paused", "asleep", "failed", "catching-up"]
    speed: float | Literal["max"]
    pace: float
    kinds: list[str]
    districts: list[str]
    packs: bool
    live: bool
    events: int
    messages: int | None
    backfill: BackfillDocument | None
    reason: str | None = None


class WorldPage(Document):
    """The worlds one may look into."""

    items: list[WorldDocument]
    next: None


class StepPage(Document):
    """What sensors said while a world was advanced from `from` to `time`; `next` leads to the readings not shown."""

    time: str
    from_: str = Field(alias="from")
    steps: int
    rows: int
    items: list[Row]
    next: str | None


class EventDocument(Document):
    """Something that happens in a world; `severity` from 0 to 1."""

    id: str
    type: str
    start: str
    end: str
    targets: list[str]
    severity: float
    public: bool
    parameters: dict[str, Any]


class EventPage(Document):
    """The events of a world."""

    items: list[EventDocument]
    next: None


class AffectedDocument(Document):
    """A property of a sensor that an event made different; `largest` difference in its unit, null for silence alone."""

    sensor: str
    property: str
    start: str
    end: str
    largest: float | None


class LabelDocument(Document):
    """The truth about an event; `affected` is null where nobody knows (docs/scenarios.md)."""

    event: str
    type: str
    cause: dict[str, Any]
    targets: list[str]
    start: str
    end: str
    severity: float
    public: bool
    affected: list[AffectedDocument] | None


class TruthPage(Document):
    """What really happened in a world: cause, targets, and the sensors it affected."""

    items: list[LabelDocument]
    next: None


class CommandDocument(Document):
    """What became of a command; `at` is the time of the tick from which it holds."""

    id: str
    status: Literal["applied", "rejected", "pending"]
    at: str | None
    reason: str | None


class RecordDocument(BaseModel):
    """Everything that makes a world what it is; `zenata replay` reads it."""

    model_config = ConfigDict(extra="allow")

    format: int
    world: str
