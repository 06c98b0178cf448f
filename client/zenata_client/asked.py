"""The words that calls take, each group written once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

Names = str | Sequence[str]
Moment = str | datetime
"""RFC 3339, or, where the API says so, relative to the world's newest reading (``-1h``)."""
FormatName = Literal["csv", "parquet", "arrow"]
Speed = float | Literal["max"]


class Which(TypedDict, total=False):
    """Which series are meant; the shared city without `world`, all without the others."""

    world: Names
    sensor: Names
    kind: Names
    district: Names
    property: Names


class Asked(Which, total=False):
    """Which readings are meant: from `start` to before `end`, in buckets of `every` (``15m``) with aggregates `agg`."""

    start: Moment
    end: Moment
    every: str
    agg: Names


class DeviceWords(TypedDict, total=False):
    """What a device is (docs/devices.md); longitude, latitude [deg], offline_after [s]."""

    name: str
    longitude: float | None
    latitude: float | None
    codec: Literal["auto", "cayenne", "json", "influx"]
    external: str | None
    offline_after: int


class WorldWords(TypedDict, total=False):
    """What a world is to be; `speed` in world seconds per second."""

    seed: int
    start: Moment
    scenario: str | list[dict[str, object]]
    speed: Speed
    state: Literal["running", "paused"]
    kinds: list[str]
    districts: list[str]
    packs: bool


class ForkWords(TypedDict, total=False):
    """What a copy of a world is to be."""

    at: Moment
    speed: Speed
    state: Literal["running", "paused"]


class ClockWords(TypedDict, total=False):
    """How a world's clock is to go on."""

    state: Literal["running", "paused"]
    speed: Speed


class WebhookWords(TypedDict, total=False):
    """What a webhook is (docs/webhooks.md has the conditions)."""

    url: str
    name: str
    condition: dict[str, object]
    enabled: bool
