import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.base import daily
from simulators.domains.traffic.domain import CRAWL, Traffic, speed
from simulators.domains.traffic.network import build_network
from simulators.domains.traffic.trips import TrafficParameters
from simulators.world.conditions import TICK, Conditions
from simulators.world.parameters import read_table
from tests.simulators.conftest import small_city

NETWORK = build_network(small_city().streets)
LINKS = len(NETWORK.length)


def test_speed_falls_with_density_and_carries_the_saturation_flow():
    density = np.linspace(0, 150, 400)
    speeds = np.array([speed(NETWORK, np.full(LINKS, value)) for value in density])
    assert_allclose(speeds[0], NETWORK.limit)
    assert (np.diff(speeds, axis=0) <= 0).all()
    assert speeds.min() >= CRAWL
    most = (speeds * density[:, None]).max(axis=0) * NETWORK.lanes
    assert_allclose(most, NETWORK.saturation, rtol=0.01)


def test_supply_gives_the_measured_flow_on_the_motorway(city, conditions):
    traffic = Traffic(city, conditions)
    flow = traffic._routes.flow.sum(axis=0)
    assert flow[NETWORK.carriageway].mean() == pytest.approx(traffic._parameters.motorway_daily / 2, rel=1e-3)


def test_a_working_morning(city, conditions):
    """From 07:00 to 09:00 local on a Monday: flows near demand, books balanced, speeds below the limit."""
    conditions.move_to(1767592800_000000)
    conditions.demand.factors = lambda *_: np.ones(len(city.districts))
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


def test_the_calendar_leaves_the_yearly_mean():
    """Rest days and Ramadan move traffic within the year; the mean of 2026 stays that of the count within 1 %."""
    city = city_of("zenata")
    now = Conditions.of(city, seed=1)
    traffic = Traffic(city, now)
    demand = []
    for hour in range(365 * 24):
        now.move_to(1767225600_000000 + (hour * 3600 + 1800) * 1_000_000)
        demand.append(daily(traffic._parameters.course(now), now.hour) / traffic._mean_hour)
    assert np.mean(demand) == pytest.approx(1, abs=0.01)


def test_ramadan_has_its_rush_before_sunset_and_its_evening(city, conditions):
    parameters = read_table(city_of("zenata"), "traffic", TrafficParameters)
    conditions.weekend = False
    ordinary = np.array(parameters.course(conditions))
    conditions.ramadan = True
    fasting = np.array(parameters.course(conditions))
    assert fasting.sum() == pytest.approx(ordinary.sum())
    assert fasting.argmax() == 17
    assert fasting[19] < 0.3 * ordinary[19]
    assert fasting[[21, 22, 23, 0]].sum() > 1.5 * ordinary[[21, 22, 23, 0]].sum()
    assert Traffic(city, conditions)._parameters.course(conditions) == tuple(ordinary)  # a city that gives no other


MONDAY = 1767571200_000000  # 2026-01-05, midnight UTC


def drive(city, every, hours, *, start=MONDAY, seed=1, disturb=None):
    """Traffic after some hours of usual demand, the conditions, and what detectors saw in each minute that a tick ended."""
    now = Conditions.of(city, seed=seed, time=start)
    now.demand.factors = lambda *_: np.ones(len(city.districts))
    traffic, seen = Traffic(city, now), []
    while now.time < start + hours * 360 * TICK:
        now.move_to(now.time + every)
        if disturb:
            disturb(now)
        traffic.step(now)
        if now.time % (60 * 1_000_000) == 0:
            seen.append(traffic.observe(now))
    return traffic, now, np.array(seen)


@pytest.mark.parametrize("every", [TICK, 2 * TICK, 6 * TICK, 90 * TICK, 360 * TICK])
def test_books_balance_whatever_the_tick(city, every):
    traffic, _, _ = drive(city, every, 12)
    entered, left = traffic.arrays["totals"]
    assert entered - left == (traffic.arrays["moving"] + traffic.arrays["queue"]).sum() > 20
    assert_array_equal(traffic.arrays["moving"], np.floor(traffic.arrays["moving"]))


@pytest.fixture(scope="module")
def days(city):
    """What detectors see in a working day with short ticks, and in six with long ones, by minutes."""
    fine = drive(city, TICK, 24)[2]
    coarse = np.array([drive(city, 90 * TICK, 24, seed=seed)[2] for seed in range(6)])
    return fine, coarse


def test_long_ticks_have_the_minutes_of_short_ones(days):
    """Flow: mean, course of the day, differences between places, and scatter from minute to minute."""
    fine, coarse = (seen[..., 0] for seen in days)
    assert coarse.mean() == pytest.approx(fine.mean(), rel=0.03)
    fine_parts, coarse_parts = fine.reshape(8, -1).mean(axis=1), coarse.reshape(6, 8, -1).mean(axis=(0, 2))
    assert_allclose(coarse_parts, fine_parts, rtol=0.12)
    assert_allclose(coarse.mean(axis=(0, 1)), fine.mean(axis=0), rtol=0.1, atol=0.3)
    assert coarse.std() == pytest.approx(fine.std(), rel=0.05)


def test_long_ticks_have_the_speed_and_occupancy_of_short_ones(days):
    for place, tolerance in ((1, 0.02), (2, 0.1)):
        fine, coarse = (seen[..., place] for seen in days)
        assert_allclose(coarse.mean(axis=(0, 1)), fine.mean(axis=0), rtol=tolerance, atol=0.01)


def test_nobody_enters_a_closed_street(city):
    link = 30

    def close(now):
        now.disturbance.closed[link] = now.time > MONDAY + 8 * 360 * TICK

    traffic, now, _ = drive(city, TICK, 9, disturb=close)
    assert now.link_flow[link] == 0
    assert traffic.arrays["moving"][link] == traffic.arrays["queue"][link] == 0  # who was there has left
    assert traffic.arrays["waiting"][link] > 0  # trips that begin there do later


def test_an_accident_makes_a_queue_and_its_end_dissolves_it(city):
    eight = MONDAY + 8 * 360 * TICK
    link = int(np.flatnonzero(NETWORK.carriageway)[4])

    def collide(now):
        now.disturbance.capacity[link] = 0.05 if now.time < eight + 120 * TICK else 1.0

    stuck, now, _ = drive(city, TICK, 1 / 3, start=eight, disturb=collide)
    free, _, _ = drive(city, TICK, 1 / 3, start=eight)
    assert stuck.arrays["queue"][link] > free.arrays["queue"][link] + 5
    assert now.link_speed[link] < 0.6 * stuck.network.limit[link]
    later, _, _ = drive(city, TICK, 1, start=eight, disturb=collide)
    assert later.arrays["queue"][link] < 0.5 * stuck.arrays["queue"][link]


def test_a_festival_adds_its_trips(city):
    def invite(now):
        now.disturbance.trips[5] = 360.0

    usual, _, _ = drive(city, TICK, 2)
    busy, _, _ = drive(city, TICK, 2, disturb=invite)
    assert busy.arrays["totals"][0] - usual.arrays["totals"][0] == pytest.approx(720, abs=110)


def test_what_happens_in_one_place_leaves_what_is_drawn_in_others(city):
    """Vehicles that come later to a street far off are the same ones, whatever is closed or added here."""
    apart = [number for number, street in enumerate(city.streets) if street.road == "motorway"]

    def disturb(now):
        now.disturbance.trips[30] = 3600.0

    (usual, _, _), (other, _, _) = drive(city, TICK, 1 / 120), drive(city, TICK, 1 / 120, disturb=disturb)
    for name in ("moving", "queue", "waiting"):
        assert_array_equal(usual.arrays[name][apart], other.arrays[name][apart])
    assert (usual.arrays["moving"] != other.arrays["moving"]).any()


def test_a_queue_grows_at_a_signal_that_hardly_gives_green(city):
    link = next(number for number, street in enumerate(city.streets) if street.id == "street-0030")
    detector = [sensor.attributes["street"] for sensor in city.sensors if sensor.kind == "traffic"].index("street-0030")
    eight, queues = MONDAY + 8 * 360 * TICK, []
    for split in (0.1, 0.5, 0.9):
        now = Conditions.of(dataclasses.replace(city), seed=1, time=eight)
        traffic = Traffic(city, now)
        now.setpoints.of("traffic", "split")[detector] = split
        seen = []
        for _ in range(180):
            now.move_to(now.time + TICK)
            traffic.step(now)
            seen.append(traffic.arrays["queue"][link])
        queues.append(np.mean(seen[60:]))
    assert queues[0] > queues[1] > queues[2]


@pytest.mark.parametrize("every", [TICK, 90 * TICK])
def test_drivers_go_round_a_closed_street_whatever_the_tick(city, every):
    """Within minutes the streets beside it carry more than usual, and who would pass it still gets through."""
    link = int(np.argmax(Traffic(city, Conditions.of(city, seed=1)).network.lanes * ~NETWORK.motorway))
    eight = MONDAY + 8 * 360 * TICK

    def close(now):
        now.disturbance.closed[link] = True

    usual, before, _ = drive(city, every, 1, start=eight)
    other, after, _ = drive(city, every, 1, start=eight, disturb=close)
    assert other.arrays["avoided"][link]
    assert other._routes.flow[:, link].sum() == 0
    assert other._routes.ended.sum() == pytest.approx(usual._routes.ended.sum(), rel=0.01)  # nobody's trip is lost
    more = other._routes.flow.sum(axis=0) > 1.1 * usual._routes.flow.sum(axis=0)
    assert more.any()
    assert (after.link_flow[link], after.time) == (0, before.time)


@pytest.mark.parametrize("every", [TICK, 90 * TICK])
def test_an_accident_grows_a_queue_whatever_the_tick(city, every):
    eight = MONDAY + 7 * 360 * TICK
    link = int(np.flatnonzero(NETWORK.carriageway)[4])

    def collide(now):
        now.disturbance.capacity[link] = 0.1

    stuck, _, _ = drive(city, every, 1, start=eight, disturb=collide)
    free, _, _ = drive(city, every, 1, start=eight)
    upstream = NETWORK.carriageway
    extra = (stuck.arrays["moving"] + stuck.arrays["queue"] - free.arrays["moving"] - free.arrays["queue"])[upstream]
    assert stuck.arrays["queue"][link] > 0.8 * NETWORK.storage[link]
    assert (extra > 40).sum() >= 2  # it has spilled back
    assert stuck.arrays["waiting"].sum() >= 0
