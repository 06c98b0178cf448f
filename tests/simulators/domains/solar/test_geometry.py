import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.solar.geometry import SOLAR_CONSTANT, clear_sky, diffuse_share, extraterrestrial, sun_position

LONGITUDE, LATITUDE, ALTITUDE, TURBIDITY = -7.46, 33.65, 20.0, 3.5


@pytest.fixture(scope="module")
def times():
    """A year, every 37 minutes."""
    import pandas as pd

    return pd.date_range("2026-01-01", "2027-01-01", freq="37min", tz="UTC")


@pytest.fixture(scope="module")
def seconds(times):
    import pandas as pd

    return (times - pd.Timestamp(0, tz="UTC")).total_seconds().to_numpy()


@pytest.fixture(scope="module")
def oracle(pvlib, times):
    return pvlib.solarposition.get_solarposition(times, LATITUDE, LONGITUDE, method="nrel_numpy")


def test_sun_stands_where_spa_puts_it(seconds, oracle):
    elevation, azimuth = sun_position(seconds, LONGITUDE, LATITUDE)
    assert_allclose(elevation, oracle["elevation"], atol=0.02)
    off = (azimuth - oracle["azimuth"] + 180) % 360 - 180
    assert np.abs(off * np.cos(np.radians(elevation))).max() < 0.03  # on the sky: azimuth is loose near the zenith


def test_extraterrestrial_irradiance(pvlib, times, seconds):
    expected = pvlib.irradiance.get_extra_radiation(times, solar_constant=SOLAR_CONSTANT, method="nrel")
    assert_allclose(extraterrestrial(seconds), expected, rtol=2e-3)


def test_clear_sky_is_that_of_ineichen_and_perez(pvlib, times, seconds, oracle):
    above = pvlib.irradiance.get_extra_radiation(times, method="nrel").to_numpy()
    pressure = pvlib.atmosphere.alt2pres(ALTITUDE)
    mass = pvlib.atmosphere.get_absolute_airmass(
        pvlib.atmosphere.get_relative_airmass(oracle["apparent_zenith"], model="kastenyoung1989"), pressure
    )
    expected = pvlib.clearsky.ineichen(
        oracle["apparent_zenith"], mass, TURBIDITY, altitude=ALTITUDE, dni_extra=above, perez_enhancement=False
    )["ghi"]
    elevation, _ = sun_position(seconds, LONGITUDE, LATITUDE)
    got = clear_sky(elevation, above, TURBIDITY, ALTITUDE)
    assert_allclose(got, expected, atol=6)  # refraction, which matters at low sun, is left out here
    assert got.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_no_irradiance_under_the_horizon():
    below = np.array([-0.01, -6.0, -50.0])
    assert_allclose(clear_sky(below, np.full(3, 1361.0), TURBIDITY, ALTITUDE), 0)


def test_diffuse_share_is_that_of_erbs(pvlib):
    clearness = np.linspace(0.01, 1.0, 100)
    above = pvlib.irradiance.get_extra_radiation(1)
    expected = pvlib.irradiance.erbs(clearness * above, 0.0, 1)["dhi"] / (clearness * above)
    assert_allclose(diffuse_share(clearness), expected, atol=1e-3)
