"""Water network layout under the streets of a city, and pipe sizes.

One pipe runs under each street but motorways. Mains bring water from tanks to the nearest junctions; the shortest ways
from there carry the demand of the peak hour, which sizes the pipes on them. The others close the loops.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulators.domains.power.network import distances
from zenata.city.model import District, Street
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError

BoolArray = npt.NDArray[np.bool_]

NOMINAL = np.array([100.0, 125, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 1100, 1200])
"""Sizes that ductile iron pipes come in (DN of EN 545) [mm]; the bore is taken to be the same."""

LEAST = {"primary": 200.0, "secondary": 150.0, "residential": 100.0}
"""Least size under a street [mm] (defaults; hydrants need 100 mm or more)."""

DETOUR = {"primary": 1.0, "secondary": 1.5, "residential": 2.5}
"""How much longer a way that mains take may be along wide streets than along these (default)."""

SAMPLES = 24
"""Points along each side of a district's bounding box that tell which junctions are nearest to its parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """Pipes between nodes: junctions, then tanks. Pipes under streets come first, then a main from each tank.

    Parameters
    ----------
    positions : ndarray, shape (n_junctions, 2)
        Longitude and latitude [deg].
    start, end : ndarray, shape (n_pipes,)
        Nodes.
    length : ndarray, shape (n_pipes,)
        [m]
    least : ndarray, shape (n_pipes,)
        Least size [mm].
    detour : ndarray, shape (n_pipes,)
        By which the length is multiplied where ways are compared.
    pipe_of : dict of str to (int, int)
        Pipe under each street, and 1 if the street runs from its start to its end, -1 if the other way.
    """

    positions: FloatArray
    start: IntArray
    end: IntArray
    length: FloatArray
    least: FloatArray
    detour: FloatArray
    pipe_of: dict[str, tuple[int, int]]


def build_network(streets: Sequence[Street], tanks: FloatArray, mains: FloatArray) -> Network:
    """Lay pipes under streets, and a main from each tank to the junction nearest to where it arrives.

    Parameters
    ----------
    streets : sequence of Street
    tanks : ndarray, shape (n_tanks, 2)
        Longitude and latitude where each tank's main arrives [deg].
    mains : ndarray, shape (n_tanks,)
        Length of each main [m].
    """
    positions: dict[str, tuple[float, float]] = {}
    pipes: dict[tuple[str, str], tuple[int, Street]] = {}
    pipe_of: dict[str, tuple[int, int]] = {}
    for street in streets:
        if street.road == "motorway":
            continue
        positions.setdefault(street.start, street.line[0])
        positions.setdefault(street.end, street.line[-1])
        back = pipes.get((street.end, street.start))
        number, _ = back or pipes.setdefault((street.start, street.end), (len(pipes), street))
        pipe_of[street.id] = number, -1 if back else 1
    node = {name: index for index, name in enumerate(positions)}
    where = np.array(list(positions.values()))
    arrival = distances(tanks, where).argmin(axis=1).tolist()
    laid = [street for _, street in pipes.values()]
    return Network(
        positions=where,
        start=np.array([node[street.start] for street in laid] + [len(node) + tank for tank in range(len(mains))]),
        end=np.array([node[street.end] for street in laid] + arrival),
        length=np.array([street.length for street in laid] + mains.tolist()),
        least=np.array([LEAST[street.road] for street in laid] + [LEAST["primary"]] * len(mains)),
        detour=np.array([DETOUR[street.road] for street in laid] + [DETOUR["primary"]] * len(mains)),
        pipe_of=pipe_of,
    )


def wet_part(network: Network, opened: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Return which nodes an open way joins to a tank, and pipes that join all nodes and carry water to no others.

    Parts without water hang on the rest by single pipes, open or shut, without loops. Nobody draws there, so they change
    nothing; but every node then has a pressure to solve for, and no water goes round in them by rounding errors.

    Parameters
    ----------
    network : Network
    opened : ndarray of bool, shape (n_pipes,)

    Returns
    -------
    wet : ndarray of bool, shape (n_nodes,)
    joined : ndarray of bool, shape (n_pipes,)
    """
    start, end = network.start, network.end
    reached = np.arange(max(start.max(), end.max()) + 1) >= len(network.positions)
    while (front := opened & (reached[start] != reached[end])).any():
        reached[start[front]] = reached[end[front]] = True
    wet = reached.copy()
    joined = opened & wet[start]
    while (border := np.flatnonzero(reached[start] != reached[end])).size:
        beyond, first = np.unique(np.where(reached[start], end, start)[border], return_index=True)
        joined[border[first]] = reached[beyond] = True
    return wet, joined


def elevations(positions: FloatArray, low: tuple[float, ...], high: tuple[float, ...]) -> FloatArray:
    """Return the elevation of the ground [m], rising evenly from one point to another and level across.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Longitude and latitude [deg].
    low, high : tuple of float
        Longitude, latitude [deg] and elevation [m] of two points.
    """
    scale = np.array([np.cos(np.radians(low[1])), 1.0])
    rise = (np.array(high[:2]) - low[:2]) * scale
    along = ((positions - low[:2]) * scale * rise).sum(axis=1) / (rise**2).sum()
    return np.asarray(low[2] + (high[2] - low[2]) * along)


def territories(districts: Sequence[District], positions: FloatArray) -> FloatArray:
    """Return the share of each district's area that lies nearest to each junction, shape (n_districts, n_junctions).

    Demand is given to the nearest junction, as with Thiessen polygons, from points on a grid.

    Parameters
    ----------
    districts : sequence of District
    positions : ndarray, shape (n_junctions, 2)
        Longitude and latitude of the junctions [deg].
    """
    shares = np.zeros((len(districts), len(positions)))
    for row, district in zip(shares, districts, strict=True):
        ring = np.array(district.ring)
        part = (np.arange(SAMPLES) + 0.5) / SAMPLES
        grid = np.stack(np.meshgrid(part, part), axis=-1).reshape(-1, 2)
        points = ring.min(axis=0) + grid * np.ptp(ring, axis=0)
        nearest = distances(points[inside(points, ring)], positions).argmin(axis=1)
        row[:] = np.bincount(nearest, minlength=len(positions)) / len(nearest)
    return shares


def inside(points: FloatArray, ring: FloatArray) -> BoolArray:
    """Return which points lie in a closed ring, shape (n,): a line from them to the east crosses it an odd number of times."""
    (x, y), (x1, y1), (x2, y2) = points.T[:, :, None], ring[:-1].T, ring[1:].T
    crosses = (y1 > y) != (y2 > y)
    rise = np.where(y2 == y1, 1.0, y2 - y1)  # level sides cross no line to the east
    return np.asarray((crosses & (x < x1 + (y - y1) * (x2 - x1) / rise)).sum(axis=1) % 2 == 1)


def area(district: District) -> float:
    """Return the area of a district, in any unit that is the same for all of a city."""
    x, y = np.array(district.ring).T
    return float(abs((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2)


def design_flow(network: Network, demand: FloatArray) -> FloatArray:
    """Return what pipes carry if all water takes the shortest way from the nearest tank, shape (n_pipes,).

    Parameters
    ----------
    network : Network
    demand : ndarray, shape (n_junctions,)
        In the unit of the result.

    Raises
    ------
    CityError
        If no way leads from a tank to a junction.
    """
    upstream, order = _shortest_ways(network)
    if len(order) <= (last := int(max(network.start.max(), network.end.max()))):
        raise CityError(
            f"streets reach {len(order)} of {last + 1} nodes of the water network: the others have no supply"
        )
    through = np.zeros(len(order))
    through[: len(demand)] = demand
    flow = np.zeros(len(network.length))
    for node in reversed(order):
        pipe = upstream[node]
        if pipe >= 0:
            flow[pipe] = through[node]
            through[network.start[pipe] + network.end[pipe] - node] += through[node]
    return flow


def diameters(flow: FloatArray, least: FloatArray) -> FloatArray:
    """Return the smallest nominal diameters [mm] that carry a `flow` [l/s], and not less than `least` [mm].

    The velocity allowed is 1.5 (D + 0.05)**0.5 m/s with D in metres: the rule of Mougnie, in use where French practice is
    (default).
    """
    bore = NOMINAL / 1000
    capacity = 1000 * np.pi / 4 * bore**2 * 1.5 * np.sqrt(bore + 0.05)
    size = NOMINAL[np.minimum(np.searchsorted(capacity, flow), len(NOMINAL) - 1)]
    return np.asarray(np.maximum(size, least))


def _shortest_ways(network: Network) -> tuple[dict[int, int], list[int]]:
    """Return the pipe that leads to each node from its tank (-1 for tanks), and the nodes in order of distance."""
    around: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    cost = (network.length * network.detour).tolist()
    for pipe, (one, other) in enumerate(zip(network.start.tolist(), network.end.tolist(), strict=True)):
        around[one].append((other, pipe, cost[pipe]))
        around[other].append((one, pipe, cost[pipe]))
    upstream: dict[int, int] = {}
    order: list[int] = []
    front = [(0.0, node, -1) for node in range(len(network.positions), len(around))]  # from the tanks
    while front:
        far, node, pipe = heapq.heappop(front)
        if node in upstream:
            continue
        upstream[node] = pipe
        order.append(node)
        for other, way, length in around[node]:
            if other not in upstream:
                heapq.heappush(front, (far + length, other, way))
    return upstream, order
