import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.charger import (
    ACCEPTANCE,
    EFFICIENCY,
    FAST_GOAL,
    FULL,
    KNEE,
    Charger,
    assign,
    charge,
    site_limits,
)
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import steps

EVENING = 1767636000_000000  # Monday 2026-01-05, 19:00 local
MONDAY = 1767567600_000000  # 2026-01-05, 00:00 local
HOURS = 10 / 3600
QUARTER = 90 * TICK


def start(city, time=EVENING):
    now = Conditions.of(city, seed=1, time=time)
    return Charger(city, now), now


def run(charger, conditions, ticks, every=TICK):
    """Step, and return the power of every tick, shape (ticks, n)."""
    return np.array([conditions.charger_power.copy() for _ in steps(conditions, ticks, charger, every=every)])


def one(soc, capacity, watts, hours):
    return float(charge(np.array([soc]), np.array([capacity]), np.array([watts]), hours)[0])


def test_current_is_constant_until_the_knee():
    assert one(0.2, 50.0, 10_000.0, 1.5) == pytest.approx(0.5)


def test_voltage_is_constant_above_it():
    """A battery that takes all it may: from the knee the missing charge decays with (1 - KNEE) / ACCEPTANCE."""
    assert one(KNEE, 50.0, 1e9, 0.3) == pytest.approx(1 - (1 - KNEE) * np.exp(-0.3 * ACCEPTANCE / (1 - KNEE)))


def test_charging_agrees_with_small_steps_of_the_differential_equation():
    soc, capacity, watts = 0.3, 40.0, 22_000.0
    expected = soc
    for _ in range(200_000):
        power = min(watts / 1000, ACCEPTANCE * capacity, ACCEPTANCE * capacity * (1 - expected) / (1 - KNEE))
        expected += power / capacity * (2.0 / 200_000)
    assert one(soc, capacity, watts, 2.0) == pytest.approx(expected, abs=1e-5)


@given(
    st.floats(0, 1), st.floats(20, 100), st.floats(0, 350e3), st.floats(0, 3), st.floats(0, 3)
)  # fmt: skip
def test_charging_in_two_parts_is_charging_at_once(soc, capacity, watts, first, second):
    whole = one(soc, capacity, watts, first + second)
    assert one(one(soc, capacity, watts, first), capacity, watts, second) == pytest.approx(whole, abs=1e-9)
    assert soc - 1e-12 <= whole <= 1


def test_waiting_vehicles_take_free_chargers_of_their_pool():
    free = np.array([True, True, False, True, True, True])
    pool, priority = np.array([0, 1, 0, 1, 0, 1]), np.array([0.9, 0.5, 0.0, 0.1, 0.2, 0.3])
    assert sorted(assign(free, pool, np.array([1, 2]), priority)) == [3, 4, 5]
    assert sorted(assign(free, pool, np.array([9, 0]), priority)) == [0, 4]


@pytest.mark.parametrize(("every", "ticks"), [(TICK, 720), (QUARTER, 20)])
def test_energy_is_the_integral_of_power(city, every, ticks):
    charger, conditions = start(city)
    before = charger._energy.copy()
    power = run(charger, conditions, ticks, every)
    assert power.sum() > 0
    assert_allclose(charger._energy - before, power.sum(axis=0) * every / 3.6e12)
    assert (power <= charger._rated * (1 + 1e-9)).all()
    assert (charger._soc[charger._fast & charger._occupied] <= FAST_GOAL).all()


def test_what_is_drawn_goes_into_batteries(city):
    charger, conditions = start(city)
    run(charger, conditions, 720)
    soc, stays = charger._soc.copy(), charger._occupied.copy()
    power = run(charger, conditions, 1)[0]
    same = stays & charger._occupied & (charger._soc >= soc)
    assert same.any()
    stored = (charger._soc - soc) * charger._capacity
    assert_allclose(stored[same], power[same] * HOURS / 1000 * EFFICIENCY, atol=1e-12)


def test_no_charger_gives_more_than_its_rating_or_its_limit(city):
    charger, conditions = start(city)
    assert (run(charger, conditions, 300) <= charger._rated * (1 + 1e-9)).all()
    limits = conditions.setpoints.of("charger", "limit")
    limits[:] = 3_000.0
    power = run(charger, conditions, 300)
    assert power.max() == pytest.approx(3_000.0)
    limits[:] = 0.0
    assert (run(charger, conditions, 10) == 0).all()
    assert (charger.observe(conditions)[:, 2] == 1).any()  # the vehicles stay


def test_only_vehicles_that_want_to_charge_draw(city):
    charger, conditions = start(city)
    power = run(charger, conditions, 2000)[-1]
    occupied, full = charger._occupied, charger._soc >= FULL
    assert (power[~occupied] == 0).all()
    assert (power[occupied & ~full] > 0).all()
    fast = occupied & (charger._rated == 50_000.0)
    assert (charger._soc[fast] < FAST_GOAL + 0.01).all()


def test_drivers_wait_for_a_charger_and_give_up(city):
    chargers = tuple(sensor for sensor in city.sensors if sensor.kind == "charger")
    charger, conditions = start(dataclasses.replace(city, sensors=chargers * 50))
    conditions.setpoints.of("charger", "limit")[:] = 0.0
    charger.arrays["occupied"][:] = True
    charger.arrays["leaves"][:] = 2**62
    charger.arrays["soc"][:] = 0.0
    waiting = []
    for _ in range(720):
        run(charger, conditions, 1)
        waiting.append(charger._waiting.sum())
    expected = 400 * 6.0 * 0.067 * 0.3  # chargers, vehicles a day for each, share of the hour, patience [h]
    expected *= conditions.demand_factors("charger").mean()
    assert np.mean(waiting[360:]) == pytest.approx(expected, rel=0.2)
    charger.arrays["leaves"][:] = 0
    run(charger, conditions, 1)
    assert charger._occupied.sum() >= waiting[-1]
    assert (charger._waiting == 0).all()


def test_occupancy_begins_where_it_stays(city, monkeypatch):
    """Little's law: arrivals times stay, as long as nobody is turned away."""
    monkeypatch.setattr(Conditions, "demand_factors", lambda *_: np.ones(2))
    chargers = tuple(s for s in city.sensors if s.kind == "charger" and s.attributes["watts"] < 43_000)
    charger, conditions = start(dataclasses.replace(city, sensors=chargers * 100))
    expected = 6.0 * 0.0715 * 2.0  # vehicles a day, share of the hour, stay [h]
    assert charger._occupied.mean() == pytest.approx(expected, abs=0.05)
    run(charger, conditions, 180)
    assert charger._occupied.mean() == pytest.approx(expected, abs=0.07)


def test_a_day_of_zenata_comes_to_what_its_cars_need():
    """231,400 inhabitants, 113 vehicles per 1,000, a tenth electric, 30 km at 0.18 kWh/km, two thirds of it in public."""
    city = city_of("zenata")
    charger, conditions = start(city, MONDAY)
    energy = run(charger, conditions, 8640).sum() * HOURS / 1000
    cars = sum(district.population for district in city.districts) * 113 / 1000
    assert energy == pytest.approx(cars * 0.1 * 30 * 0.18 * 2 / 3, rel=0.2)


def test_long_ticks_find_the_same_sessions():
    """Of ten cities at once: the sum of some 4,600 sessions strays by 1 %, and what two days differ in by 1.4 %."""
    zenata = city_of("zenata")
    city = dataclasses.replace(zenata, sensors=tuple(s for s in zenata.sensors if s.kind == "charger") * 10)
    energy, occupied = {}, {}
    for every in (6 * TICK, QUARTER, 4 * QUARTER):
        charger, now = start(city, MONDAY)
        before, seen = charger._energy.copy(), []
        for _ in range(24):
            run(charger, now, 4 * QUARTER // every, every)
            seen.append(charger._occupied.mean())
        energy[every], occupied[every] = (charger._energy - before).sum(), np.mean(seen)
    for every in (QUARTER, 4 * QUARTER):
        assert energy[every] == pytest.approx(energy[6 * TICK], rel=0.04)
        assert occupied[every] == pytest.approx(occupied[6 * TICK], rel=0.05)


def test_a_session_shows_what_it_wants_and_when_it_leaves(city):
    charger, now = start(city)
    run(charger, now, 200)
    one = int(np.flatnonzero(charger._occupied & ~charger._fast & (charger._soc < 0.7))[0])
    charger._leaves[one] = now.time + 1800 * 10**6
    before = charger.observe(now)[one]
    assert before[3] == pytest.approx((FULL - charger._soc[one]) * charger._capacity[one] / EFFICIENCY)
    assert before[4] == pytest.approx(30)
    run(charger, now, 60)
    after = charger.observe(now)[one]
    assert before[3] - after[3] == pytest.approx(after[1] - before[1])  # what was drawn is wanted no more
    assert after[4] == pytest.approx(20)
    run(charger, now, 125)
    assert charger._leaves[one] != now.time
    assert charger.arrays["totals"][0] > 0
    free = ~charger._occupied
    assert (charger.observe(now)[free, 3:] == 0).all()


def test_chargers_of_a_site_share_its_connection(city):
    """Eight of 7.4 kW in one street have 60 % of the sum between them; one alone has all it can give."""
    chargers = tuple(s for s in city.sensors if s.kind == "charger" and s.attributes["watts"] == 7400.0) * 4
    shared = tuple(
        dataclasses.replace(s, attributes={"watts": 7400.0, "street": "street-0001"}, district="homes")
        for s in chargers
    )
    charger, now = start(dataclasses.replace(city, sensors=shared))
    count = len(shared)
    charger._occupied[:], charger._leaves[:] = True, 2**62
    charger._capacity[:], charger._soc[:], charger._accepts[:] = 60.0, 0.2, 11_000.0
    assert run(charger, now, 1)[0].sum() == pytest.approx(0.6 * count * 7400)
    charger._soc[1:] = 1.0
    assert run(charger, now, 1)[0, 0] == pytest.approx(7400)
    assert site_limits(np.zeros(2, int), np.array([50_000.0, 7_400.0])) == pytest.approx([50_000])


@pytest.mark.parametrize("what", ["a stop", "no voltage"])
def test_what_pauses_sessions_lets_none_begin_and_they_go_on(city, what):
    charger, now = start(city)
    run(charger, now, 200)
    charger._leaves[:] = 2**62
    charger._soc[:] = np.minimum(charger._soc, 0.4)
    here, soc = charger._occupied.copy(), charger._soc.copy()
    now.setpoints.of("charger", "stop")[:] = what == "a stop"
    now.powered[charger._index] = what != "no voltage"
    assert (run(charger, now, 100) == 0).all()
    assert_array_equal(charger._occupied, here)  # the vehicles stay, and no other comes
    assert_array_equal(charger._soc, soc)
    now.setpoints.of("charger", "stop")[:] = 0
    now.powered[charger._index] = True
    assert (run(charger, now, 1)[0, here] > 0).all()


@pytest.mark.parametrize("every", [TICK, QUARTER])
def test_what_happens_in_one_pool_changes_nothing_in_others(city, every):
    crowd = dataclasses.replace(city, sensors=tuple(s for s in city.sensors if s.kind == "charger") * 10)
    (one, now), (other, then) = start(crowd), start(crowd)
    mine = one._pool == 0
    other._occupied[mine], other._leaves[mine] = True, 2**62
    expected, found = run(one, now, 300, every), run(other, then, 300, every)
    assert (found[:, mine] != expected[:, mine]).any()
    assert_array_equal(found[:, ~mine], expected[:, ~mine])
