"""What the water network does when it is told something, broken, without voltage or stepped over in long ticks."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.water.domain import EVERY, PHASE
from simulators.world.conditions import TICK
from tests.simulators.conftest import small_city
from tests.simulators.domains.driving import drive, steps
from tests.simulators.domains.water.test_domain import DAY, MONDAY, start, stored


def test_one_valve_shuts_a_pipe_and_both_must_open_it(city):
    """The first two loggers of the small city stand in the two directions of a street."""
    water, now = start(city)
    assert water._pipe[0] == water._pipe[1]
    valve = now.setpoints.of("water", "valve")
    for commanded, opened in (((1, 0), False), ((0, np.nan), False), ((1, 1), True), ((np.nan, 1), True)):
        valve[:2] = commanded
        drive(now, 1, water)
        assert water.arrays["gates"][water._pipe[0]] == opened
        assert (water.observe(now)[0, 0] > 0) == opened


@given(st.floats(0, 1e-8))
@settings(max_examples=10, deadline=None)
def test_no_hole_is_too_small(area):
    water, now = small_water()
    now.disturbance.leak[:] = area
    now.time = now.previous = MONDAY + (EVERY + PHASE - 1) * TICK
    drive(now, 1, water)
    assert water.arrays["pressure"].min() > 20


@functools.cache
def small_water():
    return start(small_city())


def test_a_growing_hole_is_not_solved_at_every_tick(city):
    water, now = start(city, MONDAY + (PHASE + 1) * TICK)
    flows = []
    for tick, _ in enumerate(steps(now, 20, water)):
        now.disturbance.leak[0] = 3e-6 * tick
        flows.append(float(water.arrays["rates"][2]))
    assert 2 < len(set(flows)) < 10


def test_loggers_at_supplies_watch_their_tanks(city):
    water, now = start(city)
    before = water.observe(now)[-2:]
    passed = np.zeros(2)
    for _ in steps(now, DAY // 2, water):
        passed += np.maximum(water.arrays["flow"][-2:], 0) * 10 / 1000
    level, flow, volume = water.observe(now)[-2:].T
    assert_array_equal(level, water.arrays["level"])
    assert_array_equal(flow, water.arrays["flow"][-2:])
    assert (flow > 0).all()
    assert_allclose(volume - before[:, 2], passed, rtol=0.02)
    assert volume.sum() - before[:, 2].sum() == pytest.approx(water.arrays["totals"][1:3].sum(), rel=0.01)


def test_pumps_run_as_commanded(city):
    water, now = start(city)
    setpoint = now.setpoints.of("water", "pumps")
    setpoint[-2:] = 2, 0
    drive(now, 360, water)
    assert water.arrays["gates"][-4:].tolist() == [True, True, False, False]
    drive(now, 4 * DAY // 90, water, every=90 * TICK)
    assert water.arrays["level"][1] < water.arrays["level"][0]
    setpoint[-1] = np.nan
    drive(now, 4 * DAY // 90, water, every=90 * TICK)
    assert water.arrays["level"][0] / water._tanks._depth[0] > 0.7
    assert water.arrays["totals"][3] > 0  # it overflows
    setpoint[-2:] = np.nan
    drive(now, DAY // 90, water, every=90 * TICK)
    assert (water.arrays["level"] / water._tanks._depth < 0.99).all()


@pytest.mark.parametrize("every", [TICK, 90 * TICK])
def test_without_voltage_the_tanks_run_dry_and_fill_again(every):
    water, now = start(small_city())
    now.powered[:] = False
    before = stored(water)
    drive(now, DAY * TICK // every, water, every=every)
    assert 0 < water.arrays["level"].max() < 0.21
    assert water.arrays["pressure"].max() < 1
    assert water.arrays["rates"][0] == 0
    now.powered[:] = True
    drive(now, DAY * TICK // every, water, every=every)
    assert water.arrays["pressure"].min() > 20
    pumped, delivered, leaked, spilt = water.arrays["totals"]
    assert pumped - delivered - leaked - spilt == pytest.approx(stored(water) - before, abs=0.01)


def test_a_supply_has_its_voltage_from_the_nearest_station(city):
    """The small city's first station is at (0.5, 0.5), near the supply at (0, 0); the third near the one at (3, 0)."""
    water, now = start(city)
    assert [city.sensors[index].id for index in water._station] == ["power-0001", "power-0003"]
    now.setpoints.of("water", "pumps")[-2:] = 1
    now.powered[water._station[0]] = False
    drive(now, 1, water)
    assert water.arrays["gates"][-4:].tolist() == [False, False, True, False]


@pytest.mark.parametrize("every", [90 * TICK, 360 * TICK])
def test_long_ticks_find_the_same_days_with_one_solution_each(every):
    """Two days: what was pumped and so on, levels and pressures; and no level goes past what switches it."""
    fine, coarse = {}, {}
    for record, length in ((fine, TICK), (coarse, every)):
        water, now = start(small_city())
        before, solved, rows = stored(water), [], []
        solve = water._hydraulics.solve
        water._hydraulics.solve = lambda solve=solve, solved=solved, **options: solved.append(1) or solve(**options)
        for _ in range(48):
            drive(now, 360 * TICK // length, water, every=length)
            rows.append([*water.arrays["level"], water.arrays["pressure"].mean(), water.arrays["rates"][1]])
        pumped, delivered, leaked, spilt = water.arrays["totals"]
        assert pumped - delivered - leaked - spilt == pytest.approx(stored(water) - before, abs=0.01)
        assert spilt == 0
        record |= {"totals": water.arrays["totals"].copy(), "rows": np.array(rows), "solved": len(solved)}
    assert coarse["solved"] <= 2 * DAY // 90 + 24
    assert_allclose(coarse["totals"][1:3], fine["totals"][1:3], rtol=0.01)
    assert_allclose(coarse["rows"].mean(axis=0), fine["rows"].mean(axis=0), rtol=0.05)
    assert_allclose(coarse["rows"].max(axis=0)[:3], fine["rows"].max(axis=0)[:3], rtol=0.05)
