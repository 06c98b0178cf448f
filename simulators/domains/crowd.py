"""People where they gather: each comes at random, stays a while and goes, independently of the others.

An M/G/infinity queue, of which the number present is Poisson and, by Little's law (1961, doi:10.1287/opre.9.3.383), on
average the rate of arrivals times the stay; here with exponential stays.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, daily, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, binomial, poisson
from simulators.world.parameters import Hourly, read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError

EVERY, PHASE = 6, 2
"""Ticks between two steps, and at which of them it steps; numbers are held between."""

WET = 1.0
"""Rain at which all who mind it stay away [mm/h] (default)."""

HOT = (30.0, 40.0)
"""Air temperatures at which the first and all of those who mind heat stay away [Cel] (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Table ``[[crowd.places]]`` of a city: who comes to a kind of place.

    Parameters
    ----------
    names : tuple of str
        Values of the counters' attribute ``place``.
    stay : float
        Mean time a visitor stays [h].
    rain, heat : float
        Share of visitors who come in spite of rain and of heat.
    warmth : tuple of float
        Air temperatures at which nobody and everybody comes [Cel]; empty where cold keeps nobody away.
    working_day, rest_day : tuple of float
        Visitors who come to a counter in each local hour, in good weather [1/h].
    ramadan : tuple of float
        The same on any day in Ramadan; empty where it changes nothing.
    aid : float
        Visitors on the days of the two Aids, over those of a rest day.
    """

    names: tuple[str, ...]
    stay: float
    rain: float
    heat: float
    working_day: Hourly
    rest_day: Hourly
    warmth: tuple[float, ...] = ()
    ramadan: Hourly = ()
    aid: float = 1.0

    def rate(self, now: Conditions) -> float:
        """Return how many visitors come to a counter [1/h]."""
        course = self.rest_day if now.rest_day else self.working_day
        course = (now.ramadan and self.ramadan) or course
        feast = self.aid if now.aid_el_fitr or now.aid_el_kebir else 1.0
        return daily(course, now.hour) * feast * self._weather(now)

    def _weather(self, now: Conditions) -> float:
        """Return the share of visitors that the weather lets come."""
        wet = min(now.rain / WET, 1.0)
        hot = _part(now.temperature, *HOT)
        warm = _part(now.temperature, *self.warmth) if self.warmth else 1.0
        return (1 - wet * (1 - self.rain)) * (1 - hot * (1 - self.heat)) * warm


@dataclass(frozen=True, kw_only=True, slots=True)
class CrowdParameters:
    """Table ``[crowd]`` of a city: its places, of which each counter's is one."""

    places: tuple[Place, ...]


def come_and_go(
    present: FloatArray, rate: FloatArray, stay: FloatArray, hours: float, chance: FloatArray
) -> FloatArray:
    """Return how many are present after some time, whole numbers, shape (n,).

    Exact for a constant rate: everyone present is still there with the chance exp(-hours / stay), and those who came
    meanwhile and are still there are a Poisson number.

    Parameters
    ----------
    present : ndarray, shape (n,)
        Whole numbers.
    rate : ndarray, shape (n,) [1/h]
        Of arrivals.
    stay : ndarray, shape (n,) [h]
        Mean.
    hours : float
    chance : ndarray, shape (2, n)
        Uniform in [0, 1), of those who go and of those who come.
    """
    still = np.exp(-hours / stay)
    return present - binomial(chance[0], present, 1 - still) + poisson(chance[1], rate * stay * (1 - still))


def _part(value: float, low: float, high: float) -> float:
    """Return how far a value is on the way from `low` to `high`, from 0 to 1."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


class Crowd:
    """The people at the counters.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If a counter stands at a place that is not described.
    """

    kind: ClassVar[str | None] = "crowd"

    def __init__(self, city: City, now: Conditions) -> None:
        self._places = read_table(city, "crowd", CrowdParameters).places
        place_of = {name: number for number, place in enumerate(self._places) for name in place.names}
        self._counters = sensors_of(city, self.kind)
        names = [str(city.sensors[number].attributes["place"]) for number in self._counters]
        if unknown := sorted(set(names) - place_of.keys()):
            raise CityError(f"city.toml of {city.id}: no [[crowd.places]] for place {', '.join(unknown)}")
        self._place = np.array([place_of[name] for name in names], dtype=np.int64)
        self._stay = np.array([self._places[number].stay for number in self._place.tolist()])
        self._people = poisson(now.draws(Stream.CROWD).random(len(names)), self._rates(now) * self._stay)
        self.arrays: Arrays = {"people": self._people}

    def step(self, now: Conditions) -> None:
        """Let people come and go, every minute."""
        if not now.passes(EVERY, PHASE):
            return
        chance = now.draws(Stream.CROWD).random((2, len(self._people)))
        self._people[:] = come_and_go(self._people, self._rates(now), self._stay, now.since(EVERY) / 3600, chance)

    def observe(self, now: Conditions) -> FloatArray:
        """Return how many people each counter sees, shape (n_counters, 1)."""
        return self._people[:, None]

    def _rates(self, now: Conditions) -> FloatArray:
        """Return how many come to each counter [1/h], shape (n_counters,)."""
        rates: FloatArray = np.array([place.rate(now) for place in self._places])
        return np.asarray(rates[self._place] + now.disturbance.visitors[self._counters])
