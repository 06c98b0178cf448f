"""Routes of bus lines: loops along the streets, with their stops, and how buses move along them."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zenata.city.model import City, Street
from zenata.city.readings import FloatArray, IntArray
from zenata.errors import CityError


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A loop from a terminus to the other and back; places on it are distances from its beginning.

    Parameters
    ----------
    links : ndarray, shape (n_links,)
        Its streets in order, as positions in ``city.streets``.
    bounds : ndarray, shape (n_links + 1,) [m]
        Where each of them begins, and where the last one ends.
    stops : ndarray, shape (n_stops,) [m]
        In order; the first is the terminus at its beginning, the last the same at its end.
    last : int
        Number of the stop at the other terminus.
    along, longitude, latitude : ndarray, shape (n_vertices,) [m], [deg]
        Its line.
    """

    links: IntArray
    bounds: FloatArray
    stops: FloatArray
    last: int
    along: FloatArray
    longitude: FloatArray
    latitude: FloatArray

    @property
    def length(self) -> float:
        """Length of the loop [m]."""
        return float(self.bounds[-1])

    def position(self, place: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude [deg] of places [m], shape (n,) each."""
        return np.interp(place, self.along, self.longitude), np.interp(place, self.along, self.latitude)

    def passed(self, seconds: FloatArray) -> FloatArray:
        """Return when a bus that stops nowhere passes each of the bounds, shape (n_links + 1,) [s].

        Parameters
        ----------
        seconds : ndarray, shape (n_links,)
            What it takes on each link [s].
        """
        return np.concatenate([[0.0], np.cumsum(seconds)])


def build_route(city: City, nodes: Sequence[str], spacing: float) -> Route:
    """Lay a route along the shortest ways from node to node and back again, off the motorway.

    Parameters
    ----------
    city : City
    nodes : sequence of str
        Nodes of the street graph: a terminus, nodes to go by, the other terminus.
    spacing : float
        Distance between stops, about [m].

    Raises
    ------
    CityError
        If a node does not exist, or there is no way.
    """
    out, back = (
        [link for pair in pairwise(order) for link in shortest_path(city, *pair)] for order in (nodes, nodes[::-1])
    )
    links = np.array(out + back, dtype=np.int64)
    bounds = np.concatenate([[0.0], np.cumsum([city.streets[link].length for link in out + back])])
    turn, end = float(bounds[len(out)]), float(bounds[-1])
    there = _stops(0.0, turn, spacing)
    along, longitude, latitude = _line([city.streets[link] for link in out + back], bounds)
    return Route(
        links=links,
        bounds=bounds,
        stops=np.concatenate([there, _stops(turn, end, spacing), [end]]),
        last=len(there),
        along=along,
        longitude=longitude,
        latitude=latitude,
    )


def shortest_path(city: City, start: str, end: str) -> list[int]:
    """Return the links of the shortest way between two nodes off the motorway (Dijkstra 1959), the same every time.

    Raises
    ------
    CityError
        If there is none.
    """
    leaving: dict[str, list[int]] = defaultdict(list)
    for number, street in enumerate(city.streets):
        if street.road != "motorway":
            leaving[street.start].append(number)
    best: dict[str, tuple[float, int]] = {}  # by node, the distance and the link that leads there
    heap = [(0.0, -1, start)]
    while heap:
        distance, link, node = heapq.heappop(heap)
        if node in best:
            continue
        best[node] = distance, link
        if node == end:
            break
        for onward in leaving[node]:
            street = city.streets[onward]
            heapq.heappush(heap, (distance + street.length, onward, street.end))
    if end not in best:
        raise CityError(f"city {city.id}: no street leads from {start} to {end} off the motorway")
    path: list[int] = []
    while end != start:
        path.append(best[end][1])
        end = city.streets[path[-1]].start
    return path[::-1]


def drive(place: FloatArray, seconds: FloatArray, bounds: FloatArray, passed: FloatArray) -> FloatArray:
    """Return where buses get to in some time, shape (n,) [m].

    Parameters
    ----------
    place : ndarray, shape (n,) [m]
        Where they are.
    seconds : ndarray, shape (n,) [s]
        How long they drive.
    bounds, passed : ndarray, shape (m,) [m], [s]
        Of the route, and when one bus would pass them.
    """
    return np.interp(np.interp(place, bounds, passed) + seconds, passed, bounds)


def _stops(first: float, last: float, spacing: float) -> FloatArray:
    """Return evenly spread stops on a way, without the one at its end [m]."""
    return np.linspace(first, last, max(round((last - first) / spacing), 1), endpoint=False)


def _line(streets: Sequence[Street], bounds: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distance along a route [m], longitude and latitude [deg] of its vertices."""
    along, places = [], []
    for street, begin in zip(streets, bounds.tolist(), strict=False):
        line = np.array(street.line)
        steps = np.hypot(*(np.diff(line, axis=0) * [np.cos(np.radians(line[0, 1])), 1.0]).T)
        share = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
        along.append(begin + share * street.length)
        places.append(line)
    longitude, latitude = np.concatenate(places).T
    return np.concatenate(along), longitude, latitude
