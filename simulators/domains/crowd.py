"""People at counters: each comes at random, stays a while and goes, at rates that vary with the day and along the path.

An M/G/infinity queue, of which the number present is Poisson given its rate and, by Little's law (1961,
doi:10.1287/opre.9.3.383), on average the rate of arrivals times the stay; here with exponential stays. Groups walk along
their path: the counters of a place see the same waves of people, later the farther they stand along it.

Reads of other domains: rain and air temperature (weather).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.base import Arrays, daily, described, district_rows, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, binomial, draws, poisson
from simulators.world.parameters import Hourly, read_table
from zenata.city.clock import SECOND
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray

EVERY, PHASE = 6, 2
"""Ticks between two steps, and at which of them it steps; numbers are held between."""

WAVE = 0.25
"""Standard deviation of the logarithm of the rate by waves of people (default)."""

WAVE_STEP, WAVE_MEMORY, WAVES_BACK = 600.0, 1800.0, 12
"""Time between the nodes of a wave, after which it has forgotten itself [s], and how many innovations it has (defaults)."""

BLOCK = 144
"""Nodes that are computed at once."""

PACE = 1.2
"""Speed of people on foot [m/s], near the 1.2 m/s for which signals give time (MUTCD 2009, section 4E.06: 3.5 ft/s)."""

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
        self._place = described(city, "crowd.places", "place ", names, place_of)
        self._stay = np.array([self._places[number].stay for number in self._place.tolist()])
        counters = [city.sensors[number] for number in self._counters]
        self._district = district_rows(city, counters)
        self._waves = Waves(now.seed, _along_path(counters, names), self._place, len(self._places))
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
        usual: FloatArray = np.array([place.rate(now) for place in self._places])
        rates = usual[self._place] * now.demand_factors("crowd")[self._district] * self._waves.at(now.time / SECOND)
        return np.asarray(rates + now.disturbance.visitors[self._counters])


class Waves:
    """Waves of people that move along the path of each place: a function of seed and time, with mean 1.

    Parameters
    ----------
    seed : int
        Of the world.
    along : ndarray, shape (n_counters,) [m]
        Where counters stand along their path.
    place : ndarray of int64, shape (n_counters,)
        Their place, as an index.
    places : int
        How many places there are.
    """

    def __init__(self, seed: int, along: FloatArray, place: IntArray, places: int) -> None:
        self._seed, self._lag, self._place, self._places = seed, along / PACE, place, places
        keep = float(np.exp(-WAVE_STEP / WAVE_MEMORY))
        weights = keep ** np.arange(WAVES_BACK)
        self._weights = weights / np.sqrt((weights**2).sum())
        self._blocks: dict[int, FloatArray] = {}

    def at(self, time: float) -> FloatArray:
        """Return the factor on the rate at each counter at a time [s since the Unix epoch], shape (n_counters,)."""
        if not len(self._lag):
            return np.ones(0)
        node, part = np.divmod((time - self._lag) / WAVE_STEP, 1)
        number = node.astype(np.int64)
        first = int(number.min()) // BLOCK
        nodes = self._nodes(first)
        index = number - first * BLOCK
        before, after = nodes[index, self._place], nodes[index + 1, self._place]
        return np.asarray(np.exp(WAVE * (before * (1 - part) + after * part) - WAVE**2 / 2))

    def _nodes(self, block: int) -> FloatArray:
        """Return the waves of all places at the nodes of a block and of the next, shape (2 * BLOCK, n_places)."""
        if block not in self._blocks:
            self._blocks.clear()
            numbers = range(block * BLOCK - WAVES_BACK + 1, (block + 2) * BLOCK)
            fresh = np.array(
                [draws(self._seed, Stream.WALK, number).standard_normal(self._places) for number in numbers]
            )
            windows = np.lib.stride_tricks.sliding_window_view(fresh, WAVES_BACK, axis=0)[..., ::-1]
            self._blocks[block] = np.einsum("npk,k->np", windows, self._weights)
        return self._blocks[block]


def _along_path(counters: Sequence[Sensor], names: Sequence[str]) -> FloatArray:
    """Return where counters stand along the longest extent of their place, shape (n_counters,) [m]."""
    along = np.zeros(len(counters))
    for name in set(names):
        mine = np.flatnonzero([other == name for other in names])
        position = np.array([(counters[number].longitude, counters[number].latitude) for number in mine.tolist()])
        position = (
            (position - position.mean(axis=0)) * METRES_A_DEGREE * np.array([np.cos(np.radians(position[0, 1])), 1.0])
        )
        extent = np.linalg.svd(position, full_matrices=False)[2][0]
        on_path = position[:, 0] * extent[0] + position[:, 1] * extent[1]
        along[mine] = on_path - on_path.min()
    return along
