"""Traffic on the street graph: a store-and-forward queue model of whole vehicles in steps of five seconds.

Vehicles on a link are moving or queue at its end. Moving ones reach the queue after a geometrically distributed time,
which disperses platoons as Robertson (1969, TRANSYT, RRL report LR 253) observed; queues discharge at the saturation
flow while the light is green and as long as the next link has room (store-and-forward: Gazis and Potts 1963;
Aboudolas, Papageorgiou and Kosmatopoulos 2009). Counts are whole numbers kept in floats, so that nothing is lost:
entered minus left is what is stored, exactly.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from simulators.conditions import TICK, TICK_SECONDS, Conditions
from simulators.domains.base import Arrays, daily, sensors_of
from simulators.domains.traffic_network import INNER, JAM_DENSITY, BoolArray, Network, build_network, steady_flow
from simulators.draws import Stream
from simulators.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray

CYCLE = 90
"""Length of a signal cycle [s]; LOST of it in each of two phases is not green (defaults)."""

LOST = 5

DIAGRAM_EXPONENT = 1.867
"""Of the speed-density relation (Papageorgiou et al. 1989, doi:10.1016/0191-2615(89)90021-0)."""

CRAWL = 4.0
"""Least mean speed on a link [km/h] (default)."""

WINDOW = 6
"""Ticks over which detectors count: a minute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficParameters:
    """Table ``[traffic]`` of a city.

    Parameters
    ----------
    motorway_daily : float
        Vehicles a day on the motorway, both directions, mean of the year.
    trips_daily : float
        Trips by car and taxi that start inside the city on a mean day.
    gate_daily : float
        Vehicles a day that enter on each lane of each other road from outside.
    trip_length : float
        Mean distance driven inside the city, off the motorway [m].
    working_day, rest_day : tuple of float
        Traffic in each local hour, in percent of a working day's (so the first sums to 100).
    ramadan_working_day, ramadan_rest_day : tuple of float
        The same in Ramadan; empty where it changes nothing.
    """

    motorway_daily: float
    trips_daily: float
    gate_daily: float
    trip_length: float
    working_day: tuple[float, ...]
    rest_day: tuple[float, ...]
    ramadan_working_day: tuple[float, ...] = ()
    ramadan_rest_day: tuple[float, ...] = ()

    def course(self, now: Conditions) -> tuple[float, ...]:
        """Return the hourly shares of the local day."""
        if now.rest_day:
            return (now.ramadan and self.ramadan_rest_day) or self.rest_day
        return (now.ramadan and self.ramadan_working_day) or self.working_day


@dataclass(frozen=True, slots=True)
class Queues:
    """Vehicles on every link, shape (n_links,): moving, queueing at its end, and waiting outside to enter it."""

    moving: FloatArray
    queue: FloatArray
    waiting: FloatArray


def supply(network: Network, parameters: TrafficParameters) -> FloatArray:
    """Return the vehicles that enter at each link on a mean day, shape (n_links,).

    What comes in on the motorway is set so that its mean flow is the measured one, given what the city adds.
    """
    streets = network.length * ~network.motorway
    local: FloatArray = parameters.trips_daily * streets / streets.sum()
    local = local + np.where(network.entry & ~network.motorway, parameters.gate_daily * network.lanes, 0.0)
    through = np.where(network.entry & network.motorway, 1.0, 0.0)
    if not through.any():
        return local
    weight = network.length * network.carriageway / network.length[network.carriageway].sum()
    own, each = (float(weight @ steady_flow(network, source)) for source in (local, through))
    return local + through * max(parameters.motorway_daily / 2 - own, 0.0) / each


def speed(network: Network, density: FloatArray) -> FloatArray:
    """Return the mean speed [km/h] with `density` on each link [veh/km and lane].

    The exponential relation of Papageorgiou et al. (1989), doi:10.1016/0191-2615(89)90021-0; the critical density is
    the one at which it carries the saturation flow at the speed limit.
    """
    peak = np.exp(-1 / DIAGRAM_EXPONENT)
    critical = network.saturation / network.lanes / (network.limit * peak)
    return np.asarray(
        np.maximum(network.limit * np.exp(-((density / critical) ** DIAGRAM_EXPONENT) / DIAGRAM_EXPONENT), CRAWL)
    )


def green(network: Network, seconds: float) -> BoolArray:
    """Return which links may discharge at a time [s]: two phases share the cycle, each with some lost time."""
    place = (seconds + network.offset * CYCLE) % CYCLE - network.phase * (CYCLE / 2)
    return np.asarray(~network.signal | ((place >= 0) & (place < CYCLE / 2 - LOST)))


def arrivals(supply: FloatArray, factor: float, rng: Generator) -> FloatArray:
    """Return how many vehicles come to enter each link, shape (n_links,): independent Poisson numbers.

    Their sum is drawn first, then each one's link: the same distribution for a fraction of the draws.

    Parameters
    ----------
    supply : ndarray, shape (n_links,)
        Mean numbers, but for `factor`.
    factor : float
    rng : Generator
    """
    before = np.cumsum(supply)
    chance = rng.random(rng.poisson(before[-1] * factor))
    links = np.searchsorted(before, chance * before[-1], side="right")
    return np.bincount(links, minlength=len(supply)).astype(np.float64)


def advance(network: Network, queues: Queues, open_: BoolArray, coming: FloatArray, rng: Generator) -> FloatArray:
    """Move all vehicles on one inner step, in place.

    Parameters
    ----------
    network : Network
    queues : Queues
        Changed in place.
    open_ : ndarray of bool, shape (n_links,)
        Which links may discharge.
    coming : ndarray, shape (n_links,)
        Vehicles that come to enter each link in this step.
    rng : Generator

    Returns
    -------
    ndarray, shape (3, n_links)
        Vehicles that reached the end of each link, that entered the city on it, and that left the city from it.
    """
    chance = rng.random((3, len(coming)))
    reached = np.minimum(np.floor(queues.moving * network.travel + chance[0]), queues.moving)
    queues.moving[:] -= reached
    queues.queue[:] += reached
    service = np.floor((network.saturation * (INNER / 3600) + chance[1]) * open_)
    ready = np.minimum(queues.queue, service)
    left, moved = split(network, ready, chance[2])
    moved = _fit(network, queues, moved)
    queues.queue[:] -= left + np.bincount(network.origin, moved, len(coming))
    queues.moving[:] += np.bincount(network.target, moved, len(coming))
    queues.waiting[:] += coming
    entered = np.minimum(queues.waiting, np.maximum(network.storage - queues.moving - queues.queue, 0.0))
    queues.waiting[:] -= entered
    queues.moving[:] += entered
    return np.stack([reached, entered, left])


def split(network: Network, ready: FloatArray, chance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share whole vehicles among the ways on, by systematic sampling: whole numbers, right on average, none lost.

    Parameters
    ----------
    ready : ndarray, shape (n_links,)
        Vehicles about to go on.
    chance : ndarray, shape (n_links,)
        Uniform in [0, 1).

    Returns
    -------
    left : ndarray, shape (n_links,)
        Those whose trip is over.
    moved : ndarray, shape (n_turns,)
        Those that take each turn.
    """
    many, offset = ready[network.origin], chance[network.origin]
    moved = np.floor(many * network.high + offset) - np.floor(many * network.low + offset)
    return ready - np.bincount(network.origin, moved, len(ready)), moved


def _fit(network: Network, queues: Queues, moved: FloatArray) -> FloatArray:
    """Hold back what does not fit on the next link."""
    room = np.maximum(network.storage - queues.moving - queues.queue, 0.0)
    wanted = np.bincount(network.target, moved, len(room))
    if not (wanted > room).any():
        return moved
    part = np.where(wanted > room, room / np.maximum(wanted, 1.0), 1.0)
    return np.asarray(np.floor(moved * part[network.target]))


class Traffic:
    """The vehicles of the city.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "traffic"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "traffic", TrafficParameters)
        self._network = build_network(city.streets, self._parameters.trip_length)
        week = 5 * sum(self._parameters.working_day) + 2 * sum(self._parameters.rest_day)
        self._mean_hour = week / 168  # [percent of a working day]
        self._supply = supply(self._network, self._parameters) / 24 / (3600 / INNER)  # in a mean inner step
        links = {street.id: number for number, street in enumerate(city.streets)}
        detectors = [city.sensors[number].attributes["street"] for number in sensors_of(city, self.kind)]
        self._detectors = np.array([links[str(street)] for street in detectors], dtype=np.int64)
        self._open = np.array([green(self._network, second) for second in range(0, CYCLE, INNER)])
        count = len(city.streets)
        self._queues = Queues(np.zeros(count), np.zeros(count), np.zeros(count))
        self._passed, self._stored = np.zeros((WINDOW, count)), np.zeros((WINDOW, count))
        self._density = np.zeros(count)  # over the last minute [veh/km and lane]
        self._totals = np.zeros(2)  # vehicles that entered and left since the start
        self.arrays: Arrays = {
            "moving": self._queues.moving,
            "queue": self._queues.queue,
            "waiting": self._queues.waiting,
            "passed": self._passed,
            "stored": self._stored,
            "totals": self._totals,
        }

    def step(self, now: Conditions) -> None:
        """Move the vehicles and write flow and speed of every link."""
        now.activity = daily(self._parameters.course(now), now.hour) / self._mean_hour
        rng = now.draws(Stream.TRAFFIC)
        passed = self._passed[now.tick % WINDOW]
        passed[:] = 0.0
        for second in range(0, TICK // SECOND, INNER):
            open_ = self._open[(now.time // SECOND + second) // INNER % len(self._open)]
            coming = arrivals(self._supply, now.activity, rng)
            reached, entered, left = advance(self._network, self._queues, open_, coming, rng)
            passed += reached
            self._totals += entered.sum(), left.sum()
        self._stored[now.tick % WINDOW] = self._queues.moving + self._queues.queue
        now.link_flow = self._passed.sum(axis=0) * (3600 / WINDOW / TICK_SECONDS)
        self._density = self._stored.mean(axis=0) / (self._network.lanes * self._network.length / 1000)
        now.link_speed = speed(self._network, self._density)

    def observe(self, now: Conditions) -> FloatArray:
        """Return flow [1/min], speed [km/h] and occupancy at every detector, shape (n_detectors, 3).

        Occupancy is the share of the road that vehicles of 6.5 m (with the detector's own length) cover.
        """
        links = self._detectors
        occupancy = np.minimum(self._density[links] / JAM_DENSITY, 1.0)
        return np.stack([now.link_flow[links] / 60, now.link_speed[links], occupancy], axis=1)
