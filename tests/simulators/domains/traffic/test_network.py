import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.traffic.domain import Traffic
from simulators.domains.traffic.network import (
    IMPASSABLE,
    flood_speed,
    hindered,
)
from simulators.world.conditions import Conditions


@pytest.fixture(scope="module")
def network(city):
    return Traffic(city, Conditions.of(city, seed=1)).network


def test_shares_of_the_ways_on_sum_to_one_or_less(network):
    assert (network.cumulative[-1] < 1 + 1e-9).all()
    assert (network.cumulative[-1] < 1 - 1e-3).any()  # some end their trip
    assert_allclose(network.share.sum(axis=0), network.cumulative[-1])


def test_turns_follow_the_streets(city, network):
    for _, origin in zip(*np.nonzero(network.share), strict=True):
        targets = network.ways[network.share[:, origin] > 0, origin]
        assert {city.streets[target].start for target in targets} == {city.streets[origin].end}


def test_only_the_motorway_leads_out_of_the_small_city(city, network):
    for flags, node in ((network.entry, "start"), (network.leave, "end")):
        gates = {getattr(city.streets[number], node) for number in np.flatnonzero(flags)}
        assert gates == {"node--2--1", "node-5--1"}


def test_nothing_hinders_on_a_dry_day(network, conditions):
    assert hindered(network, conditions) is network


@pytest.mark.parametrize(("rain", "factor"), [(0.1, 0.9799), (3.0, 0.9276), (20.0, 0.8587)])
def test_rain_lowers_capacity_by_the_manual(network, conditions, rain, factor):
    """HCM 2010, exhibit 10-15: by 2.01, 7.24 and 14.13 % up to 0.10, up to 0.25 and above 0.25 inches an hour."""
    conditions.rain = rain
    assert_allclose(hindered(network, conditions).saturation, factor * network.saturation)


def test_speed_in_water_by_the_published_function():
    """0.0009 w2 - 0.5529 w + 86.9448: at 100 mm 40.7 km/h, at 300 mm hardly any."""
    assert_allclose(flood_speed(np.array([0.0, 100.0, 300.0, 900.0])), [86.9448, 40.6548, 2.0748, 2.0748])


def test_water_slows_and_then_shuts_a_street(network, conditions):
    conditions.flood[[3, 5, 7]] = 1.0, 150.0, IMPASSABLE + 1
    wet = hindered(network, conditions)
    assert wet.limit[3] == network.limit[3]  # a puddle
    assert wet.limit[5] == pytest.approx(24.26, abs=0.01)
    assert wet.saturation[5] / network.saturation[5] == pytest.approx(wet.limit[5] / network.limit[5])
    assert wet.travel[5] == pytest.approx(5 * wet.limit[5] / 3.6 / 200)
    assert_array_equal(np.flatnonzero(wet.storage == 0), [7])


def test_events_lower_capacity(network, conditions):
    conditions.disturbance.capacity[4] = 0.3
    assert hindered(network, conditions).saturation[4] == pytest.approx(0.3 * network.saturation[4])


def test_drivers_take_the_other_ways_round_a_closed_street(network, conditions):
    conditions.disturbance.closed[30] = True
    closed = hindered(network, conditions)
    assert not closed.share[closed.ways == 30].any()
    assert_allclose(closed.cumulative[-1], network.cumulative[-1])
    apart = ~(network.ways == 30).any(axis=0)
    assert_allclose(closed.share[:, apart], network.share[:, apart])


def test_where_all_ways_are_closed_drivers_keep_to_theirs_and_wait(network, conditions):
    conditions.disturbance.closed[:] = True
    closed = hindered(network, conditions)
    assert_allclose(closed.share, network.share)
    assert not closed.storage.any()
