"""The street graph as arrays: who follows whom, how much passes, and the demand that gives the measured flows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zenata.city.model import Street
from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

INNER = 5
"""Length of an inner step of traffic [s], the same however fast the world runs."""

JAM_DENSITY = 1000 / 6.5
"""Vehicles standing on a kilometre of lane: 6.5 m each with the gap (default)."""

SATURATION = {"motorway": 2000.0, "primary": 1800.0, "secondary": 1700.0, "residential": 1500.0}
"""Vehicles an hour and lane that discharge while nothing stops them, near HCM 2010's 1900 (defaults by class)."""

UNSIGNALLED = 0.6
"""Share of the saturation flow that passes a junction without lights off the motorway (default)."""


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
    end_share : ndarray, shape (n_links,)
        Share of the vehicles reaching its end whose trip is over there.
    origin, target : ndarray, shape (n_turns,)
        From which link to which; sorted by origin.
    low, high : ndarray, shape (n_turns,)
        The turn's place in its origin's distribution; ``high - low`` is its share.
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
    end_share: FloatArray
    origin: IntArray
    target: IntArray
    low: FloatArray
    high: FloatArray


def build_network(streets: Sequence[Street], trip_length: float) -> Network:
    """Turn streets into arrays.

    Parameters
    ----------
    streets : sequence of Street
    trip_length : float
        Mean distance a vehicle drives inside the city, off the motorway [m].
    """
    length = np.array([street.length for street in streets])
    lanes = np.array([float(street.lanes) for street in streets])
    motorway = np.array([street.road == "motorway" for street in streets])
    saturation = np.array([SATURATION[street.road] for street in streets]) * lanes
    signal = np.array([street.signal for street in streets])
    nodes = {node: number for number, node in enumerate(dict.fromkeys(street.end for street in streets))}
    bearing = np.array([_bearing(street) for street in streets])
    entry, leave = _gates(streets)
    end_share = np.where(motorway, 0.0, 1 - np.exp(-length / trip_length))
    end_share[leave] = 1.0
    origin, target, share = _turns(streets, bearing, leave)
    share *= 1 - end_share[origin]
    high = np.cumsum(share) - np.repeat(_before(origin, share), np.bincount(origin)[np.unique(origin)])
    limit = np.array([float(street.limit) for street in streets])
    return Network(
        length=length,
        limit=limit,
        lanes=lanes,
        storage=np.maximum(np.floor(JAM_DENSITY * length / 1000 * lanes), 2.0),
        saturation=np.where(signal | motorway | leave, saturation, saturation * UNSIGNALLED),
        travel=np.minimum(INNER * limit / 3.6 / length, 1.0),
        signal=signal,
        phase=((bearing % 180 + 45) // 90 % 2).astype(np.int64),
        offset=np.array([nodes[street.end] * 0.381966 % 1 for street in streets]),  # golden section: spread evenly
        motorway=motorway,
        carriageway=motorway & (lanes > 1),
        entry=entry,
        leave=leave,
        end_share=end_share,
        origin=origin,
        target=target,
        low=high - share,
        high=high,
    )


def steady_flow(network: Network, supply: FloatArray) -> FloatArray:
    """Return the flow on every link that a constant supply settles to, shape (n_links,), in the unit of `supply`.

    Follows vehicles turn after turn until (nearly) all trips are over.
    """
    share = network.high - network.low
    flow, wave = supply, supply
    for _ in range(400):
        wave = np.bincount(network.target, wave[network.origin] * share, len(supply)).astype(np.float64)
        flow = flow + wave
        if wave.sum() <= 1e-6 * flow.sum():
            break
    return flow


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


def _turns(streets: Sequence[Street], bearing: FloatArray, leave: BoolArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return origin and target links of the turns, and the share of each among its origin's, summing to 1.

    Drivers prefer wide, fast roads and going straight on (a default: lanes times the limit squared).
    """
    starting: dict[str, list[int]] = defaultdict(list)
    for number, street in enumerate(streets):
        starting[street.start].append(number)
    turns = []
    for number, street in enumerate(streets):
        if leave[number]:
            continue
        targets = starting[street.end]
        onward = [other for other in targets if streets[other].end != street.start] or targets
        ahead = 1.2 + np.cos(np.radians(bearing[onward] - bearing[number]))
        weight = np.array([streets[other].lanes * streets[other].limit ** 2 for other in onward]) * ahead
        turns += [(number, other, part) for other, part in zip(onward, weight / weight.sum(), strict=True)]
    origin, target, share = (np.array(column) for column in zip(*turns, strict=True))
    return origin, target, share


def _before(origin: IntArray, share: FloatArray) -> FloatArray:
    """Return, for each origin that has turns, the sum of all shares before its first."""
    _, first = np.unique(origin, return_index=True)
    return (np.cumsum(share) - share)[first]
