import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.parking import Parking, chances, search, turnover
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import drive


def test_rates_keep_occupancy_on_its_course():
    occupancy, change, stay = np.array([0.3, 0.8, 0.5]), np.array([0.2, -0.1, 0.0]), np.array([1.0, 5.0, 2.0])
    come, left = turnover(occupancy, change, stay)
    assert_allclose(come - left * occupancy, change)
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
    drive(now, hours * 360 * TICK // every, parking, every=every)
    return parking.observe(now)[:, 0]


@pytest.fixture
def now(wide):
    """A morning of usual demand."""
    now = Conditions.of(wide, seed=1, time=MORNING)
    now.demand.factors = lambda *_: np.ones(len(wide.districts))
    return now


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
    assert stayed == pytest.approx(0.6 + 0.4 * np.exp(-3 / (5 * 0.4)), abs=0.06)


def test_a_dearer_block_is_taken_less_and_its_neighbour_more(wide, homes, now):
    """Arrivals fall with the price to the power of -0.29; half of those who stay away park next door."""
    usual = run(Parking(wide, now), now, 4)
    now.move_to(MORNING)
    now.setpoints.of("parking", "price")[~homes] = 20.0
    dear = run(Parking(wide, now), now, 4)
    assert usual[~homes].mean() == pytest.approx(0.84, abs=0.04)
    assert dear[~homes].mean() == pytest.approx(0.84 * 10**-0.29, abs=0.05)
    assert dear[homes].mean() > usual[homes].mean() + 0.05


def test_in_a_block_of_many_prices_the_cheap_bays_are_taken_first(wide, homes, now):
    price = now.setpoints.of("parking", "price")
    price[:] = np.resize([1.0, 20.0], len(price))
    taken = run(Parking(wide, now), now, 4)
    assert taken[price == 1].mean() > taken[price == 20].mean() + 0.1


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), load=st.floats(0, 5))
def test_search_fills_no_block_beyond_its_bays_and_makes_no_vehicles(seed, load):
    rng = np.random.default_rng(seed)
    blocks = 6
    wanted, dear, available = load * rng.random(blocks) * 10, rng.random(blocks), rng.random(blocks) * 10
    nearby = rng.random((blocks, blocks)) * (1 - np.eye(blocks))
    nearby /= nearby.sum(axis=1, keepdims=True)
    found = search(wanted, dear, available, nearby)
    assert (found <= available + 1e-9).all()
    assert (found >= np.minimum(wanted, available) - 1e-9).all()
    assert found.sum() <= (wanted + dear).sum() + 1e-9


def test_a_full_block_spills_over_to_its_neighbour(wide, homes, now):
    """Twice the demand fills one block, and the other one takes who finds no bay; a day as usual does neither."""
    usual = run(Parking(wide, now), now, 3)
    now.move_to(MORNING)
    factors = np.where([district.id == "offices" for district in wide.districts], 2.0, 1.0)
    now.demand.factors = lambda *_: factors
    busy = run(Parking(wide, now), now, 3)
    assert busy[~homes].mean() > 0.98
    assert busy[homes].mean() > usual[homes].mean() + 0.15


def test_what_happens_in_one_bay_changes_no_block_far_away(now):
    """The far block of Zenata's bays is the same bit for bit."""
    city = city_of("zenata")
    bays = [sensor for sensor in city.sensors if sensor.kind == "parking"]
    ends = []
    for price in (np.nan, 50.0):
        now = Conditions.of(city, seed=1, time=MORNING)
        now.setpoints.of("parking", "price")[7] = price
        ends.append(run(Parking(city, now), now, 1))
    changed = np.flatnonzero(ends[0] != ends[1])
    here = np.array([bays[7].longitude, bays[7].latitude])
    for number in changed.tolist():
        away = (np.array([bays[number].longitude, bays[number].latitude]) - here) * (92_600.0, 110_900.0)
        assert np.hypot(*away) < 2000
    assert len(changed) < 200


def test_nobody_comes_where_all_streets_are_shut(wide, now):
    parking = Parking(wide, now)
    parking.arrays["taken"][::2] = False
    before = parking.observe(now)[:, 0]
    now.disturbance.closed[:] = True
    after = run(parking, now, 1)
    assert (after <= before).all()
    assert after.sum() < before.sum()
