import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.weather.domain import Weather
from simulators.domains.weather.generator import WET_CLEARNESS, saturation_pressure
from simulators.world.conditions import TICK


@pytest.fixture
def weather(city, conditions):
    """The weather, and what it is without events: vapour pressure, temperature, rain, wind, clearness."""
    weather = Weather(city, conditions)
    weather.step(conditions)
    return weather, (conditions.temperature, conditions.rain, conditions.wind_speed, conditions.clearness)


def vapour(now):
    return float(now.humidity / 100 * saturation_pressure(np.array([now.temperature]))[0])


def test_warmer_air_holds_the_same_vapour(conditions, weather):
    before, humidity = vapour(conditions), conditions.humidity
    conditions.disturbance.temperature = 9.0
    weather[0].step(conditions)
    assert conditions.temperature == pytest.approx(weather[1][0] + 9)
    assert vapour(conditions) == pytest.approx(before)
    assert conditions.humidity < 0.7 * humidity


def test_colder_air_holds_no_more_than_it_can(conditions, weather):
    conditions.disturbance.temperature = -20.0
    weather[0].step(conditions)
    assert conditions.humidity == 100


def test_a_storm_brings_rain_wind_and_clouds(conditions, weather):
    _, rain, wind, clearness = weather[1]
    conditions.disturbance.rain, conditions.disturbance.wind = 40.0, 2.5
    weather[0].step(conditions)
    assert conditions.rain == pytest.approx(rain + 40)
    assert conditions.wind_speed == pytest.approx(2.5 * wind)
    assert conditions.clearness == pytest.approx(WET_CLEARNESS * clearness)
    conditions.disturbance.clear()
    weather[0].step(conditions)
    assert_allclose((conditions.rain, conditions.wind_speed, conditions.clearness), (rain, wind, clearness))


def test_it_is_the_same_weather_whatever_the_tick(city, conditions):
    start, seen = conditions.time, {}
    for every in (TICK, 90 * TICK):
        weather = Weather(city, conditions)
        conditions.move_to(start)
        while conditions.time < start + 360 * TICK:
            conditions.move_to(conditions.time + every)
            weather.step(conditions)
        seen[every] = weather.observe(conditions)
    assert_allclose(seen[TICK], seen[90 * TICK])
