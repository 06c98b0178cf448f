import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.bus.fleet import Fleet, alighting, drive, parts
from simulators.domains.bus.route import build_route

STAY = 20.0


@pytest.fixture
def route(city):
    """A loop of 1,200 m with stops every 200 m."""
    return build_route(city, ("node-0-3", "node-3-3"), 200.0)


@pytest.fixture
def passed(route):
    """At 10 m/s."""
    return route.bounds / 10


def fleet_at(route, *places):
    count = len(places)
    return Fleet(
        running=np.ones(count, dtype=bool),
        position=np.array(places),
        next_stop=np.searchsorted(route.stops, places, side="right"),
        halt=np.zeros(count),
        free=np.zeros(count, dtype=np.int64),
        aboard=np.zeros(count, dtype=np.int64),
        waiting=np.zeros(len(route.stops), dtype=np.int64),
    )


class Stops:
    """Writes down who stops where."""

    def __init__(self):
        self.served = []

    def __call__(self, bus, stop):
        self.served.append((bus, stop))
        return STAY


def test_a_bus_drives_and_stops_as_it_would_by_hand(route, passed):
    """50 m take 5 s, a stop 20 s, 200 m another 20 s: after 50 s it has stood 5 s at its second stop."""
    fleet, stops = fleet_at(route, 150.0), Stops()
    drive(fleet, route, 50.0, passed, np.zeros(0), stops)
    assert stops.served == [(0, 1), (0, 2)]
    assert fleet.position[0] == pytest.approx(400)
    assert fleet.halt[0] == pytest.approx(15)
    drive(fleet, route, 18.0, passed, np.zeros(0), stops)
    assert fleet.position[0] == pytest.approx(430)


@pytest.mark.parametrize("step", [5.0, 18.5, 37.0, 185.0])
def test_the_length_of_the_step_makes_no_difference(route, passed, step):
    fleet, stops = fleet_at(route, 0.0, 90.0, 200.0, 350.0), Stops()
    for _ in range(round(185 / step)):
        drive(fleet, route, step, passed, np.zeros(0), stops)
    assert_allclose(fleet.position, [925, 1000, 1125, 1200], atol=76)
    whole = fleet_at(route, 0.0, 90.0, 200.0, 350.0)
    drive(whole, route, 185.0, passed, np.zeros(0), Stops())
    assert_allclose(fleet.position, whole.position)
    assert_array_equal(fleet.next_stop, whole.next_stop)
    assert_allclose(fleet.halt, whole.halt, atol=1e-9)


def test_of_two_at_a_stop_one_is_served_after_the_other(route, passed):
    fleet, stops = fleet_at(route, 150.0, 150.0), Stops()
    drive(fleet, route, 10.0, passed, np.zeros(0), stops)
    assert sorted(stops.served) == [(0, 1), (1, 1)]
    assert_allclose(fleet.position, 200)


def test_a_bus_waits_where_a_street_is_shut_and_one_inside_goes_on(route, passed):
    fleet, stops = fleet_at(route, 110.0, 410.0), Stops()
    closed = passed[:-1][[2]]  # the street from 400 m on
    for _ in range(12):
        drive(fleet, route, 10.0, passed, closed, stops)
    assert fleet.position[0] == pytest.approx(400)
    assert fleet.position[1] > 700
    drive(fleet, route, 30.0, passed, np.zeros(0), stops)
    assert fleet.position[0] > 500


def test_who_gets_off_is_binomial():
    cumulative = alighting(12, 0.3)
    for aboard in (0, 1, 5, 12):
        exact = [math.comb(aboard, number) * 0.3**number * 0.7 ** (aboard - number) for number in range(aboard + 1)]
        assert_allclose(cumulative[aboard, : aboard + 1], np.cumsum(exact))
        assert (cumulative[aboard, aboard:] == 1).all()


@pytest.mark.parametrize(("seconds", "count"), [(10.0, 1), (20.0, 2), (60.0, 2), (900.0, 6), (3600.0, 21)])
def test_parts_make_up_the_tick_and_end_with_the_shortest(seconds, count):
    made = parts(seconds, 180.0, 10.0)
    assert len(made) == count
    assert sum(made) == pytest.approx(seconds)
    assert max(made) <= 180
    assert made[-1] == pytest.approx(10)
