import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.traffic.network import arriving, build_network
from simulators.domains.traffic.routes import find_routes, with_motorway, with_shares
from simulators.domains.traffic.trips import PURPOSES, TrafficParameters, plan_trips
from simulators.world.parameters import read_table
from zenata.city.pack import load_city


@pytest.fixture(scope="module", params=["small", "zenata", "valdeira"])
def planned(request, city):
    """A city, its network, trips and routes."""
    place = city if request.param == "small" else load_city(request.param)
    network, parameters = build_network(place.streets), read_table(place, "traffic", TrafficParameters)
    trips = plan_trips(place, network, parameters)
    return place, network, trips, find_routes(network, trips, network.saturation)


def test_trips_are_as_many_as_the_pack_has(planned):
    place, _, trips, _ = planned
    parameters = read_table(place, "traffic", TrafficParameters)
    both_ways = trips.count[:2].sum()
    assert both_ways == pytest.approx(parameters.trips_daily + parameters.visitors_daily, rel=0.01)
    assert trips.count[0].sum() == pytest.approx(trips.count[1].sum())
    through = sum(gate.through for gate in parameters.gates)
    if not parameters.gate_daily:
        assert trips.count[2].sum() == pytest.approx(parameters.freight_daily + through)


def test_every_trip_ends(planned):
    _, _, trips, routes = planned
    assert_allclose(routes.ended.sum(axis=1), trips.count.sum(axis=(1, 2)), rtol=1e-3)


def test_flows_balance_at_every_link(planned):
    """What reaches the end of a link has set out on it or turned into it."""
    _, network, _, routes = planned
    for purpose in range(PURPOSES):
        into = routes.supply[purpose] + arriving(network, routes.turns[purpose])
        assert_allclose(routes.flow[purpose], into, rtol=0.02, atol=0.02 * routes.flow.max())


def test_turning_shares_give_the_flows_of_the_trips(planned):
    """Drivers without a destination, who turn by the shares, load the streets as those with one do."""
    place, network, _, routes = planned
    routes = with_motorway(network, routes, read_table(place, "traffic", TrafficParameters).motorway_daily)
    weights = np.array([1.4, 0.6, 1.0])
    shared = with_shares(network, routes, weights)
    supply = weights @ routes.supply
    flow = supply.copy()
    for _ in range(300):
        flow = supply + arriving(network, flow * shared.share)
    assert_allclose(flow, weights @ routes.flow, rtol=0.05, atol=0.01 * flow.max())


def test_nobody_is_led_into_a_closed_street(planned):
    place, network, trips, routes = planned
    busiest = int(np.argmax(routes.flow.sum(axis=0) * ~network.motorway))
    closed = np.arange(len(place.streets)) == busiest
    other = find_routes(network, trips, network.saturation, closed)
    assert arriving(network, other.turns.sum(axis=0))[busiest] == 0
    assert other.ended.sum() > 0.97 * routes.ended.sum()
