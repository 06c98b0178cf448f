"""Traffic on the street graph: a store-and-forward queue model of whole vehicles in steps of five seconds.

Vehicles on a link are moving or queue at its end. Moving ones reach the queue after a geometrically distributed time,
which disperses platoons as Robertson (1969, TRANSYT, RRL report LR 253) observed; queues discharge at the saturation
flow while the light is green and as long as the next link has room (store-and-forward: Gazis and Potts 1963;
Aboudolas, Papageorgiou and Kosmatopoulos 2009). Counts are whole numbers kept in floats, so that nothing is lost:
entered minus left is what is stored, exactly.

Of ticks longer than a minute the last one is simulated, and before it the vehicles on the streets follow the demand:
queues settle within minutes as long as they do not grow from cycle to cycle. The signals' own clock stands still
meanwhile, so that they run on where they stopped.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from simulators.domains.base import Arrays, daily, sensors_of
from simulators.domains.traffic.network import INNER, JAM_DENSITY, Network, build_network, hindered, steady_flow
from simulators.domains.traffic.queues import Queues, advance
from simulators.domains.traffic.signals import Signals
from simulators.world.conditions import TICK_SECONDS, Conditions
from simulators.world.draws import Stream, arrivals, poisson
from simulators.world.parameters import Hourly, read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError

DIAGRAM_EXPONENT = 1.867
"""Of the speed-density relation (Papageorgiou et al. 1989, doi:10.1016/0191-2615(89)90021-0)."""

CRAWL = 4.0
"""Least mean speed on a link [km/h] (default)."""

STEPS = round(TICK_SECONDS) // INNER
"""Inner steps in the shortest tick."""

WINDOW = 6
"""Shortest ticks over which detectors count: a minute."""

ON_THE_WAY = 400.0
"""Time by which what is on the streets is behind the demand [s], as found in Zenata with short ticks."""

LONGEST = 6
"""Shortest ticks that are simulated at most: of longer ones the last minute stands for the whole."""


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
    working_day: Hourly
    rest_day: Hourly
    ramadan_working_day: Hourly = ()
    ramadan_rest_day: Hourly = ()

    def course(self, now: Conditions) -> tuple[float, ...]:
        """Return the hourly shares of the local day."""
        if now.rest_day:
            return (now.ramadan and self.ramadan_rest_day) or self.rest_day
        return (now.ramadan and self.ramadan_working_day) or self.working_day


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
    critical = np.maximum(network.saturation, 1.0) / network.lanes / (network.limit * peak)
    return np.asarray(
        np.maximum(network.limit * np.exp(-((density / critical) ** DIAGRAM_EXPONENT) / DIAGRAM_EXPONENT), CRAWL)
    )


class Traffic:
    """The vehicles of the city.

    Parameters
    ----------
    city : City
    now : Conditions

    Raises
    ------
    CityError
        If all links of motorways are ramps.
    """

    kind: ClassVar[str | None] = "traffic"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "traffic", TrafficParameters)
        self._network = build_network(city.streets, self._parameters.trip_length)
        if self._network.motorway.any() and not self._network.carriageway.any():
            raise CityError(f"streets.geojson of {city.id}: no motorway has two lanes; with one they are its ramps")
        week = 5 * sum(self._parameters.working_day) + 2 * sum(self._parameters.rest_day)
        self._mean_hour = week / 168  # [percent of a working day]
        mean = supply(self._network, self._parameters) / 24 / (3600 / INNER)  # in a mean inner step
        self._supply: FloatArray = np.cumsum(mean)
        links = {street.id: number for number, street in enumerate(city.streets)}
        detectors = [city.sensors[number].attributes["street"] for number in sensors_of(city, self.kind)]
        self._detectors = np.array([links[str(street)] for street in detectors], dtype=np.int64)
        self._signals = Signals(city, self._network, self._detectors, now)
        count = len(city.streets)
        self._queues = Queues(np.zeros(count), np.zeros(count), np.zeros(count))
        self._passed, self._stored = np.zeros((WINDOW, count)), np.zeros((WINDOW, count))
        self._density = np.zeros(count)  # over the last minute [veh/km and lane]
        self._totals = np.zeros(2)  # vehicles that entered and left since the start
        self._clock = np.array([now.time // SECOND])  # of the signals [s]
        self._settled = np.array([self._demand(now, ON_THE_WAY)])  # the demand that the streets have seen
        self.arrays: Arrays = {
            "moving": self._queues.moving,
            "queue": self._queues.queue,
            "waiting": self._queues.waiting,
            "passed": self._passed,
            "stored": self._stored,
            "totals": self._totals,
            "clock": self._clock,
            "settled": self._settled,
        }

    def step(self, now: Conditions) -> None:
        """Move the vehicles and write flow and speed of every link."""
        now.activity = self._demand(now)
        rng = now.draws(Stream.TRAFFIC)
        parts = min(round(now.seconds / TICK_SECONDS), LONGEST)
        settled = self._demand(now, ON_THE_WAY)
        if parts * TICK_SECONDS < now.seconds:
            self._catch_up(settled / self._settled[0], rng.random((2, len(self._density))))
        self._settled[0] = settled
        network = hindered(self._network, now)
        coming, chance = self._draw(now, parts, rng)
        open_ = self._signals.open_(now)
        for part in range(parts):
            steps = slice(part * STEPS, (part + 1) * STEPS)
            self._advance(network, open_, coming[steps], chance[steps])
        now.link_flow = self._passed.sum(axis=0) * (3600 / WINDOW / TICK_SECONDS)
        self._density = self._stored.sum(axis=0) / WINDOW / (network.lanes * network.length / 1000)
        now.link_speed = speed(network, self._density)

    def observe(self, now: Conditions) -> FloatArray:
        """Return flow [1/min], speed [km/h] and occupancy at every detector, shape (n_detectors, 3).

        Occupancy is the share of the road that vehicles of 6.5 m (with the detector's own length) cover.
        """
        links = self._detectors
        occupancy = np.minimum(self._density[links] / JAM_DENSITY, 1.0)
        return np.stack([now.link_flow[links] / 60, now.link_speed[links], occupancy], axis=1)

    def _demand(self, now: Conditions, ago: float = 0.0) -> float:
        """Return the traffic demand over its mean, some time ago [s]."""
        return daily(self._parameters.course(now), now.hour - ago / 3600) / self._mean_hour

    def _draw(self, now: Conditions, parts: int, rng: Generator) -> tuple[FloatArray, FloatArray]:
        """Return who comes to enter, shape (n_steps, n_links), and chances, shape (n_steps, 3, n_links).

        What events add is drawn last, so that all else is the same without it.
        """
        steps, links = parts * STEPS, len(self._density)
        coming = arrivals(self._supply, now.activity, steps, rng)
        chance = rng.random((steps, 3, links))
        if (added := now.disturbance.trips).any():
            coming += poisson(rng.random(steps * links), np.tile(added * (INNER / 3600), steps)).reshape(steps, links)
        return coming, chance

    def _advance(self, network: Network, open_: FloatArray, coming: FloatArray, chance: FloatArray) -> None:
        """Move on the length of the shortest tick, and count what passes in it."""
        clock = int(self._clock[0])
        slot = clock // round(TICK_SECONDS) % WINDOW
        self._passed[slot] = 0.0
        for step in range(STEPS):
            row = open_[(clock // INNER + step) % len(open_)]
            reached, entered, left = advance(network, self._queues, row, coming[step], chance[step])
            self._passed[slot] += reached
            self._totals[0] += entered.sum()
            self._totals[1] += left.sum()
        self._clock[0] = clock + STEPS * INNER
        self._stored[slot] = self._queues.moving + self._queues.queue

    def _catch_up(self, ratio: float, chance: FloatArray) -> None:
        """Let the vehicles on the streets follow the demand over a time that is not simulated, and book them."""
        moving, queue, room = self._queues.moving, self._queues.queue, self._network.storage
        before = moving.sum() + queue.sum()
        queue[:] = np.minimum(np.floor(queue * ratio + chance[0]), room)
        moving[:] = np.minimum(np.floor(moving * ratio + chance[1]), room - queue)
        gained = moving.sum() + queue.sum() - before
        self._totals += max(gained, 0.0), max(-gained, 0.0)
