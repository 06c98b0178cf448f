"""Parking bays: each is taken and left at random, at rates that keep the city's occupancy on its daily course.

Fewer come where streets are shut, and where it costs more: parked vehicles go with the price to the power of an
elasticity, such as the -0.29 that Kelly and Clinch (2009, doi:10.1016/j.tranpol.2009.06.001) found of how often people
park on streets of Dublin.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.access import Access
from simulators.domains.base import Arrays, daily, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import Hourly, read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError

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
    """Return the rates [1/h] at which free bays are taken and taken ones left, so that occupancy follows a course.

    From d(occupancy)/dt = taken (1 - occupancy) - left occupancy: bays turn over every `stay`, and the rate that the
    course calls for comes on top.

    Parameters
    ----------
    occupancy : ndarray, shape (n,)
        Where the course is, above 0 and below 1.
    change : ndarray, shape (n,) [1/h]
        How fast it rises.
    stay : ndarray, shape (n,) [h]
    """
    left = 1 / stay + np.maximum(-change, 0) / occupancy
    taken = (occupancy / stay + np.maximum(change, 0)) / (1 - occupancy)
    return taken, left


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
        categories = [city.district_by_id[bay.district].category for bay in bays]
        if unknown := sorted(set(categories) - use_of.keys()):
            raise CityError(f"city.toml of {city.id}: no [[parking.uses]] for district category {', '.join(unknown)}")
        self._use = np.array([use_of[category] for category in categories], dtype=np.int64)
        self._stay = np.array([use.stay for use in self._parameters.uses])
        self._access = Access(city, bays)
        self._taken = now.draws(Stream.PARKING).random(len(bays)) < self._course(now, now.hour)[self._use]
        self.arrays: Arrays = {"taken": self._taken}

    def step(self, now: Conditions) -> None:
        """Let vehicles come and go."""
        hours = now.seconds / 3600
        before, after = self._course(now, now.hour - hours), self._course(now, now.hour)
        taken, left = turnover((before + after) / 2, (after - before) / hours, self._stay)
        come, stay = (chance[self._use] for chance in chances(taken, left, hours))
        price, access = now.setpoints.of("parking", "price"), self._access.share(now)
        if len(bays := np.flatnonzero(~np.isnan(price) | (access < 1))):
            use, usual = self._use[bays], np.nan_to_num(price[bays] / self._parameters.price, nan=1.0)
            interest = np.maximum(usual, CHEAPEST) ** self._parameters.elasticity * access[bays]
            come[bays], stay[bays] = chances(taken[use] * interest, left[use], hours)
        self._taken[:] = now.draws(Stream.PARKING).random(len(self._taken)) < np.where(self._taken, stay, come)

    def observe(self, now: Conditions) -> FloatArray:
        """Return whether each bay is taken, 1 or 0, shape (n_bays, 1)."""
        return self._taken[:, None].astype(np.float64)

    def _course(self, now: Conditions, hour: float) -> FloatArray:
        """Return the occupancy that each use has at an hour of the day, shape (n_uses,)."""
        hour = now.working_hour(hour)
        uses = self._parameters.uses
        return np.array([daily(use.rest_day if now.rest_day else use.working_day, hour) for use in uses])
