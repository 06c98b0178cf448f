import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from simulators.domains.waste import EVERY, SUN, Trucks, Waste, inhabitants, throw_in
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import drive

MONDAY = 1780272000_000000  # 2026-06-01, 01:00 local
AID = 1779836400_000000  # 2026-05-27, 00:00 local


def run(waste, now, hours, every=EVERY * TICK):
    """Move on by minutes: the ticks between change nothing."""
    drive(now, round(hours * 360 * TICK / every), waste, every=every)


def begin(now, time):
    now.move_to(time)
    now.temperature = 20.0
    return now


def held(waste):
    return waste.arrays["mass"].sum() + waste.arrays["surplus"].sum()


@given(st.lists(st.floats(0, 500), min_size=1, max_size=40))
def test_what_does_not_fit_lies_beside(bags):
    mass, surplus, capacity = np.zeros(1), np.zeros(1), np.full(1, 275.0)
    for bag in bags:
        throw_in(mass, surplus, capacity, np.array([bag]))
    assert mass[0] == pytest.approx(min(sum(bags), 275.0))
    assert mass[0] + surplus[0] == pytest.approx(sum(bags))


@settings(max_examples=3)
@given(st.integers(0, 2**32))
def test_no_waste_is_lost(city, seed):
    now = begin(Conditions.of(city, seed=seed), MONDAY)
    waste = Waste(city, now)
    before = held(waste)
    run(waste, now, 30)
    thrown, taken = waste.arrays["totals"]
    assert taken > 0
    assert before + thrown - taken == pytest.approx(held(waste), rel=1e-9)


def test_people_throw_away_their_yearly_waste(city, conditions):
    begin(conditions, MONDAY)
    waste = Waste(city, conditions)
    run(waste, conditions, 24 * 3)
    people = inhabitants(city, waste._parameters).sum()
    assert people == pytest.approx(0.2 * (3000 + 2400))
    assert waste.arrays["totals"][0] / 3 * 365.25 / people == pytest.approx(425.8, rel=0.12)


def test_three_times_as_much_at_aid_el_kebir(city, monkeypatch):
    """The mean of six seeds, as a few bulky things weigh as much as a day's bags."""
    monkeypatch.setattr(Conditions, "demand_factors", lambda self, *_: np.ones(len(city.districts)))
    amounts = np.zeros(2)
    for number, start in enumerate((MONDAY, AID)):
        for seed in range(6):
            now = begin(Conditions.of(city, seed=seed), start)
            now.aid_el_kebir = start == AID
            waste = Waste(city, now)
            run(waste, now, 20, every=900_000_000)
            amounts[number] += waste.arrays["totals"][0]
    assert amounts[1] == pytest.approx(3 * amounts[0], rel=0.1)


def test_each_container_is_emptied_every_other_night(city, conditions):
    begin(conditions, MONDAY)
    waste = Waste(city, conditions)
    emptied = []
    for hour in range(96):
        before = waste.arrays["mass"].copy()
        run(waste, conditions, 1)
        emptied += [(hour, number) for number in np.flatnonzero(waste.arrays["mass"] < before)]
    assert {(hour + 2) % 24 for hour, _ in emptied} <= {22, 23, 0, 1, 2, 3}  # local hours, at their end
    for number in range(12):
        times = [hour for hour, other in emptied if other == number]
        assert len(times) == 2
        assert abs(times[1] - times[0] - 48) <= 2


def test_containers_fill_unequally_and_the_district_as_a_whole_as_its_people(city, conditions):
    waste = Waste(city, begin(conditions, MONDAY))
    assert waste._rate.max() > 1.5 * waste._rate.min()
    people = inhabitants(city, waste._parameters).sum()
    assert waste._rate.sum() * 8766 / people == pytest.approx(425.8)


def test_an_order_is_carried_out_once_within_the_hour(city, conditions):
    waste = Waste(city, begin(conditions, MONDAY))
    setpoint = conditions.setpoints.of("waste", "empty")
    setpoint[4] = 1
    before = waste.arrays["mass"].copy()
    run(waste, conditions, 1)
    assert waste.arrays["mass"][4] < 0.5 * before[4]
    assert np.isnan(setpoint[4])
    assert (np.delete(waste.arrays["mass"] - before, 4) >= 0).all()
    assert (waste.arrays["at"] == 12).all()  # home again


def test_a_container_left_out_of_rounds_overflows(city, conditions):
    waste = Waste(city, begin(conditions, MONDAY))
    conditions.setpoints.of("waste", "empty")[3] = 0
    run(waste, conditions, 24 * 8)
    fill, _, overflow = waste.observe(conditions).T
    assert fill[3] == 1
    assert overflow[3] > 50
    assert conditions.setpoints.of("waste", "empty")[3] == 0


@pytest.mark.parametrize("every", [60, 600, 3600])
def test_trucks_empty_the_nearest_first_and_unload_when_full(city, every):
    parameters = dataclasses.replace(Waste(city, Conditions.of(city, seed=1))._parameters, trucks=1, truck_load=500.0)
    positions = np.array([[300.0, 0], [100, 0], [200, 0], [0, 0]])  # the depot is the last
    trucks, order = Trucks(positions, parameters, 0), []
    trucks.listed[:] = True
    for second in range(0, 4 * 3600, every):
        trucks.work(
            second * 10**6, (second + every) * 10**6, np.ones(1, bool), lambda index: order.append(index) or 300.0
        )
    assert order == [1, 2, 0]
    assert not trucks.listed.any()
    assert trucks.driven[0] == pytest.approx(1.3 * (0.2 + 0.2 + 0.3 + 0.3))  # home after two, out again, home


def test_a_truck_comes_to_a_container_again_only_after_it_has_unloaded(city):
    parameters = dataclasses.replace(Waste(city, Conditions.of(city, seed=1))._parameters, trucks=1)
    trucks, order = Trucks(np.array([[100.0, 0], [101, 0], [0, 0]]), parameters, 0), []
    trucks.listed[:] = True

    def empty(index):
        order.append(index)
        trucks.listed[0] = True  # it is ordered again at once
        return 1.0

    for minute in range(0, 120, 15):
        trucks.work(minute * 60_000_000, (minute + 15) * 60_000_000, np.ones(1, bool), empty)
    assert order == [0, 1, 0]
    assert trucks.driven[0] / 1.3 == pytest.approx(0.202 + 0.2)  # by way of the depot


def toured(city, wanted, rank, working):
    parameters = dataclasses.replace(Waste(city, Conditions.of(city, seed=1))._parameters, trucks=2)
    positions = np.array([[300.0, 0], [100, 0], [200, 0], [400, 0], [0, 0]])
    trucks, order = Trucks(positions, parameters, 0), []
    trucks.listed[:] = True
    for minute in range(0, 240, 15):
        begin, end = minute * 60_000_000, (minute + 15) * 60_000_000
        trucks.work(
            begin, end, np.array(working), lambda index: order.append(index) or 1.0, (np.array(wanted), np.array(rank))
        )
    assert not trucks.listed.any()
    return order, trucks.driven[0] / 1.3


def test_trucks_drive_the_tours_that_are_ordered(city):
    nan = np.nan
    order, driven = toured(city, [1, 1, 1, 1], [0, 2, 1, nan], [True, True])
    assert order == [0, 2, 1, 3]  # what has no rank comes last
    assert driven == pytest.approx(0.3 + 0.1 + 0.1 + 0.3 + 0.4)
    order, driven = toured(city, [1, 2, 2, 1], [1, 1, 0, 0], [True, True])
    assert sorted(order) == [0, 1, 2, 3]
    assert order.index(3) < order.index(0)
    assert order.index(2) < order.index(1)
    assert driven == pytest.approx(0.8 + 0.4)


def test_another_truck_comes_where_the_one_ordered_stays_or_is_none(city):
    assert toured(city, [2, 2, 2, 2], [3, 2, 1, 0], [True, False])[0] == [3, 2, 1, 0]
    assert toured(city, [99, 99, 99, 99], [3, 2, 1, 0], [True, False])[0] == [3, 2, 1, 0]


def test_an_order_is_forgotten_with_its_truck_and_rank(city, conditions):
    waste = Waste(city, begin(conditions, MONDAY))
    for name, value in (("empty", 1), ("truck", 2), ("rank", 7)):
        conditions.setpoints.of("waste", name)[4] = value
    run(waste, conditions, 1)
    assert all(np.isnan(conditions.setpoints.of("waste", name)).all() for name in ("empty", "truck", "rank"))


def test_it_is_warm_inside_by_day(city, conditions):
    begin(conditions, MONDAY)
    conditions.ghi = 800.0
    waste = Waste(city, conditions)
    run(waste, conditions, 12)
    fill, temperature, _ = waste.observe(conditions).T
    warmer = temperature - 20 - SUN * 800
    assert (warmer > 0).all()
    assert (warmer < 6).all()
    assert np.corrcoef(fill, warmer)[0, 1] > 0.9
    assert ((fill >= 0) & (fill <= 1)).all()


@pytest.mark.parametrize("every", [EVERY * TICK, 90 * TICK, 360 * TICK])
def test_long_ticks_fill_and_empty_and_warm_the_same(city, every):
    """Some 440 bags a day in all: their number strays by 5 % in a day, 2 % in six."""
    now = begin(Conditions.of(city, seed=3), MONDAY)
    now.ghi = 400.0
    waste = Waste(city, now)
    before, levels = held(waste), []
    for _ in range(12):
        run(waste, now, 12, every)
        levels.append(held(waste))
    thrown, taken = waste.arrays["totals"]
    assert before + thrown - taken == pytest.approx(levels[-1], rel=1e-9)
    assert thrown == pytest.approx(425.8 / 365.25 * 0.2 * 5400 * 6, rel=0.06)
    assert np.mean(levels) == pytest.approx(1100, rel=0.1)
    temperature = waste.observe(now)[:, 1].mean()
    assert temperature == pytest.approx(
        20 + SUN * 400 + 6 * waste.observe(now)[:, 0].mean(), abs=1
    )  # behind it by two hours


def test_what_is_in_a_container_changes_nothing_for_others(city):
    wastes = []
    for extra in (0.0, 100.0):
        now = begin(Conditions.of(city, seed=1), MONDAY)
        wastes.append(Waste(city, now))
        wastes[-1].arrays["mass"][0] += extra
        run(wastes[-1], now, 48)
    one, other = (waste.observe(now) for waste in wastes)
    assert_array_equal(one[1:], other[1:])


def test_a_restored_fleet_goes_on_the_same(city):
    one, now = Waste(city, begin(Conditions.of(city, seed=2), MONDAY)), begin(Conditions.of(city, seed=2), MONDAY)
    run(one, now, 23.5)  # amid a round
    saved, time = {name: array.copy() for name, array in one.arrays.items()}, now.time
    run(one, now, 12)
    other, then = Waste(city, begin(Conditions.of(city, seed=2), MONDAY)), Conditions.of(city, seed=2)
    begin(then, time)
    for name, array in other.arrays.items():
        array[...] = saved[name]
    run(other, then, 12)
    assert_array_equal(one.observe(now), other.observe(then))
