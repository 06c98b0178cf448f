"""Loads a city pack: a folder of TOML and GeoJSON (RFC 7946) that a person can read and edit.

::

    zenata/cities/zenata/
        city.toml            who and where the city is, units of the numbers below, parameters of the simulators
        districts.geojson    polygons
        streets.geojson      directed links, as lines
        sensors/<kind>.geojson
        buildings.geojson    footprints with heights, for maps; not needed
        land.geojson         sea, shore, parks and the like, for maps; not needed
        scenarios/<name>.toml  events to play; none are needed

Loading checks that the pack holds together; what does not is a `CityError` that names the file and the line or id.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec
import numpy as np
import shapely
from msgspec.structs import asdict

from zenata.city.clock import load_zone
from zenata.city.kinds import KINDS
from zenata.city.model import City, District, Sensor, Street
from zenata.city.quantities import SENML_UNITS
from zenata.errors import CityError

CITIES = Path(__file__).parents[1] / "cities"
"""Where the packs live that come with the project."""

BOUNDARY = 1e-6
"""How far outside its district a sensor may lie, for rounded coordinates [deg]; about 0.1 m."""

_Position = tuple[float, float]
_Scalars = dict[str, float | int | str | bool]


LAYERS = ("buildings", "land")
"""Files of a pack that only maps show: read when they are asked for."""


class _BuildingProperties(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    district: str
    height: float


class _LandProperties(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    layer: Literal["sea", "coast", "beach", "plaza", "park", "rail", "motorway"]
    name: str
    name_fr: str = ""
    name_ar: str = ""


class _Header(msgspec.Struct):
    id: str
    name: str
    timezone: str
    bbox: tuple[float, float, float, float]
    units: dict[str, str]


class _Point(msgspec.Struct):
    type: Literal["Point"]
    coordinates: _Position


class _Line(msgspec.Struct, tag_field="type", tag="LineString"):
    coordinates: tuple[_Position, ...]


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: tuple[tuple[_Position, ...], ...]


class _StreetProperties(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    start: str
    end: str
    road: Literal["motorway", "primary", "secondary", "residential"]
    lanes: int
    limit: float
    length: float
    signal: bool


class _DistrictProperties(msgspec.Struct):
    id: str
    name: str
    category: Literal["living", "health", "education", "retail", "logistics", "industrial", "coast"]
    population: int
    name_fr: str = ""
    name_ar: str = ""


class _SensorProperties(msgspec.Struct):
    id: str
    district: str


T = TypeVar("T")
Geometry = TypeVar("Geometry")
Properties = TypeVar("Properties")
Known = TypeVar("Known", _DistrictProperties, _SensorProperties)


class _Feature(msgspec.Struct, Generic[Geometry, Properties]):
    geometry: Geometry
    properties: Properties


class _Collection(msgspec.Struct, Generic[Geometry, Properties]):
    features: list[_Feature[Geometry, Properties]]


_Land = _Collection[_Polygon | _Line, _LandProperties]


def load_city(path: Path | str = "zenata") -> City:
    """Load a city pack and check that it holds together.

    Parameters
    ----------
    path : Path or str
        A folder, or the bare name of one of the packs that come with the project.

    Raises
    ------
    CityError
        If it does not hold together; the message names the file and the line or id.
    """
    folder = CITIES / path if isinstance(path, str) and Path(path).name == path else Path(path)
    parameters = _read_toml(folder / "city.toml")
    header = _read_header(parameters, folder / "city.toml")
    districts = _read_districts(folder / "districts.geojson", header.units)
    streets = _read_streets(folder / "streets.geojson")
    sensors = _read_sensors(folder / "sensors", header.units)
    _check_positions(folder / "sensors", sensors, districts, frozenset(street.id for street in streets))
    return City(
        id=header.id,
        name=header.name,
        timezone=header.timezone,
        bbox=header.bbox,
        districts=districts,
        streets=streets,
        sensors=sensors,
        parameters=parameters,
        layers={name: file for name in LAYERS if (file := folder / f"{name}.geojson").exists()},
        scenarios={file.stem: _read_text(file) for file in sorted((folder / "scenarios").glob("*.toml"))},
    )


def read_layer(city: City, name: str) -> bytes:
    """Return a layer of `LAYERS` as GeoJSON, as it stands in the pack; a collection without features if there is none.

    Raises
    ------
    CityError
        If it is not as it should be; the message names the file and the line or id.
    """
    file = city.layers.get(name)
    if file is None:
        return b'{"type":"FeatureCollection","features":[]}'
    if name == "buildings":
        buildings = _read_geojson(file, _Collection[_Polygon, _BuildingProperties]).features
        for feature in buildings:
            known = feature.properties
            if known.district not in city.district_by_id or not known.height > 0:
                raise CityError(f"{file}: {known.id}: names no district of the city, or a height that is not positive")
        ids = [feature.properties.id for feature in buildings]
    else:
        ids = [feature.properties.id for feature in _read_geojson(file, _Land).features]
    _check_unique(file, ids)
    return _read_text(file).encode()


def _read_text(file: Path) -> str:
    data = b""
    try:
        data = file.read_bytes()
        return data.decode()
    except OSError as exc:
        raise CityError(f"{file}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CityError(f"{file}:{_line_at(data, exc.start)}: is not UTF-8: {exc.reason}") from exc


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read_text(file))
    except tomllib.TOMLDecodeError as exc:  # says the line
        raise CityError(f"{file}: {exc}") from exc


def _read_header(parameters: Mapping[str, Any], file: Path) -> _Header:
    try:
        header = msgspec.convert(parameters, _Header)
        load_zone(header.timezone)
    except (msgspec.ValidationError, ValueError, OSError, KeyError) as exc:
        raise CityError(f"{file}: {exc}") from exc
    west, south, east, north = header.bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise CityError(f"{file}: bbox is not west, south, east, north in degrees")
    for name, unit in header.units.items():
        if unit not in SENML_UNITS:
            raise CityError(f"{file}: units.{name}: unknown unit {unit!r}; allowed are the units of SenML (RFC 8428)")
    return header


def _read_geojson(file: Path, type_: type[T]) -> T:
    text = _read_text(file)
    try:
        try:
            return msgspec.json.decode(text, type=type_)
        except msgspec.ValidationError as exc:
            whole = msgspec.json.decode(text)  # what follows may not even be JSON; that comes first then
            raise CityError(f"{file}: {_feature_of(whole, str(exc))}{exc}") from exc
    except msgspec.DecodeError as exc:
        found = re.search(r"\(byte (\d+)\)", str(exc))  # without it, the file ended too soon
        data = text.rstrip().encode()
        raise CityError(f"{file}:{_line_at(data, int(found[1]) if found else len(data))}: {exc}") from exc


def _feature_of(whole: Any, message: str) -> str:  # noqa: ANN401 - whatever JSON holds
    """Return the id of the feature that msgspec complains of, or its number if it has no id."""
    found = re.search(r"`\$\.features\[(\d+)\]", message)
    if not found:
        return ""
    number = int(found[1])
    match whole["features"][number]:
        case {"properties": {"id": str(id_)}}:
            return f"{id_}: "
    return f"feature {number + 1}: "


def _read_districts(file: Path, units: Mapping[str, str]) -> tuple[District, ...]:
    districts = []
    for number, feature in enumerate(_read_geojson(file, _Collection[_Polygon, _Scalars]).features, start=1):
        known, attributes = _split(file, number, feature.properties, _DistrictProperties, units)
        if len(feature.geometry.coordinates) != 1:
            raise CityError(f"{file}: {known.id}: a district is one ring, without holes")
        ring = feature.geometry.coordinates[0]
        _check_ring(file, known.id, ring)
        districts.append(District(ring=ring, attributes=attributes, **asdict(known)))
    _check_unique(file, (district.id for district in districts))
    return tuple(districts)


def _check_ring(file: Path, id_: str, ring: tuple[_Position, ...]) -> None:
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise CityError(f"{file}: {id_}: a ring has four positions or more, and the last is the first")
    polygon = shapely.Polygon(ring)
    if not polygon.is_valid:
        raise CityError(f"{file}: {id_}: bad ring: {shapely.is_valid_reason(polygon)}")


def _read_streets(file: Path) -> tuple[Street, ...]:
    streets = []
    for feature in _read_geojson(file, _Collection[_Line, _StreetProperties]).features:
        street = Street(line=feature.geometry.coordinates, **asdict(feature.properties))
        if len(street.line) < 2:
            raise CityError(f"{file}: {street.id}: a street has two positions or more")
        for name in ("length", "lanes", "limit"):
            if not getattr(street, name) > 0:
                raise CityError(f"{file}: {street.id}: {name} is not positive")
        streets.append(street)
    _check_unique(file, (street.id for street in streets))
    return tuple(streets)


def _read_sensors(folder: Path, units: Mapping[str, str]) -> tuple[Sensor, ...]:
    """Read one file a kind; a kind without a file has no sensors."""
    if not folder.is_dir():
        raise CityError(f"{folder}: cannot be read: no such folder")
    files = {file.stem: file for file in folder.glob("*.geojson")}
    for kind in sorted(files.keys() - KINDS.keys()):
        raise CityError(f"{files[kind]}: unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    return tuple(sensor for kind in KINDS if kind in files for sensor in _read_kind(files[kind], kind, units))


def _read_kind(file: Path, kind: str, units: Mapping[str, str]) -> list[Sensor]:
    matches: Callable[[str], object] = re.compile(rf"{kind}-\d+").fullmatch
    sensors = []
    for number, feature in enumerate(_read_geojson(file, _Collection[_Point, _Scalars]).features, start=1):
        known, attributes = _split(file, number, feature.properties, _SensorProperties, units)
        if not matches(known.id):
            raise CityError(f"{file}: {known.id}: the id of a sensor here is {kind}- and digits")
        longitude, latitude = feature.geometry.coordinates
        sensors.append(
            Sensor(kind=kind, longitude=longitude, latitude=latitude, attributes=attributes, **asdict(known))
        )
    _check_unique(file, (sensor.id for sensor in sensors))
    return sensors


def _split(
    file: Path, number: int, properties: _Scalars, type_: type[Known], units: Mapping[str, str]
) -> tuple[Known, _Scalars]:
    """Split properties into those that every feature has and the other attributes; numbers among these need a unit."""
    id_ = properties.get("id", f"feature {number}")
    try:
        known = msgspec.convert(properties, type_)
    except msgspec.ValidationError as exc:
        raise CityError(f"{file}: {id_}: {exc}") from exc
    attributes = {name: value for name, value in properties.items() if name not in type_.__struct_fields__}
    for name, value in attributes.items():
        if name not in units and not isinstance(value, str | bool):
            raise CityError(f"{file}: {id_}: unknown property {name!r}; give its unit under [units] of city.toml")
    return known, attributes


def _check_unique(file: Path, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            raise CityError(f"{file}: {id_}: duplicate id")
        seen.add(id_)


def _check_positions(
    folder: Path, sensors: Sequence[Sensor], districts: Sequence[District], streets: frozenset[str]
) -> None:
    """Check that every sensor lies in the district it names, and that the street it names exists."""
    numbers = {district.id: number for number, district in enumerate(districts)}
    for sensor in sensors:
        if sensor.district not in numbers:
            raise CityError(f"{folder / sensor.kind}.geojson: {sensor.id}: unknown district {sensor.district!r}")
        if (street := sensor.attributes.get("street")) is not None and street not in streets:
            raise CityError(f"{folder / sensor.kind}.geojson: {sensor.id}: unknown street {street!r}")
    positions = np.array([(sensor.longitude, sensor.latitude) for sensor in sensors]).reshape(-1, 2)
    named = np.array([numbers[sensor.district] for sensor in sensors], dtype=np.intp)
    areas = shapely.buffer([shapely.Polygon(district.ring) for district in districts], BOUNDARY)
    shapely.prepare(areas)
    inside = shapely.contains_xy(areas[named], positions[:, 0], positions[:, 1])
    for number in np.flatnonzero(~inside).tolist():
        sensor = sensors[number]
        raise CityError(f"{folder / sensor.kind}.geojson: {sensor.id}: lies outside its district {sensor.district}")
