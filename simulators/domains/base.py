"""What every domain of the city's physics promises."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from simulators.world.conditions import Conditions
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.errors import CityError

Arrays = dict[str, npt.NDArray[Any]]
"""State by name. The arrays are changed in place, so that whoever saved the mapping can save and restore them."""


COUNTERS = frozenset({"energy", "volume"})
"""Names of the state that counts since installation, as the quantities of these names do: it only ever goes up, and
outlasts an absence in which the city was not simulated."""


class Domain(Protocol):
    """One field of physics: a thin state over pure functions, a tick a step.

    Made of a city and of the conditions at the time at hand, it starts in a plausible state.

    Attributes
    ----------
    kind : str or None
        The kind of sensors that observe it, None where none does.
    arrays : dict of str to ndarray
        Everything that a step changes and a later step reads. What follows from the city, the seed and the time is not
        state. Counters bear a name out of `COUNTERS`, and nothing else does.
    """

    kind: ClassVar[str | None]
    arrays: Arrays

    def __init__(self, city: City, now: Conditions) -> None: ...

    def step(self, now: Conditions) -> None:
        """Move on to `now`, read what earlier domains wrote there and write the own part."""
        ...

    def observe(self, now: Conditions) -> FloatArray:
        """Return the true values, shape (n_sensors, n_properties), sensors in city order, units of the quantities."""
        ...


def sensors_of(city: City, kind: str | None) -> IndexArray:
    """Return the positions of a kind's sensors in ``city.sensors``, ascending."""
    return np.array([] if kind is None else city.positions_by_kind.get(kind, []), dtype=np.int32)


def district_index(city: City) -> dict[str, int]:
    """Return the row of each district in ``city.districts``, by id."""
    return {district.id: index for index, district in enumerate(city.districts)}


def district_rows(city: City, sensors: Iterable[Sensor]) -> IntArray:
    """Return the row in ``city.districts`` of the district of each sensor, shape (n,)."""
    rows = district_index(city)
    return np.array([rows[sensor.district] for sensor in sensors], dtype=np.int64)


def described(city: City, table: str, what: str, names: Iterable[str], known: Mapping[str, int]) -> IntArray:
    """Return the number of each name among those that the tables of a city describe, shape (n,).

    Raises
    ------
    CityError
        If one is not described.
    """
    names = list(names)
    if unknown := sorted(set(names) - known.keys()):
        raise CityError(f"city.toml of {city.id}: no [[{table}]] for {what}{', '.join(unknown)}")
    return np.array([known[name] for name in names], dtype=np.int64)


def centre(city: City) -> tuple[float, float]:
    """Return longitude and latitude [deg] of the middle of the city, where its one sky and weather are computed."""
    west, south, east, north = city.bbox
    return (west + east) / 2, (south + north) / 2


def daily(shape: tuple[float, ...], hour: float) -> float:
    """Return the value at a time of day [h] of a course given by 24 hourly means, drawn through the hours' middles."""
    before, part = divmod(hour - 0.5, 1)
    return shape[int(before) % 24] * (1 - part) + shape[int(before + 1) % 24] * part
