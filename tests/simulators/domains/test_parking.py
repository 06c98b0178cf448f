import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.parking import Parking, chances, turnover
from simulators.world.conditions import TICK, Conditions
from zenata.errors import CityError


def test_rates_keep_occupancy_on_its_course():
    occupancy, change, stay = np.array([0.3, 0.8, 0.5]), np.array([0.2, -0.1, 0.0]), np.array([1.0, 5.0, 2.0])
    taken, left = turnover(occupancy, change, stay)
    assert_allclose(taken * (1 - occupancy) - left * occupancy, change)
    assert (left >= 1 / stay).all()


@pytest.fixture
def wide(city):
    """The small city with fifty times the bays."""
    bays = [sensor for sensor in city.sensors if sensor.kind == "parking"]
    return dataclasses.replace(city, sensors=tuple(bays * 50))


def test_chances_are_those_of_many_short_steps():
    taken, left = np.array([0.2, 3.0]), np.array([0.5, 4.0])
    free, occupied = np.zeros(2), np.ones(2)
    for _ in range(1000):
        come, stay = chances(taken, left, 1.5 / 1000)
        free, occupied = (now * stay + (1 - now) * come for now in (free, occupied))
    assert_allclose(chances(taken, left, 1.5), (free, occupied))


MORNING = 1767603600_000000  # a Monday, 10:00 local


def run(parking, now, hours, every=TICK):
    end = now.time + hours * 360 * TICK
    while now.time < end:
        now.move_to(now.time + every)
        parking.step(now)
    return parking.observe(now)[:, 0]


@pytest.fixture
def now(wide):
    return Conditions.of(wide, seed=1, time=MORNING)


@pytest.fixture
def homes(wide):
    return np.array([sensor.district == "homes" for sensor in wide.sensors])


@pytest.mark.parametrize("every", [TICK, 6 * TICK, 90 * TICK])
def test_occupancy_follows_the_day_whatever_the_tick(wide, homes, now, every):
    taken = run(Parking(wide, now), now, 4, every)
    assert taken[homes].mean() == pytest.approx(0.60, abs=0.04)  # 14:00: between the means of two hours
    assert taken[~homes].mean() == pytest.approx(0.84, abs=0.04)
    assert set(taken) == {0.0, 1.0}


@pytest.mark.parametrize("every", [TICK, 90 * TICK])
def test_bays_turn_over_at_their_rate_whatever_the_tick(wide, homes, now, every):
    """Of the bays taken in the morning some are still, or again: o + (1 - o) exp(-t / s (1 - o)) when nothing changes."""
    parking = Parking(wide, now)
    before = run(parking, now, 1, every)
    after = run(parking, now, 3, every)
    stayed = after[homes & (before == 1)].mean()
    assert stayed == pytest.approx(0.6 + 0.4 * np.exp(-3 / (5 * 0.4)), abs=0.05)


def test_a_dearer_bay_is_taken_less_and_a_free_one_more(wide, homes, now):
    price = now.setpoints.of("parking", "price")
    prices = np.resize([np.nan, 2.0, 20.0, 0.0, 50.0], len(price))
    parking = Parking(wide, now)
    price[:] = prices
    taken = run(parking, now, 4)
    same, dear, free, dearest = (taken[(prices == level) & ~homes].mean() for level in (2.0, 20.0, 0.0, 50.0))
    unset = taken[np.isnan(prices) & ~homes].mean()
    assert unset == pytest.approx(0.84, abs=0.05)
    assert same == pytest.approx(0.84, abs=0.05)
    odds = 0.84 / 0.16 * 10**-0.29  # arrivals fall to half, so do the odds of a bay to be taken
    assert dear == pytest.approx(odds / (1 + odds), abs=0.06)
    assert dearest < dear + 0.05
    assert 0.84 < free < 1


def test_what_is_told_to_one_bay_changes_no_other(wide, now):
    usual, told = Parking(wide, now), Parking(wide, now)
    without = run(usual, now, 1)
    now.move_to(MORNING)
    now.setpoints.of("parking", "price")[7] = 50.0
    told.arrays["taken"][11] ^= True
    seen = run(told, now, 1)
    others = np.delete(np.arange(len(seen)), [7, 11])
    assert_array_equal(seen[others], without[others])


def test_nobody_comes_where_all_streets_are_shut(wide, now):
    parking = Parking(wide, now)
    parking.arrays["taken"][::2] = False
    before = parking.observe(now)[:, 0]
    now.disturbance.closed[:] = True
    after = run(parking, now, 1)
    assert (after <= before).all()
    assert after.sum() < before.sum()


def test_a_district_without_a_use_is_named(city, conditions):
    districts = tuple(dataclasses.replace(district, category="moon") for district in city.districts)
    with pytest.raises(CityError, match="moon"):
        Parking(dataclasses.replace(city, districts=districts), conditions)
