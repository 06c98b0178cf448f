import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.air.domain import (
    GATHERING,
    OZONE_HEAT,
    PRIMARY,
    Air,
    add_traffic,
    background,
    speed_factor,
    stability,
)
from simulators.world.conditions import TICK, Conditions
from tests.simulators.conftest import small_city
from tests.simulators.domains.driving import drive, steps

MEANS = np.array([16.0, 52.0, 24.0, 58.0, 12.0])


def away_from_streets(now, gathered=1.0, slow=0.0, local=0.0):
    """The background at one place."""
    return background(MEANS, np.full(5, slow), np.full((1, 5), local), gathered, now)[0]


def test_ozone_pays_for_nitrogen_dioxide():
    base = np.tile([20.0, 50.0, 25.0, 60.0, 10.0], (3, 1))
    level = add_traffic(base, np.array([0.0, 20.0, 5000.0]))
    assert_allclose(level[0], base[0])
    oxidised = (level[1, 0] - 20) * (1 - PRIMARY)
    assert level[1, 3] == pytest.approx(60 - oxidised * 48 / 46)
    assert level[2, 3] == pytest.approx(6)  # the last tenth stays
    assert (level > 0).all()


def test_background(conditions):
    conditions.wind_speed, calm = 6.0, None
    windy = away_from_streets(conditions, 1.0)
    conditions.wind_speed = 1.0
    calm = away_from_streets(conditions, 1.0)
    assert (calm[[0, 1, 2, 4]] > 1.5 * windy[[0, 1, 2, 4]]).all()
    conditions.rain = 2.0
    assert away_from_streets(conditions, 1.0)[1] < 0.7 * calm[1]
    conditions.ghi = 800.0
    assert away_from_streets(conditions, 1.0)[3] > 1.3 * calm[3]


@pytest.mark.parametrize(
    ("ghi", "elevation", "wind", "expected"),
    [(700, 50, 2, "unstable"), (700, 50, 8, "neutral"), (0, -20, 2, "stable"), (0, -20, 5, "neutral")],
)
def test_stability(conditions, ghi, elevation, wind, expected):
    conditions.ghi, conditions.sun_elevation, conditions.wind_speed = ghi, elevation, wind
    assert stability(conditions) == expected


def test_jams_and_speed_cost():
    factor = speed_factor(np.array([8.0, 60.0, 120.0]))
    assert factor[0] > factor[2] > factor[1]


def test_worse_near_a_busy_road_in_light_wind(city, conditions):
    """Stations 1 and 2 stand 20 m and 840 m north of the motorway."""
    busy = np.array([street.road == "motorway" for street in city.streets])
    levels = {}
    for wind in (1.0, 8.0):
        air = Air(city, conditions)
        conditions.link_flow, conditions.link_speed = busy * 3000.0, np.full(len(busy), 90.0)
        conditions.wind_speed, conditions.wind_direction = wind, 180.0
        conditions.move_to(conditions.time + 6 * TICK)
        air.step(conditions)
        levels[wind] = air.observe(conditions)[:, 0]
    assert levels[1.0][0] > levels[1.0][1] + 10
    assert levels[1.0][0] - levels[1.0][1] > 3 * (levels[8.0][0] - levels[8.0][1])


def test_what_traffic_emits_gathers_for_hours(city, conditions):
    """After a step of activity all but 1/e of the way is made in GATHERING; the sum of what comes is what goes in."""
    conditions.link_flow = conditions.link_speed = np.zeros(len(city.streets))
    conditions.activity = 0.0
    for every in (6 * TICK, 90 * TICK):
        air = Air(city, conditions)
        conditions.activity = 2.0
        drive(conditions, round(GATHERING * 1e6 / every), air, every=every)
        assert air.arrays["gathered"][0] == pytest.approx(2 * (1 - np.exp(-1)), rel=0.01)
        conditions.activity = 0.0
    clean, foul = (away_from_streets(conditions, gathered) for gathered in (0.0, 2.0))
    assert foul[0] > 5 * clean[0]
    assert_allclose(foul[1:], clean[1:])


def test_events_change_the_background_by_a_factor(conditions):
    usual = away_from_streets(conditions, 1.0)
    conditions.disturbance.background[:] = 1.0, 3.0, 3.0, 0.5, 1.0
    assert_allclose(away_from_streets(conditions, 1.0) / usual, [1, 3, 3, 0.5, 1])
    conditions.disturbance.background[:] = 1.0, 1.0, 5.0, 1.0, 1.0
    level = away_from_streets(conditions, 1.0)
    assert usual[2] < level[2] < level[1]  # never more than all


@pytest.mark.parametrize("every", [TICK, 6 * TICK, 90 * TICK])
def test_air_follows_its_target_at_the_same_pace_whatever_the_tick(city, conditions, every):
    """After 30 minutes of steady traffic all but exp(-3) of the way is made."""
    air = Air(city, conditions)
    conditions.link_flow = conditions.link_speed = np.zeros(len(city.streets))
    start = conditions.time
    drive(conditions, 1, air, every=6 * TICK)
    air.arrays["level"][:] = 0.0
    drive(conditions, -(-174 * TICK // every), air, every=every)
    local = air._nearness @ air.arrays["local"]
    target = background(air._means, air.arrays["slow"], local, 1.0, conditions)[0]
    made = 1 - np.exp(-(conditions.time - start) / 600e6)
    assert_allclose(air.observe(conditions)[0] / target, made, atol=0.09)  # the background drifts meanwhile


def test_the_background_varies_alike_whatever_the_tick(city, conditions):
    """Its correlation over six hours is exp(-1/6), its spread 1."""
    conditions.link_flow = conditions.link_speed = np.zeros(len(city.streets))
    for every, days in ((30 * TICK, 30), (90 * TICK, 80)):
        air = Air(city, conditions)
        ticks = steps(conditions, days * 86400 // (every // 1_000_000), air, every=every)
        slow = [air.arrays["slow"].copy() for _ in ticks if conditions.time % (21600 * 1_000_000) == 0]
        before, after = np.array(slow[:-1]).ravel(), np.array(slow[1:]).ravel()
        assert np.corrcoef(before, after)[0, 1] == pytest.approx(np.exp(-1 / 6), abs=0.08)
        assert np.std(slow) == pytest.approx(1, abs=0.3)


@settings(max_examples=60)
@given(slow=st.floats(-4, 4), local=st.floats(-4, 4), road=st.floats(0, 5000), fine=st.floats(0.1, 20))
def test_fine_particles_are_a_part_of_all(slow, local, road, fine):
    now = Conditions.of(small_city(), seed=1)
    now.disturbance.background[2] = fine
    level = add_traffic(background(MEANS, np.full(5, slow), np.full((1, 5), local), 1.0, now), np.array([road]))[0]
    assert 0 < level[2] < level[1]


def test_ozone_rises_with_heat_in_the_sun(conditions):
    conditions.ghi, conditions.temperature = 800.0, 24.0
    mild = away_from_streets(conditions)[3]
    conditions.temperature = 35.0
    assert away_from_streets(conditions)[3] - mild == pytest.approx(10 * OZONE_HEAT, rel=0.02)
    conditions.ghi = 0.0
    at_night = away_from_streets(conditions)[3]
    conditions.temperature = 24.0
    assert away_from_streets(conditions)[3] == at_night


@pytest.fixture(scope="module")
def levels():
    """Hourly means of a fortnight of Zenata's air under traffic that is busy by day, shape (336, 120, 5)."""
    city = city_of("zenata")
    now = Conditions.of(city, seed=4, time=1767571200_000000)
    lanes = np.array([street.lanes * (street.road == "primary") for street in city.streets])
    limit = np.array([float(street.limit) for street in city.streets])
    air, seen = Air(city, now), []
    now.link_speed = limit
    for _ in range(4 * 336):
        now.move_to(now.time + 90 * TICK)
        now.activity = 1.6 if 7 <= now.hour < 21 else 0.3
        now.wind_direction, now.wind_speed = 360.0 * (now.tick % 971) / 971, 3.0
        now.link_flow = 400.0 * lanes * now.activity
        air.step(now)
        seen.append(air.observe(now).copy())
    return city, np.array(seen).reshape(336, 4, -1, 5).mean(axis=1)


def _stations(city):
    """Whether each stands at a primary street and away from all, and positions [m]."""
    roads = {street.id: street.road for street in city.streets}
    stations = [sensor for sensor in city.sensors if sensor.kind == "air"]
    road = np.array([roads.get(str(sensor.attributes.get("street")), "") for sensor in stations])
    where = np.array([(sensor.longitude, sensor.latitude) for sensor in stations]) * (92_600.0, 110_900.0)
    return road == "primary", road == "", np.hypot(*np.moveaxis(where[:, None] - where, 2, 0))


def test_at_a_primary_street_there_is_a_third_to_twice_as_much_nitrogen_dioxide(levels):
    city, level = levels
    primary, away, _ = _stations(city)
    mean = level[..., 0].mean(axis=0)
    assert 1.3 < mean[primary].mean() / mean[away].mean() < 2.0


def test_stations_differ_the_more_the_farther_they_are_apart(levels):
    city, level = levels
    _, away, distance = _stations(city)
    for pollutant in (0, 1):
        correlation = np.corrcoef(np.log(level[:, away, pollutant]).T)
        apart = distance[np.ix_(away, away)]
        near, middle, far = (
            np.median(correlation[(apart > low) & (apart <= high)])
            for low, high in ((0, 500), (700, 1500), (2500, 9000))
        )
        assert near > middle + 0.03
        assert middle > far
        assert far < 0.95


def test_days_of_fine_and_of_all_particles_go_together_but_are_not_the_same(levels):
    _, level = levels
    daily = level.reshape(14, 24, -1, 5).mean(axis=1)
    together = [np.corrcoef(daily[:, n, 1], daily[:, n, 2])[0, 1] for n in range(daily.shape[1])]
    assert 0.7 < np.median(together) < 0.97
