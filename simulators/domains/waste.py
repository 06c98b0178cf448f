"""Waste containers: bag after bag goes in, rounds empty them at night, what is inside warms in the sun and ferments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, daily, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import Hourly, read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

EVERY, PHASE = 6, 5
"""Ticks between two steps, and the tick of them at which one comes; containers are held between."""

BAG = 3.0
"""Mass of what is thrown in at once [kg] (default)."""

SUN = 0.0125
"""How much the sun warms the inside of a container [K m2 W-1]: half of the excess of the sol-air temperature of ASHRAE's
Fundamentals, with absorptance 0.5 and a surface coefficient of 20 W m-2 K-1, as half its walls are in the shade (default)."""

FERMENTATION = 6.0
"""How much the contents of a full container warm it [K] (default)."""

RESPONSE = 2.0
"""Time constant of the temperature inside [h] (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WasteParameters:
    """Table ``[waste]`` of a city.

    Parameters
    ----------
    yearly : float
        Waste of an inhabitant [kg].
    density : float
        Of waste in a container [kg m-3].
    sensed_share : float
        Share of all containers that carry a sensor.
    equivalents : mapping of str to float
        By category, inhabitants who would make as much waste as the visitors of a district without inhabitants.
    course : tuple of float
        What is thrown in in each local hour, over the mean of the day.
    aid : float
        What is thrown in on the days of Aid el-Kebir, over a normal day.
    nights : int
        A container is emptied every so many nights.
    round_from, round_hours : float
        Local hour at which rounds begin, and how long they take [h].
    """

    yearly: float
    density: float
    sensed_share: float
    equivalents: Mapping[str, float]
    course: Hourly
    aid: float
    nights: int
    round_from: float
    round_hours: float


def throw_in(mass: FloatArray, surplus: FloatArray, capacity: FloatArray, added: FloatArray) -> None:
    """Add waste to containers, and beside them what does not fit, all in place and in kg, shape (n,)."""
    fitting = np.minimum(added, capacity - mass)
    mass += fitting
    surplus += added - fitting


def inhabitants(city: City, parameters: WasteParameters) -> FloatArray:
    """Return how many inhabitants each container serves, shape (n_containers,).

    Raises
    ------
    CityError
        If one stands in a district without inhabitants whose category has no equivalent.
    """
    districts = [city.district_by_id[city.sensors[number].district] for number in sensors_of(city, Waste.kind)]
    people = {}
    for district in districts:
        served = district.population or parameters.equivalents.get(district.category)
        if served is None:
            raise CityError(f"city.toml of {city.id}: [waste] equivalents lacks {district.category}")
        people[district.id] = parameters.sensed_share * served
    names = [district.id for district in districts]
    return np.array([people[name] / names.count(name) for name in names])


def rounds(city: City, parameters: WasteParameters) -> tuple[IntArray, FloatArray]:
    """Return on which of the nights of a turn a container is emptied, and how long after noon [h], shape (n,) each.

    Districts take turns by their order in the pack; a night's round visits its containers one by one.
    """
    order = {district.id: number for number, district in enumerate(city.districts)}
    districts = [order[city.sensors[number].district] for number in sensors_of(city, Waste.kind)]
    turn = np.array(districts, dtype=np.int64) % parameters.nights
    visited = np.zeros(len(turn))
    for night in range(parameters.nights):
        stops = np.flatnonzero(turn == night)
        visited[stops[np.argsort(np.array(districts)[stops], kind="stable")]] = np.arange(len(stops)) / max(
            len(stops), 1
        )
    return turn, (parameters.round_from - 12) % 24 + visited * parameters.round_hours


class Waste:
    """The waste containers of the city.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "waste"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "waste", WasteParameters)
        containers = [city.sensors[number] for number in sensors_of(city, self.kind)]
        litres = np.array([float(container.attributes["litres"]) for container in containers])
        self._capacity = litres / 1000 * self._parameters.density  # [kg]
        self._rate = inhabitants(city, self._parameters) * self._parameters.yearly / 365.25 / 24  # [kg/h]
        self._turn, self._visited = rounds(city, self._parameters)
        night, since_noon = _night(now)
        waiting = (night - self._turn) % self._parameters.nights + (
            since_noon - self._visited
        ) / 24  # days since emptied
        waiting = np.where(waiting < 0, waiting + self._parameters.nights, waiting)
        self._mass, self._surplus = np.zeros(len(containers)), np.zeros(len(containers))
        throw_in(self._mass, self._surplus, self._capacity, self._rate * 24 * waiting)
        self._emptied = np.where(since_noon >= self._visited, night, night - 1)  # last night that is done with
        self._temperature = np.full(len(containers), now.temperature)
        self._totals = np.zeros(2)  # thrown in and taken away since the start [kg]
        self.arrays: Arrays = {
            "mass": self._mass,
            "surplus": self._surplus,
            "emptied": self._emptied,
            "temperature": self._temperature,
            "totals": self._totals,
        }

    def step(self, now: Conditions) -> None:
        """Throw in, empty and warm the containers, every minute.

        How many numbers a Poisson draw takes depends on its mean, which no event and no container changes.
        """
        if not now.passes(EVERY, PHASE):
            return
        hours = now.since(EVERY) / 3600
        feast = self._parameters.aid if now.aid_el_kebir else 1.0
        mean = self._rate * (daily(self._parameters.course, now.hour) * feast * hours)
        added: FloatArray = BAG * now.draws(Stream.WASTE).poisson(mean / BAG).astype(np.float64)
        throw_in(self._mass, self._surplus, self._capacity, added)
        self._totals += added.sum(), self._empty(now)
        target = now.temperature + SUN * now.ghi + FERMENTATION * self._mass / self._capacity
        self._temperature += (1 - np.exp(-hours / RESPONSE)) * (target - self._temperature)

    def observe(self, now: Conditions) -> FloatArray:
        """Return fill, from 0 to 1, and temperature inside [Cel] of every container, shape (n_containers, 2)."""
        return np.stack([np.minimum(self._mass / self._capacity, 1.0), self._temperature], axis=1)

    def _empty(self, now: Conditions) -> float:
        """Empty the containers whose time has come, and return what that took away [kg]."""
        night, since_noon = _night(now)
        come = (self._emptied < night) & (since_noon >= self._visited)
        self._emptied[come] = night
        emptied = come & (night % self._parameters.nights == self._turn)
        taken = float(self._mass[emptied].sum() + self._surplus[emptied].sum())
        self._mass[emptied] = self._surplus[emptied] = 0.0
        return taken


def _night(now: Conditions) -> tuple[int, float]:
    """Return the number of the local night, from noon to noon, and how long ago that noon was [h]."""
    night, since_noon = divmod(now.date.toordinal() * 24 + now.hour - 12, 24)
    return int(night), since_noon
