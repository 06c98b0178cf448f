from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.bus.route import build_route, join, shortest_path
from zenata.errors import CityError


def test_paths_are_the_shortest():
    import networkx as nx

    city = city_of("zenata")
    graph = nx.DiGraph()
    for street in city.streets:
        if street.road != "motorway":
            graph.add_edge(street.start, street.end, length=street.length)
    for start, end in (
        ("junction-0300", "junction-1606"),
        ("junction-1410", "junction-0701"),
        ("junction-0206", "junction-1400"),
    ):
        path = [city.streets[link] for link in shortest_path(city, start, end)]
        assert path[0].start == start
        assert path[-1].end == end
        assert all(one.end == other.start for one, other in pairwise(path))
        assert sum(street.length for street in path) == pytest.approx(
            nx.dijkstra_path_length(graph, start, end, "length")
        )


def test_a_route_goes_there_and_back(city):
    route = build_route(city, ("node-0-0", "node-3-0", "node-3-3"), 250.0)
    assert route.length == 2400
    assert route.stops[0] == 0
    assert_allclose(route.stops[route.ends], [[1200, 2400]])
    assert route.stops[-1] == 2400
    assert_allclose(np.diff(route.stops), 240)
    longitude, latitude = route.position(np.array([0.0, 600.0, 1200.0, 2400.0]))
    assert_allclose(longitude, np.array([0, 3, 3, 0]) * 0.00216 - 7.45)
    assert_allclose(latitude, np.array([0, 0, 3, 0]) * 0.0018 + 33.64)


def test_loops_lie_one_after_the_other(city):
    one = build_route(city, ("node-0-0", "node-3-0", "node-3-3"), 250.0)
    other = build_route(city, ("node-0-3", "node-3-3"), 200.0)
    both = join([one, other])
    assert both.length == one.length + other.length
    assert_allclose(both.stops[both.ends], [[1200, 2400], [3000, 3600]])
    for position in (0.0, 433.0, 1200.0):
        assert_allclose(both.position(np.array([position])), one.position(np.array([position])))
        assert_allclose(both.position(np.array([2400 + position])), other.position(np.array([position])))


def test_no_way_is_reported(city):
    with pytest.raises(CityError, match="no street leads from node-0-0 to moon"):
        shortest_path(city, "node-0-0", "moon")
