"""Buses: they leave the terminus by the timetable, drive with the traffic, stop, let people off and on, and come back.

Passengers are whole: those who came to a stop wait there, are aboard, have arrived or have given up. The loops of all
lines lie one after the other, so that all buses move at once, each from event to event: to its next stop, to a street
that is closed, or to the end of the tick.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from simulators.domains.base import Arrays, described, sensors_of
from simulators.domains.bus.fleet import Fleet, alighting, drive, parts
from simulators.domains.bus.route import build_route, join
from simulators.domains.traffic.network import closed_streets
from simulators.domains.traffic.signals import CYCLE, LOST
from simulators.world.conditions import TICK_SECONDS, Conditions
from simulators.world.draws import Stream, arrivals
from simulators.world.parameters import HourlyCounts, read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

SIGNAL_DELAY = (CYCLE / 2 + LOST) ** 2 / (2 * CYCLE)
"""Mean wait at a signal [s]: the uniform delay of Webster (1958, RRL technical paper 39) where nobody queues."""

STOP_LOST = 10.0
"""Time lost at a stop but for the passengers, with braking, doors and starting [s] (default)."""

BOARDING, ALIGHTING = 3.0, 2.0
"""Time for each passenger, through one door and through another [s], near the TCQSM (TCRP report 165, 2013)."""

MINUTE = 60 * SECOND

PART = 450.0
"""Longest part of a tick at whose beginning passengers come and buses leave [s]."""

CAME, ARRIVED, GAVE_UP = range(3)
"""Places in the domain's ``totals`` [passengers]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BusLine:
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
    departures: HourlyCounts
    rest_departures: HourlyCounts

    def hourly(self, now: Conditions, hour: float) -> int:
        """Return how many buses leave in the hour of the day that a time [h] lies in."""
        return (self.rest_departures if now.rest_day else self.departures)[int(hour) % 24]

    def due(self, now: Conditions, ago: float, seconds: float) -> int:
        """Return how many buses leave in some `seconds`, which end some time `ago` [s]."""
        hour = now.hour - ago / 3600
        count, second = self.hourly(now, hour), round(hour * 3600) % 3600
        return int(second * count // 3600 - (second - seconds) * count // 3600)


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
    lines : tuple of BusLine
    """

    capacity: int
    spacing: float
    ride: float
    layover: float
    lines: tuple[BusLine, ...]


@dataclass(slots=True)
class _Passengers:
    """Passengers aboard each bus, waiting at each stop and arrived, as plain numbers while buses are served one by one."""

    aboard: list[int]
    waiting: list[int]
    capacity: int
    arrived: int = 0

    def board(self, bus: int, stop: int) -> int:
        """Let passengers on as long as there is room; return how many."""
        boarding = min(self.waiting[stop], self.capacity - self.aboard[bus])
        self.waiting[stop] -= boarding
        self.aboard[bus] += boarding
        return boarding


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
        self._parameters = read_table(city, "bus", BusParameters)
        names = [str(city.sensors[number].attributes["line"]) for number in sensors_of(city, self.kind)]
        self._lines = [line for line in self._parameters.lines if line.name in names]
        known = {line.name: number for number, line in enumerate(self._lines)}
        self._line = described(city, "bus.lines", "line ", names, known)
        self.arrays: Arrays = {}
        if self._lines:
            self._lay(city)
            self._park_all(now.time)
            self._spread_out(now)

    def step(self, now: Conditions) -> None:
        """Drive, and let passengers off and on."""
        if not self._lines:
            return
        rng = now.draws(Stream.BUS)
        passed = self._passed(np.minimum(now.link_speed[self.route.links], self._limit))
        closed = passed[:-1][closed_streets(now)[self.route.links]]
        ago = now.seconds
        for seconds in parts(now.seconds, PART, TICK_SECONDS):
            ago -= seconds
            time = now.time - round(ago * SECOND)
            before = self.fleet.position.copy()
            self._gather(now, ago, seconds, rng)
            passengers = _Passengers(self.fleet.aboard.tolist(), self.fleet.waiting.tolist(), self._parameters.capacity)
            self._leave(now, ago, seconds, passengers)
            serve = partial(self._serve, time, rng.random(len(self._stop_line)).tolist(), passengers)
            drive(self.fleet, self.route, seconds, passed, closed, serve)
            self.fleet.aboard[:], self.fleet.waiting[:] = passengers.aboard, passengers.waiting
            self._totals[ARRIVED] += passengers.arrived
            self._speed = np.where(self.fleet.running, self.fleet.position - before, 0.0) * (3.6 / seconds)

    def observe(self, now: Conditions) -> FloatArray:
        """Return latitude, longitude [deg], speed [km/h] and occupancy of every bus, shape (n_buses, 4)."""
        if not self._lines:
            return np.zeros((0, 4))
        longitude, latitude = self.route.position(self.fleet.position)
        return np.stack([latitude, longitude, self._speed, self.fleet.aboard / self._parameters.capacity], axis=1)

    def _lay(self, city: City) -> None:
        """Lay the lines along the streets, with their stops and the passengers who come there."""
        parameters = self._parameters
        routes = [build_route(city, line.nodes, parameters.spacing) for line in self._lines]
        self.route = join(routes)
        streets = [city.streets[link] for link in self.route.links.tolist()]
        self._length = np.array([street.length for street in streets])
        self._limit = np.array([float(street.limit) for street in streets])
        self._delay = np.array([SIGNAL_DELAY if street.signal else 0.0 for street in streets])
        self._stop_line = np.repeat(np.arange(len(routes)), [len(route.stops) for route in routes])
        self._last = self.route.ends[:, 1]  # stop of each loop
        self._first = np.append(0, self._last[:-1] + 1)
        self._end = self._last[self._line].tolist()  # of each bus
        self._all_off = np.isin(np.arange(len(self._stop_line)), self.route.ends).tolist()
        self._alighting = alighting(parameters.capacity, min(parameters.spacing / parameters.ride, 1.0)).tolist()
        mean = np.array([line.passengers / 1440 for line in self._lines]) / (self._last - self._first)
        self._came: FloatArray = np.cumsum(
            mean[self._stop_line] * ~np.isin(np.arange(len(self._stop_line)), self._last)
        )

    def _park_all(self, time: int) -> None:
        """Make the fleet, and park all buses at the beginning of their loops."""
        buses = len(self._line)
        self.fleet = Fleet(
            running=np.zeros(buses, dtype=np.bool_),
            position=np.zeros(buses),
            next_stop=np.zeros(buses, dtype=np.int64),
            halt=np.zeros(buses),
            free=np.zeros(buses, dtype=np.int64),
            aboard=np.zeros(buses, dtype=np.int64),
            waiting=np.zeros(len(self._stop_line), dtype=np.int64),
        )
        self._park(np.arange(buses), time)
        self._speed = np.zeros(buses)
        self._totals: IntArray = np.zeros(3, dtype=np.int64)
        self.arrays.update({name: getattr(self.fleet, name) for name in Fleet.__dataclass_fields__})
        self.arrays["totals"] = self._totals

    def _spread_out(self, now: Conditions) -> None:
        """Put as many buses on the way as the timetable has there, evenly in time."""
        passed, stops = self._passed(self._limit), self.route.stops
        due = np.interp(stops, self.route.bounds, passed)
        for number, line in enumerate(self._lines):
            first, last = self._first[number], self._last[number]
            around = due[last] - due[first]
            buses = np.flatnonzero(self._line == number)
            count = round(line.hourly(now, now.hour) * (around + STOP_LOST * (last - first + 1)) / 3600)
            buses = buses[:count]
            since = np.arange(len(buses)) / max(len(buses), 1) * around
            self.fleet.running[buses] = True
            self.fleet.position[buses] = np.interp(due[first] + since, passed, self.route.bounds)
            self.fleet.next_stop[buses] = (
                np.searchsorted(stops[first:last], self.fleet.position[buses], side="right") + first
            )

    def _passed(self, speed: FloatArray) -> FloatArray:
        """Return when a bus passes the bounds of the loops [s], given the speed on their links [km/h]."""
        return self.route.passed(self._length / speed * 3.6 + self._delay)

    def _gather(self, now: Conditions, ago: float, seconds: float, rng: Generator) -> None:
        """Let passengers come to the stops of lines that run, each minute, and give up where the last bus is in."""
        end = now.time - round(ago * SECOND)
        minutes = end // MINUTE - (end - round(seconds * SECOND)) // MINUTE
        if not minutes:
            return
        busy = now.activity * float(now.demand_factors("bus", ago).mean())
        came = arrivals(self._came, busy * minutes, 1, rng)[0].astype(np.int64)
        runs = np.bincount(self._line, self.fleet.running, len(self._lines)) > 0
        runs |= [line.hourly(now, now.hour - ago / 3600) > 0 for line in self._lines]
        served = runs[self._stop_line]
        waiting = self.fleet.waiting
        self._totals[CAME] += came[served].sum()
        self._totals[GAVE_UP] += waiting[~served].sum()
        waiting[:] = np.where(served, waiting + came, 0)

    def _leave(self, now: Conditions, ago: float, seconds: float, passengers: _Passengers) -> None:
        """Let the buses that are due take in who waits at the terminus, and go."""
        fleet = self.fleet
        for number, line in enumerate(self._lines):
            for _ in range(line.due(now, ago, seconds)):
                ready = np.flatnonzero(
                    (self._line == number) & ~fleet.running & (fleet.free <= now.time - ago * SECOND)
                )
                if len(ready):
                    bus = int(ready[np.argmin(fleet.free[ready])])
                    fleet.running[bus] = True
                    fleet.halt[bus] = STOP_LOST + BOARDING * passengers.board(bus, int(self._first[number]))

    def _serve(self, time: int, chance: list[float], passengers: _Passengers, bus: int, stop: int) -> float:
        """Let passengers off and on at a stop, park a bus that came round, and return how long it stays [s]."""
        aboard = passengers.aboard[bus]
        off = aboard if self._all_off[stop] else bisect_right(self._alighting[aboard], chance[stop])
        passengers.aboard[bus] = aboard - off
        passengers.arrived += off
        stay = STOP_LOST + max(passengers.board(bus, stop) * BOARDING, off * ALIGHTING)
        if stop == self._end[bus]:
            self._park(np.array([bus]), time)
            return 0.0
        return stay

    def _park(self, bus: IntArray, time: int) -> None:
        """Leave buses at the terminus where their loops begin."""
        first = self._first[self._line[bus]]
        self.fleet.running[bus] = False
        self.fleet.position[bus], self.fleet.next_stop[bus] = self.route.stops[first], first + 1
        self.fleet.free[bus] = time + round(self._parameters.layover * SECOND)
