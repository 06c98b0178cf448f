"""Street network as arrays: which links follow each other, what fits on them, and what rain, water and events leave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simulators.world.conditions import Conditions
from zenata.city.model import Street
from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

INNER = 5
"""Length of an inner step of traffic [s], the same however fast the world runs."""

JAM_DENSITY = 1000 / 6.5
"""Vehicles standing on a kilometre of lane: 6.5 m each with the gap (default)."""

SATURATION = {"motorway": 2000.0, "primary": 1800.0, "secondary": 1700.0, "residential": 1500.0}
"""Vehicles an hour and lane that discharge while nothing stops them, near HCM 2010's 1900 (defaults by class)."""

PERCEIVED = {"motorway": 1.0, "primary": 1.0, "secondary": 1.8, "residential": 3.0}
"""Time as drivers weigh it in choosing a route, over that on an arterial, by class (default)."""

UNSIGNALLED = 0.6
"""Share of the saturation flow that passes a junction without lights off the motorway (default)."""

RAIN_CAPACITY = ((0.25 * 25.4, 0.8587), (0.10 * 25.4, 0.9276), (0.0, 0.9799))
"""Capacity over that in dry weather when it rains more than so much [mm/h]: HCM 2010, exhibit 10-15."""

IMPASSABLE = 300.0
"""Depth of water that nobody drives through [mm] (Pregnolato et al. 2017, doi:10.1016/j.trd.2017.06.020)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """Links (directed streets, in the city's order) and the turns between them.

    Parameters
    ----------
    length, limit, lanes : ndarray, shape (n_links,)
        [m], [km/h], count.
    storage : ndarray, shape (n_links,)
        Vehicles that fit on it.
    saturation : ndarray, shape (n_links,)
        Vehicles an hour that its end lets through at green.
    travel : ndarray, shape (n_links,)
        Share of its moving vehicles that reach its end in an inner step.
    signal : ndarray of bool, shape (n_links,)
    phase, offset : ndarray, shape (n_links,)
        Which half of the cycle is green (0 or 1); when the node's cycle begins, as a share of it.
    motorway, carriageway, entry, leave : ndarray of bool, shape (n_links,)
        Whether it is of the motorway; and no ramp of it; whether traffic comes in from outside at its start; whether all leaves the city at its end.
    perceived : ndarray, shape (n_links,)
        Factor on the time on it in choosing a route.
    ways : ndarray, shape (n_turns, n_links)
        The links that follow each one, as indices; n_links where there are no more.
    cumulative : ndarray, shape (n_turns, n_links)
        Share of the vehicles reaching its end that take this turn or one before it; the rest of the last end their trip.
    """

    length: FloatArray
    limit: FloatArray
    lanes: FloatArray
    storage: FloatArray
    saturation: FloatArray
    travel: FloatArray
    signal: BoolArray
    phase: IntArray
    offset: FloatArray
    motorway: BoolArray
    carriageway: BoolArray
    entry: BoolArray
    leave: BoolArray
    perceived: FloatArray
    ways: IntArray
    cumulative: FloatArray

    @property
    def share(self) -> FloatArray:
        """Share of the vehicles reaching its end that take each turn, shape (n_turns, n_links)."""
        share = self.cumulative.copy()
        share[1:] -= self.cumulative[:-1]
        return share


def build_network(streets: Sequence[Street]) -> Network:
    """Turn streets into arrays. All trips end where they begin until `simulators.domains.traffic.routes` has found routes."""
    length = np.array([street.length for street in streets])
    lanes = np.array([float(street.lanes) for street in streets])
    motorway = np.array([street.road == "motorway" for street in streets])
    saturation = np.array([SATURATION[street.road] for street in streets]) * lanes
    signal = np.array([street.signal for street in streets])
    nodes = {node: number for number, node in enumerate(dict.fromkeys(street.end for street in streets))}
    bearing = np.array([_bearing(street) for street in streets])
    entry, leave = _gates(streets)
    ways = _ways(streets, leave)
    limit = np.array([float(street.limit) for street in streets])
    return Network(
        length=length,
        limit=limit,
        lanes=lanes,
        storage=np.maximum(np.floor(JAM_DENSITY * length / 1000 * lanes), 2.0),
        saturation=np.where(signal | motorway | leave, saturation, saturation * UNSIGNALLED),
        travel=_travel(length, limit),
        signal=signal,
        phase=((bearing % 180 + 45) // 90 % 2).astype(np.int64),
        offset=np.array([nodes[street.end] * 0.381966 % 1 for street in streets]),  # golden section: spread evenly
        motorway=motorway,
        carriageway=motorway & (lanes > 1),
        entry=entry,
        leave=leave,
        perceived=np.array([PERCEIVED[street.road] for street in streets]),
        ways=ways,
        cumulative=np.zeros(ways.shape),
    )


def flood_speed(depth: FloatArray) -> FloatArray:
    """Return the speed [km/h] that vehicles keep in water of some depth [mm], shape (n,).

    The fit of Pregnolato et al. (2017), doi:10.1016/j.trd.2017.06.020, up to `IMPASSABLE`.
    """
    w = np.minimum(depth, IMPASSABLE)
    return 0.0009 * w**2 - 0.5529 * w + 86.9448


def closed_streets(now: Conditions) -> BoolArray:
    """Return the streets that nobody can enter, being closed or under water, shape (n_streets,)."""
    return now.disturbance.closed | (now.flood > IMPASSABLE)


def hindered(network: Network, now: Conditions) -> Network:
    """Return the network as rain, water on the streets and events leave it.

    A street that is closed has no room; who would turn into it takes the other ways on, and waits if there is none.
    """
    rain = next((factor for more, factor in RAIN_CAPACITY if now.rain > more), 1.0)
    flooded = bool((now.flood > 0).any())
    if not (flooded or now.disturbance.active):
        return network if rain == 1 else replace(network, saturation=network.saturation * rain)
    closed = closed_streets(now)
    capacity = now.disturbance.capacity * rain
    if flooded:
        limit = np.minimum(network.limit, flood_speed(now.flood))
        capacity = capacity * limit / network.limit
        network = replace(network, limit=limit, travel=_travel(network.length, limit))
    if closed.any():
        storage = np.where(closed, 0.0, network.storage)
        network = replace(network, cumulative=np.cumsum(_detour(network, closed), axis=0), storage=storage)
    return network if (capacity == 1).all() else replace(network, saturation=network.saturation * capacity)


def arriving(network: Network, moved: FloatArray) -> FloatArray:
    """Return how many come to each link, shape (n_links,), of those who take each turn, shape (n_turns, n_links)."""
    links = moved.shape[1]
    return np.bincount(network.ways.ravel(), moved.ravel(), links + 1)[:links].astype(np.float64, copy=False)


def _bearing(street: Street) -> float:
    """Return the direction a street runs in, clockwise from north [deg]."""
    (west, south), (east, north) = street.line[0], street.line[-1]
    return float(np.degrees(np.arctan2((east - west) * np.cos(np.radians(south)), north - south)) % 360)


def _gates(streets: Sequence[Street]) -> tuple[BoolArray, BoolArray]:
    """Return which links come from outside and which lead there.

    A node with one neighbour is a way out of the city, unless only a residential street ends there.
    """
    neighbours: dict[str, set[str]] = defaultdict(set)
    starting, ending = {street.start for street in streets}, {street.end for street in streets}
    for street in streets:
        neighbours[street.start].add(street.end)
        neighbours[street.end].add(street.start)
    gates = {node for node, others in neighbours.items() if len(others) == 1}
    through = [street.road != "residential" for street in streets]
    entry = [
        street.start not in ending or (far and street.start in gates)
        for street, far in zip(streets, through, strict=True)
    ]
    leave = [
        street.end not in starting or (far and street.end in gates)
        for street, far in zip(streets, through, strict=True)
    ]
    return np.array(entry), np.array(leave)


def _ways(streets: Sequence[Street], leave: BoolArray) -> IntArray:
    """Return the links that follow each link, shape (n_turns, n_links); none turns back where there is another way."""
    starting: dict[str, list[int]] = defaultdict(list)
    for number, street in enumerate(streets):
        starting[street.start].append(number)
    rows = []
    for number, street in enumerate(streets):
        targets = [] if leave[number] else starting[street.end]
        rows.append([other for other in targets if streets[other].end != street.start] or targets)
    ways = np.full((max(1, *map(len, rows)), len(streets)), len(streets), dtype=np.int64)
    for number, row in enumerate(rows):
        ways[: len(row), number] = row
    return ways


def _detour(network: Network, closed: BoolArray) -> FloatArray:
    """Return the shares of the turns when nobody turns into closed streets, unless there is no other way."""
    share = network.share
    remaining = share * ~np.append(closed, False)[network.ways]
    after = remaining.sum(axis=0)
    return np.where(after > 0, remaining * (share.sum(axis=0) / np.where(after > 0, after, 1.0)), share)


def _travel(length: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the share of moving vehicles that reach the end of each link in an inner step, shape (n_links,)."""
    return np.minimum(INNER * limit / 3.6 / length, 1.0)
