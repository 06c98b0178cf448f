"""Whether the simulators can run a city: what `zenata city check` looks for beyond what loading the pack finds."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.registry import DOMAINS
from simulators.world.conditions import Conditions
from simulators.world.measurement import Channels
from simulators.world.world import World
from zenata.city.clock import SECOND, parse_time
from zenata.city.model import City, Sensor
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import FloatArray
from zenata.errors import CityError

ATTRIBUTES: dict[str, dict[str, type[str] | type[float]]] = {
    "traffic": {"street": str},
    "charger": {"watts": float},
    "streetlight": {"watts": float},
    "pv": {"watts_peak": float, "tilt": float, "azimuth": float},
    "power": {"kva": float},
    "meter": {"use": str},
    "water": {"street": str},
    "waste": {"litres": float},
    "crowd": {"place": str},
    "bus": {"line": str},
}
"""What a sensor of a kind must say of itself: words, or numbers that are not negative."""

GAP = 1.0
"""How far apart streets may be where they meet, for rounded coordinates [m]."""

SLACK = 0.1
"""How much a street may be longer or shorter than its line, as a share: lines may be simplified."""

STARTS = ("2026-01-14T00:00:00Z", "2026-07-15T00:00:00Z")
"""Beginnings of the days on which the city is tried, in winter and in summer."""

EVERY = 900 * SECOND
"""Length of a tick of such a day [us]."""


def find_problems(city: City) -> list[str]:
    """Return what keeps the simulators from running a city, one line each; what comes first hides what would follow."""
    days = chain.from_iterable(_run(city, start) for start in STARTS)
    for problems in (chain(_districts(city), _streets(city), _attributes(city)), _domains(city), days):
        if found := list(dict.fromkeys(problems)):
            return found
    return []


def _districts(city: City) -> Iterator[str]:
    """Yield the districts that lie outside the city."""
    west, south, east, north = city.bbox
    for district in city.districts:
        if not all(west <= longitude <= east and south <= latitude <= north for longitude, latitude in district.ring):
            yield f"districts.geojson: {district.id}: lies outside bbox of city.toml"


def _streets(city: City) -> Iterator[str]:
    """Yield the streets that do not meet the others at their nodes, or are not as long as their lines."""
    first: dict[str, tuple[str, tuple[float, float]]] = {}  # by node, a street that has it, and where
    for street in city.streets:
        line = np.array(street.line)
        scale = METRES_A_DEGREE * np.array([np.cos(np.radians(line[0, 1])), 1.0])
        for node, point in ((street.start, street.line[0]), (street.end, street.line[-1])):
            other, there = first.setdefault(node, (street.id, point))
            if (gap := float(np.hypot(*((np.array(there) - point) * scale)))) > GAP:
                yield f"streets.geojson: {street.id}: {node} is {gap:.0f} m from where {other} has it"
        length = float(np.hypot(*(np.diff(line, axis=0) * scale).T).sum())
        if abs(street.length - length) > SLACK * length:
            yield f"streets.geojson: {street.id}: length is {street.length:g} m, that of its line {length:.0f} m"


def _attributes(city: City) -> Iterator[str]:
    """Yield what sensors do not say of themselves, and should."""
    for sensor in city.sensors:
        if sensor.kind == "water" and "supply" in sensor.attributes:  # it stands in no street
            continue
        for name, type_ in ATTRIBUTES.get(sensor.kind, {}).items():
            if problem := _attribute(sensor, name, type_):
                yield f"sensors/{sensor.kind}.geojson: {sensor.id}: {problem}"


def _attribute(sensor: Sensor, name: str, type_: type[str] | type[float]) -> str | None:
    value = sensor.attributes.get(name)
    if value is None:
        return f"lacks {name!r}"
    if type_ is str:
        return None if isinstance(value, str) else f"{name} {value!r} is no text"
    right = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return None if right else f"{name} {value!r} is no number from 0 up"


def _domains(city: City) -> Iterator[str]:
    """Yield what each domain misses in the city."""
    try:
        now = Conditions.of(city, seed=1)
    except CityError as error:
        yield str(error)
        return
    for name, make in DOMAINS.items():
        try:
            make(city, now)
        except CityError as error:
            yield str(error)
        except Exception as error:  # noqa: BLE001 - no domain foresees all that a pack can get wrong
            yield f"city {city.id}: {name} cannot be simulated: {type(error).__name__}: {error}"


def _run(city: City, start: str) -> Iterator[str]:
    """Yield what goes wrong when the city runs for a day."""
    channels = Channels.of(city)
    try:
        world = World(city, seed=1, start=parse_time(start))
        for _ in range(0, 86400 * SECOND, EVERY):
            world.step(EVERY)
            yield from _implausible(city, channels, world.truth())
    except Exception as error:  # noqa: BLE001 - as above
        yield f"city {city.id}: cannot run from {start}: {type(error).__name__}: {error}"


def _implausible(city: City, channels: Channels, truth: FloatArray) -> Iterator[str]:
    """Yield the quantities of kinds that leave their range, with the first sensor that shows it."""
    low = np.array([QUANTITIES[name].low for name in channels.property])
    high = np.array([QUANTITIES[name].high for name in channels.property])
    sensor = np.repeat(np.arange(len(city.sensors)), channels.count)
    wrong = np.flatnonzero(~((truth >= low) & (truth <= high)))  # NaN is within nothing
    _, first = np.unique([f"{channels.kind[index]} {channels.property[index]}" for index in wrong], return_index=True)
    for index in wrong[np.sort(first)].tolist():
        name, id_ = channels.property[index], city.sensors[sensor[index]].id
        yield (
            f"sensors/{channels.kind[index]}.geojson: {id_}: {name} leaves the range of {low[index]:g} to "
            f"{high[index]:g} {QUANTITIES[name].unit}"
        )
