"""Routes of bus lines: loops along the streets, with their stops."""

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
    """A loop from a terminus to the other and back, or loops one after the other; where a bus is, is its distance from the beginning.

    Parameters
    ----------
    links : ndarray, shape (n_links,)
        Its streets in order, as positions in ``city.streets``.
    bounds : ndarray, shape (n_links + 1,) [m]
        Where each of them begins, and where the last one ends.
    stops : ndarray, shape (n_stops,) [m]
        In order; the first of a loop is the terminus at its beginning, the last the same at its end.
    ends : ndarray, shape (n_loops, 2)
        Numbers of the stops at the other terminus, and at the end of the loop.
    along, longitude, latitude : ndarray, shape (n_vertices,) [m], [deg]
        Its line.
    """

    links: IntArray
    bounds: FloatArray
    stops: FloatArray
    ends: IntArray
    along: FloatArray
    longitude: FloatArray
    latitude: FloatArray

    @property
    def length(self) -> float:
        """Length of all [m]."""
        return float(self.bounds[-1])

    def position(self, distance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude [deg] at distances from the beginning [m], shape (n,) each."""
        return np.interp(distance, self.along, self.longitude), np.interp(distance, self.along, self.latitude)

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
    stops = np.concatenate([there, _stops(turn, end, spacing), [end]])
    along, longitude, latitude = _line([city.streets[link] for link in out + back], bounds)
    return Route(
        links=links,
        bounds=bounds,
        stops=stops,
        ends=np.array([[len(there), len(stops) - 1]]),
        along=along,
        longitude=longitude,
        latitude=latitude,
    )


def join(routes: Sequence[Route]) -> Route:
    """Lay loops one after the other, so that the buses of all of them can be moved at once."""
    begin = np.cumsum([0.0, *(route.length for route in routes)])[:-1].tolist()
    stops = np.cumsum([0, *(len(route.stops) for route in routes)])[:-1].tolist()
    moved = list(zip(routes, begin, strict=True))
    return Route(
        links=np.concatenate([route.links for route in routes]),
        bounds=np.concatenate([[0.0], *(route.bounds[1:] + first for route, first in moved)]),
        stops=np.concatenate([route.stops + first for route, first in moved]),
        ends=np.concatenate([route.ends + first for route, first in zip(routes, stops, strict=True)]),
        along=np.concatenate([route.along + first for route, first in moved]),
        longitude=np.concatenate([route.longitude for route in routes]),
        latitude=np.concatenate([route.latitude for route in routes]),
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


def _stops(first: float, last: float, spacing: float) -> FloatArray:
    """Return evenly spread stops on a way, without the one at its end [m]."""
    return np.linspace(first, last, max(round((last - first) / spacing), 1), endpoint=False)


def _line(streets: Sequence[Street], bounds: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distance along a route [m], longitude and latitude [deg] of its vertices."""
    along, points = [], []
    for street, begin in zip(streets, bounds.tolist(), strict=False):
        line = np.array(street.line)
        steps = np.hypot(*(np.diff(line, axis=0) * [np.cos(np.radians(line[0, 1])), 1.0]).T)
        share = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
        along.append(begin + share * street.length)
        points.append(line)
    longitude, latitude = np.concatenate(points).T
    return np.concatenate(along), longitude, latitude
