"""What the API answers, as typed values. Times are in UTC; units stand in brackets.

A member that a newer API adds is passed over; one that it takes away is an error.
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct, field

T = TypeVar("T")

Attributes = dict[str, float | int | str | bool]
Document = dict[str, Any]
"""JSON that differs from case to case."""


class Page(Struct, Generic[T], frozen=True):
    """Part of a list; `next` leads on."""

    items: list[T]
    next: str | None


class City(Struct, frozen=True, kw_only=True):
    """The city; `newest` is the time of a world's newest reading."""

    id: str
    name: str
    timezone: str
    bbox: tuple[float, float, float, float]
    districts: int
    streets: int
    sensors: int
    world: str
    newest: datetime | None


class Polygon(Struct, frozen=True):
    """GeoJSON (RFC 7946)."""

    type: Literal["Polygon"]
    coordinates: list[list[tuple[float, float]]]


class District(Struct, frozen=True, kw_only=True):
    """A district with its outline."""

    id: str
    name: str
    category: str
    population: int
    geometry: Polygon
    attributes: Attributes


class Property(Struct, frozen=True, kw_only=True):
    """What a sensor observes, in which SenML unit, in which plausible range."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    digits: int


class Setting(Struct, frozen=True, kw_only=True):
    """What a device can be told; `limit` names an attribute of the sensor that bounds it, `needs` one it must have."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    limit: str | None
    needs: str | None
    whole: bool


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of sensors; `period` [s]."""

    name: str
    title: str
    period: int
    on_change: bool
    properties: list[Property]
    settings: list[Setting]


class Reading(Struct, frozen=True, kw_only=True):
    """One reading, or, in place of `value` and `seq`, the aggregates of one bucket that begins at `time`."""

    time: datetime
    world: str
    sensor: str
    kind: str
    district: str
    property: str
    unit: str
    value: float | None = None
    seq: int | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    sum: float | None = None
    count: int | None = None
    first: float | None = None
    last: float | None = None
    p95: float | None = None


class Sensor(Struct, frozen=True, kw_only=True):
    """A sensor; longitude, latitude [deg, WGS 84]; `distance` [m] with `near`; `latest` of one alone."""

    id: str
    kind: str
    district: str
    longitude: float
    latitude: float
    attributes: Attributes
    distance: float | None = None
    latest: list[Reading] = field(default_factory=list)


class Device(Struct, frozen=True, kw_only=True):
    """A device of one's own; `battery` [%], `rssi` [dBm], `snr` [dB], `offline_after` [s]; `latest` of one alone."""

    id: str
    pilot: str
    name: str
    kind: Literal["device"]
    world: str
    topic: str
    codec: str
    external: str | None
    longitude: float | None
    latitude: float | None
    district: str
    made: datetime
    state: Literal["new", "online", "offline"]
    seen: datetime | None
    offline_after: int
    battery: float | None
    rssi: float | None
    snr: float | None
    messages: int
    readings: int
    latest: list[Reading] = field(default_factory=list)


class Taken(Struct, frozen=True, kw_only=True):
    """What was taken of a message, and is durable; `left_out` are members that are no numbers."""

    devices: list[str]
    readings: int
    left_out: list[str]


class Export(Struct, frozen=True, kw_only=True):
    """An export; `progress` from 0 to 1."""

    id: str
    pilot: str
    state: Literal["queued", "running", "done", "failed"]
    progress: float
    rows: int
    bytes: int
    format: Literal["csv", "parquet", "arrow"]
    worlds: list[str]
    start: datetime
    end: datetime
    made: datetime
    expires: datetime | None
    file: str | None
    reason: str | None


class Backfill(Struct, frozen=True, kw_only=True):
    """How far a backfill has come; `eta` [s]."""

    from_: datetime = field(name="from")
    to: datetime
    at: datetime
    readings: int
    eta: float | None


class World(Struct, frozen=True, kw_only=True):
    """A world; `speed` and `pace` in world seconds per second, as it is told to go and as it goes."""

    world: str
    owner: str
    parent: str
    city: str
    seed: int
    start: datetime
    time: datetime
    state: Literal["running", "paused", "asleep", "failed", "catching-up"]
    speed: float | Literal["max"]
    pace: float
    kinds: list[str]
    districts: list[str]
    packs: bool
    live: bool
    events: int
    messages: int | None
    backfill: Backfill | None
    reason: str | None = None


class Advanced(Struct, frozen=True, kw_only=True):
    """What sensors said while a world was advanced from `from_` to `time`; with `next`, not all is in `items`."""

    time: datetime
    from_: datetime = field(name="from")
    steps: int
    rows: int
    items: list[Reading]
    next: str | None


class Event(Struct, frozen=True, kw_only=True):
    """Something that happens in a world; `severity` from 0 to 1."""

    id: str
    type: str
    start: datetime
    end: datetime
    targets: list[str]
    severity: float
    public: bool
    parameters: Document


class Command(Struct, frozen=True, kw_only=True):
    """What became of a command; `at` is the time of the tick from which it holds."""

    id: str
    status: Literal["applied", "rejected", "pending"]
    at: datetime | None
    reason: str | None


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook; `secret`, which signs its deliveries, only when it is made."""

    id: str
    name: str
    url: str
    world: str
    condition: Document
    enabled: bool
    reason: str
    made: datetime
    failing: datetime | None
    secret: str | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery of a webhook: `tried` last, `took` [s], and was answered `code`, or went wrong as `error` says."""

    id: str
    type: str
    status: Literal["pending", "delivered", "failed", "dropped"]
    made: datetime
    attempts: int
    tried: datetime | None
    took: float | None
    code: int | None
    error: str
    due: datetime | None
    body: Document
