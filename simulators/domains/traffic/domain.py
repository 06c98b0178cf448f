"""Traffic on the street network: a store-and-forward queue model of whole vehicles in steps of five seconds.

Vehicles on a link are moving or queue at its end. Moving ones reach the queue after a geometrically distributed time,
which disperses platoons as Robertson (1969, TRANSYT, RRL report LR 253) observed; queues discharge at the saturation
flow while the light is green and as long as the next link has room (store-and-forward: Gazis and Potts 1963;
Aboudolas, Papageorgiou and Kosmatopoulos 2009). Counts are whole numbers remaining in floats, so that nothing is lost:
entered minus left is what is stored, exactly.

Trips follow the routes of `simulators.domains.traffic.routes`; when streets are closed or opened again, new routes are found
within `REROUTE`, and until then drivers who come to a closed street take the other ways on.

Of ticks longer than a minute the last one is simulated, and what happens before it is computed as a flow
(`simulators.domains.traffic.fluid`). The signals' own clock stands still meanwhile, so that they run on where they stopped.

Reads of other domains: rain (weather), water on streets (drainage), power at signals (power, a tick ago).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from simulators.domains.base import Arrays, daily, sensors_of
from simulators.domains.traffic.fluid import flow_on
from simulators.domains.traffic.network import (
    INNER,
    JAM_DENSITY,
    BoolArray,
    Network,
    build_network,
    closed_streets,
    hindered,
)
from simulators.domains.traffic.queues import Queues, advance
from simulators.domains.traffic.routes import Routes, find_routes, with_motorway, with_shares
from simulators.domains.traffic.signals import GREEN, Signals
from simulators.domains.traffic.trips import TrafficParameters, Trips, plan_trips
from simulators.world.conditions import TICK_SECONDS, Conditions
from simulators.world.draws import Stream, arrivals, poisson
from simulators.world.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.derived import once_per_city
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

LONGEST = 6
"""Shortest ticks that are simulated at most: of longer ones the last minute stands for the whole."""

REROUTE = 30
"""Time after which drivers know of streets that were closed or opened [ticks] (default)."""

MIX = 900
"""Time for which the shares of the purposes of trips are the same [s]."""

ON_THE_WAY = 400.0
"""Time by which flows are behind the demand [s], as found in Zenata with short ticks."""

FILLING = 3600.0
"""Time for which vehicles flow into streets that are empty at first [s]."""


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What the traffic of a city follows from.

    Parameters
    ----------
    parameters : TrafficParameters
    network : Network
        Without turning shares.
    trips : Trips
    routes : Routes
        While no street is closed.
    """

    parameters: TrafficParameters
    network: Network
    trips: Trips
    routes: Routes

    def routes_round(self, closed: BoolArray) -> Routes:
        """Return the routes if nobody enters some links, shape (n_links,)."""
        return _routes(self.parameters, self.network, self.trips, closed) if closed.any() else self.routes


@once_per_city
def plan_of(city: City) -> Plan:
    """Return the plan of a city.

    Raises
    ------
    CityError
        If all links of motorways are ramps, or its table is missing or wrong.
    """
    parameters = read_table(city, "traffic", TrafficParameters)
    network = build_network(city.streets)
    if network.motorway.any() and not network.carriageway.any():
        raise CityError(f"streets.geojson of {city.id}: no motorway has two lanes; with one they are its ramps")
    trips = plan_trips(city, network, parameters)
    return Plan(
        parameters, network, trips, _routes(parameters, network, trips, np.zeros(len(city.streets), dtype=np.bool_))
    )


def _routes(parameters: TrafficParameters, network: Network, trips: Trips, closed: BoolArray) -> Routes:
    capacity = network.saturation * np.where(network.signal, GREEN, 1.0)
    return with_motorway(network, find_routes(network, trips, capacity, closed), parameters.motorway_daily)


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
        self._plan = plan_of(city)
        self._parameters = self._plan.parameters
        week = 5 * sum(self._parameters.working_day) + 2 * sum(self._parameters.rest_day)
        self._mean_hour = week / 168  # [percent of a working day]
        links = {street.id: number for number, street in enumerate(city.streets)}
        detectors = [city.sensors[number].attributes["street"] for number in sensors_of(city, self.kind)]
        self._detectors = np.array([links[str(street)] for street in detectors], dtype=np.int64)
        self._signals = Signals(city, self._plan.network, self._detectors, now)
        count = len(city.streets)
        self._queues = Queues(np.zeros(count), np.zeros(count), np.zeros(count))
        self._passed, self._stored = np.zeros((WINDOW, count)), np.zeros((WINDOW, count))
        self._density = np.zeros(count)  # over the last minute [veh/km and lane]
        self._totals = np.zeros(2)  # vehicles that entered and left since the start
        self._clock = np.array([now.time // SECOND])  # of the signals [s]
        self._flow = np.zeros(count)  # expected at the end of each link, as of the last long tick [1/h]
        self._avoided = np.zeros(count, dtype=np.bool_)  # streets that drivers know to be closed
        self._routed: bytes | None = None
        self._mixed: tuple[int, bytes] | None = None
        self.arrays: Arrays = {
            "moving": self._queues.moving,
            "queue": self._queues.queue,
            "waiting": self._queues.waiting,
            "passed": self._passed,
            "stored": self._stored,
            "totals": self._totals,
            "clock": self._clock,
            "flow": self._flow,
            "avoided": self._avoided,
        }
        now.activity = self._activity(now)
        self._route(now)
        self._skip(self.network, now, self._supply(now), FILLING, np.full((3, count), 0.5))

    def step(self, now: Conditions) -> None:
        """Move the vehicles and write flow and speed of every link."""
        now.activity = self._activity(now)
        if now.passes(REROUTE):
            self._avoided[:] = closed_streets(now)
        self._route(now)
        supply = self._supply(now)
        rng = now.draws(Stream.TRAFFIC)
        parts = min(round(now.seconds / TICK_SECONDS), LONGEST)
        network = hindered(self.network, now)
        if (skipped := now.seconds - parts * TICK_SECONDS) > 0:
            pieces = int(-(-skipped // MIX))  # demand changes meanwhile
            chances = rng.random((pieces, 3, len(supply)))
            for piece in range(pieces):
                ago = ON_THE_WAY + skipped * (pieces - 1 - piece) / pieces
                before = self._supply(now, ago) + now.disturbance.trips
                self._skip(network, now, before, skipped / pieces, chances[piece])
        coming, chance = self._draw(now, supply, parts, rng)
        green = self._signals.green_shares(now)
        for part in range(parts):
            steps = slice(part * STEPS, (part + 1) * STEPS)
            self._advance(network, green, coming[steps], chance[steps])
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

    def _activity(self, now: Conditions, ago: float = 0.0) -> float:
        """Return the usual demand some time ago [s] over its mean."""
        return daily(self._parameters.course(now), now.hour - ago / 3600) / self._mean_hour

    def _route(self, now: Conditions) -> None:
        """Find routes round the streets known to be closed, and mix the purposes of trips, where either has changed."""
        if (known := self._avoided.tobytes()) != self._routed:
            self._routed = known
            self._routes = self._plan.routes_round(self._avoided)
        second = now.time // SECOND
        if (key := (second // MIX, known)) != self._mixed:
            self._mixed = key
            weights = self._parameters.purposes(now, now.hour + (MIX / 2 - second % MIX) / 3600)
            self.network = with_shares(self._plan.network, self._routes, weights)
            self._base = np.einsum("k,kl->l", weights, self._routes.supply) / 24

    def _supply(self, now: Conditions, ago: float = 0.0) -> FloatArray:
        """Return the vehicles that set out on each link some time ago [s], shape (n_links,) [1/h]."""
        factors = now.demand_factors("traffic", ago)
        factors = np.append(factors, np.add.reduce(factors) / len(factors))  # the last: who comes from outside
        return np.asarray(self._base * self._activity(now, ago) * factors[self._plan.trips.district])

    def _draw(self, now: Conditions, supply: FloatArray, parts: int, rng: Generator) -> tuple[FloatArray, FloatArray]:
        """Return who comes to enter, shape (n_steps, n_links), and chances, shape (n_steps, 3, n_links).

        What events add is drawn last, so that all else is the same without it.
        """
        steps, links = parts * STEPS, len(supply)
        coming = arrivals(np.cumsum(supply) * (INNER / 3600), 1.0, steps, rng)
        chance = rng.random((steps, 3, links))
        if (added := now.disturbance.trips).any():
            coming += poisson(rng.random(steps * links), np.tile(added * (INNER / 3600), steps)).reshape(steps, links)
        return coming, chance

    def _advance(self, network: Network, green: FloatArray, coming: FloatArray, chance: FloatArray) -> None:
        """Move on the length of the shortest tick, and count what passes in it."""
        clock = int(self._clock[0])
        slot = clock // round(TICK_SECONDS) % WINDOW
        self._passed[slot] = 0.0
        for step in range(STEPS):
            row = green[(clock // INNER + step) % len(green)]
            reached, entered, left = advance(network, self._queues, row, coming[step], chance[step])
            self._passed[slot] += reached
            self._totals += np.add.reduce(entered), np.add.reduce(left)
        self._clock[0] = clock + STEPS * INNER
        self._stored[slot] = self._queues.moving + self._queues.queue

    def _skip(self, network: Network, now: Conditions, supply: FloatArray, seconds: float, chance: FloatArray) -> None:
        """Let vehicles flow for a time that is not simulated, and book who entered and left on balance."""
        queues = self._queues
        before = queues.moving.sum() + queues.queue.sum()
        share = self._signals.green_shares(now).mean(axis=0)
        flow_on(network, queues, self._flow, share, supply, seconds, chance)
        gained = queues.moving.sum() + queues.queue.sum() - before
        self._totals += max(gained, 0.0), max(-gained, 0.0)
