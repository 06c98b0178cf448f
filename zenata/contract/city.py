"""The city: districts, kinds and sensors, and the map of all."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from .base import Attributes, Document, JsonObject, Time, Titles
from .readings import Reading

BBox: TypeAlias = Annotated[tuple[float, float, float, float], Meta(description="West, south, east, north [deg].")]
Position: TypeAlias = tuple[float, float]
"""Longitude and latitude [deg, WGS 84], in the order of GeoJSON."""


class City(Document, frozen=True, kw_only=True):
    """The city and the time of a world.

    Parameters
    ----------
    id, name : str
    timezone : str
        IANA name.
    bbox : tuple of float
        West, south, east, north [deg].
    districts, streets, sensors : int
        How many there are.
    world : str
    newest : datetime or None
        Time of the world's newest reading.
    """

    id: str
    name: str
    timezone: str
    bbox: BBox
    districts: int
    streets: int
    sensors: int
    world: str
    newest: Time | None


class Polygon(Document, frozen=True, kw_only=True, tag_field="type", tag="Polygon"):
    """A polygon as GeoJSON (RFC 7946)."""

    coordinates: list[list[Position]]


class Point(Document, frozen=True, kw_only=True, tag_field="type", tag="Point"):
    """A point as GeoJSON (RFC 7946)."""

    coordinates: Position


class Feature(Document, frozen=True, kw_only=True):
    """A district, sensor or device as GeoJSON.

    Parameters
    ----------
    id : str
    properties : dict
        `layer` is `district`, `sensor` or `device`; the other members are those of the lists.
    """

    type: Literal["Feature"]
    id: str
    geometry: Polygon | Point
    properties: JsonObject


class CityMap(Document, frozen=True, kw_only=True):
    """Districts, sensors and the pilot's own devices as GeoJSON."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


class District(Document, frozen=True, kw_only=True):
    """A district with its outline."""

    id: str
    name: str
    titles: Titles
    category: str
    population: int
    geometry: Polygon
    attributes: Attributes


class Property(Document, frozen=True, kw_only=True):
    """What a sensor observes.

    Parameters
    ----------
    name, title : str
    titles : Titles
        The title in French, English and Arabic.
    unit : str
        SenML unit.
    low, high : float
        Plausible range [unit].
    digits : int
        Decimals of its values.
    """

    name: str
    title: str
    titles: Titles
    unit: str
    low: float
    high: float
    digits: int


class Setting(Document, frozen=True, kw_only=True):
    """A setpoint that a device obeys.

    Parameters
    ----------
    name, title : str
    titles : Titles
        The title in French, English and Arabic.
    unit : str
        SenML unit.
    low, high : float
        Allowed range [unit].
    limit : str or None
        Attribute of the sensor that bounds it further.
    needs : str or None
        Attribute that the sensor must have.
    whole : bool
        Whether only whole numbers are allowed.
    """

    name: str
    title: str
    titles: Titles
    unit: str
    low: float
    high: float
    limit: str | None
    needs: str | None
    whole: bool


class Kind(Document, frozen=True, kw_only=True):
    """A kind of sensors.

    Parameters
    ----------
    name, title : str
    titles : Titles
        The title in French, English and Arabic.
    period : int
        Time between two messages of a sensor [s].
    on_change : bool
        Whether it sends only changes.
    properties : list of Property
        What it observes.
    settings : list of Setting
        What it obeys.
    """

    name: str
    title: str
    titles: Titles
    period: int
    on_change: bool
    properties: list[Property]
    settings: list[Setting]


class Sensor(Document, frozen=True, kw_only=True):
    """A sensor of the city.

    Parameters
    ----------
    id, kind, district : str
    longitude, latitude : float
        [deg, WGS 84]
    attributes : dict
    distance : float, optional
        From `near`, where that was asked for [m].
    """

    id: str
    kind: str
    district: str
    longitude: float
    latitude: float
    attributes: Attributes
    distance: float | None = None


class SensorWithLatest(Sensor, frozen=True, kw_only=True):
    """A sensor with the latest reading of each of its properties."""

    latest: list[Reading]
