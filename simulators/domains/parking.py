"""Parking bays: vehicles come to a block of bays, take a free one, search the blocks nearby when it is full, and leave.

A block is the bays along one street of a district. Demand follows the course of the district's use and its factor of the
day (`simulators.world.demand`), so blocks fill up on busy days. Fewer come where streets are closed, and where it costs more:
parked vehicles go with the price to the power of an elasticity, such as the -0.29 that Kelly and Clinch (2009,
doi:10.1016/j.tranpol.2009.06.001) found of how often people park on streets of Dublin. Some of those who stay away from a
dear block park in another nearby.

Reads of other domains: water on streets (drainage).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import shapely

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.base import Arrays, daily, described, district_rows, sensors_of
from simulators.domains.traffic.network import closed_streets
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import Hourly, read_table
from zenata.city.derived import once_per_city
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray

WALK = 150.0
"""Distance over which the chance falls to 1/e that who finds no bay tries another block [m]: people walk 100 to 200 m from
where they park (default)."""

FARTHEST = 500.0
"""Distance beyond which nobody tries [m] (default)."""

PATIENT = 0.8
"""Share of those who find a block full and try another one (default)."""

SWITCHING = 0.5
"""Share of those who find a block too dear and park in another one nearby (default)."""

SCARCE = 0.3
"""Least number of free bays that arrivals are shared among: a block cannot be emptier than full."""

CHEAPEST = 0.1
"""Part of the usual price under which a lower one draws nobody more (default): free bays are finite in number too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParkingUse:
    """Table ``[[parking.uses]]`` of a city: how bays of some districts are used.

    Parameters
    ----------
    categories : tuple of str
        Of the districts.
    stay : float
        Mean time a vehicle stays [h].
    working_day, rest_day : tuple of float
        Occupancy in each local hour, above 0 and below 1.
    """

    categories: tuple[str, ...]
    stay: float
    working_day: Hourly
    rest_day: Hourly


@dataclass(frozen=True, kw_only=True, slots=True)
class ParkingParameters:
    """Table ``[parking]`` of a city.

    Parameters
    ----------
    uses : tuple of ParkingUse
        Each district category has one.
    price : float
        What bays cost where nobody has set a price [MAD/h].
    elasticity : float
        Of arrivals by price, below 0.
    """

    uses: tuple[ParkingUse, ...]
    price: float = 2.0
    elasticity: float = -0.29


def turnover(occupancy: FloatArray, change: FloatArray, stay: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rates [1/h] at which vehicles come for each bay and taken bays are left, so that occupancy follows a course.

    From d(occupancy)/dt = come - left occupancy: bays turn over every `stay`, and the rate that the course calls for comes
    on top.

    Parameters
    ----------
    occupancy : ndarray, shape (n,)
        Where the course is, above 0 and below 1.
    change : ndarray, shape (n,) [1/h]
        How fast it rises.
    stay : ndarray, shape (n,) [h]
    """
    left = 1 / stay + np.maximum(-change, 0) / occupancy
    come = occupancy / stay + np.maximum(change, 0)
    return come, left


def chances(taken: FloatArray, left: FloatArray, hours: float) -> tuple[FloatArray, FloatArray]:
    """Return the chances that a bay that is free, and one that is taken, is taken some time later, shape (n,) each.

    Exact for constant rates, however long it is (a Markov chain of two states).

    Parameters
    ----------
    taken, left : ndarray, shape (n,) [1/h]
        Rates at which a free bay is taken and a taken one is left.
    hours : float
    """
    both = np.maximum(taken + left, 1e-9)
    settled, memory = taken / both, np.exp(-both * hours)
    return settled * (1 - memory), settled + (1 - settled) * memory


def search(wanted: FloatArray, dear: FloatArray, available: FloatArray, nearby: FloatArray) -> FloatArray:
    """Return how many vehicles find a bay in each block, where they come to or near it, shape (n_blocks,).

    Parameters
    ----------
    wanted : ndarray, shape (n_blocks,)
        Vehicles that come to each block.
    dear : ndarray, shape (n_blocks,)
        Vehicles that do not, since it costs too much, and look elsewhere.
    available : ndarray, shape (n_blocks,)
        Bays that are free, or become free meanwhile.
    nearby : ndarray, shape (n_blocks, n_blocks)
        Chance that who leaves a block tries another one.
    """
    found = np.minimum(wanted, available)
    looking = (wanted - found) * PATIENT + dear
    if not looking.any():
        return found
    come = np.einsum("b,bc->c", looking, nearby)
    return np.asarray(found + np.minimum(come, available - found))


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

    def share(self, now: Conditions) -> FloatArray | None:
        """Return the share, by length, of the streets round each sensor that can be driven on, shape (n_sensors,).

        None if all streets can.
        """
        closed = closed_streets(now)
        if not closed.any():
            return None
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


class Parking:
    """The parking bays of the city.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If a bay lies in a district of a category that no use names.
    """

    kind: ClassVar[str | None] = "parking"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "parking", ParkingParameters)
        use_of = {category: number for number, use in enumerate(self._parameters.uses) for category in use.categories}
        bays = [city.sensors[number] for number in sensors_of(city, self.kind)]
        categories = (city.district_by_id[bay.district].category for bay in bays)
        self._use = described(city, "parking.uses", "district category ", categories, use_of)
        self._stay = np.array([use.stay for use in self._parameters.uses])
        self._access = Access(city, bays)
        self._district = district_rows(city, bays)
        blocks = {key: number for number, key in enumerate(dict.fromkeys(_block(bay) for bay in bays))}
        self._block = np.array([blocks[_block(bay)] for bay in bays], dtype=np.int64)
        self._bays = np.bincount(self._block, minlength=len(blocks)).astype(np.float64)
        first = np.unique(self._block, return_index=True)[1]
        self._block_use, self._block_district = self._use[first], self._district[first]
        self._nearby = _nearby(bays, self._block, len(blocks))
        self._taken = now.draws(Stream.PARKING).random(len(bays)) < self._course(now, now.hour)[self._use]
        self.arrays: Arrays = {"taken": self._taken}

    def step(self, now: Conditions) -> None:
        """Let vehicles come and go."""
        hours = now.seconds / 3600
        before, after = self._course(now, now.hour - hours), self._course(now, now.hour)
        come, left = turnover((before + after) / 2, (after - before) / hours, self._stay)
        rate = come[self._block_use] * self._bays * now.demand_factors("parking")[self._block_district]
        leaving, count = left[self._block_use], len(self._bays)
        taken = np.bincount(self._block, self._taken, count)
        interest, wanted, dear = self._interest(now, rate)
        free = self._bays - taken
        stays = np.exp(-leaving * hours)
        found = search(wanted * hours, dear * hours, free + taken * (1 - stays), self._nearby)
        found = found / hours
        settled = taken * stays + found / leaving * (1 - stays)
        mean_free = np.maximum(self._bays - (taken + np.minimum(settled, self._bays)) / 2, SCARCE)
        taking = found / mean_free
        if interest is None:  # all bays of a block alike
            fill, stay = (chance[self._block] for chance in chances(taking, leaving, hours))
        else:
            fill, stay = chances(taking[self._block] * interest, leaving[self._block], hours)
        self._taken[:] = now.draws(Stream.PARKING).random(len(self._taken)) < np.where(self._taken, stay, fill)

    def observe(self, now: Conditions) -> FloatArray:
        """Return whether each bay is taken, 1 or 0, shape (n_bays, 1)."""
        return self._taken[:, None].astype(np.float64)

    def _interest(self, now: Conditions, rate: FloatArray) -> tuple[FloatArray | None, FloatArray, FloatArray]:
        """Return what price and access make of a rate [1/h] at which vehicles come to blocks.

        The first is how each bay draws them beside the others of its block, shape (n_bays,), None if all do alike; then those who come to each
        block, and those who look elsewhere since it is too dear, shape (n_blocks,).
        """
        price, access = now.setpoints.of("parking", "price"), self._access.share(now)
        if np.isnan(price).all() and (access is None or (access == 1).all()):
            return None, rate, np.zeros(len(rate))
        usual = np.nan_to_num(price / self._parameters.price, nan=1.0)
        drawn = np.maximum(usual, CHEAPEST) ** self._parameters.elasticity
        reached = 1.0 if access is None else np.bincount(self._block, access, len(rate)) / self._bays
        mean = np.bincount(self._block, drawn, len(rate)) / self._bays
        dear = rate * reached * np.maximum(1 - mean, 0.0) * SWITCHING
        return drawn / mean[self._block], rate * reached * mean, dear

    def _course(self, now: Conditions, hour: float) -> FloatArray:
        """Return the usual occupancy of each use at an hour of the day, shape (n_uses,)."""
        hour = now.working_hour(hour)
        uses = self._parameters.uses
        return np.array([daily(use.rest_day if now.rest_day else use.working_day, hour) for use in uses])


def _block(bay: Sensor) -> tuple[str, str]:
    """Return the name of the block of a bay: its district and street."""
    return bay.district, str(bay.attributes.get("street", ""))


def _nearby(bays: Sequence[Sensor], block: IntArray, count: int) -> FloatArray:
    """Return the chance that who leaves a block tries another one, shape (count, count)."""
    if not bays:
        return np.zeros((0, 0))
    position = np.array([(bay.longitude, bay.latitude) for bay in bays])
    position = position * METRES_A_DEGREE * np.array([np.cos(np.radians(position[0, 1])), 1.0])
    size = np.bincount(block, minlength=count)
    middle = np.stack([np.bincount(block, axis, count) / size for axis in position.T], axis=1)
    distance = np.hypot(*np.moveaxis(middle[:, None] - middle, 2, 0))
    weight = np.exp(-distance / WALK) * (distance < FARTHEST) * (1 - np.eye(count)) * size
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9))
