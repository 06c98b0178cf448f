import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.base import daily
from simulators.domains.water.demand import USE, WaterUse, irregular, mean_demand
from simulators.domains.water.network import build_network
from simulators.domains.water.parameters import WaterParameters
from simulators.world.conditions import TICK
from simulators.world.parameters import read_table
from tests.simulators.conftest import PARAMETERS, small_city
from zenata.city.pack import load_city
from zenata.errors import CityError

USES = [WaterUse(**use) for use in PARAMETERS["water"]["uses"]]
POSITIONS = build_network(small_city().streets, np.array([[-7.45, 33.64]]), np.array([500.0])).positions


def test_the_course_of_a_week_has_the_mean_one(conditions):
    total = np.zeros(len(USES))
    for hour in range(168):  # hours begin at 00:30, where the course is its hour's mean
        conditions.move_to(1766880000_000000 + hour * 360 * TICK + 180 * TICK)
        total += [use.course(conditions) for use in USES]
    assert_allclose(total / 168, 1)
    assert all(use.peak > 1.5 for use in USES)


def test_homes_of_zenata_draw_at_night_what_night_flow_analysis_allows():
    """6 % of people are active from 2 to 4 h, 10 l each (McKenzie 1999, WRC TT 109/99)."""
    city = load_city("zenata")
    parameters = read_table(city, "water", WaterParameters)
    (homes,) = [use for use in parameters.uses if "living" in use.categories]
    for course in (homes.working_day, homes.rest_day):
        mean = np.mean([daily(course, 2 + hour / 10) for hour in range(20)]) / homes.mean_hour
        assert mean * homes.share * parameters.litres_per_person / 24 == pytest.approx(0.6, abs=0.08)


def test_all_that_is_consumed_is_shared_out(city):
    demand = mean_demand(city, USES, 100.0, POSITIONS)
    assert demand.sum() == pytest.approx(3000 * 100 / 86400)
    assert demand.shape == (2, 2, len(POSITIONS))
    assert_allclose(demand.sum(axis=(1, 2)) / demand.sum(), [0.8, 0.2])


def test_uses_of_which_the_city_has_none_take_no_part(city):
    absent = WaterUse(categories=("retail",), share=0.5, working_day=(1.0,) * 24, rest_day=(1.0,) * 24)
    demand = mean_demand(city, [*USES, absent], 100.0, POSITIONS)
    assert demand.sum() == pytest.approx(3000 * 100 / 86400)
    assert demand[2].sum() == 0


def test_a_district_without_a_use_is_refused(city):
    with pytest.raises(CityError, match="health"):
        mean_demand(city, USES[:1], 100.0, POSITIONS)


def test_uses_begin_at_random():
    """The sum of Poisson numbers of uses has this mean and variance."""
    drawn = irregular(np.full(20_000, 2.0), 300.0, np.random.default_rng(1).standard_normal(20_000))
    assert drawn.mean() == pytest.approx(2, rel=0.01)
    assert drawn.var() == pytest.approx(2 * USE / 300, rel=0.05)
    assert irregular(np.array([0.0, 1e-3]), 300.0, np.array([-3.0, -3.0])).tolist() == [0, 0]
