"""Targets of events: from the ids that people write to positions in the city."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np

from simulators.domains.bus.route import shortest_path
from simulators.domains.power.network import distances
from simulators.events.base import Event, chance
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError, ScenarioError


def unknown(what: str, name: str, known: Iterable[str]) -> ScenarioError:
    """Return the error that says what is not known, and what comes nearest to it."""
    names = list(dict.fromkeys(known))
    near = get_close_matches(name, names, n=3) or names[:3]
    return ScenarioError(f"unknown {what} {name!r}; near it are {', '.join(near)}")


def street_of(city: City, target: str) -> int:
    """Return the position in ``city.streets`` of a street, or of that in which a sensor stands.

    Raises
    ------
    ScenarioError
        If it is neither.
    """
    sensor = city.sensor_by_id.get(target)
    if sensor and sensor.kind == "bus":
        raise ScenarioError(f"{target} moves from street to street: name a street")
    if sensor and "street" not in sensor.attributes:
        raise ScenarioError(f"{target} stands in no street: name a street")
    name = str(sensor.attributes["street"]) if sensor else target
    ids = [street.id for street in city.streets]
    if name not in ids:
        raise unknown("street or sensor", target, [*ids, *city.sensor_by_id])
    return ids.index(name)


def opposite(city: City, street: int) -> list[int]:
    """Return the positions of the streets that lead back from the end of one to its start."""
    one = city.streets[street]
    return [index for index, other in enumerate(city.streets) if (other.start, other.end) == (one.end, one.start)]


def way_between(city: City, start: str, end: str) -> list[int]:
    """Return the positions of the streets of the shortest way between two junctions, off the motorway.

    Raises
    ------
    ScenarioError
        If one is unknown, or there is no way.
    """
    nodes = {node: None for street in city.streets for node in (street.start, street.end)}
    for node in (start, end):
        if node not in nodes:
            raise unknown("junction", node, nodes)
    try:
        return shortest_path(city, start, end)
    except CityError as error:
        raise ScenarioError(str(error)) from error


def sensors_named(city: City, names: Sequence[str]) -> IntArray:
    """Return the positions in ``city.sensors`` of sensors, ascending, each once.

    Raises
    ------
    ScenarioError
        If one is unknown.
    """
    positions = {sensor.id: index for index, sensor in enumerate(city.sensors)}
    for name in names:
        if name not in positions:
            raise unknown("sensor", name, positions)
    return np.array(sorted({positions[name] for name in names}), dtype=np.int64)


def sensors_in(city: City, district: str, kinds: Sequence[str] = ()) -> IntArray:
    """Return the positions in ``city.sensors`` of a district's sensors of some kinds; no kinds for all.

    Raises
    ------
    ScenarioError
        If the district or a kind is unknown, or there are none.
    """
    if district not in city.district_by_id:
        raise unknown("district", district, city.district_by_id)
    there = np.flatnonzero([sensor.district == district for sensor in city.sensors])
    found = np.intersect1d(there, sensors_of_kinds(city, kinds)) if kinds else there
    if not len(found):
        raise ScenarioError(f"district {district!r} has no sensors of {', '.join(kinds) or 'any kind'}")
    return found


def sensors_of_kinds(city: City, kinds: Sequence[str]) -> IntArray:
    """Return the positions in ``city.sensors`` of the sensors of some kinds, ascending.

    Raises
    ------
    ScenarioError
        If a kind is unknown.
    """
    known = sorted({sensor.kind for sensor in city.sensors})
    for kind in kinds:
        if kind not in known:
            raise ScenarioError(f"no sensor is a {kind!r}: the kinds are {', '.join(known)}")
    return np.flatnonzero([sensor.kind in kinds for sensor in city.sensors])


def stations(city: City) -> IntArray:
    """Return the positions in ``city.sensors`` of the transformer stations.

    Raises
    ------
    ScenarioError
        If there are none.
    """
    found = np.flatnonzero([sensor.kind == "power" for sensor in city.sensors])
    if not len(found):
        raise ScenarioError(f"city {city.id} has no transformer stations")
    return found


def where(sensors: Iterable[Sensor]) -> FloatArray:
    """Return longitude and latitude of sensors [deg], shape (n, 2)."""
    return np.array([(sensor.longitude, sensor.latitude) for sensor in sensors]).reshape(-1, 2)


def street_middles(city: City) -> FloatArray:
    """Return longitude and latitude of the middle of each street [deg], shape (n_streets, 2)."""
    return np.array([np.mean([street.line[0], street.line[-1]], axis=0) for street in city.streets])


def point_of(city: City, place: str | tuple[float, float]) -> FloatArray:
    """Return longitude and latitude [deg] of a point, a sensor, or the middle of a district, shape (2,).

    Raises
    ------
    ScenarioError
        If it is none of them, or outside the city.
    """
    if not isinstance(place, str):
        west, south, east, north = city.bbox
        if not (west <= place[0] <= east and south <= place[1] <= north):
            raise ScenarioError(
                f"{list(place)} lies outside the city: longitude {west} to {east}, latitude {south} to {north}"
            )
        return np.array(place, dtype=np.float64)
    if sensor := city.sensor_by_id.get(place):
        return np.asarray(where([sensor])[0])
    if district := city.district_by_id.get(place):
        return np.asarray(np.mean(district.ring[:-1], axis=0))
    raise unknown("place", place, [*city.district_by_id, *city.sensor_by_id])


def away(point: FloatArray, others: FloatArray) -> FloatArray:
    """Return the distance of each of the others from a point [m], shape (n,); all as longitude and latitude [deg]."""
    return np.asarray(distances(point[None], others)[0]) if len(others) else np.zeros(0)


def any_of(event: Event, seed: int, positions: Sequence[int] | IntArray) -> int:
    """Return one of some positions by chance, the same in every replay."""
    return int(positions[int(chance(event, seed).integers(len(positions)))])
