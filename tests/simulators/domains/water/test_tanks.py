import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.domains.water.hydraulics import Plant
from simulators.domains.water.tanks import EMPTY, ENOUGH, START, STOP, SWITCH_DELAY, Tanks

PLANT = Plant(
    bottom=np.array([50.0]),
    depth=np.array([4.0]),
    area=np.array([100.0]),
    source=np.array([20.0]),
    pumps=len(START),
    rated=np.array([10.0]),
)


def tanks(level, inflow):
    made = Tanks(PLANT)
    made.level[:], made.inflow[:] = level, inflow
    made.switch()
    return made


def switched(made):
    return [*made.running.tolist(), *made.giving.tolist()]


def test_pumps_start_and_stop_by_levels_apart():
    made = Tanks(PLANT)
    seen = []
    for share in (0.9, START[0] - 0.01, START[1] - 0.01, START[0], STOP[1] + 0.01, STOP[0] + 0.01, START[0] + 0.01):
        made.level[:] = share * 4
        made.switch()
        seen.append(made.running.tolist())
    assert seen == [[False] * 2, [True, False], [True, True], [True, True], [True, False], [False] * 2, [False] * 2]


def test_an_empty_tank_gives_nothing_until_it_holds_enough():
    made = Tanks(PLANT)
    seen = []
    for level in (EMPTY, EMPTY - 0.01, ENOUGH - 0.01, ENOUGH, EMPTY + 0.01):
        made.level[:] = level
        made.switch()
        seen.append(bool(made.giving[0]))
    assert seen == [True, False, False, True, True]


@given(st.floats(0, 4), st.floats(-50, 50).filter(lambda flow: abs(flow) > 1e-3))
def test_nothing_is_switched_before_the_time_said_and_something_after_it(level, inflow):
    made = tanks(level, inflow)
    before, steady = switched(made), made.steady()
    made.fill(min(steady, 1e9) - SWITCH_DELAY - 1e-3)
    made.switch()
    assert switched(made) == before
    if steady < np.inf:
        made.fill(SWITCH_DELAY + 2e-3)
        made.switch()
        assert switched(made) != before


@given(st.floats(0, 4), st.floats(0, 50), st.floats(0, 1e5))
def test_what_comes_in_stays_or_overflows(level, inflow, seconds):
    made = tanks(level, inflow)
    spilt = made.fill(seconds)
    assert (made.level[0] - level) * 100 + spilt == pytest.approx(inflow * seconds / 1000, abs=1e-6)
    assert made.level[0] <= 4
