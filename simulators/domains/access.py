"""Whether one can drive to a place: what closed streets leave of those that lead there."""

from collections.abc import Sequence

import numpy as np
import shapely

from simulators.domains.base import district_rows
from simulators.domains.traffic.network import closed_streets
from simulators.world.conditions import Conditions
from zenata.city.derived import once_per_city
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray


class Access:
    """The streets that lead to sensors: those of their district.

    Parameters
    ----------
    city : City
    sensors : sequence of Sensor
    """

    def __init__(self, city: City, sensors: Sequence[Sensor]) -> None:
        self._length = _lengths(city)
        self._district = district_rows(city, sensors)

    def share(self, now: Conditions) -> FloatArray:
        """Return the share, by length, of the streets round each sensor that can be driven on, shape (n_sensors,)."""
        closed = closed_streets(now)
        if not closed.any():
            return np.ones(len(self._district))
        return np.asarray(1 - self._length[:, closed].sum(axis=1)[self._district])


@once_per_city
def _lengths(city: City) -> FloatArray:
    """Return the streets of each district by their share of its length, motorways left out, shape (n_districts, n_streets)."""
    middles = shapely.line_interpolate_point(
        [shapely.LineString(street.line) for street in city.streets], 0.5, normalized=True
    )
    inside = np.array([shapely.covers(shapely.Polygon(district.ring), middles) for district in city.districts])
    length = inside * np.array([street.length * (street.road != "motorway") for street in city.streets])
    return np.asarray(length / np.maximum(length.sum(axis=1, keepdims=True), 1e-9))
