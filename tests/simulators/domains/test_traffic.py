import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.conditions import TICK, Conditions
from simulators.domains.base import daily
from simulators.domains.traffic import CRAWL, Queues, Traffic, advance, arrivals, green, speed, split, supply
from simulators.domains.traffic_network import INNER, build_network, steady_flow
from tests.simulators.conftest import small_city
from zenata.city.pack import load_city

NETWORK = build_network(small_city().streets, 800.0)
LINKS = len(NETWORK.length)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), load=st.floats(0, 30), busy=st.floats(0, 1))
def test_no_vehicle_is_lost_however_full_the_streets(seed, load, busy):
    rng = np.random.default_rng(seed)
    queues = Queues(np.floor(busy * NETWORK.storage), np.zeros(LINKS), np.zeros(LINKS))
    before, totals = queues.moving.sum(), np.zeros(2)
    for step in range(30):
        coming = arrivals(np.full(LINKS, 1.0), load, rng)
        _, entered, left = advance(NETWORK, queues, green(NETWORK, step * INNER), coming, rng)
        totals += entered.sum(), left.sum()
        stored = queues.moving + queues.queue
        assert (stored <= NETWORK.storage).all()
    assert totals[0] - totals[1] == stored.sum() - before
    for counts in (queues.moving, queues.queue, queues.waiting):
        assert (counts >= 0).all()
        assert_array_equal(counts, np.floor(counts))


def test_vehicles_turn_in_the_right_shares():
    rng = np.random.default_rng(1)
    ready = rng.integers(0, 4, LINKS).astype(float)
    total, ended = np.zeros(len(NETWORK.origin)), np.zeros(LINKS)
    for _ in range(4000):
        left, moved = split(NETWORK, ready, rng.random(LINKS))
        total += moved
        ended += left
    expected = ready[NETWORK.origin] * (NETWORK.high - NETWORK.low)
    assert_allclose(total / 4000, expected, atol=0.05)
    assert_allclose(ended / 4000, ready * NETWORK.end_share, atol=0.05)


def test_arrivals_are_poisson():
    rng = np.random.default_rng(1)
    supply_ = np.array([0.0, 0.5, 2.0])
    drawn = np.array([arrivals(supply_, 1.5, rng) for _ in range(8000)])
    assert_allclose(drawn.mean(axis=0), 1.5 * supply_, atol=0.06)
    assert_allclose(drawn.var(axis=0), 1.5 * supply_, rtol=0.06, atol=1e-12)
    assert abs(np.corrcoef(drawn[:, 1], drawn[:, 2])[0, 1]) < 0.04


def test_nothing_discharges_at_red():
    queues = Queues(np.zeros(LINKS), np.minimum(NETWORK.storage, 5.0), np.zeros(LINKS))
    before = queues.queue.copy()
    advance(NETWORK, queues, np.zeros(LINKS, dtype=bool), np.zeros(LINKS), np.random.default_rng(1))
    assert_array_equal(queues.queue, before)


def test_signals_share_the_cycle():
    opened = np.mean([green(NETWORK, second) for second in range(90)], axis=0)
    assert_allclose(opened[NETWORK.signal], 40 / 90, atol=0.012)
    assert_allclose(opened[~NETWORK.signal], 1)


def test_speed_falls_with_density_and_carries_the_saturation_flow():
    density = np.linspace(0, 150, 400)
    speeds = np.array([speed(NETWORK, np.full(LINKS, value)) for value in density])
    assert_allclose(speeds[0], NETWORK.limit)
    assert (np.diff(speeds, axis=0) <= 0).all()
    assert speeds.min() >= CRAWL
    most = (speeds * density[:, None]).max(axis=0) * NETWORK.lanes
    assert_allclose(most, NETWORK.saturation, rtol=0.01)


def test_supply_gives_the_measured_flow_on_the_motorway(city, conditions):
    parameters = Traffic(city, conditions)._parameters
    flow = steady_flow(NETWORK, supply(NETWORK, parameters))
    assert flow[NETWORK.carriageway].mean() == pytest.approx(parameters.motorway_daily / 2, rel=1e-3)


def test_a_working_morning(city, conditions):
    """From 07:00 to 09:00 local on a Monday: flows near demand, books balanced, speeds below the limit."""
    conditions.move_to(1767592800_000000)
    traffic = Traffic(city, conditions)
    passed = np.zeros(LINKS)
    for tick in range(720):
        conditions.move_to(conditions.time + TICK)
        traffic.step(conditions)
        passed += conditions.link_flow * (tick % 6 == 5) / 60
    stored = traffic.arrays["moving"].sum() + traffic.arrays["queue"].sum()
    entered, left = traffic.arrays["totals"]
    assert entered - left == stored
    week = 5 * 100 + 2 * sum(traffic._parameters.rest_day)
    hours = 6.5 + 7.2  # percent of a working day between seven and nine
    expected = traffic._parameters.motorway_daily / 2 * 7 / week * hours
    assert passed[NETWORK.carriageway].mean() == pytest.approx(expected, rel=0.08)
    seen = traffic.observe(conditions)
    assert seen.shape == (8, 3)
    assert (seen[:, 1] <= NETWORK.limit.max()).all()
    assert (seen[:, 2] < 0.5).all()


def test_the_calendar_leaves_the_yearly_mean(conditions):
    """Rest days and Ramadan move traffic within the year; the mean of 2026 stays that of the count within 1 %."""
    city = load_city("zenata")
    now = Conditions.of(city, seed=1)
    traffic = Traffic(city, conditions)
    demand = []
    for hour in range(365 * 24):
        now.move_to(1767225600_000000 + (hour * 3600 + 1800) * 1_000_000)
        demand.append(daily(traffic._parameters.course(now), now.hour) / traffic._mean_hour)
    assert np.mean(demand) == pytest.approx(1, abs=0.01)


def test_ramadan_has_its_rush_before_sunset_and_its_evening(city, conditions):
    parameters = Traffic(load_city("zenata"), conditions)._parameters
    conditions.weekend = False
    ordinary = np.array(parameters.course(conditions))
    conditions.ramadan = True
    fasting = np.array(parameters.course(conditions))
    assert fasting.sum() == pytest.approx(ordinary.sum())
    assert fasting.argmax() == 17
    assert fasting[19] < 0.3 * ordinary[19]
    assert fasting[[21, 22, 23, 0]].sum() > 1.5 * ordinary[[21, 22, 23, 0]].sum()
    assert Traffic(city, conditions)._parameters.course(conditions) == tuple(ordinary)  # a city that gives no other
