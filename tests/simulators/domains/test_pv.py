import numpy as np
import pvlib
from numpy.testing import assert_allclose

from simulators.domains.pv import ALBEDO, SYSTEM, TEMPERATURE_COEFFICIENT, cell_temperature, plane_of_array, roof_power

TILT, AZIMUTH = np.array([0.0, 15.0, 30.0, 90.0]), np.array([180.0, 90.0, 200.0, 270.0])


def test_plane_of_array_is_that_of_pvlib():
    for elevation, azimuth, ghi, dni, dhi in ((60, 170, 900, 850, 164), (10, 95, 150, 400, 80), (45, 250, 300, 0, 300)):
        expected = pvlib.irradiance.get_total_irradiance(
            TILT, AZIMUTH, 90 - elevation, azimuth, dni, ghi, dhi, albedo=ALBEDO, model="isotropic"
        )["poa_global"]
        assert_allclose(plane_of_array(TILT, AZIMUTH, (elevation, azimuth), ghi, dni, dhi), expected, rtol=1e-6)


def test_cell_temperature_is_that_of_faiman():
    irradiance = np.array([0.0, 400.0, 1000.0])
    assert_allclose(cell_temperature(irradiance, 25, 3), pvlib.temperature.faiman(irradiance, 25, 3))


def test_power_is_that_of_pvwatts():
    irradiance, cells, peak = np.array([200.0, 800.0, 0.0]), np.array([20.0, 55.0, 15.0]), np.array([3e3, 6e3, 9e3])
    expected = pvlib.pvsystem.pvwatts_dc(irradiance, cells, peak, TEMPERATURE_COEFFICIENT)
    assert_allclose(roof_power(irradiance, cells, peak), expected * SYSTEM)


def test_power_stays_below_the_peak():
    assert_allclose(roof_power(np.array([2000.0]), np.array([25.0]), np.array([5e3])), 5e3)
