"""Search index of sensors, by kind, district, box and distance."""

import difflib
import heapq
from collections.abc import Collection
from dataclasses import asdict
from hashlib import blake2b

import msgspec
import numpy as np
import shapely

from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth [m] (IUGG; Moritz 2000, doi:10.1007/s001900050278)."""

NEAR = 0.1
"""How far around the city a pilot's device may stand [deg], about 10 km. A default."""

_SUGGESTIONS = 5


class SensorIndex:
    """The sensors of a city, in the order of its pack.

    Parameters
    ----------
    city : City
    """

    def __init__(self, city: City) -> None:
        sensors = city.sensors
        self._ids = [sensor.id for sensor in sensors]
        self._position = {name: position for position, name in enumerate(self._ids)}
        self._kind = np.array([sensor.kind for sensor in sensors], dtype=str)
        self._district = np.array([sensor.district for sensor in sensors], dtype=str)
        self._longitude = np.array([sensor.longitude for sensor in sensors], dtype=np.float64)
        self._latitude = np.array([sensor.latitude for sensor in sensors], dtype=np.float64)
        self._json = [msgspec.json.encode(asdict(sensor)) for sensor in sensors]
        self.version = int.from_bytes(blake2b(b"\n".join(self._json), digest_size=4).digest(), "little")
        """Version of the list: a number that differs where anything in it does."""

    def __contains__(self, name: str) -> bool:
        return name in self._position

    def find(
        self,
        *,
        kinds: Collection[str] = (),
        districts: Collection[str] = (),
        bbox: tuple[float, float, float, float] | None = None,
    ) -> IntArray:
        """Return the positions of the sensors that fit, ascending.

        Parameters
        ----------
        kinds, districts : collection of str
            Empty for all.
        bbox : tuple of float, optional
            West, south, east, north [deg].
        """
        fits = np.ones(len(self._ids), dtype=bool)
        if kinds:
            fits &= np.isin(self._kind, list(kinds))
        if districts:
            fits &= np.isin(self._district, list(districts))
        if bbox is not None:
            west, south, east, north = bbox
            fits &= (self._longitude >= west) & (self._longitude <= east)
            fits &= (self._latitude >= south) & (self._latitude <= north)
        return np.flatnonzero(fits)

    def position(self, name: str) -> int:
        """Return the position of a sensor, -1 of one that is not of the city."""
        return self._position.get(name, -1)

    def distance(self, positions: IntArray, longitude: float, latitude: float) -> FloatArray:
        """Return how far sensors are from a point [m], along the great circle (haversine formula).

        Parameters
        ----------
        positions : ndarray of int64, shape (n,)
        longitude, latitude : float
            [deg]

        Returns
        -------
        ndarray, shape (n,) [m]
        """
        north, east = np.radians(self._latitude[positions]), np.radians(self._longitude[positions])
        half_north, half_east = (north - np.radians(latitude)) / 2, (east - np.radians(longitude)) / 2
        chord = np.sin(half_north) ** 2 + np.cos(north) * np.cos(np.radians(latitude)) * np.sin(half_east) ** 2
        distances: FloatArray = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(chord))
        return distances

    def json(self, positions: IntArray, distances: FloatArray | None = None) -> list[bytes]:
        """Return sensors as JSON objects, with ``distance`` [m] where it is given."""
        objects = [self._json[position] for position in positions.tolist()]
        if distances is None:
            return objects
        return [
            b'%b,"distance":%.1f}' % (text[:-1], far) for text, far in zip(objects, distances.tolist(), strict=True)
        ]

    def json_of(self, name: str) -> bytes:
        """Return one sensor as a JSON object."""
        return self._json[self._position[name]]

    def similar(self, name: str) -> list[str]:
        """Return the names that look most like one that does not exist: of a kind written alike, with near numbers."""
        word, _, number = name[:64].lower().rpartition("-")
        kinds = difflib.get_close_matches(word or number, set(self._kind.tolist()), n=1, cutoff=0.5)
        if not kinds:
            return []
        wanted = _number(number)
        names = [self._ids[position] for position in self.find(kinds=kinds).tolist()]
        return heapq.nsmallest(_SUGGESTIONS, names, key=lambda other: abs(_number(other.rpartition("-")[2]) - wanted))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def is_near(city: City, longitude: float, latitude: float) -> bool:
    """Return whether a point [deg] is in the box of a city, or `NEAR` around it."""
    west, south, east, north = city.bbox
    return west - NEAR <= longitude <= east + NEAR and south - NEAR <= latitude <= north + NEAR


def district_of(city: City, longitude: float, latitude: float) -> str:
    """Return the first district that a point [deg] is in; empty outside of all."""
    point = shapely.Point(longitude, latitude)
    return next((one.id for one in city.districts if shapely.Polygon(one.ring).covers(point)), "")
