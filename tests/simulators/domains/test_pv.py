import numpy as np
from numpy.testing import assert_allclose

from simulators.domains.pv import (
    ALBEDO,
    SYSTEM,
    TEMPERATURE_COEFFICIENT,
    Photovoltaic,
    cell_temperature,
    plane_of_array,
    roof_power,
)
from simulators.domains.solar.domain import Solar
from simulators.world.conditions import TICK, Conditions
from tests.simulators.domains.driving import steps

TILT, AZIMUTH = np.array([0.0, 15.0, 30.0, 90.0]), np.array([180.0, 90.0, 200.0, 270.0])


def test_plane_of_array_is_that_of_pvlib(pvlib):
    for elevation, azimuth, ghi, dni, dhi in ((60, 170, 900, 850, 164), (10, 95, 150, 400, 80), (45, 250, 300, 0, 300)):
        expected = pvlib.irradiance.get_total_irradiance(
            TILT, AZIMUTH, 90 - elevation, azimuth, dni, ghi, dhi, albedo=ALBEDO, model="isotropic"
        )["poa_global"]
        assert_allclose(plane_of_array(TILT, AZIMUTH, (elevation, azimuth), ghi, dni, dhi), expected, rtol=1e-6)


def test_cell_temperature_is_that_of_faiman(pvlib):
    irradiance = np.array([0.0, 400.0, 1000.0])
    assert_allclose(cell_temperature(irradiance, 25, 3), pvlib.temperature.faiman(irradiance, 25, 3))


def test_power_is_that_of_pvwatts(pvlib):
    irradiance, cells, peak = np.array([200.0, 800.0, 0.0]), np.array([20.0, 55.0, 15.0]), np.array([3e3, 6e3, 9e3])
    expected = pvlib.pvsystem.pvwatts_dc(irradiance, cells, peak, TEMPERATURE_COEFFICIENT)
    assert_allclose(roof_power(irradiance, cells, peak), expected * SYSTEM)


def test_power_stays_below_the_peak():
    assert_allclose(roof_power(np.array([2000.0]), np.array([25.0]), np.array([5e3])), 5e3)


def sunny_day(city, every):
    """Return the roofs' powers at each tick of a clear day, and what they counted [kWh]."""
    now = Conditions.of(city, seed=1, time=1781308800_000000)  # 2026-06-13, 00:00 UTC
    sun, roofs = Solar(city, now), Photovoltaic(city, now)
    before = roofs.observe(now)[:, 1]
    powers = [-now.pv_power for _ in steps(now, 8640 * TICK // every, sun, roofs, every=every)]
    return np.array(powers), roofs.observe(now)[:, 1] - before


def test_energy_is_the_integral_of_power_however_long_the_ticks(city):
    yields = []
    for every in (TICK, 90 * TICK, 360 * TICK):
        power, energy = sunny_day(city, every)
        assert_allclose(energy, power.sum(axis=0) * every / 3.6e12)
        yields.append(energy.sum())
    assert_allclose(yields, yields[0], rtol=0.005)
    assert 5 < yields[0] / 5 / 6 < 8  # kWh a kW


def test_a_roof_feeds_in_no_more_than_its_limit_and_nothing_into_a_dead_grid(city, conditions):
    roofs = Photovoltaic(city, conditions)
    conditions.sun_elevation, conditions.sun_azimuth = 60.0, 170.0
    conditions.clear_ghi = 900.0
    conditions.setpoints.of("pv", "limit")[1] = 2_000.0
    conditions.powered[roofs._index[2]] = False
    before = roofs.observe(conditions)[:, 1]
    roofs.step(conditions)
    power, energy = roofs.observe(conditions).T
    assert -power[0] > 4_000
    assert power.tolist() == [power[0], -2_000, 0, power[0], power[0]]
    assert_allclose(energy - before, -power * 10 / 3.6e6, atol=1e-9)


def test_a_cloud_over_one_roof_leaves_the_others_in_the_sun(city, conditions):
    roofs = Photovoltaic(city, conditions)
    conditions.sun_elevation, conditions.sun_azimuth, conditions.clear_ghi = 60.0, 170.0, 900.0
    conditions.roof_clearness = np.array([1.0, 0.3, 1.0, 1.0, 1.0])
    roofs.step(conditions)
    power = -roofs.observe(conditions)[:, 0]
    assert power[1] < 0.4 * power[0]
    assert power[2] == power[0]
