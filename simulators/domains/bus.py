"""Buses: they leave the terminus by the timetable, drive with the traffic, stop, let people off and on, and come back.

Passengers are whole: those who came to a stop wait there, are aboard, have arrived or have given up.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from simulators.conditions import TICK_SECONDS, Conditions
from simulators.domains.base import Arrays, sensors_of
from simulators.domains.bus_route import Route, build_route, drive
from simulators.domains.traffic import CYCLE, LOST
from simulators.draws import Stream
from simulators.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

SIGNAL_DELAY = (CYCLE / 2 + LOST) ** 2 / (2 * CYCLE)
"""Mean wait at a signal [s]: the uniform delay of Webster (1958, RRL technical paper 39) where nobody queues."""

STOP_LOST = 10.0
"""Time lost at a stop but for the passengers, with braking, doors and starting [s] (default; no less than a tick, so
that a bus makes one stop in a tick at most)."""

BOARDING, ALIGHTING = 3.0, 2.0
"""Time for each passenger, through one door and through another [s], near the TCQSM (TCRP report 165, 2013)."""

CAME, ARRIVED, GAVE_UP = range(3)
"""Places in the domain's ``totals`` [passengers]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Table ``[[bus.lines]]`` of a city.

    Parameters
    ----------
    name : str
        Value of the buses' attribute ``line``.
    nodes : tuple of str
        Of the street graph: the terminus, nodes it goes by, the other terminus; it comes back the same way.
    passengers : float
        Who would ride on a mean day.
    departures, rest_departures : tuple of int
        Buses that leave the terminus in each local hour, evenly spread; on rest days.
    """

    name: str
    nodes: tuple[str, ...]
    passengers: float
    departures: tuple[int, ...]
    rest_departures: tuple[int, ...]

    def hourly(self, now: Conditions) -> int:
        """Return how many buses leave in the hour at hand."""
        return (self.rest_departures if now.rest_day else self.departures)[int(now.hour)]

    def due(self, now: Conditions) -> bool:
        """Return whether a bus leaves in this tick."""
        second, tick = round(now.hour * 3600) % 3600, round(TICK_SECONDS)
        count = self.hourly(now)
        return second * count // 3600 != (second - tick) * count // 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class BusParameters:
    """Table ``[bus]`` of a city.

    Parameters
    ----------
    capacity : int
        Passengers a bus takes.
    spacing : float
        Distance between stops, about [m].
    ride : float
        Mean distance that a passenger rides [m].
    layover : float
        Time a bus stays at the terminus at least [s].
    lines : tuple of mapping
        Each the table of a `Line`.
    """

    capacity: int
    spacing: float
    ride: float
    layover: float
    lines: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The buses of a line and those who wait at its stops. All arrays are state.

    Parameters
    ----------
    running : ndarray of bool, shape (n,)
        Whether it is under way; else it stands at the terminus.
    place : ndarray, shape (n,) [m]
        Along the route.
    halt : ndarray, shape (n,) [s]
        How long it stays at its stop yet.
    free : ndarray of int64, shape (n,)
        When it can leave the terminus again [us since the Unix epoch].
    aboard : ndarray of int64, shape (n,)
    waiting : ndarray of int64, shape (n_stops - 1,)
        Passengers at each stop; nobody boards at the end of the loop.
    """

    running: np.ndarray[Any, np.dtype[np.bool_]]
    place: FloatArray
    halt: FloatArray
    free: IntArray
    aboard: IntArray
    waiting: IntArray


class BusLine:
    """A line with its buses.

    Parameters
    ----------
    city : City
    line : Line
    parameters : BusParameters
    count : int
        How many buses it has.
    now : Conditions
    """

    def __init__(self, city: City, line: Line, parameters: BusParameters, count: int, now: Conditions) -> None:
        self._line, self._parameters = line, parameters
        self.route: Route = build_route(city, line.nodes, parameters.spacing)
        streets = [city.streets[link] for link in self.route.links.tolist()]
        self._length = np.array([street.length for street in streets])
        self._limit = np.array([float(street.limit) for street in streets])
        self._delay = np.array([SIGNAL_DELAY if street.signal else 0.0 for street in streets])
        stops = len(self.route.stops)
        self._off = np.full(stops, min(parameters.spacing / parameters.ride, 1.0))  # chance to get off at a stop
        self._off[[self.route.last, -1]] = 1.0
        self.fleet = Fleet(
            running=np.zeros(count, dtype=bool),
            place=np.zeros(count),
            halt=np.zeros(count),
            free=np.full(count, now.time, dtype=np.int64),
            aboard=np.zeros(count, dtype=np.int64),
            waiting=np.zeros(stops - 1, dtype=np.int64),
        )
        self.speed = np.zeros(count)
        self._spread_out(now)

    def step(self, now: Conditions, totals: IntArray, rng: Generator) -> None:
        """Move the line on a tick, and add to the passengers in `totals`."""
        self._gather(now, totals, rng)
        fleet = self.fleet
        ready = np.flatnonzero(~fleet.running & (fleet.free <= now.time))
        if len(ready) and self._line.due(now):
            self._leave(int(ready[np.argmin(fleet.free[ready])]))
        before = fleet.place.copy()
        for bus, stop, spare in self._move(self._passed(np.minimum(now.link_speed[self.route.links], self._limit))):
            arrived, boarding = self._serve(bus, stop, rng)
            totals[ARRIVED] += arrived
            fleet.halt[bus] = STOP_LOST + max(boarding * BOARDING, arrived * ALIGHTING) - spare
            if stop == len(fleet.waiting):
                self._park(bus, now.time)
        self.speed[:] = np.where(fleet.running, fleet.place - before, 0.0) * (3.6 / TICK_SECONDS)

    def _spread_out(self, now: Conditions) -> None:
        """Put as many buses on the way as the timetable has there, evenly in time."""
        passed = self._passed(self._limit)
        around = passed[-1] + STOP_LOST * len(self.route.stops)
        count = min(round(self._line.hourly(now) * around / 3600), len(self.fleet.place))
        self.fleet.running[:count] = True
        self.fleet.place[:count] = np.interp(np.arange(count) / max(count, 1) * passed[-1], passed, self.route.bounds)

    def _passed(self, speed: FloatArray) -> FloatArray:
        """Return when a bus passes the bounds of the route [s], given the speed on its links [km/h]."""
        return self.route.passed(self._length / speed * 3.6 + self._delay)

    def _gather(self, now: Conditions, totals: IntArray, rng: Generator) -> None:
        """Let passengers come to the stops while the line runs, and give up when the last bus is in."""
        waiting = self.fleet.waiting
        if self._line.hourly(now) or self.fleet.running.any():
            mean = self._line.passengers * now.activity * TICK_SECONDS / 86400
            came = np.bincount(rng.integers(0, len(waiting), rng.poisson(mean)), minlength=len(waiting))
            waiting += came
            totals[CAME] += came.sum()
        else:
            totals[GAVE_UP] += waiting.sum()
            waiting[:] = 0

    def _leave(self, bus: int) -> None:
        """Let a bus take in who waits at the terminus, and go."""
        fleet = self.fleet
        fleet.running[bus] = True
        fleet.halt[bus] = STOP_LOST + BOARDING * self._board(bus, 0)

    def _move(self, passed: FloatArray) -> list[tuple[int, int, float]]:
        """Move all buses; return those that came to a stop: bus, stop, what is left of the tick [s]."""
        fleet, stops = self.fleet, self.route.stops
        seconds = np.where(fleet.running, np.maximum(TICK_SECONDS - fleet.halt, 0.0), 0.0)
        fleet.halt[:] = np.maximum(fleet.halt - TICK_SECONDS, 0.0)
        there = np.maximum(
            fleet.place, drive(fleet.place, seconds, self.route.bounds, passed)
        )  # never back, by rounding
        ahead = np.minimum(np.searchsorted(stops, fleet.place, side="right"), len(stops) - 1)
        halting = np.flatnonzero(fleet.running & (there >= stops[ahead]))
        at = stops[ahead[halting]]
        needed = np.interp(at, self.route.bounds, passed) - np.interp(fleet.place[halting], self.route.bounds, passed)
        spare = np.maximum(seconds[halting] - needed, 0.0)
        fleet.place[:] = there
        fleet.place[halting] = at
        return list(zip(halting.tolist(), ahead[halting].tolist(), spare.tolist(), strict=True))

    def _serve(self, bus: int, stop: int, rng: Generator) -> tuple[int, int]:
        """Let passengers off and on at a stop; return how many."""
        aboard = self.fleet.aboard
        arrived = int(rng.binomial(aboard[bus], self._off[stop]))
        aboard[bus] -= arrived
        return arrived, self._board(bus, stop) if stop < len(self.fleet.waiting) else 0

    def _board(self, bus: int, stop: int) -> int:
        """Let passengers on as long as there is room; return how many."""
        boarding = int(min(self.fleet.waiting[stop], self._parameters.capacity - self.fleet.aboard[bus]))
        self.fleet.waiting[stop] -= boarding
        self.fleet.aboard[bus] += boarding
        return boarding

    def _park(self, bus: int, time: int) -> None:
        """Leave a bus that came round at the terminus."""
        self.fleet.running[bus] = False
        self.fleet.place[bus] = self.fleet.halt[bus] = 0.0
        self.fleet.free[bus] = time + round(self._parameters.layover * SECOND)


class Bus:
    """The buses of the city.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If a bus is of a line that is not described, or a line cannot be laid along the streets.
    """

    kind: ClassVar[str | None] = "bus"

    def __init__(self, city: City, now: Conditions) -> None:
        parameters = read_table(city, "bus", BusParameters)
        self._capacity = parameters.capacity
        names = [str(city.sensors[number].attributes["line"]) for number in sensors_of(city, self.kind)]
        lines = [line for line in (Line(**table) for table in parameters.lines) if line.name in names]
        if unknown := sorted(set(names) - {line.name for line in lines}):
            raise CityError(f"city.toml of {city.id}: no [[bus.lines]] for line {', '.join(unknown)}")
        self._buses = [np.flatnonzero([name == line.name for name in names]) for line in lines]
        self._lines = [
            BusLine(city, line, parameters, len(buses), now) for line, buses in zip(lines, self._buses, strict=True)
        ]
        self._totals = np.zeros(3, dtype=np.int64)
        self.arrays: Arrays = {"totals": self._totals}
        for line, running in zip(lines, self._lines, strict=True):
            for field in Fleet.__dataclass_fields__:
                self.arrays[f"{line.name}.{field}"] = getattr(running.fleet, field)

    def step(self, now: Conditions) -> None:
        """Drive, and let passengers off and on."""
        rng = now.draws(Stream.BUS)
        for line in self._lines:
            line.step(now, self._totals, rng)

    def observe(self, now: Conditions) -> FloatArray:
        """Return latitude, longitude [deg], speed [km/h] and occupancy of every bus, shape (n_buses, 4)."""
        seen = np.zeros((sum(len(buses) for buses in self._buses), 4))
        for buses, line in zip(self._buses, self._lines, strict=True):
            longitude, latitude = line.route.position(line.fleet.place)
            seen[buses] = np.stack([latitude, longitude, line.speed, line.fleet.aboard / self._capacity], axis=1)
        return seen
