import gc
import weakref

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from simulators.domains.water.hydraulics import Hydraulics, Plant
from simulators.domains.water.network import Network, build_network
from tests.simulators.conftest import small_city

NETWORK = build_network(small_city().streets, np.array([[-7.45, 33.64], [-7.4435, 33.64]]), np.array([500.0, 500.0]))
PIPES, JUNCTIONS = len(NETWORK.length), len(NETWORK.positions)
PLANT = Plant(
    bottom=np.array([50.0, 50.0]),
    depth=np.array([4.0, 4.0]),
    area=np.array([100.0, 100.0]),
    source=np.array([20.0, 20.0]),
    pumps=2,
    rated=np.array([10.0, 8.0]),
)


def small(plant=PLANT):
    return Hydraulics(NETWORK, np.full(JUNCTIONS, 10.0), np.full(PIPES, 150.0), 130.0, plant)


SHARED = small()


def ask(**changes):
    usual = {
        "demand": np.full(JUNCTIONS, 1.0),
        "level": np.array([2.0, 2.0]),
        "pumps": np.array([True, False, True, True]),
        "opened": np.ones(PIPES, dtype=bool),
        "leak": np.full(PIPES, 1e-5),
        "expansion": np.full(PIPES, 2e-7),
    }
    return usual | changes


def test_head_is_lost_as_hazen_and_williams_say():
    """The formula in SI units, as in the EPANET 2.2 manual, table 12.1."""
    line = Network(
        positions=np.array([[-7.45, 33.64]]), start=np.array([1]), end=np.array([0]), length=np.array([1000.0]),
        least=np.array([100.0]), detour=np.ones(1), pipe_of={},
    )  # fmt: skip
    one = Plant(
        bottom=np.array([60.0]), depth=np.array([4.0]), area=np.ones(1), source=np.array([30.0]), pumps=1,
        rated=np.array([30.0]),
    )  # fmt: skip
    hydraulics = Hydraulics(line, np.array([10.0]), np.array([200.0]), 120.0, one)
    solution = hydraulics.solve(
        demand=np.array([30.0]), level=np.array([3.0]), pumps=np.array([False]), opened=np.array([True]),
        leak=np.zeros(1), expansion=np.zeros(1),
    )  # fmt: skip
    loss = 10.667 * 1000 * 0.03**1.852 / (120**1.852 * 0.2**4.871)
    assert solution.pressure[0] == pytest.approx(53 - loss, abs=0.01)
    assert solution.flow[0] == pytest.approx(30, rel=1e-6)


def test_pumps_give_their_rated_flow_into_a_tank_half_full_and_more_into_one_less_full():
    usual = small().solve(**ask())
    assert usual.pumped == pytest.approx(10 + 2 * 8, rel=1e-4)
    assert small().solve(**ask(level=np.array([0.5, 0.5]))).pumped > usual.pumped
    assert small().solve(**ask(pumps=np.zeros(4, dtype=bool))).pumped == 0


def test_no_water_is_lost():
    solution = small().solve(**ask())
    assert solution.delivered == pytest.approx(JUNCTIONS, rel=1e-5)
    assert solution.pumped == pytest.approx(solution.delivered + solution.leaked + solution.inflow.sum(), abs=1e-5)


def test_leaks_follow_the_modified_orifice_equation():
    solution = small().solve(**ask())
    pipes = slice(0, PIPES - 2)
    expected = 0.0
    for ends in (NETWORK.start, NETWORK.end):
        pressure = solution.pressure[ends[pipes]]
        expected += 0.5 * (0.6 * (1e-5 + 2e-7 * pressure) * np.sqrt(2 * 9.81 * pressure)).sum()
    mains = solution.pressure[NETWORK.end[-2:]]  # all that they leak is at their junction
    expected += (0.6 * (1e-5 + 2e-7 * mains) * np.sqrt(2 * 9.81 * mains)).sum()
    assert solution.leaked == pytest.approx(1000 * expected, rel=0.005)


def test_customers_get_less_where_pressure_is_low():
    solution = small().solve(**ask(demand=np.full(JUNCTIONS, 6.0)))
    assert 0 < solution.pressure.min() < 20
    given = np.sqrt(np.minimum(solution.pressure / 20, 1)) * 6
    assert solution.delivered == pytest.approx(given.sum(), rel=1e-4)


def test_what_is_cut_off_gets_nothing():
    opened = np.ones(PIPES, dtype=bool)
    opened[-2:] = False
    solution = small().solve(**ask(opened=opened))
    assert (solution.pressure == 0).all()
    assert solution.delivered + solution.leaked == pytest.approx(0, abs=1e-6)
    assert solution.inflow.sum() == pytest.approx(solution.pumped, abs=1e-3)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), open_share=st.floats(0, 1), hole=st.integers(0, 200), load=st.integers(0, 20))
def test_whatever_is_shut_and_broken_the_flow_is_found(seed, open_share, hole, load):
    rng = np.random.default_rng(seed)
    solution = SHARED.solve(
        demand=load * rng.random(JUNCTIONS),
        level=rng.uniform(0, 4, 2),
        pumps=rng.random(4) < 0.5,
        opened=rng.random(PIPES) < open_share,
        leak=np.where(rng.random(PIPES) < 0.1, hole * 1e-4, 1e-6),
        expansion=np.full(PIPES, 1e-7),
    )
    assert solution.pressure.min() > -0.01
    gained = solution.delivered + solution.leaked + solution.inflow.sum()
    assert gained == pytest.approx(solution.pumped, abs=1e-3)


def test_a_solution_does_not_depend_on_what_was_solved_before():
    hydraulics = small()
    first = hydraulics.solve(**ask())
    opened = np.ones(PIPES, dtype=bool)
    opened[[3, 4, -1]] = False
    hydraulics.solve(**ask(opened=opened, level=np.array([3.9, 0.0]), leak=np.full(PIPES, 1e-3)))
    for again in (hydraulics.solve(**ask()), small().solve(**ask())):
        for name in ("pressure", "flow", "inflow", "pumped", "delivered", "leaked"):
            assert_array_equal(getattr(again, name), getattr(first, name))


def test_projects_are_freed():
    hydraulics = small()
    alive = weakref.ref(hydraulics)
    del hydraulics
    assert alive() is None  # nothing but the last reference kept it
    memory = psutil.Process().memory_info
    for _ in range(50):
        small().solve(**ask())
    gc.collect()
    before = memory().rss
    for _ in range(300):
        small().solve(**ask())
    assert memory().rss - before < 3e6  # a project not freed takes over 50 kB
