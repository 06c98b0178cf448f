import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.power.network import DETOUR, distances, feeders, lay_out

seeds = st.integers(0, 10_000)


def scattered(seed, count=25):
    """Return distances from a root and between stations on a square of 3 km, and their ratings."""
    rng = np.random.default_rng(seed)
    positions, root = rng.uniform(0, 3000, (count, 2)), rng.uniform(0, 3000, 2)
    between = np.hypot(*np.moveaxis(positions[:, None] - positions, 2, 0))
    return np.hypot(*(positions - root).T), between, rng.choice([400.0, 630.0, 1000.0], count)


def length(upstream, root, between):
    return np.where(upstream < 0, root, between[np.arange(len(root)), upstream]).sum()


def gates(upstream):
    """Return the station on the root's own cable that each is fed through; fails on a loop."""
    gate = np.arange(len(upstream))
    for _ in upstream:
        gate = np.where(upstream[gate] < 0, gate, upstream[gate])
    assert (upstream[gate] == -1).all()
    return gate


@settings(max_examples=30)
@given(seeds)
def test_every_station_is_fed_and_no_cable_feeds_too_much(seed):
    root, between, size = scattered(seed)
    upstream = feeders(root, between, size, 5000.0)
    assert np.bincount(gates(upstream), size).max() <= 5000.0
    assert length(upstream, root, between) <= root.sum()


@settings(max_examples=30)
@given(seeds)
def test_without_a_limit_it_is_near_the_minimum_spanning_tree(seed):
    import networkx as nx

    root, between, size = scattered(seed)
    graph = nx.Graph()
    graph.add_weighted_edges_from((-1, number, away) for number, away in enumerate(root))
    graph.add_weighted_edges_from((one, other, between[one, other]) for one in range(len(root)) for other in range(one))
    least = nx.minimum_spanning_tree(graph).size(weight="weight")
    found = length(feeders(root, between, size, np.inf), root, between)
    assert least * (1 - 1e-9) <= found <= least * 1.15


def test_distances_are_those_on_the_ground():
    here, there = np.array([[-7.45, 33.65]]), np.array([[-7.45, 33.66], [-7.44, 33.65]])
    assert_allclose(distances(here, there), [[1112, 926]], rtol=0.001)


def test_a_lay_out_feeds_from_the_nearest_substation():
    positions = np.array([[-7.45, 33.65], [-7.449, 33.65], [-7.40, 33.65], [-7.45, 33.651]])
    roots = np.array([[-7.451, 33.65], [-7.401, 33.65]])
    layout = lay_out(positions, np.full(4, 630.0), roots, 40_000.0, 10_000.0)
    assert_array_equal(layout.substation, [0, 0, 1, 0])
    assert_array_equal(layout.upstream, [-1, 0, -1, 0])
    assert layout.length[1] == pytest.approx(DETOUR * 92.6, rel=0.01)
    assert_array_equal(layout.substation_rating, [40_000.0, 40_000.0])
