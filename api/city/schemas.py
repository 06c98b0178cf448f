"""The shapes of the responses, for the OpenAPI document.

The routes write bytes; these models describe them, and a test holds every answer against its model.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """Base of all models: what a response holds beyond its model is an error in a test."""

    model_config = ConfigDict(extra="forbid")


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    allowed: list[str] | None = None


class ProblemPage(Document):
    """What a kind of problem means."""

    type: str
    title: str
    status: int
    detail: str


class CityDocument(Document):
    """The city and the world's time."""

    id: str
    name: str
    timezone: str
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)]
    districts: int
    streets: int
    sensors: int
    world: str
    newest: str | None


Position = Annotated[list[float], Field(min_length=2, max_length=2)]
"""Longitude and latitude [deg]."""


class Polygon(Document):
    """GeoJSON (RFC 7946)."""

    type: Literal["Polygon"]
    coordinates: list[list[Position]]


class Point(Document):
    """GeoJSON (RFC 7946)."""

    type: Literal["Point"]
    coordinates: Position


class Feature(Document):
    """GeoJSON: `layer` among the properties tells what it is; the others are as in the lists."""

    type: Literal["Feature"]
    id: str
    geometry: Polygon | Point
    properties: dict[str, Any]


class MapDocument(Document):
    """GeoJSON: districts, sensors and one's own devices."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


class DistrictDocument(Document):
    """A district with its outline."""

    id: str
    name: str
    category: str
    population: int
    geometry: Polygon
    attributes: dict[str, float | int | str | bool]


class DistrictPage(Document):
    """All districts."""

    items: list[DistrictDocument]
    next: None


class PropertyDocument(Document):
    """What a sensor observes, in which SenML unit, in which plausible range."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    digits: int


class SettingDocument(Document):
    """What a device can be told; `limit` names an attribute of the sensor that bounds it, `needs` one it must have."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    limit: str | None
    needs: str | None
    whole: bool


class KindDocument(Document):
    """A kind of sensors; `period` [s]."""

    name: str
    title: str
    period: int
    on_change: bool
    properties: list[PropertyDocument]
    settings: list[SettingDocument]


class KindPage(Document):
    """All kinds."""

    items: list[KindDocument]
    next: None


class SensorDocument(Document):
    """A sensor; `distance` [m] only with `near`."""

    id: str
    kind: str
    district: str
    longitude: float
    latitude: float
    attributes: dict[str, float | int | str | bool]
    distance: float | None = None


class SensorPage(Document):
    """A page of sensors."""

    items: list[SensorDocument]
    next: str | None


class Row(Document):
    """One reading, or, in place of `value` and `seq`, the aggregates of one bucket."""

    time: str
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


class RowPage(Document):
    """A page of readings."""

    items: list[Row]
    next: str | None


class SensorAndLatest(SensorDocument):
    """A sensor with its latest readings."""

    latest: list[Row]


class Health(Document):
    """The process answers."""

    status: Literal["ok"]
