import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sandbox.parts import city_of
from simulators.domains.drainage import DRAINED, LEFT, ROSE, Drainage, DrainageParameters, velocity
from simulators.domains.weather.generator import generate, normals_of
from simulators.world.conditions import TICK, Conditions
from tests.simulators.conftest import small_city
from tests.simulators.domains.driving import drive

CITY = small_city()


def pour(now, drainage, rain, ticks, every=TICK):
    now.rain = rain
    drive(now, ticks, drainage, every=every)


def volume(now, drainage):
    """Water on the streets [m3]."""
    return (now.flood * drainage._area).sum() / 1000


@settings(max_examples=30)
@given(
    rains=st.lists(st.floats(0, 200), min_size=1, max_size=6),
    working=st.floats(0, 1),
    every=st.sampled_from([1, 3, 6, 90, 360]),
)
def test_no_water_is_lost(rains, working, every):
    now = Conditions.of(CITY, seed=1)
    drainage = Drainage(CITY, now)
    now.disturbance.drainage = working
    for rain in rains:
        pour(now, drainage, rain, 5, every * TICK)
        totals = drainage.arrays["totals"]
        assert totals[ROSE] - totals[DRAINED] - totals[LEFT] == pytest.approx(volume(now, drainage), abs=1e-6)
        assert (now.flood >= 0).all()


def test_drains_take_the_rain_that_they_were_made_for(city, conditions):
    drainage = Drainage(city, conditions)
    pour(conditions, drainage, DrainageParameters().design, 60)
    assert not conditions.flood.any()
    conditions.disturbance.drainage = 0.5
    pour(conditions, drainage, DrainageParameters().design, 60)
    assert (conditions.flood > 1).all()


def test_ordinary_rain_does_not_flood_zenata():
    """Ten years of the generator's rain stay below what the drains take, but for one storm at most."""
    rain = generate(normals_of(city_of("zenata")), 1, 0, 3652).rows[:, 5]
    assert (rain > DrainageParameters().design).sum() <= 2


def test_a_wide_channel_by_hand():
    """10 cm of water on a slope of 1 %: 0.1**(2/3) * 0.1 / 0.016 m/s."""
    assert velocity(np.array([100.0]), np.array([0.01]), 0.016)[0] == pytest.approx(1.3465, abs=1e-3)


def test_a_steady_storm_leaves_as_much_as_it_brings(city, conditions):
    drainage = Drainage(city, conditions)
    pour(conditions, drainage, 60.0, 1080)
    depth = conditions.flood.copy()
    pour(conditions, drainage, 60.0, 6)
    assert_allclose(conditions.flood, depth, rtol=1e-3)


def test_water_gathers_where_the_ground_is_low(city, conditions):
    """The shore of the small city is its north, the motorway above it in the south."""
    drainage = Drainage(city, conditions)
    pour(conditions, drainage, 60.0, 720)
    falling = np.array([street.line[0][0] == street.line[1][0] and street.lanes == 1 for street in city.streets])
    north = np.array([max(point[1] for point in street.line) for street in city.streets])
    top, bottom = conditions.flood[falling & (north < 33.6419)], conditions.flood[falling & (north > 33.6451)]
    assert bottom.mean() > 1.5 * top.mean()
    both = [(street.start, street.end) for street in city.streets]
    back = [both.index((end, start)) for start, end in both]
    assert_allclose(conditions.flood, conditions.flood[back])  # both directions of a street lie under the same water


def test_the_tick_makes_little_difference(city):
    deepest = []
    for every in (1, 90):
        now = Conditions.of(city, seed=1)
        drainage = Drainage(city, now)
        pour(now, drainage, 55.0, 720 // every, every * TICK)
        deepest.append(now.flood.copy())
    assert_allclose(deepest[1], deepest[0], rtol=0.12)


def test_the_streets_fall_dry_after_the_storm(city, conditions):
    drainage = Drainage(city, conditions)
    pour(conditions, drainage, 60.0, 180)
    assert (conditions.flood > 0).all()
    pour(conditions, drainage, 0.0, 360)
    assert not conditions.flood.any()
    assert conditions.flood is drainage.arrays["depth"]
