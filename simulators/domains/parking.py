"""Parking bays: each is taken and left at random, at rates that keep the city's occupancy on its daily course."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulators.conditions import TICK_SECONDS, Conditions
from simulators.domains.base import Arrays, daily, sensors_of
from simulators.draws import Stream
from simulators.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError


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
    working_day: tuple[float, ...]
    rest_day: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ParkingParameters:
    """Table ``[parking]`` of a city: its uses, of which each district category has one."""

    uses: tuple[dict[str, Any], ...]


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
        self._uses = [ParkingUse(**use) for use in read_table(city, "parking", ParkingParameters).uses]
        use_of = {category: number for number, use in enumerate(self._uses) for category in use.categories}
        bays = [city.sensors[number] for number in sensors_of(city, self.kind)]
        categories = [city.district_by_id[bay.district].category for bay in bays]
        if unknown := sorted(set(categories) - use_of.keys()):
            raise CityError(f"city.toml of {city.id}: no [[parking.uses]] for district category {', '.join(unknown)}")
        self._use = np.array([use_of[category] for category in categories], dtype=np.int64)
        self._stay = np.array([use.stay for use in self._uses])
        self._taken = now.draws(Stream.PARKING).random(len(bays)) < self._course(now, now.hour)[self._use]
        self.arrays: Arrays = {"taken": self._taken}

    def step(self, now: Conditions) -> None:
        """Let vehicles come and go."""
        hours = TICK_SECONDS / 3600
        occupancy = self._course(now, now.hour)
        rates = turnover(occupancy, (self._course(now, now.hour + hours) - occupancy) / hours, self._stay)
        come, go = (1 - np.exp(-rate * hours) for rate in rates)
        turns = now.draws(Stream.PARKING).random(len(self._taken)) < np.where(
            self._taken, go[self._use], come[self._use]
        )
        self._taken ^= turns

    def observe(self, now: Conditions) -> FloatArray:
        """Return whether each bay is taken, 1 or 0, shape (n_bays, 1)."""
        return self._taken[:, None].astype(np.float64)

    def _course(self, now: Conditions, hour: float) -> FloatArray:
        """Return the occupancy that each use has at an hour of the day, shape (n_uses,)."""
        hour = now.working_hour(hour)
        return np.array([daily(use.rest_day if now.rest_day else use.working_day, hour) for use in self._uses])
