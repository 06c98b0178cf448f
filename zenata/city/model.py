"""A city as loaded from its pack: districts, streets and sensors. Plain data; nothing here changes while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from zenata.city.clock import load_zone

PRIVATE = "w-"
"""How the names of private worlds begin."""

OWN = "p-"
"""How the names of the worlds begin that hold what pilots' own devices say, before the pilot's name."""

Attributes = Mapping[str, float | int | str | bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class District:
    """A named part of the city.

    Parameters
    ----------
    id : str
        The word used in topics and queries, such as ``la-ferme``.
    name : str
        Its name, for a person.
    category : str
        ``living``, ``health``, ``education``, ``retail``, ``logistics``, ``industrial`` or ``coast``.
    population : int
        Planned inhabitants.
    ring : tuple of (float, float)
        Closed outline as (longitude, latitude) [deg], WGS 84.
    attributes : mapping
        What else the pack says of it.
    name_fr, name_ar : str
        Its name in French and in Arabic; empty where `name` is meant.
    """

    id: str
    name: str
    category: str
    population: int
    ring: tuple[tuple[float, float], ...]
    attributes: Attributes = field(default_factory=dict)
    name_fr: str = ""
    name_ar: str = ""

    @property
    def titles(self) -> dict[str, str]:
        """Its name by language."""
        return {"fr": self.name_fr or self.name, "en": self.name, "ar": self.name_ar or self.name}


@dataclass(frozen=True, kw_only=True, slots=True)
class Street:
    """One directed link of the street graph, from the node `start` to the node `end`.

    Parameters
    ----------
    id : str
        Such as ``street-0042``.
    road : str
        ``motorway``, ``primary``, ``secondary`` or ``residential``.
    lanes : int
        Lanes in this direction.
    limit : float
        Speed limit [km/h].
    length : float
        Length [m].
    signal : bool
        Whether traffic lights stand at its end.
    line : tuple of (float, float)
        (longitude, latitude) [deg], WGS 84.
    """

    id: str
    start: str
    end: str
    road: str
    lanes: int
    limit: float
    length: float
    signal: bool
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensor:
    """One device of the city.

    Parameters
    ----------
    id : str
        ``{kind}-{number}``, such as ``air-0042``.
    kind, district : str
        Its family and where it stands.
    longitude, latitude : float
        Position [deg], WGS 84.
    attributes : mapping
        What else the pack says of it, such as the street a detector lies in or the power of a lamp [W].
    """

    id: str
    kind: str
    district: str
    longitude: float
    latitude: float
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class City:
    """A whole city.

    Parameters
    ----------
    id, name : str
        The word used for it, and its name.
    timezone : str
        IANA zone of its calendar and of its displays; clocks and storage are UTC.
    bbox : tuple of float
        West, south, east, north [deg].
    districts, streets, sensors : tuple
        In the order of the pack, which never changes: simulators rely on it to draw the same numbers.
    parameters : mapping
        The tables of ``city.toml`` as read (climate normals, traffic levels and so on), for the simulators.
    scenarios : mapping of str to str
        Scenarios that come with the city, as TOML text by name.
    layers : mapping of str to Path
        Files that only maps show, by name; see `zenata.city.pack.read_layer`.
    """

    id: str
    name: str
    timezone: str
    bbox: tuple[float, float, float, float]
    districts: tuple[District, ...]
    streets: tuple[Street, ...]
    sensors: tuple[Sensor, ...]
    parameters: Mapping[str, Any]
    scenarios: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone, by the rules of `zenata.city.clock.ZONE_RULES`."""
        return load_zone(self.timezone)

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What was computed of it; see `zenata.city.derived`."""
        return {}

    @cached_property
    def sensor_by_id(self) -> dict[str, Sensor]:
        """Sensors by id."""
        return {sensor.id: sensor for sensor in self.sensors}

    @cached_property
    def positions_by_kind(self) -> dict[str, list[int]]:
        """Where the sensors of each kind stand in `sensors`, ascending."""
        found: dict[str, list[int]] = {}
        for position, sensor in enumerate(self.sensors):
            found.setdefault(sensor.kind, []).append(position)
        return found

    @cached_property
    def district_by_id(self) -> dict[str, District]:
        """Districts by id."""
        return {district.id: district for district in self.districts}
