import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.traffic_network import build_network, steady_flow


@pytest.fixture(scope="module")
def network(city):
    return build_network(city.streets, 800.0)


def test_shares_of_the_ways_on_sum_to_one(network):
    share = np.bincount(network.origin, network.high - network.low, len(network.length))
    assert_allclose(share + network.end_share, 1)
    assert (np.diff(network.origin) >= 0).all()


def test_turns_follow_the_streets(city, network):
    for origin, target in zip(network.origin, network.target, strict=True):
        assert city.streets[origin].end == city.streets[target].start


def test_only_the_motorway_leads_out_of_the_small_city(city, network):
    for flags, node in ((network.entry, "start"), (network.leave, "end")):
        gates = {getattr(city.streets[number], node) for number in np.flatnonzero(flags)}
        assert gates == {"node--2--1", "node-5--1"}


def test_crossing_streets_are_not_green_together(city, network):
    across = [number for number, street in enumerate(city.streets) if street.id in ("street-0001", "street-0025")]
    assert network.phase[across[0]] != network.phase[across[1]]


def test_steady_flow_balances(network):
    supply = np.full(len(network.length), 10.0)
    flow = steady_flow(network, supply)
    arriving = np.bincount(network.target, flow[network.origin] * (network.high - network.low), len(flow))
    assert_allclose(flow, supply + arriving, rtol=1e-3)
    assert (flow * network.end_share).sum() == pytest.approx(supply.sum(), rel=1e-3)
