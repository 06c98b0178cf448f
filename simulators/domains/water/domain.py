"""Water domain: demand, leaks, tanks and pumps, and the pressures and flows they make."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, sensors_of
from simulators.domains.water.demand import irregular, mean_demand
from simulators.domains.water.hydraulics import Hydraulics, Plant, Solution
from simulators.domains.water.network import BoolArray, Network, build_network, design_flow, diameters, elevations
from simulators.domains.water.parameters import WaterParameters, plant_of
from simulators.domains.water.sensors import nearest_stations, sensor_pipes
from simulators.domains.water.tanks import Tanks
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws
from simulators.world.parameters import read_table
from zenata.city.derived import once_per_city
from zenata.city.model import City
from zenata.city.readings import FloatArray

EVERY, PHASE = 30, 3
"""Ticks between two solutions, five minutes, and the tick of them at which one comes. Flows are held between."""

LONGEST = 900.0
"""Longest time for which a flow is held [s]: held for an hour, tanks that share a network would swing against each other."""

INERTIA = 86400.0
"""Time constant with which demand follows warm weather [s] (default)."""

WARM = 22.0
"""Outdoor temperature over a day from which demand rises [Cel] (default)."""

LEAKAGE_NUMBER = 1.0
"""Share of leaks' area that pressure opens over the share that is always open, at the mean pressure, which makes leakage
nearly proportional to pressure (default; van Zyl, Lambert and Collins 2017, doi:10.1061/(ASCE)HY.1943-7900.0001346)."""

SMALLEST = 1e-9
"""Area below which a hole counts as none [m2]: EPANET takes the very small ones for errors."""

WIDER = 1e-5
"""By how much a hole has to change to be felt before the next five minutes [m2]."""

HISTORY = (0.5, 5.0)
"""Years that a sensor has been counting (default)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """A water network as it was built.

    Parameters
    ----------
    network : Network
    ground : ndarray, shape (n_junctions,)
        Elevation [m].
    diameter : ndarray, shape (n_pipes,)
        [mm]
    plant : Plant
    parameters : WaterParameters
    parts : ndarray, shape (n_uses, n_districts, n_junctions)
        Mean demand of customers [l/s].
    """

    network: Network
    ground: FloatArray
    diameter: FloatArray
    plant: Plant
    parameters: WaterParameters
    parts: FloatArray


@once_per_city
def design_of(city: City) -> Design:
    """Lay out a city's water network: pipes are sized for the highest hour.

    Raises
    ------
    CityError
        If the streets do not connect, or a district's category has no use.
    """
    parameters = read_table(city, "water", WaterParameters)
    arrival, main = (np.array([getattr(supply, name) for supply in parameters.supplies]) for name in ("place", "main"))
    network = build_network(city.streets, arrival, main)
    parts = mean_demand(city, parameters.uses, parameters.litres_per_person, network.positions)
    mean = parts.sum(axis=1)
    supply = mean.sum() / (1 - parameters.losses)
    leaks = parameters.losses * supply / mean.shape[1]
    peak = np.array([use.peak for use in parameters.uses]) @ mean + leaks
    return Design(
        network=network,
        ground=elevations(network.positions, parameters.low, parameters.high),
        diameter=diameters(design_flow(network, peak), network.least),
        plant=plant_of(parameters, supply),
        parameters=parameters,
        parts=parts,
    )


class Water:
    """The water network of the city.

    Pumps run as the levels of their tanks ask for, or as their supply's logger is commanded, while there is voltage at the
    transformer station nearest to the supply.

    Parameters
    ----------
    city : City
    now : Conditions

    Attributes
    ----------
    design : Design
    background : ndarray, shape (2, n_pipes)
        Area of the leaks of each pipe, and its growth with pressure [m2], [m].

    Raises
    ------
    CityError
        If the streets do not connect, a district's category has no use, or a sensor is at no pipe and no supply.
    """

    kind: ClassVar[str | None] = "water"

    def __init__(self, city: City, now: Conditions) -> None:
        self.design = design = design_of(city)
        self._parameters, self._network, self._parts = design.parameters, design.network, design.parts
        self._uses = self._parameters.uses
        self._mean = self._parts.sum(axis=1)
        self._hydraulics = Hydraulics(
            self._network, design.ground, design.diameter, self._parameters.roughness, design.plant
        )
        self._tanks = Tanks(design.plant)
        sensors = [city.sensors[number] for number in sensors_of(city, self.kind)]
        self._pipe, self._direction, self._tank = sensor_pipes(self._network, sensors, city.id)
        self._supplies = np.flatnonzero(self._tank >= 0)  # the sensors that are there
        self._under = np.array([self._network.pipe_of.get(street.id, (-1,))[0] for street in city.streets])
        self._station = nearest_stations(city, np.array([supply.place for supply in self._parameters.supplies]))
        pipes = len(self._network.length)
        self._leak, self._gates = np.zeros(pipes), np.ones(pipes + len(self._tanks.running), dtype=np.bool_)
        self._gates[pipes:] = False
        self._demand = self._mean.sum(axis=0)
        self._pressure, self._flow = np.zeros(self._mean.shape[1]), np.zeros(pipes)
        self._rates = np.zeros(3)  # pumped, delivered, leaked [l/s]
        self._steady = np.zeros(1)  # time for which the flow may be held [s]
        self._totals = np.zeros(4)  # pumped, delivered, leaked, spilt since the start [m3]
        self._warmth = np.array([now.temperature])  # that demand has come to [Cel]
        self.background = self._calibrate()
        years = draws(now.seed, Stream.WATER).uniform(*HISTORY, len(sensors))
        self._volume = years * 8766 * 3.6 * np.abs(self._flow[self._pipe])
        self.arrays: Arrays = {
            "level": self._tanks.level,
            "inflow": self._tanks.inflow,
            "running": self._tanks.running,
            "giving": self._tanks.giving,
            "leak": self._leak,
            "gates": self._gates,
            "demand": self._demand,
            "pressure": self._pressure,
            "flow": self._flow,
            "rates": self._rates,
            "steady": self._steady,
            "totals": self._totals,
            "warmth": self._warmth,
            "volume": self._volume,
        }

    def step(self, now: Conditions) -> None:
        """Move water as last solved; solve again every five minutes, and when something is opened, shut or broken.

        Where a tank comes to a level that switches something, the step is cut there, and a long one into shorter ones.
        """
        self._warmth += (now.temperature - self._warmth) * (1 - np.exp(-now.seconds / INERTIA))
        left = now.seconds
        while left > self._steady[0]:
            left -= self._steady[0]
            self._move(float(self._steady[0]))
            self._tanks.switch()
            self._solve(now)
        self._move(left)
        if now.passes(EVERY, PHASE):
            self._draw(now)
            self._solve(now)
        elif self._is_changed(now):
            self._solve(now)

    def observe(self, now: Conditions) -> FloatArray:
        """Return pressure [m], flow [l/s] and what has passed [m3] at every sensor, shape (n_sensors, 3).

        In a street sensors sit in the middle of the pipe, count a flow along the street as positive, and what passes
        either way. At a supply they give the level of its tank, the flow out of it, and what has left it.
        """
        pressure = np.concatenate([self._pressure, self._tanks.level])  # at junctions and tanks
        ends = pressure[self._network.start[self._pipe]], pressure[self._network.end[self._pipe]]
        head = np.maximum(ends[0] + ends[1], 0.0) / 2 * self._gates[self._pipe]  # a pipe that is shut empties
        head[self._supplies] = self._tanks.level[self._tank[self._supplies]]
        return np.stack([head, self._direction * self._flow[self._pipe], self._volume], axis=1)

    def _calibrate(self) -> FloatArray:
        """Return the area of leaks of each pipe and its growth with pressure [m2], [m], shape (2, n_pipes).

        In proportion to length, and such that at mean demand they lose the share that is known. It follows from the city
        alone.
        """
        target = self._parameters.losses / (1 - self._parameters.losses) * self._demand.sum()
        leaks = np.stack([1e-7 * self._network.length, np.zeros(len(self._leak))])
        for _ in range(6):
            solution = self._flow_with(leaks)
            leaks[0] *= target / solution.leaked
            leaks[1] = LEAKAGE_NUMBER / solution.pressure.mean() * leaks[0]
        self._hold(self._flow_with(leaks))
        return leaks

    def _is_changed(self, now: Conditions) -> bool:
        """Return whether events, commands or voltage ask for another flow than the last."""
        return not np.array_equal(self._gates_of(now), self._gates) or bool(
            np.abs(self._leak_of(now) - self._leak).max() > WIDER
        )

    def _leak_of(self, now: Conditions) -> FloatArray:
        """Return the area of the holes in each pipe, shape (n_pipes,): both directions of a street lie over one."""
        if not now.disturbance.active:
            return np.zeros(len(self._leak))
        holes = np.where(now.disturbance.leak < SMALLEST, 0.0, now.disturbance.leak)
        area = np.asarray(np.bincount(self._under + 1, holes, len(self._leak) + 1), dtype=np.float64)
        return area[1:]  # first come streets without a pipe

    def _gates_of(self, now: Conditions) -> BoolArray:
        """Return which pipes are open and which pumps run, shape (n_pipes + n_tanks * n_pumps,)."""
        tanks, pipes = len(self._tanks.level), len(self._leak)
        opened = np.ones(pipes, dtype=np.bool_)
        opened[self._pipe[now.setpoints.of("water", "valve") == 0]] = False
        opened[-tanks:] &= self._tanks.giving
        setpoint = np.full(tanks, np.nan)
        setpoint[self._tank[self._supplies]] = now.setpoints.of("water", "pumps")[self._supplies]
        running = self._tanks.running.reshape(tanks, -1)
        running = np.where(np.isnan(setpoint)[:, None], running, np.arange(running.shape[1]) < setpoint[:, None])
        return np.concatenate([opened, (running & self._powered(now)[:, None]).ravel()])

    def _powered(self, now: Conditions) -> BoolArray:
        """Return whether there is voltage at each supply, shape (n_tanks,)."""
        return now.powered[self._station] if len(self._station) else np.ones(len(self._tanks.level), dtype=np.bool_)

    def _draw(self, now: Conditions) -> None:
        """Set what customers want."""
        weather = 1 + self._parameters.heat * max(float(self._warmth[0]) - WARM, 0.0)
        feast = self._parameters.aid if now.aid_el_kebir else 1.0
        course = np.array([use.course(now) for use in self._uses]) * (weather * feast)
        mean = np.einsum("u,d,udj->j", course, now.demand_factors("water"), self._parts)
        normal = now.draws(Stream.WATER).standard_normal(len(mean))
        self._demand[:] = irregular(mean, now.since(EVERY), normal)

    def _solve(self, now: Conditions) -> None:
        """Find the flow of this moment, and keep it until the next."""
        self._leak[:], self._gates[:] = self._leak_of(now), self._gates_of(now)
        self._hold(self._flow_with(self.background))

    def _flow_with(self, background: FloatArray) -> Solution:
        return self._hydraulics.solve(
            demand=self._demand,
            level=self._tanks.level,
            pumps=self._gates[len(self._leak) :],
            opened=self._gates[: len(self._leak)],
            leak=background[0] + self._leak,
            expansion=background[1],
        )

    def _hold(self, solution: Solution) -> None:
        self._pressure[:], self._flow[:] = solution.pressure, solution.flow
        self._tanks.inflow[:] = solution.inflow
        self._rates[:] = solution.pumped, solution.delivered, solution.leaked
        self._steady[0] = min(self._tanks.steady(), LONGEST)

    def _move(self, seconds: float) -> None:
        """Let the flow go on for some time, and count."""
        litres = seconds / 1000  # m3 for each l/s
        self._steady[0] -= seconds
        self._totals += [*(self._rates * litres), self._tanks.fill(seconds)]
        flow = self._flow[self._pipe]
        self._volume += np.maximum(flow, np.where(self._tank < 0, -flow, 0.0)) * litres
