"""The water network: what customers draw, what leaks, and how tanks and pumps keep up the pressure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulators.conditions import TICK_SECONDS, Conditions
from simulators.domains.base import Arrays, sensors_of
from simulators.domains.water_demand import WaterUse, irregular, mean_demand
from simulators.domains.water_hydraulics import Hydraulics, Plant, Solution
from simulators.domains.water_network import Network, build_network, design_flow, diameters, elevations
from simulators.draws import Stream, draws
from simulators.parameters import read_table
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

EVERY = 30
"""Ticks between two solutions: five minutes. Flows are held between."""

INERTIA = 86400.0
"""Time constant with which demand follows warm weather [s] (default)."""

WARM = 22.0
"""Outdoor temperature over a day from which demand rises [Cel] (default)."""

LEAKAGE_NUMBER = 1.0
"""Share of leaks' area that pressure opens over the share that is always open, at the mean pressure, which makes leakage
nearly proportional to pressure (default; van Zyl, Lambert and Collins 2017, doi:10.1061/(ASCE)HY.1943-7900.0001346)."""

START, STOP = np.array([0.75, 0.55]), np.array([0.95, 0.80])
"""Shares of a tank's depth below which its pumps start, and above which they stop (defaults)."""

PUMP_SHARE = 0.8
"""Rated flow of a pump over its tank's share of the mean supply (default)."""

OUTLET = 0.2
"""Level under which a tank gives no water [m] (default)."""

INITIAL = 0.65
"""Share of a tank's depth that is full when a world begins (default)."""

HISTORY = (0.5, 5.0)
"""Years that a sensor has been counting (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WaterParameters:
    """Table ``[water]`` of a city.

    Parameters
    ----------
    litres_per_person : float
        Consumption of all uses for each inhabitant and day [l].
    losses : float
        Share of the supply that leaks.
    heat : float
        By which demand rises for each kelvin above `WARM`, as a share.
    aid : float
        Demand at Aid el-Kebir over that of any other day.
    roughness : float
        Coefficient of Hazen and Williams.
    storage : float
        Time for which full tanks could give the mean supply [h].
    low, high : tuple of float
        Two places, as longitude, latitude [deg] and elevation [m], between which the ground rises evenly.
    supplies : tuple of dict
        Tables ``[[water.supplies]]``: each tank's ``place`` where its main arrives [deg], ``main``, the main's length [m],
        ``bottom``, its elevation [m], ``depth`` [m], and ``source``, the head that its pumps draw from [m].
    uses : tuple of dict
        Tables ``[[water.uses]]``.
    """

    litres_per_person: float
    losses: float
    heat: float
    aid: float
    roughness: float
    storage: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    supplies: tuple[dict[str, Any], ...]
    uses: tuple[dict[str, Any], ...]


def plant_of(parameters: WaterParameters, supply: float) -> Plant:
    """Return tanks and pumps sized for a mean `supply` [l/s], of which each tank gives an equal part."""
    columns = ("bottom", "depth", "source")
    bottom, depth, source = (np.array([float(table[name]) for table in parameters.supplies]) for name in columns)
    each = supply / len(bottom)
    return Plant(
        bottom=bottom,
        depth=depth,
        area=each / 1000 * 3600 * parameters.storage / depth,
        source=source,
        pumps=len(START),
        rated=np.full(len(bottom), PUMP_SHARE * each),
    )


class Water:
    """The water network of the city.

    Arrays that may be changed from outside, which is noticed at the next tick: ``leak``, the area of holes in each pipe
    [m2]; ``opened``, whether each is open; ``enabled``, whether each pump may run.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If the streets do not connect, a district's category has no use, or a sensor's street has no pipe.
    """

    kind: ClassVar[str | None] = "water"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "water", WaterParameters)
        self._uses = [WaterUse(**use) for use in self._parameters.uses]
        arrival, main = ([table[name] for table in self._parameters.supplies] for name in ("place", "main"))
        self._network = build_network(city.streets, np.array(arrival), np.array(main, dtype=np.float64))
        self._mean = mean_demand(city, self._uses, self._parameters.litres_per_person, self._network.places)
        supply = self._mean.sum() / (1 - self._parameters.losses)
        self._plant = plant_of(self._parameters, supply)
        self._hydraulics = self._build(supply)
        sensors = [city.sensors[number] for number in sensors_of(city, self.kind)]
        self._pipe, self._direction = _pipes_of(self._network, sensors, city.id)
        pipes, tanks, pumps = len(self._network.length), len(self._plant.bottom), len(START) * len(self._plant.bottom)
        self._leak, self._opened, self._enabled = np.zeros(pipes), np.ones(pipes, bool), np.ones(pumps, bool)
        self._running = np.zeros(pumps, bool)
        self._level = INITIAL * self._plant.depth
        self._demand = self._mean.sum(axis=0)
        self._pressure, self._flow = np.zeros(self._mean.shape[1]), np.zeros(pipes)
        self._inflow, self._rates = np.zeros(tanks), np.zeros(3)
        self._totals = np.zeros(4)  # pumped, delivered, leaked, spilt since the start [m3]
        self._warmth = np.array([now.temperature])  # that demand has come to [Cel]
        self._background = self._calibrate()
        self._solved = self._outside()
        years = draws(now.seed, Stream.WATER).uniform(*HISTORY, len(sensors))
        self._volume = years * 8766 * 3.6 * np.abs(self._flow[self._pipe])
        self.arrays: Arrays = {
            "leak": self._leak,
            "opened": self._opened,
            "enabled": self._enabled,
            "running": self._running,
            "level": self._level,
            "demand": self._demand,
            "pressure": self._pressure,
            "flow": self._flow,
            "inflow": self._inflow,
            "rates": self._rates,
            "totals": self._totals,
            "warmth": self._warmth,
            "solved": self._solved,
            "volume": self._volume,
        }

    def step(self, now: Conditions) -> None:
        """Move water as last solved; solve anew every five minutes, and when something was changed from outside."""
        self._warmth += (now.temperature - self._warmth) * (1 - np.exp(-TICK_SECONDS / INERTIA))
        self._move()
        outside = self._outside()
        if now.tick % EVERY == 0:
            self._draw(now)
            self._switch()
        elif np.array_equal(outside, self._solved):
            return
        self._solved[:] = outside
        self._hold(self._solve(self._background))

    def observe(self, now: Conditions) -> FloatArray:
        """Return pressure [m], flow [l/s] and what has passed either way [m3] at every sensor, shape (n_sensors, 3).

        Sensors sit in the middle of their street's pipe, and count a flow along the street as positive.
        """
        ends = self._pressure[self._network.start[self._pipe]], self._pressure[self._network.end[self._pipe]]
        head = np.maximum(ends[0] + ends[1], 0.0) / 2 * self._opened[self._pipe]  # a pipe that is shut empties
        return np.stack([head, self._direction * self._flow[self._pipe], self._volume], axis=1)

    def _build(self, supply: float) -> Hydraulics:
        """Size the pipes for the highest hour, and return the network."""
        network, parameters = self._network, self._parameters
        leaks = parameters.losses * supply / self._mean.shape[1]
        peak = np.array([use.peak for use in self._uses]) @ self._mean + leaks
        size = diameters(design_flow(network, peak), network.least)
        ground = elevations(network.places, parameters.low, parameters.high)
        return Hydraulics(network, ground, size, parameters.roughness, self._plant)

    def _calibrate(self) -> FloatArray:
        """Return the area of leaks of each pipe and its growth with pressure [m2], [m], shape (2, n_pipes).

        In proportion to length, and such that at mean demand they lose the share that is known. It follows from the city
        alone.
        """
        wanted = self._parameters.losses / (1 - self._parameters.losses) * self._demand.sum()
        leaks = np.stack([1e-7 * self._network.length, np.zeros(len(self._leak))])
        for _ in range(6):
            solution = self._solve(leaks)
            leaks[0] *= wanted / solution.leaked
            leaks[1] = LEAKAGE_NUMBER / solution.pressure.mean() * leaks[0]
        self._hold(self._solve(leaks))
        return leaks

    def _outside(self) -> FloatArray:
        """Return what may be changed from outside."""
        return np.concatenate([self._leak, self._opened, self._enabled])

    def _draw(self, now: Conditions) -> None:
        """Set what customers want."""
        weather = 1 + self._parameters.heat * max(float(self._warmth[0]) - WARM, 0.0)
        feast = self._parameters.aid if now.aid_el_kebir else 1.0
        mean = np.array([use.course(now) for use in self._uses]) @ self._mean * (weather * feast)
        normal = now.draws(Stream.WATER).standard_normal(len(mean))
        self._demand[:] = irregular(mean, EVERY * TICK_SECONDS, normal)

    def _switch(self) -> None:
        """Start and stop pumps by the level of their tank."""
        full = np.repeat(self._level / self._plant.depth, len(START))
        tanks = len(self._level)
        self._running |= full < np.tile(START, tanks)
        self._running &= full < np.tile(STOP, tanks)

    def _solve(self, background: FloatArray) -> Solution:
        """Return the flow of this moment."""
        opened = self._opened.copy()
        opened[-len(self._level) :] &= self._level > OUTLET
        return self._hydraulics.solve(
            demand=self._demand,
            level=self._level,
            pumps=self._running & self._enabled,
            opened=opened,
            leak=background[0] + self._leak,
            expansion=background[1],
        )

    def _hold(self, solution: Solution) -> None:
        """Keep a flow until the next."""
        self._pressure[:], self._flow[:], self._inflow[:] = solution.pressure, solution.flow, solution.inflow
        self._rates[:] = solution.pumped, solution.delivered, solution.leaked

    def _move(self) -> None:
        """Fill and empty the tanks for a tick, let them overflow, and count."""
        litres = TICK_SECONDS / 1000  # m3 in a tick for each l/s
        self._level += self._inflow * litres / self._plant.area
        spilt = np.maximum(self._level - self._plant.depth, 0.0)
        self._level -= spilt
        self._totals += [*(self._rates * litres), float(spilt @ self._plant.area)]
        self._volume += np.abs(self._flow[self._pipe]) * litres


def _pipes_of(network: Network, sensors: Sequence[Sensor], city: str) -> tuple[IntArray, FloatArray]:
    """Return the pipe of each sensor, and 1.0 or -1.0 as its street runs from the pipe's start or to it."""
    streets = [str(sensor.attributes["street"]) for sensor in sensors]
    if missing := sorted(set(streets) - network.pipe_of.keys()):
        raise CityError(f"{city}: no water pipe runs under {', '.join(missing)}, where sensors are")
    found = np.array([network.pipe_of[street] for street in streets], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1].astype(np.float64)
