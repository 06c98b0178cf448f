"""The query parameters of each route, as declared in the OpenAPI document.

A name that is not declared is an error, so that a misspelt filter never means everything. Lists may be repeated
(``kind=air&kind=noise``) or joined by commas (``kind=air,noise``).
"""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.http.formats import FORMATS
from zenata.store.base import AGGREGATES


class Characters(BaseModel):
    """Base of parameters and bodies: refuses text that is not Unicode."""

    @model_validator(mode="before")
    @classmethod
    def _check_text(cls, data: Any) -> Any:  # noqa: ANN401 - a body can be any JSON
        """Refuse halves of surrogate pairs, which JSON can write and nothing can keep (RFC 8259 section 8.2)."""
        try:
            msgspec.json.encode(data)
        except UnicodeEncodeError:
            raise PydanticCustomError("no_character", "holds half of a surrogate pair, which is no character") from None
        return data


class Params(Characters):
    """Parameters of a route; on its own, of one that takes none."""

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, data: Any) -> Any:  # noqa: ANN401 - a body can be any JSON
        for name in data if isinstance(data, dict) else ():
            if name not in cls.model_fields:
                known = f"use {', '.join(cls.model_fields)}" if cls.model_fields else "this route takes none"
                context = {"parameter": name, "known": known, "allowed": list(cls.model_fields)}
                raise PydanticCustomError("unknown_parameter", "is no parameter of this route; {known}", context)
        return data


NoParams = Annotated[Params, Query()]


def _split(value: object) -> object:
    """Split lists at commas; nothing between them is an error, as an empty list would mean everything."""
    texts = value if isinstance(value, list | tuple) else [value]
    words = [word.strip() for text in texts for word in str(text).split(",")]
    if not all(words):
        raise PydanticCustomError("empty_name", "holds an empty name; leave the parameter out to mean all")
    return list(dict.fromkeys(words))


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
_LIMIT = Field(ge=1, le=100_000, description="The most items to return; `next` then leads on.")
_NOTHING = "Says something to InfluxDB, and nothing here."
PilotPath = Annotated[str, Path(description="Name of a pilot.")]
KeyPath = Annotated[str, Path(description="Name of a key of the pilot.")]
Cursor = Annotated[
    str | None, Field(max_length=200, description="`next` of the page before; the other parameters stay.")
]
FormatName = Annotated[
    str | None, Field(description=f"One of {', '.join(FORMATS)}; instead of Accept.", examples=["csv"], max_length=40)
]


class PageParams(Params):
    """Parameters of a list that comes in pages."""

    limit: Annotated[int, Field(ge=1, le=1000, description="The most items to return; `next` then leads on.")] = 1000
    cursor: Cursor = None


class TrialsParams(PageParams):
    """Parameters of /v1/trials."""

    limit: Annotated[int, Field(ge=1, le=1000, description="The most trials to return; `next` then leads on.")] = 100


class SeriesParams(Params):
    """Which series are meant."""

    world: Names = Field((), description="Worlds; the shared live city if left out.", examples=[["zenata"]])
    sensor: Names = Field((), description="Sensors, as in /v1/sensors.")
    kind: Names = Field((), description="Kinds, as in /v1/kinds.")
    district: Names = Field((), description="Districts, as in /v1/districts.")
    property: Names = Field((), description="Properties, as in /v1/kinds.")


class LatestParams(SeriesParams):
    """Parameters of /v1/latest."""

    format: FormatName = None


class FrameParams(Params):
    """Parameters of /v1/frame/stream."""

    property: str = Field(description="What the sensors observe, as in /v1/kinds.", examples=["pm25"], max_length=128)
    kind: Names = Field((), description="Only sensors of these kinds; of all that observe it if left out.")
    world: str | None = Field(None, description="World; the shared live city if left out.", max_length=64)


class FrameAtParams(FrameParams):
    """Parameters of /v1/frame."""

    at: str | None = Field(
        None,
        description="Moment of the frame: RFC 3339, a number since 1970, or from the world's newest reading (`-2h`). "
        "Now if left out.",
        examples=["-2h"],
        max_length=64,
    )


class RangeParams(SeriesParams):
    """Which readings are meant, and how they are aggregated."""

    start: str | None = Field(
        None,
        description="First observation time: RFC 3339 (UTC if it has no offset), a number since 1970 (s, ms, us or ns, by "
        "its size), or from the world's newest reading (`now`, `-90min`, `now-1h`, `-P1D`). An hour before `end` if left out.",
        examples=["-1h"],
        max_length=64,
    )
    end: str | None = Field(
        None,
        description="Observation times before this are meant; as `start`. `now`, the default, includes the newest reading.",
        max_length=64,
    )
    every: str | None = Field(
        None,
        description="Width of the buckets to aggregate: `15m`, `1h`, `PT15M`, or a number of seconds.",
        examples=["1h"],
        max_length=64,
    )
    tz: str | None = Field(
        None,
        description="Time zone by whose clock buckets begin, such as `Africa/Casablanca` or `UTC`. Days and weeks begin by "
        "the city's clock if left out, shorter buckets by UTC.",
        examples=["Africa/Casablanca"],
        max_length=64,
    )
    agg: Names = Field(
        (), description=f"Aggregates: {', '.join(AGGREGATES)}; `mean` if only `every` is given.", examples=[["mean"]]
    )


class ReadingsParams(RangeParams):
    """Parameters of /v1/readings."""

    shape: Literal["rows", "columns"] = Field(
        "rows", description="Of JSON: an object for each reading, or for each series with an array for each column."
    )
    limit: Annotated[int | None, _LIMIT] = None
    cursor: Cursor = None
    format: FormatName = None


class SensorsParams(Params):
    """Parameters of /v1/sensors."""

    kind: Names = Field((), description="Kinds, as in /v1/kinds.")
    district: Names = Field((), description="Districts, as in /v1/districts.")
    property: Names = Field((), description="Properties that they observe, as in /v1/kinds.")
    bbox: str | None = Field(
        None, description="`west,south,east,north` [deg], WGS 84.", examples=["-7.47,33.60,-7.42,33.64"], max_length=200
    )
    near: str | None = Field(
        None,
        description="`longitude,latitude` [deg], WGS 84, in the order of GeoJSON: sorts by distance and adds `distance` [m].",
        examples=["-7.44,33.62"],
        max_length=100,
    )
    within: float | None = Field(None, gt=0, le=1e8, description="Only sensors this close to `near` [m].")
    limit: Annotated[int, _LIMIT] = 1000
    cursor: Cursor = None


class MapParams(Params):
    """Parameters of /v1/map."""

    kind: Names = Field((), description="Kinds, as in /v1/kinds, and `device` for one's own devices.")
    district: Names = Field((), description="Districts, as in /v1/districts.")


class StreetsParams(Params):
    """Parameters of /v1/streets."""

    format: Literal["geojson", "node-link"] = Field("geojson", description="GeoJSON, or node-link JSON for networkx.")


class NetworkParams(Params):
    """Parameters of /v1/networks/{network}."""

    format: Literal["geojson", "node-link", "inp", "pgm"] = Field(
        "geojson",
        description="GeoJSON, node-link JSON for networkx, an EPANET input file (water), JSON of power-grid-model (power).",
    )


class DevicesParams(Params):
    """Parameters of /v1/devices."""

    pilot: str | None = Field(None, description="Only of this pilot; one's own in any case for pilots.", max_length=64)
    state: Literal["new", "online", "offline"] | None = Field(None, description="Only those in this state.")
    limit: Annotated[int, _LIMIT] = 1000
    cursor: Cursor = None


class DeviceParams(Params):
    """Parameters of /v1/devices/{device}."""

    pilot: str | None = Field(None, description="Whose device; one's own if left out.", max_length=64)


class TelemetryParams(Params):
    """Parameters of /v1/telemetry."""

    device: str | None = Field(
        None,
        description="Id of the device, or the id that its network server has for it; if the body does not say.",
        max_length=64,
    )
    event: str | None = Field(
        None, description="What ChirpStack calls the event; the body says the same.", max_length=40
    )


class PingParams(Characters):
    """Parameters of /ping."""

    verbose: str = Field("", description="`true` for a body.", max_length=8)


class WriteParams(Characters):
    """Parameters of /write and /api/v2/write; those that say where to InfluxDB, and others, are ignored as by InfluxDB."""

    precision: Annotated[str, BeforeValidator(lambda text: text or "ns")] = Field(
        "ns", description="What timestamps count: `ns` (also if empty), `us`, `ms` or `s`.", max_length=8
    )
    device: str | None = Field(None, description="Instead of the tag `device` or `host`.", max_length=64)
    db: str | None = Field(None, description=_NOTHING, max_length=200)
    rp: str | None = Field(None, description=_NOTHING, max_length=200)
    consistency: str | None = Field(None, description=_NOTHING, max_length=20)
    u: str | None = Field(None, description="Anything; a user name of version 1.", max_length=200)
    p: str | None = Field(None, description="A key, as a password of version 1.", max_length=200)
    org: str | None = Field(None, description=_NOTHING, max_length=200)
    orgID: str | None = Field(None, description=_NOTHING, max_length=200)  # noqa: N815 - as InfluxDB calls it
    bucket: str | None = Field(None, description=_NOTHING, max_length=200)


class WorldParams(Params):
    """Parameters of a route about one world."""

    world: str | None = Field(None, description="World; the shared live city if left out.", max_length=64)


class AccountsParams(Params):
    """Parameters of /v1/ledger/{world}."""

    all: bool = Field(False, description="Every sensor; only those with messages rejected, missing or repeated if not.")
    limit: Annotated[int, _LIMIT] = 1000
    cursor: Cursor = None


class DeadLettersParams(Params):
    """Parameters of /v1/dead-letters."""

    world: str | None = Field(None, description="Only of this world; all that one may see if left out.", max_length=64)
    payload: bool = Field(False, description="Also the payloads, of up to 100 letters a page.")
    limit: Annotated[int, Field(ge=1, le=1000, description="The most letters; `next` then leads on.")] = 100
    cursor: Cursor = None


class KeysParams(PageParams):
    """Parameters of /v1/keys."""

    prefix: str = Field(
        "", description="What the keys begin with; of a whole key only its first 9 characters count.", max_length=64
    )


class PilotsParams(Params):
    """Parameters of /v1/activity."""

    pilot: Names = Field((), description="Only these pilots.")
    theme: Names = Field((), description="Only pilots with these themes.")
    edition: Names = Field((), description="Only pilots of these editions of the programme.")
    start: str | None = Field(
        None, description="From when on: RFC 3339, a number since 1970, or from now (`-7d`).", max_length=64
    )
    end: str | None = Field(None, description="Up to when; as `start`. Now if left out.", max_length=64)


class AlertsParams(PilotsParams, PageParams):
    """Parameters of /v1/alerts."""

    severity: Names = Field((), description="Only these: `critical`, `warning`, `info`.")


class AuditParams(Params):
    """Parameters of /v1/audit."""

    who: str | None = Field(None, description="Only what this one did.", max_length=64)
    format: Literal["json", "csv"] = Field("json", description="Of the answer.")
    limit: Annotated[int, _LIMIT] = 1000
    cursor: Cursor = None


class DeliveriesParams(Params):
    """Parameters of /v1/webhooks/{webhook}/deliveries."""

    limit: Annotated[int, Field(ge=1, le=1000, description="The most deliveries; `next` then leads on.")] = 100
    cursor: Cursor = None
