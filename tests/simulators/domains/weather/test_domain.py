import numpy as np
import pytest
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.base import centre, sensors_of
from simulators.domains.solar.domain import Solar
from simulators.domains.weather.domain import Weather
from simulators.domains.weather.field import site_positions
from simulators.domains.weather.generator import WET_CLEARNESS, saturation_pressure
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import drive, steps
from zenata.city.clock import parse_time


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
        drive(conditions, 360 * TICK // every, weather, every=every)
        seen[every] = weather.observe(conditions)
    assert_allclose(seen[TICK], seen[90 * TICK])


def test_the_front_cools_the_coast_first(conditions):
    """On a clear June morning the breeze reaches a station by the sea before one inland."""
    city = city_of("zenata")
    now = Conditions.of(city, seed=2, time=parse_time("2026-06-20T08:00Z"))
    weather, solar = Weather(city, now), Solar(city, now)
    stations = [city.sensors[index] for index in sensors_of(city, "weather")]
    inland = -site_positions(stations, *centre(city)) @ [np.sin(np.radians(330)), np.cos(np.radians(330))]
    seaward, landward = int(inland.argmin()), int(inland.argmax())
    seen = np.array([weather.observe(now) for _ in steps(now, 6 * 12, weather, solar, every=30 * TICK)])
    wind = seen[:, :, 3]
    difference = wind[:, seaward] - wind[:, landward]
    assert difference.max() > 0.5
    before, after = np.split(seen[:, :, 0], [int(difference.argmax())])
    assert (after[:, landward] - after[:, seaward]).mean() < 3
    assert np.ptp(seen[-1, :, 0]) > 0.1  # stations differ
    assert len(before)


def test_stations_differ_and_the_middle_is_among_them(city, conditions):
    weather = Weather(city, conditions)
    weather.step(conditions)
    Solar(city, conditions).step(conditions)
    seen = weather.observe(conditions)
    assert seen.shape == (2, 7)
    assert_allclose(seen[:, 0], conditions.temperature, atol=2)
    assert conditions.roof_clearness.shape == (5,)
