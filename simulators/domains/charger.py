"""Chargers: electric vehicles come, wait if all are taken, charge and leave."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simulators.domains.base import Arrays, daily, described, district_index, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, binomial, draws
from simulators.world.parameters import Hourly, read_table
from zenata.city.clock import SECOND
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray

HOUR = 3600 * SECOND

LONGEST = 300.0
"""Longest time that is stepped over at once [s]: longer ticks are cut."""

KNEE = 0.8
"""State of charge at which a battery charged as fast as it may comes to its voltage limit (default)."""

ACCEPTANCE = 1.0
"""Power that a battery takes below the knee, in terms of its capacity [1/h] (default)."""

FULL = 0.99
"""State of charge at which the current has fallen to a twentieth, and charging ends."""

EFFICIENCY = 0.9
"""Share of the energy drawn that comes to the battery (default)."""

FAST_ABOVE, FAST_GOAL = 43_500.0, 0.8
"""Chargers above this power [W] are direct current; a vehicle leaves them at this state of charge (default)."""

ONBOARD = np.array([7_400.0, 11_000.0, 22_000.0])
ONBOARD_SHARE = np.array([0.3, 0.6, 0.1])
"""What vehicles draw at most from alternating current [W], and how many of them (defaults)."""

CAPACITY, CAPACITY_SPREAD = 55.0, 12.0
"""Of batteries, mean and standard deviation, cut at two of them [kWh] (defaults)."""

SITE_SHARE = 0.6
"""Power of a charging site's connection over the sum of its chargers' ratings; a single charger has all (default)."""

ARRIVAL_SOC = (0.15, 0.8)
"""States of charge on arrival: uniform between (default)."""

HISTORY = (1_000.0, 20_000.0)
"""What chargers have delivered when a world begins: uniform between [kWh] (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargerUse:
    """Table ``[[charger.uses]]`` of a city: how chargers of some districts are used.

    Parameters
    ----------
    categories : tuple of str
        Of the districts.
    sessions : float
        Vehicles that come on a working day for each charger.
    stay : float
        Mean time that a vehicle means to stay [h].
    working_day, rest_day : tuple of float
        Arrivals in each local hour, in percent of a working day's.
    """

    categories: tuple[str, ...]
    sessions: float
    stay: float
    working_day: Hourly
    rest_day: Hourly


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargerParameters:
    """Table ``[charger]`` of a city: how long a vehicle waits for a charger, on average [h], the uses, and the tariff.

    The tariff is the price of a kilowatt-hour in each local hour [MAD/kWh]; drivers do not mind it.
    """

    patience: float
    uses: tuple[ChargerUse, ...]
    tariff: Hourly = (1.5,) * 24


def charge(soc: FloatArray, capacity: FloatArray, power: FloatArray, hours: FloatArray | float) -> FloatArray:
    """Return the state of charge after some time at constant current, then constant voltage.

    At the voltage limit the current, and with a nearly constant voltage the power, is in proportion to what is missing,
    so it decays exponentially (CC-CV: Pelletier et al. 2017, doi:10.1016/j.trb.2017.01.020). The slower the
    charger, the later a battery comes to that limit. Exact for any `hours`.

    Parameters
    ----------
    soc : ndarray, shape (n,)
        State of charge before.
    capacity : ndarray, shape (n,)
        Of the batteries [kWh].
    power : ndarray, shape (n,)
        The most that comes to the battery [W].
    hours : ndarray, shape (n,), or float
        Time of charging [h].
    """
    rate = np.minimum(power / 1000 / capacity, ACCEPTANCE)  # [1/h]
    decay = ACCEPTANCE / (1 - KNEE)  # [1/h]
    limit = 1 - rate / decay
    constant = np.clip((limit - soc) / np.maximum(rate, 1e-12), 0.0, hours)
    return np.asarray(1 - (1 - soc - rate * constant) * np.exp(-decay * (hours - constant)))


def assign(free: npt.NDArray[np.bool_], pool: IntArray, waiting: IntArray, priority: FloatArray) -> IntArray:
    """Return the chargers that waiting vehicles take, those of least `priority` first.

    Parameters
    ----------
    free : ndarray of bool, shape (n,)
    pool : ndarray, shape (n,)
        The pool that each charger belongs to.
    waiting : ndarray, shape (n_pools,)
        Vehicles in front of each pool.
    priority : ndarray, shape (n,)
    """
    candidates = np.flatnonzero(free)
    candidates = candidates[np.lexsort((priority[candidates], pool[candidates]))]
    pools = pool[candidates]
    turn = np.arange(len(pools)) - np.searchsorted(pools, pools)
    return candidates[turn < waiting[pools]]


def site_names(sensors: Sequence[Sensor]) -> list[str]:
    """Return the charging site of each charger: those in one street share a connection."""
    return [str(sensor.attributes.get("street", sensor.id)) for sensor in sensors]


def site_limits(site: IntArray, rated: FloatArray) -> FloatArray:
    """Return the power that the connection of each charging site carries [W], shape (n_sites,).

    Parameters
    ----------
    site : ndarray, shape (n,)
        Of each charger.
    rated : ndarray, shape (n,)
        Power of the chargers [W].
    """
    return np.asarray(np.maximum(SITE_SHARE * np.bincount(site, rated), largest(site, rated)))


def largest(site: IntArray, rated: FloatArray) -> FloatArray:
    """Return the rating of the largest charger of each site [W], shape (n_sites,)."""
    result = np.zeros(int(site.max(initial=-1)) + 1)
    np.maximum.at(result, site, rated)
    return result


class Charger:
    """The public chargers of the city. Those of a district are a pool with one queue.

    A session wants an energy and has a time of departure, both of which the driver's app gives away. Chargers of a site
    share its connection in proportion to what their vehicles would draw.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If a charger stands in a district of a category that no use names.
    """

    kind: ClassVar[str | None] = "charger"

    def __init__(self, city: City, now: Conditions) -> None:
        self._index = sensors_of(city, self.kind)
        parameters = read_table(city, "charger", ChargerParameters)
        self._patience = parameters.patience
        self._uses = parameters.uses
        sensors = [city.sensors[number] for number in self._index]
        districts, self._pool = np.unique([sensor.district for sensor in sensors], return_inverse=True)
        use_of = {category: number for number, use in enumerate(self._uses) for category in use.categories}
        categories = (city.district_by_id[district].category for district in districts)
        self._use = described(city, "charger.uses", "district category ", categories, use_of)  # of each pool
        self._size = np.bincount(self._pool, minlength=len(districts))
        self._rated = np.array([float(sensor.attributes["watts"]) for sensor in sensors])
        self._fast = self._rated > FAST_ABOVE
        self._goal = np.where(self._fast, FAST_GOAL, FULL)
        self._stay = np.array([use.stay for use in self._uses])[self._use[self._pool]]
        _, self._site = np.unique(site_names(sensors), return_inverse=True)
        self._site_limit = site_limits(self._site, self._rated)
        self._district = np.array([district_index(city)[district] for district in districts], dtype=np.int64)
        count = len(sensors)
        self._occupied = np.zeros(count, dtype=np.bool_)
        self._capacity, self._soc, self._accepts = np.ones(count), np.ones(count), np.zeros(count)  # of its vehicle
        self._leaves = np.zeros(count, dtype=np.int64)  # [us]
        self._power, self._energy = np.zeros(count), np.zeros(count)
        self._waiting = np.zeros(len(districts), dtype=np.int64)
        self._totals = np.zeros(2)  # sessions that ended, and energy that was missing then [kWh]
        self.arrays: Arrays = {
            "occupied": self._occupied,
            "capacity": self._capacity,
            "soc": self._soc,
            "accepts": self._accepts,
            "leaves": self._leaves,
            "energy": self._energy,
            "waiting": self._waiting,
            "totals": self._totals,
        }
        self._begin(now)

    def step(self, now: Conditions) -> None:
        """Let vehicles leave, come and charge.

        Without voltage sessions wait, and none begins; the same where a charger is stopped.
        """
        rng = now.draws(Stream.CHARGER)
        parts = math.ceil(now.seconds / LONGEST)
        length, hours = (now.time - now.previous) // parts, now.seconds / 3600 / parts
        powered = now.powered[self._index]
        stopped = now.setpoints.of("charger", "stop") == 1
        limit = np.fmin(self._rated, now.setpoints.of("charger", "limit")) * (powered & ~stopped)
        arrivals = self._arrivals(now) * self._size
        drawn = np.zeros(len(powered))
        for part in range(parts):
            begin = now.previous + part * length  # to which coming and going within the part are rounded
            done = (self._leaves <= begin + length // 2) | (self._fast & (self._soc >= self._goal))
            ending = done & self._occupied
            if ending.any():
                self._totals += ending.sum(), self._requested()[ending].sum()
                self._occupied &= ~done
            self._come(arrivals, ~stopped & powered, begin, hours, rng)
            drawn += self._charge(limit, hours)
        self._energy += drawn
        self._power[:] = drawn * (3.6e6 / now.seconds)
        now.charger_power = self._power

    def observe(self, now: Conditions) -> FloatArray:
        """Return power [W], energy delivered [kWh], occupied (1 or 0), energy wanted [kWh] and time to departure [min].

        The shape is (n_chargers, 5); without a vehicle the last two are 0.
        """
        departure = np.maximum(self._leaves - now.time, 0) / (60 * SECOND) * self._occupied
        return np.stack([self._power, self._energy, self._occupied, self._requested(), departure], axis=1)

    def _requested(self) -> FloatArray:
        """Return what each vehicle still wants to draw [kWh], shape (n_chargers,)."""
        return np.maximum(self._goal - self._soc, 0.0) * self._capacity / EFFICIENCY * self._occupied

    def _arrivals(self, now: Conditions) -> FloatArray:
        """Return the vehicles that come for each charger of each pool [1/h], shape (n_pools,)."""
        hour = now.working_hour(now.hour)
        shapes = [use.rest_day if now.rest_day else use.working_day for use in self._uses]
        rates = [use.sessions * daily(shape, hour) / 100 for use, shape in zip(self._uses, shapes, strict=True)]
        return np.array(rates)[self._use] * now.demand_factors("charger")[self._district]

    def _come(
        self, arrivals: FloatArray, taking: npt.NDArray[np.bool_], begin: int, hours: float, rng: Generator
    ) -> None:
        """Let vehicles come to their pool, take chargers and give up waiting.

        As many numbers are drawn as there are chargers and pools, whoever comes: what happens at one charger changes
        nothing at those of other pools.
        """
        self._waiting += rng.poisson(arrivals * hours)
        count = len(self._pool)
        impatience, normal, uniform = rng.random(len(self._waiting)), rng.standard_normal(count), rng.random((4, count))
        if not self._waiting.any():
            return
        taken = assign(~self._occupied & taking, self._pool, self._waiting, uniform[0])
        self._plug_in(taken, begin, normal[taken], uniform[1:, taken])
        self._waiting -= np.bincount(self._pool[taken], minlength=len(self._waiting))
        if not self._waiting.any():
            return
        give_up = np.full(len(self._waiting), -np.expm1(-hours / self._patience))
        self._waiting -= binomial(impatience, self._waiting.astype(np.float64), give_up).astype(np.int64)

    def _plug_in(self, chosen: IntArray, begin: int, normal: FloatArray, uniform: FloatArray) -> None:
        """Let a new vehicle come to each of the chargers `chosen` at a time [us].

        Parameters
        ----------
        chosen : ndarray, shape (n,)
        begin : int
        normal : ndarray, shape (n,)
            Standard normal numbers, for the batteries.
        uniform : ndarray, shape (3, n)
            Numbers from 0 to 1, for their charge, what vehicles take on board, and the stay.
        """
        soc, onboard, stay = uniform
        self._occupied[chosen] = True
        self._capacity[chosen] = CAPACITY + CAPACITY_SPREAD * np.clip(normal, -2, 2)
        self._soc[chosen] = ARRIVAL_SOC[0] + (ARRIVAL_SOC[1] - ARRIVAL_SOC[0]) * soc
        accepts = ONBOARD[np.searchsorted(np.cumsum(ONBOARD_SHARE)[:-1], onboard, side="right")]
        self._accepts[chosen] = np.where(self._fast[chosen], np.inf, accepts)
        self._leaves[chosen] = begin + (-np.log1p(-stay) * self._stay[chosen] * HOUR).astype(np.int64)

    def _charge(self, limit: FloatArray, hours: float) -> FloatArray:
        """Charge within a limit [W] and up to the goal, and return what is drawn [kWh]."""
        wanted = np.minimum(limit, self._accepts) * (self._occupied & (self._soc < self._goal))
        room = self._site_limit / np.maximum(np.bincount(self._site, wanted), 1e-9)
        max_power = EFFICIENCY * np.minimum(limit, self._accepts) * np.minimum(room, 1.0)[self._site]
        after = np.minimum(charge(self._soc, self._capacity, max_power, hours), self._goal)
        gained = np.where(self._occupied & (max_power > 0), np.maximum(after - self._soc, 0.0), 0.0)
        self._soc += gained
        return np.asarray(gained * self._capacity / EFFICIENCY)

    def _begin(self, now: Conditions) -> None:
        """Start amid sessions: as many as come in a mean stay (Little's law), each with some of its charge behind it.

        Stays are exponential, so what is left of one and what is past of it are distributed as the whole.
        """
        rng = draws(now.seed, Stream.CHARGER)
        stay = self._stay
        here = np.flatnonzero(rng.random(len(stay)) < np.minimum(self._arrivals(now)[self._pool] * stay, 0.9))
        self._plug_in(here, now.time, rng.standard_normal(len(here)), rng.random((3, len(here))))
        max_power = EFFICIENCY * np.minimum(self._rated, self._accepts)
        charged = charge(self._soc, self._capacity, max_power, rng.standard_exponential(len(stay)) * stay)
        self._soc[:] = np.where(self._occupied, charged, self._soc)
        self._energy[:] = rng.uniform(*HISTORY, len(stay))
