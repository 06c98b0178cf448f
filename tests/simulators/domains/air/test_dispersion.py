import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.air.dispersion import METRES_A_DEGREE, STABILITIES, Plumes, vertical_spread
from zenata.city.model import Sensor, Street


def street(id_, longitude):
    """A street of 2 km running north along a meridian."""
    line = ((longitude, -0.009), (longitude, 0.009))
    return Street(id=id_, start="a", end="b", road="primary", lanes=1, limit=50, length=2000, signal=False, line=line)


def station(metres):
    return Sensor(id="air-0001", kind="air", district="d", longitude=metres / METRES_A_DEGREE, latitude=0.0)


@pytest.fixture(scope="module")
def plumes():
    """One street through the origin, stations east of it."""
    return Plumes([street("s", 0.0)], [station(metres) for metres in (20, 50, 100, 300, 1000)])


def test_downwind_and_falling_with_distance(plumes):
    level = plumes.concentration(np.ones(1), 270, 3, "neutral")
    assert (np.diff(level) < 0).all()
    assert_allclose(plumes.concentration(np.ones(1), 90, 3, "neutral"), 0, atol=1e-9)


@pytest.mark.parametrize("stability", STABILITIES)
def test_near_the_infinite_line_source(plumes, stability):
    """sqrt(2 / pi) q / (u sigma_z): the Gaussian plume of a long line across the wind."""
    level = plumes.concentration(np.ones(1), 270, 3, stability)
    exact = np.sqrt(2 / np.pi) * (1 / 2000) / (3 * vertical_spread(np.array([20.0, 50.0, 100.0, 300.0]), stability))
    assert_allclose(level[:4], exact, rtol=0.1)


def test_wind_thins_and_stable_air_gathers(plumes):
    slow, fast = (plumes.concentration(np.ones(1), 270, speed, "neutral") for speed in (1.0, 4.0))
    assert_allclose(slow, 4 * fast, rtol=1e-6)
    unstable, neutral, stable = (plumes.concentration(np.ones(1), 270, 2, name) for name in STABILITIES)
    assert (unstable < neutral).all()
    assert (neutral < stable).all()


def test_direction_turns_smoothly(plumes):
    levels = np.array([plumes.concentration(np.ones(1), turn, 3, "neutral") for turn in np.arange(0, 361, 1.0)])
    assert np.abs(np.diff(levels, axis=0)).max() < 0.1 * levels.max()
    assert_allclose(levels[0], levels[-1])
