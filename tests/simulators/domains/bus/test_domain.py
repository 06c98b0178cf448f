import dataclasses

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.bus.domain import ARRIVED, CAME, GAVE_UP, Bus
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import steps

DAWN = 1767585600_000000  # Monday 2026-01-05, 05:00 local


@pytest.fixture
def running(city, conditions):
    """Conditions at five on a working day, streets flowing freely."""
    return flowing(city, conditions)


def flowing(city, now):
    now.move_to(DAWN)
    now.link_speed = np.array([float(street.limit) for street in city.streets])
    return now


def run(bus, now, ticks, every=TICK):
    """What is observed at each tick, shape (ticks, n_buses, 4)."""
    return np.array([bus.observe(now) for _ in steps(now, ticks, bus, every=every)])


@pytest.fixture
def morning(city, running):
    """Two hours."""
    bus = Bus(city, running)
    return bus, run(bus, running, 720)


def test_buses_are_on_their_streets(city, morning):
    _, seen = morning
    streets = shapely.union_all(
        [shapely.LineString(street.line) for street in city.streets if street.road != "motorway"]
    )
    points = shapely.points(seen[:, :, 1].ravel(), seen[:, :, 0].ravel())
    assert shapely.distance(streets, points).max() < 1e-9


def test_buses_keep_to_the_limit_and_to_the_traffic(city, running, morning):
    _, seen = morning
    assert 20 < seen[:, :, 2].max() <= 60
    running.link_speed = np.full(len(city.streets), 8.0)
    assert 0 < run(Bus(city, running), running, 100)[:, :, 2].max() <= 8


def test_speed_is_the_way_made(morning):
    """Except where a bus turns a corner or comes round to the terminus."""
    _, seen = morning
    north, east = np.diff(seen[:, 0, 0]) * 111_195, np.diff(seen[:, 0, 1]) * 111_195 * np.cos(np.radians(33.64))
    made = np.hypot(north, east)
    straight = (np.abs(north) < 1e-3) | (np.abs(east) < 1e-3)
    reported = seen[1:, 0, 2] / 3.6 * 10
    assert straight.mean() > 0.8
    assert_allclose(made[straight & (reported > 0)], reported[straight & (reported > 0)], rtol=0.01, atol=0.1)


def test_no_passenger_is_lost(morning):
    bus, _ = morning
    assert bus.arrays["totals"][ARRIVED] > 100
    assert_books_balance(bus)


def assert_books_balance(bus):
    totals = bus.arrays["totals"]
    assert totals[CAME] == totals[ARRIVED] + totals[GAVE_UP] + bus.fleet.waiting.sum() + bus.fleet.aboard.sum()


def test_as_many_come_as_would_ride(running, city, morning):
    bus, _ = morning
    expected = 6900 * 2 / 24  # activity is 1, the lines run
    assert bus.arrays["totals"][CAME] == pytest.approx(expected, abs=4 * np.sqrt(expected))


@pytest.mark.parametrize("every", [1, 6, 18])
def test_a_bus_leaves_every_five_minutes(city, running, every):
    line = Bus(city, running)._lines[0]
    due = []
    for tick in range(0, 720, every):
        running.move_to(DAWN + tick * TICK)
        due += [line.due(running, 0.0, every * 10.0)]
    assert sum(due) == 24
    assert max(due) == 1
    running.move_to(DAWN + 90 * TICK)
    assert [line.due(running, ago, 180.0) for ago in (0.0, 180.0, 360.0, 540.0)] == [1, 1, 0, 1]


def test_a_bus_is_never_over_full_and_never_takes_back(morning):
    _, seen = morning
    assert 0 < seen[:, :, 3].max() <= 1
    assert seen[:, :, 3].min() >= 0


def test_at_night_they_stand_at_the_terminus(city, running):
    running.move_to(DAWN - 2 * 360 * TICK)
    bus = Bus(city, running)
    seen = run(bus, running, 60)
    assert (seen[:, :, 2:] == 0).all()
    assert_allclose(seen[:, :4, :2], np.tile([city.streets[0].line[0][::-1]], (60, 4, 1)), atol=1e-9)


def test_the_last_bus_leaves_nobody_inside(city, running):
    running.move_to(DAWN + 17 * 360 * TICK + 180 * TICK)  # 22:30
    bus = Bus(city, running)
    run(bus, running, 360)  # till 23:30
    assert not bus.fleet.running.any()
    assert bus.fleet.aboard.sum() == bus.fleet.waiting.sum() == 0


def test_midday_starts_with_buses_on_their_way(city, running):
    running.move_to(DAWN + 7 * 360 * TICK)
    bus = Bus(city, running)
    assert bus.fleet.running[:4].sum() >= 2
    assert len(np.unique(bus.fleet.position[:4])) >= 2


def test_rush_in_zenata():
    """The real lines: their buses come round, at a speed that buses have, and nobody waits for long."""
    city = city_of("zenata")
    now = flowing(city, Conditions.of(city, seed=1))
    now.move_to(DAWN + 2 * 360 * TICK)
    now.activity = 1.7
    bus = Bus(city, now)
    speeds, names = [], np.array([sensor.attributes["line"] for sensor in city.sensors if sensor.kind == "bus"])
    for _ in range(360):
        seen = run(bus, now, 1)[0]
        speeds.append([seen[bus.fleet.running & (names == line), 2].mean() for line in ("902", "axis")])
    assert ((np.mean(speeds, axis=0) > 15) & (np.mean(speeds, axis=0) < 32)).all()  # with stops, on free streets
    for line in ("902", "axis"):
        on = bus.fleet.running & (names == line)
        assert on.sum() >= 5
        assert 8 < bus.fleet.aboard[on].mean() < 40
    assert bus.fleet.waiting.mean() < 10


@pytest.mark.parametrize("every", [6 * TICK, 90 * TICK])
def test_long_ticks_have_the_day_of_short_ones(city, running, every):
    """Passengers, occupancy, speed and its scatter, buses under way; the books balance."""
    means = []
    for length in (TICK, every):
        now = flowing(city, Conditions.of(city, seed=1))
        bus = Bus(city, now)
        seen = run(bus, now, 19 * 360 * TICK // length, length)[
            every // length - 1 :: every // length
        ]  # at the same times
        assert_books_balance(bus)
        moving = seen[..., 2] > 0
        means.append(
            (bus.arrays["totals"][CAME], seen[..., 3].mean(), seen[..., 2].mean(), moving.mean(), seen[..., 2].std())
        )
    assert_allclose(means[1], means[0], rtol=0.15)


def test_who_waits_for_one_line_changes_nothing_on_the_other(city, running):
    start, seen = running.time + 360 * TICK, []
    for more in (0, 30):
        running.move_to(start)
        bus = Bus(city, running)
        bus.fleet.waiting[:4] += more
        seen.append(run(bus, running, 240))
    assert_array_equal(seen[0][:, 4:], seen[1][:, 4:])
    assert (seen[0][:, :4, 3] != seen[1][:, :4, 3]).any()


def test_buses_wait_at_a_closed_street(city, running):
    running.move_to(DAWN + 360 * TICK)
    bus = Bus(city, running)
    running.disturbance.closed[bus.route.links[2]] = True
    first, last = bus.route.bounds[2], bus.route.bounds[3]
    run(bus, running, 120)
    assert np.isclose(bus.fleet.position[:4], first).any()
    assert not ((bus.fleet.position[:4] > first + 1) & (bus.fleet.position[:4] < last)).any()
    running.disturbance.clear()
    run(bus, running, 30)
    assert not np.isclose(bus.fleet.position[:4], first).any()


def test_a_city_without_buses(city, conditions):
    still = dataclasses.replace(city, sensors=tuple(sensor for sensor in city.sensors if sensor.kind != "bus"))
    bus = Bus(still, conditions)
    bus.step(conditions)
    assert bus.observe(conditions).shape == (0, 4)
