"""Waste containers: bags and bulky waste go in, trucks empty them in rounds and on command, the inside warms and ferments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.base import Arrays, daily, district_rows, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws, poisson
from simulators.world.parameters import Hourly, read_table
from zenata.city.clock import SECOND
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

EVERY, PHASE = 6, 5
"""Ticks between two steps, and the tick of them at which one comes; containers are held between."""

BAG = 3.0
"""Mass of what is thrown in at once [kg] (default)."""

UNEQUAL = 0.35
"""Standard deviation of the logarithm of what containers of a district get (default)."""

BULKY_SHARE, BULKY = 0.04, 60.0
"""Share of the waste that comes as bulky waste, and its mean mass at a time, exponential [kg] (defaults)."""

BREAKDOWN = 0.01
"""Chance that a truck stays in the depot for a night (default)."""

HANDLING, UNLOADING = 75, 1200
"""Time at a container, and in the depot to unload [s] (defaults)."""

SPEED, DETOUR = 20.0, 1.3
"""Mean speed of a truck [km/h], and its way over the straight distance (defaults)."""

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
        Local hour at which rounds begin, and how long crews work on them [h].
    trucks : int
        That drive the rounds, and where they are ordered to.
    truck_load : float
        What a truck takes before it has to unload [kg].
    depot : tuple of float or None
        Longitude and latitude where trucks start and unload [deg]; None for the middle of the containers.
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
    trucks: int = 4
    truck_load: float = 8_000.0
    depot: tuple[float, float] | None = None


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


def turns(city: City, nights: int) -> IntArray:
    """Return on which of the nights of a turn a container is emptied, shape (n,): districts take turns by their order."""
    return district_rows(city, (city.sensors[number] for number in sensors_of(city, Waste.kind))) % nights


class Trucks:
    """Trucks that empty containers: those of lowest rank first, and of these the nearest; none twice before it has unloaded.

    Parameters
    ----------
    positions : ndarray, shape (n + 1, 2)
        Of the containers, and of the depot at the end, on a plane [m].
    parameters : WasteParameters
    time : int
        Of the beginning [us].

    Attributes
    ----------
    listed : ndarray of bool, shape (n,)
        Containers that are to be emptied.
    at, free, load : ndarray, shape (n_trucks,)
        The container (or the depot, n) where each is or that it drives to; when it is done there [us]; what it holds [kg].
    emptied : ndarray of bool, shape (n_trucks, n)
        Which containers each has emptied since it unloaded.
    driven : ndarray, shape (1,)
        By all since the start [km].
    """

    def __init__(self, positions: FloatArray, parameters: WasteParameters, time: int) -> None:
        self._positions, self._room = positions, parameters.truck_load
        self._depot = len(positions) - 1
        self.listed: npt.NDArray[np.bool_] = np.zeros(self._depot, dtype=np.bool_)
        self.at: IntArray = np.full(parameters.trucks, self._depot)
        self.free: IntArray = np.full(parameters.trucks, time)
        self.load: FloatArray = np.zeros(parameters.trucks)
        self.emptied: npt.NDArray[np.bool_] = np.zeros((parameters.trucks, self._depot), dtype=np.bool_)
        self.driven = np.zeros(1)

    def work(
        self,
        begin: int,
        end: int,
        working: npt.NDArray[np.bool_],
        empty: Callable[[int], float],
        orders: tuple[FloatArray, FloatArray] | None = None,
    ) -> None:
        """Let trucks work from one time to another [us].

        Parameters
        ----------
        begin, end : int
        working : ndarray of bool, shape (n_trucks,)
            Which go out; the others go home when they are done where they are.
        empty : callable
            Empties a container, and returns what that took away [kg].
        orders : tuple of ndarray, shape (n,) each, optional
            The truck that is to come to each container, from 1, and the rank of each in its tour; NaN for any truck, and for
            after those that have a rank. Where that truck does not go out any other comes.
        """
        home = self.at == self._depot
        self.free[home & (self.free < begin)] = begin
        if not self.listed.any() and home.all():
            return
        while self.free.min() <= end:
            truck = int(self.free.argmin())
            here = int(self.at[truck])
            if here == self._depot:
                self.load[truck] = 0.0
                self.emptied[truck] = False
            elif self.listed[here]:
                self.load[truck] += empty(here)
                self.listed[here], self.emptied[truck, here] = False, True
            waiting = self.listed & ~self.emptied[truck]
            waiting[self.at[self.at < self._depot]] = False  # where another one drives to
            waiting[here : here + 1] = False
            if orders is not None:
                waiting = _first(waiting, truck, working, *orders)
            if not waiting.any() or not working[truck] or self.load[truck] > self._room:
                if here == self._depot:
                    self.free[truck] = end + 1
                    continue
                self._drive(truck, self._depot, UNLOADING)
                continue
            away = ((self._positions[:-1] - self._positions[here]) ** 2).sum(axis=1)
            self._drive(truck, int(np.where(waiting, away, np.inf).argmin()), HANDLING)

    def _drive(self, truck: int, to: int, handling: int) -> None:
        way = DETOUR * float(np.hypot(*(self._positions[to] - self._positions[self.at[truck]])))
        self.driven += way / 1000
        self.at[truck] = to
        self.free[truck] += int((way / SPEED * 3.6 + handling) * SECOND)


def _first(
    waiting: npt.NDArray[np.bool_], truck: int, working: npt.NDArray[np.bool_], wanted: FloatArray, rank: FloatArray
) -> npt.NDArray[np.bool_]:
    """Return the containers of lowest rank among those waiting that a truck may come to, shape (n,)."""
    number = np.nan_to_num(wanted).astype(np.int64) - 1  # of any truck -1
    absent = (number < 0) | (number >= len(working)) | ~working[np.clip(number, 0, len(working) - 1)]
    own = waiting & (absent | (number == truck))
    order = np.where(np.isnan(rank), np.inf, rank)
    return np.asarray(own & (order == order[own].min(initial=np.inf)))


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
        self._district = district_rows(city, containers)
        own = np.exp(UNEQUAL * draws(now.seed, Stream.WASTE).standard_normal(len(containers)))
        count, total = np.bincount(self._district), np.bincount(self._district, own)
        own *= (count / np.maximum(total, 1e-9))[self._district]
        self._rate = own * inhabitants(city, self._parameters) * self._parameters.yearly / 365.25 / 24  # [kg/h]
        self._turn = turns(city, self._parameters.nights)
        night, since_noon = _night(now)
        waiting = (night - self._turn) % self._parameters.nights + (since_noon - self._begins - 2) / 24  # [d]
        waiting = np.where(waiting < 0, waiting + self._parameters.nights, waiting)
        self._mass, self._surplus = np.zeros(len(containers)), np.zeros(len(containers))
        throw_in(self._mass, self._surplus, self._capacity, self._rate * 24 * waiting)
        self._trucks = Trucks(_positions(containers, self._parameters.depot), self._parameters, now.time)
        self._night, self._working = -1, np.ones(self._parameters.trucks, dtype=np.bool_)  # trucks that work that night
        self._listed_on = np.array([night if since_noon >= self._begins else night - 1])  # last night of a round
        self._temperature = np.full(len(containers), now.temperature)
        self._totals = np.zeros(2)  # thrown in and taken away since the start [kg]
        self.arrays: Arrays = {
            "mass": self._mass,
            "surplus": self._surplus,
            "listed": self._trucks.listed,
            "at": self._trucks.at,
            "free": self._trucks.free,
            "load": self._trucks.load,
            "emptied": self._trucks.emptied,
            "driven": self._trucks.driven,
            "listed_on": self._listed_on,
            "temperature": self._temperature,
            "totals": self._totals,
        }

    def step(self, now: Conditions) -> None:
        """Throw in, empty and warm the containers, every minute.

        How many numbers a draw takes does not depend on what is in the containers or what crews do.
        """
        if not now.passes(EVERY, PHASE):
            return
        hours = now.since(EVERY) / 3600
        feast = self._parameters.aid if now.aid_el_kebir else 1.0
        factor = daily(self._parameters.course, now.hour) * feast * now.demand_factors("waste")
        mean = self._rate * factor[self._district] * hours
        rng = now.draws(Stream.WASTE)
        chance, size, bags = rng.random((3, len(mean)))
        added = BAG * poisson(bags, (1 - BULKY_SHARE) * mean / BAG)
        bulky = chance < -np.expm1(-BULKY_SHARE * mean / BULKY)
        added -= BULKY * np.where(bulky, np.log1p(-size), 0.0)
        throw_in(self._mass, self._surplus, self._capacity, added)
        self._totals[0] += added.sum()
        self._collect(now)
        target = now.temperature + SUN * now.ghi + FERMENTATION * self._mass / self._capacity
        self._temperature += (1 - np.exp(-hours / RESPONSE)) * (target - self._temperature)

    def observe(self, now: Conditions) -> FloatArray:
        """Return fill, from 0 to 1, temperature inside [Cel] and what lies beside [kg], shape (n_containers, 3)."""
        return np.stack([np.minimum(self._mass / self._capacity, 1.0), self._temperature, self._surplus], axis=1)

    @property
    def _begins(self) -> float:
        """How long after noon rounds begin [h]."""
        return (self._parameters.round_from - 12) % 24

    def _collect(self, now: Conditions) -> None:
        """Put containers on the trucks' list, by rounds and commands, and let trucks work."""
        night, since_noon = _night(now)
        setpoint = now.setpoints.of("waste", "empty")
        listed = self._trucks.listed
        if night > self._listed_on[0] and since_noon >= self._begins:
            self._listed_on[0] = night
            listed |= night % self._parameters.nights == self._turn
        on_round = self._begins <= since_noon < self._begins + self._parameters.round_hours
        ordered = setpoint == 1
        listed |= ordered
        listed &= setpoint != 0
        if not on_round:
            listed &= ordered  # what a round has not come to waits for its next turn
        if night != self._night:
            self._night = night
            self._working = draws(now.seed, Stream.WASTE, -night).random(len(self._trucks.free)) >= BREAKDOWN
        before = now.time - int(now.since(EVERY) * SECOND)
        wanted, rank = (now.setpoints.of("waste", name) for name in ("truck", "rank"))
        orders = None if np.isnan(wanted).all() and np.isnan(rank).all() else (wanted, rank)
        self._trucks.work(before, now.time, self._working, lambda index: self._empty(now, index), orders)

    def _empty(self, now: Conditions, index: int) -> float:
        """Empty a container, and return what that took away [kg]; an order is carried out once."""
        taken = float(self._mass[index] + self._surplus[index])
        self._mass[index] = self._surplus[index] = 0.0
        self._totals[1] += taken
        if now.setpoints.of("waste", "empty")[index] == 1:
            for name in ("empty", "truck", "rank"):
                now.setpoints.of("waste", name)[index] = np.nan
        return taken


def _positions(containers: Sequence[Sensor], depot: tuple[float, float] | None) -> FloatArray:
    """Return where containers and, at the end, the depot are on a plane [m]."""
    there = np.array([(container.longitude, container.latitude) for container in containers]).reshape(-1, 2)
    middle = there.mean(axis=0) if len(there) else np.zeros(2)
    scale = METRES_A_DEGREE * np.array([np.cos(np.radians(middle[1])), 1.0])
    return np.asarray((np.vstack([there, middle if depot is None else depot]) - middle) * scale)


def _night(now: Conditions) -> tuple[int, float]:
    """Return the number of the local night, from noon to noon, and how long ago that noon was [h]."""
    night, since_noon = divmod(now.date.toordinal() * 24 + now.hour - 12, 24)
    return int(night), since_noon
