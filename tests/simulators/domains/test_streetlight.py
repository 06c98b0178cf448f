import numpy as np
import pytest

from simulators.domains.solar.geometry import sun_position
from simulators.domains.streetlight import (
    DARK,
    DAY_BURNING,
    STANDBY,
    Streetlight,
    StreetlightParameters,
    daylight,
    dim_level,
    failures,
    lamp_power,
    lighting_class,
)

PARAMETERS = StreetlightParameters(
    on_below=-2.0, spread=0.3, dim_from=23.0, dim_until=5.0, dim_level=0.5, illuminance=20.0
)
THRESHOLD = np.array([-2.0, -2.5])


def test_lamps_burn_at_night_and_not_by_day():
    assert dim_level(THRESHOLD, -30, 20, PARAMETERS).tolist() == [1, 1]
    assert dim_level(THRESHOLD, -2.2, 20, PARAMETERS).tolist() == [1, 0]
    assert dim_level(THRESHOLD, 10, 12, PARAMETERS).tolist() == [0, 0]


@pytest.mark.parametrize(("hour", "level"), [(22.99, 1), (23, 0.5), (2, 0.5), (4.99, 0.5), (5, 1)])
def test_lamps_are_dimmed_in_the_small_hours(hour, level):
    assert dim_level(THRESHOLD, -30, hour, PARAMETERS).tolist() == [level, level]


def test_lamps_burn_some_4300_hours_a_year():
    seconds = 1767225600 + np.arange(0, 365 * 86400, 300.0)
    elevation, _ = sun_position(seconds, -7.46, 33.65)
    assert 4150 < (elevation < PARAMETERS.on_below).mean() * 8760 < 4400


def test_power_falls_with_dimming_and_stays_on_standby():
    power = lamp_power(np.array([0.0, 0.5, 1.0]), np.full(3, 100.0))
    assert power[0] == STANDBY
    assert 50 < power[1] < 56
    assert power[2] == 100


def test_daylight_passes_through_twilight():
    assert daylight(0, -6) == pytest.approx(3.4)
    assert daylight(0, 0) == pytest.approx(400)
    assert daylight(0, -18) < 0.01
    assert daylight(1000, 70) == pytest.approx(115_000)


def test_state_is_what_lamps_do(city, conditions):
    lamps = Streetlight(city, conditions)
    conditions.sun_elevation, conditions.hour = -20.0, 21.0
    lamps.step(conditions)
    seen = lamps.observe(conditions)
    assert seen.shape == (40, 3)
    assert np.unique(seen[:, 0]).tolist() == [1]
    assert np.unique(seen[:, 1]).tolist() == [80]
    assert 15 <= seen[:, 2].min() < seen[:, 2].max() <= 20.01  # lamps are not of one age


def test_lamps_follow_commands_then_their_clock_and_are_dark_without_voltage(city, conditions):
    lamps = Streetlight(city, conditions)
    conditions.sun_elevation, conditions.hour = 30.0, 12.0
    setpoint = conditions.setpoints.of("streetlight", "dim")
    setpoint[:3] = 0.4, 0.0, 1.0
    conditions.powered[lamps._index[2]] = False
    lamps.step(conditions)
    assert lamps.observe(conditions)[:4, 0].tolist() == [0.4, 0, 0, 0]
    assert conditions.lamp_power[1:4].tolist() == [STANDBY, 0, STANDBY]
    assert conditions.lamp_power[0] == pytest.approx(80 * 0.436)
    setpoint[:] = np.nan
    conditions.sun_elevation, conditions.powered[:] = -20.0, True
    lamps.step(conditions)
    assert (lamps.observe(conditions)[:, 0] == 1).all()


def test_some_lamps_fail_and_are_repaired():
    days = np.array([failures(1, 730_000 + day, 3000)[0] for day in range(730)])
    broken = (days > 0).mean()
    assert 0.0005 < broken < 0.004  # 6 % a year, for 12 days
    begins = ((days[1:] > 0) & (days[:-1] == 0)).sum() / 2 / 3000
    assert 0.04 < begins < 0.08
    assert set(np.unique(days)) == {0, 1, 2, 3}


def test_a_broken_lamp_asks_for_light_and_gives_none_or_burns_by_day(city, conditions):
    lamps = Streetlight(city, conditions)
    conditions.sun_elevation, conditions.hour = -20.0, 21.0
    lamps.step(conditions)
    lamps._mode[:2] = DARK, DAY_BURNING
    lamps.step(conditions)
    dim, power, light = lamps.observe(conditions).T
    assert dim[:3].tolist() == [1, 1, 1]
    assert power[:3].tolist() == [0, 80, 80]
    assert light[0] < 1 < light[1]
    conditions.sun_elevation = 20.0
    lamps.step(conditions)
    assert lamps.observe(conditions)[:3, :2].tolist() == [[0, 0], [0, 80], [0, STANDBY]]


def test_streets_require_classes_by_their_traffic():
    assert lighting_class("primary", 60.0, 2, 0.9, 19) == "C3"
    assert lighting_class("primary", 60.0, 2, 0.1, 3) == "C5"
    assert lighting_class("secondary", 50.0, 1, 0.9, 19) == "C3"
    assert lighting_class("residential", 30.0, 1, 0.9, 19) == "C4"
    assert lighting_class("residential", 30.0, 1, 0.1, 2) == "C5"
