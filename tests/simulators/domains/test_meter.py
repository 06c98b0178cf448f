import dataclasses
from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.meter import COOLING_ABOVE, HEATING_BELOW, Meter, weather_factor
from simulators.domains.solar.domain import Solar
from simulators.world.conditions import TICK, Conditions
from tests.simulators.conftest import REST, WORKING
from tests.simulators.domains.driving import steps
from zenata.city.clock import parse_time

SHARES = (np.array([0.1, 0.0]), np.array([0.03, 0.0]), np.array([0.02, 0.0]))


def run(meter, conditions, ticks, every=TICK):
    """Step, and return the power of every tick, shape (ticks, n)."""
    return np.array([meter.observe(conditions)[:, 0] for _ in steps(conditions, ticks, meter, every=every)])


def test_dark_hot_and_cold_raise_the_load():
    assert_allclose(weather_factor(18.0, 40.0, *SHARES), [1.0, 1.0])
    assert_allclose(weather_factor(18.0, -20.0, *SHARES), [1.1, 1.0])
    assert_allclose(weather_factor(COOLING_ABOVE + 10, 40.0, *SHARES), [1.3, 1.0])
    assert_allclose(weather_factor(HEATING_BELOW - 10, -20.0, *SHARES), [1.3, 1.0])


def test_a_load_stays_for_a_minute_and_remembers_half_an_hour(city, conditions):
    meter = Meter(city, conditions)
    departures = []
    for _ in range(6000):
        run(meter, conditions, 6)
        departures.append(meter._departure.copy())
    series = np.array(departures)
    assert series.std() == pytest.approx(1.0, abs=0.05)
    after = (series[:-30] * series[30:]).mean()
    assert after == pytest.approx(np.exp(-1), abs=0.05)
    assert np.count_nonzero(np.diff(run(meter, conditions, 61)[:, 0])) == 10


def test_buildings_follow_the_air_slowly(city, conditions):
    meter = Meter(city, conditions)
    conditions.temperature += 10.0
    run(meter, conditions, 3 * 360)
    run(meter, conditions, 12, 90 * TICK)  # six hours in all
    assert meter._indoor[0] == pytest.approx(conditions.temperature - 10 * np.exp(-1), abs=0.01)


def test_all_customers_draw_what_meters_say_of_them(city, conditions):
    """In a district of 3,000 persons, 4 a household, ten metered; elsewhere each customer has a meter."""
    sensors = tuple(sensor for sensor in city.sensors if sensor.kind == "meter") * 40
    crowd = dataclasses.replace(city, sensors=sensors)
    conditions = Conditions.of(crowd, seed=1, time=conditions.time)
    meter = Meter(crowd, conditions)
    power = run(meter, conditions, 1)[0]
    homes = np.array([sensor.district == "homes" for sensor in sensors])
    assert conditions.customer_load[0] == pytest.approx(power[homes].sum() * 3000 / 4 / homes.sum(), rel=0.05)
    assert conditions.customer_load[1] == pytest.approx(power[~homes].sum(), rel=0.05)


def day_of_zenata(start, temperature):
    """Return load of all customers every ten minutes of a local day [W], and the energy of a household [kWh]."""
    city = city_of("zenata")
    conditions = Conditions.of(city, seed=1, time=parse_time(start))
    conditions.temperature = temperature
    sun, meter = Solar(city, conditions), Meter(city, conditions)
    homes = np.array([s.attributes["use"] == "household" for s in city.sensors if s.kind == "meter"])
    before, load = meter.observe(conditions)[homes, 1].mean(), []
    for tick, _ in enumerate(steps(conditions, 8640, sun, meter)):
        if tick % 60 == 0:
            load.append(conditions.customer_load.sum())
    return np.array(load), meter.observe(conditions)[homes, 1].mean() - before


def test_the_summer_peak_of_zenata_is_that_of_the_country():
    """7,960 MW at 21:30 on 30 June 2025, 36.8 million inhabitants; noon over evening 0.96 to 0.99."""
    load, energy = day_of_zenata("2025-06-29T23:00:00+00:00", 23.0)
    hour = np.arange(len(load)) / 6
    assert 20 < hour[load.argmax()] < 23
    assert load.max() / 231_400 == pytest.approx(7960e6 / 36.8e6, rel=0.2)
    noon = load[(hour >= 11) & (hour <= 14)].max()
    assert 0.93 < noon / load.max() < 1.0
    assert 130 < energy * 30.4 < 180  # about 150 kWh a month


def test_ramadan_moves_the_evening_and_fills_the_night():
    load, _ = day_of_zenata("2026-03-03T00:00:00+00:00", 17.0)
    ordinary, _ = day_of_zenata("2026-01-27T23:00:00+00:00", 17.0)
    assert load[24:30].mean() > ordinary[24:30].mean()  # four to five, before dawn
    assert load[18 * 6 + 3] < load[17 * 6 + 3] < load[21 * 6]  # the meal, the cooking, the evening


@pytest.mark.parametrize("every", [TICK, 90 * TICK, 360 * TICK])
def test_a_day_draws_the_same_however_long_the_ticks(city, every):
    """Of 800 meters for a day, with a noise that remembers half an hour: within a hundredth or so."""
    sensors = tuple(sensor for sensor in city.sensors if sensor.kind == "meter") * 40
    now = Conditions.of(dataclasses.replace(city, sensors=sensors), seed=1, time=parse_time("2026-01-05T00:00:00Z"))
    meter = Meter(dataclasses.replace(city, sensors=sensors), now)
    before = meter.observe(now)[:, 1]
    power = run(meter, now, 8640 * TICK // every, every)
    assert (power > 0).all()
    assert_allclose(meter.observe(now)[:, 1] - before, power.sum(axis=0) * every / 3.6e12)
    expected = (meter._level * 24 / 1000).sum() * sum(WORKING) / 24 / ((5 * sum(WORKING) + 2 * sum(REST)) / 168)
    lit = 1 + 0.1 * 0.5 + 0.02 * max(HEATING_BELOW - now.temperature, 0)  # the sun stands on the horizon
    factors = [now.demand.factors("meter", date(2026, 1, 5), hour).mean() for hour in range(24)]
    assert (meter.observe(now)[:, 1] - before).sum() == pytest.approx(expected * lit * np.mean(factors), rel=0.03)


def test_without_voltage_nothing_is_drawn_and_the_rest_stays_the_same(city):
    (one, now), (other, then) = (
        (Meter(city, now), now) for now in (Conditions.of(city, seed=1), Conditions.of(city, seed=1))
    )
    then.powered[np.arange(len(city.sensors))[one._positions][3]] = False
    expected, found = run(one, now, 50), run(other, then, 50)
    assert (found[:, 3] == 0).all()
    assert_array_equal(np.delete(found, 3, axis=1), np.delete(expected, 3, axis=1))
    then.powered[:] = True
    assert_array_equal(run(other, then, 50), run(one, now, 50))


def test_households_go_on_holiday_in_summer_and_the_grid_carries_less():
    city = city_of("zenata")
    away, load = {}, {}
    for day in ("2026-08-12", "2026-10-14"):
        now = Conditions.of(city, seed=1, time=parse_time(f"{day}T10:00Z"))
        meter = Meter(city, now)
        away[day] = meter._away[meter._household].mean()
        load[day] = meter._levels.sum() / meter._stands_for.sum()
        assert not meter._away[~meter._household].any()
    summer, autumn = away
    assert 0.08 < away[summer] < 0.4
    assert away[autumn] < 0.5 * away[summer]
    assert load[summer] < load[autumn] < 1
