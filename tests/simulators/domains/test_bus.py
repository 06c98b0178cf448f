import dataclasses

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose, assert_array_equal

from simulators.conditions import TICK
from simulators.domains.bus import ARRIVED, CAME, GAVE_UP, Bus
from zenata.city.pack import load_city
from zenata.errors import CityError

DAWN = 1767585600_000000  # Monday 2026-01-05, 05:00 local


@pytest.fixture
def running(city, conditions):
    """Conditions at five on a working day, streets flowing freely."""
    return flowing(city, conditions)


def flowing(city, now):
    now.move_to(DAWN)
    now.link_speed = np.array([float(street.limit) for street in city.streets])
    return now


def run(bus, now, ticks):
    """What is observed at each tick, shape (ticks, n_buses, 4)."""
    seen = []
    for _ in range(ticks):
        now.move_to(now.time + TICK)
        bus.step(now)
        seen.append(bus.observe(now))
    return np.array(seen)


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
    told = seen[1:, 0, 2] / 3.6 * 10
    assert straight.mean() > 0.8
    assert_allclose(made[straight & (told > 0)], told[straight & (told > 0)], rtol=0.01, atol=0.1)


def test_no_passenger_is_lost(morning):
    bus, _ = morning
    totals = bus.arrays["totals"]
    inside = sum(int(bus.arrays[f"{line}.{name}"].sum()) for line in ("blue", "red") for name in ("waiting", "aboard"))
    assert totals[ARRIVED] > 100
    assert totals[CAME] == totals[ARRIVED] + totals[GAVE_UP] + inside


def test_as_many_come_as_would_ride(running, city, morning):
    bus, _ = morning
    expected = 6900 * 2 / 24  # activity is 1, the lines run
    assert bus.arrays["totals"][CAME] == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_a_bus_leaves_every_five_minutes(city, running):
    bus = Bus(city, running)
    line = bus._lines[0]
    due = []
    for tick in range(720):
        running.move_to(DAWN + tick * TICK)
        due.append(line._line.due(running))
    assert_array_equal(np.flatnonzero(due), np.arange(0, 720, 30))


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
    for line in ("blue", "red"):
        assert not bus.arrays[f"{line}.running"].any()
        assert bus.arrays[f"{line}.aboard"].sum() == bus.arrays[f"{line}.waiting"].sum() == 0


def test_midday_starts_with_buses_on_their_way(city, running):
    running.move_to(DAWN + 7 * 360 * TICK)
    bus = Bus(city, running)
    assert bus.arrays["blue.running"].sum() >= 2
    assert len(np.unique(bus.arrays["blue.place"])) >= 2


def test_rush_in_zenata(conditions):
    """The real lines: their buses come round, at a speed that buses have, and nobody waits for long."""
    city = load_city("zenata")
    now = flowing(city, conditions)
    now.move_to(DAWN + 2 * 360 * TICK)
    now.activity = 1.7
    bus = Bus(city, now)
    speeds = []
    for _ in range(360):
        run(bus, now, 1)
        speeds.append([line.speed[line.fleet.running].mean() for line in bus._lines])
    assert ((np.mean(speeds, axis=0) > 15) & (np.mean(speeds, axis=0) < 32)).all()  # with stops, on free streets
    for line in bus._lines:
        assert line.fleet.running.sum() >= 5
        assert line.fleet.waiting.mean() < 10
        assert 8 < line.fleet.aboard[line.fleet.running].mean() < 40


def test_a_line_without_a_table_is_named(city, conditions):
    moon = [dataclasses.replace(sensor, attributes={"line": "moon"}) for sensor in city.sensors if sensor.kind == "bus"]
    with pytest.raises(CityError, match="moon"):
        Bus(dataclasses.replace(city, sensors=tuple(moon)), conditions)
