import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.air.domain import GATHERING, PRIMARY, Air, add_traffic, background, speed_factor, stability
from simulators.world.conditions import TICK

MEANS = np.array([16.0, 52.0, 24.0, 58.0, 12.0])


def test_ozone_pays_for_nitrogen_dioxide():
    base = np.array([20.0, 50.0, 25.0, 60.0, 10.0])
    level = add_traffic(base, np.array([0.0, 20.0, 5000.0]))
    assert_allclose(level[0], base)
    oxidised = (level[1, 0] - 20) * (1 - PRIMARY)
    assert level[1, 3] == pytest.approx(60 - oxidised * 48 / 46)
    assert level[2, 3] == pytest.approx(6)  # the last tenth stays
    assert (level > 0).all()


def test_background(conditions):
    conditions.wind_speed, calm = 6.0, None
    windy = background(MEANS, np.zeros(5), 1.0, conditions)
    conditions.wind_speed = 1.0
    calm = background(MEANS, np.zeros(5), 1.0, conditions)
    assert (calm[[0, 1, 2, 4]] > 1.5 * windy[[0, 1, 2, 4]]).all()
    conditions.rain = 2.0
    assert background(MEANS, np.zeros(5), 1.0, conditions)[1] < 0.7 * calm[1]
    conditions.ghi = 800.0
    assert background(MEANS, np.zeros(5), 1.0, conditions)[3] > 1.3 * calm[3]


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
        air, start = Air(city, conditions), conditions.time
        conditions.activity = 2.0
        while conditions.time < start + GATHERING * 1_000_000:
            conditions.move_to(conditions.time + every)
            air.step(conditions)
        assert air.arrays["gathered"][0] == pytest.approx(2 * (1 - np.exp(-1)), rel=0.01)
        conditions.activity = 0.0
    clean, foul = (background(MEANS, np.zeros(5), gathered, conditions) for gathered in (0.0, 2.0))
    assert foul[0] > 5 * clean[0]
    assert_allclose(foul[1:], clean[1:])


def test_events_change_the_background_by_a_factor(conditions):
    usual = background(MEANS, np.zeros(5), 1.0, conditions)
    conditions.disturbance.background[:] = 1.0, 3.0, 3.0, 0.5, 1.0
    assert_allclose(background(MEANS, np.zeros(5), 1.0, conditions) / usual, [1, 3, 3, 0.5, 1])


@pytest.mark.parametrize("every", [TICK, 6 * TICK, 90 * TICK])
def test_air_follows_its_target_at_the_same_pace_whatever_the_tick(city, conditions, every):
    """After 30 minutes of steady traffic all but exp(-3) of the way is made."""
    air = Air(city, conditions)
    conditions.link_flow = conditions.link_speed = np.zeros(len(city.streets))
    start, end = conditions.time, conditions.time + 180 * TICK
    conditions.move_to(start + 6 * TICK)
    air.step(conditions)
    air.arrays["level"][:] = 0.0
    while conditions.time < end:
        conditions.move_to(conditions.time + every)
        air.step(conditions)
    target = background(air._means, air.arrays["slow"], 1.0, conditions)
    made = 1 - np.exp(-(conditions.time - start) / 600e6)
    assert_allclose(air.observe(conditions)[0] / target, made, atol=0.09)  # the background drifts meanwhile


def test_the_background_varies_alike_whatever_the_tick(city, conditions):
    """Its correlation over six hours is exp(-1/6), its spread 1."""
    conditions.link_flow = conditions.link_speed = np.zeros(len(city.streets))
    for every in (6 * TICK, 90 * TICK):
        air, slow = Air(city, conditions), []
        for _ in range(40 * 86400 // (every // 1_000_000)):
            conditions.move_to(conditions.time + every)
            air.step(conditions)
            if conditions.time % (21600 * 1_000_000) == 0:
                slow.append(air.arrays["slow"].copy())
        before, after = np.array(slow[:-1]).ravel(), np.array(slow[1:]).ravel()
        assert np.corrcoef(before, after)[0, 1] == pytest.approx(np.exp(-1 / 6), abs=0.08)
        assert np.std(slow) == pytest.approx(1, abs=0.3)
