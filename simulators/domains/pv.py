"""Photovoltaic roofs: plane-of-array irradiance, cell temperature, power, and the meter that counts it."""

from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, sensors_of
from simulators.domains.solar.geometry import split
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws
from zenata.city.model import City
from zenata.city.readings import FloatArray

ALBEDO = 0.2
"""Of the ground (default)."""

TEMPERATURE_COEFFICIENT = -0.0035
"""Relative change of power per kelvin above 25 Cel, of crystalline silicon (default)."""

SYSTEM = 0.86 * 0.96
"""Share left after PVWatts' losses (14 %) and inverter (96 %): Dobos 2014, NREL/TP-6A20-62641, tables 6 and 7."""

ANNUAL_YIELD = 1650.0
"""Energy a year per installed power, to give meters a plausible history [kWh/kW] (default)."""


def plane_of_array(
    tilt: FloatArray, azimuth: FloatArray, sun: tuple[float, float], ghi: FloatArray, dni: FloatArray, dhi: FloatArray
) -> FloatArray:
    """Return the irradiance on tilted planes [W m-2], shape (n,), under an isotropic sky.

    Liu and Jordan (1963), doi:10.1016/0038-092X(63)90006-9.

    Parameters
    ----------
    tilt, azimuth : ndarray, shape (n,)
        Of the planes, from the horizontal; clockwise from north [deg].
    sun : tuple of float
        Elevation and azimuth of the sun [deg].
    ghi, dni, dhi : ndarray, shape (n,)
        Global horizontal, direct normal and diffuse horizontal irradiance [W m-2].
    """
    slope, (height, direction) = np.radians(tilt), np.radians(sun)
    turned, level = direction - np.radians(azimuth), np.cos(slope)
    incidence = np.sin(height) * level + np.cos(height) * np.sin(slope) * np.cos(turned)
    sky, ground = (1 + level) / 2, (1 - level) / 2
    return np.asarray(dni * np.maximum(incidence, 0.0) + dhi * sky + ghi * ALBEDO * ground)


def cell_temperature(irradiance: FloatArray, air: float, wind: float) -> FloatArray:
    """Return module temperature [Cel] (Faiman 2008, doi:10.1002/pip.813, with his mean coefficients).

    Parameters
    ----------
    irradiance : ndarray, shape (n,)
        On the plane [W m-2].
    air, wind : float
        Air temperature [Cel], wind speed [m/s].
    """
    return air + irradiance / (25.0 + 6.84 * wind)


def roof_power(irradiance: FloatArray, temperature: FloatArray, peak: FloatArray) -> FloatArray:
    """Return the power fed in [W], shape (n,), never above the peak power (PVWatts: Dobos 2014, equation 8)."""
    direct = irradiance / 1000 * peak * (1 + TEMPERATURE_COEFFICIENT * (temperature - 25))
    return np.clip(direct * SYSTEM, 0.0, peak)


class Photovoltaic:
    """The photovoltaic roofs of the city.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "pv"

    def __init__(self, city: City, now: Conditions) -> None:
        self._index = sensors_of(city, self.kind)
        roofs = [city.sensors[number].attributes for number in self._index]
        self._tilt, self._azimuth, self._peak = (
            np.array([float(roof[name]) for roof in roofs]) for name in ("tilt", "azimuth", "watts_peak")
        )
        years = draws(now.seed, Stream.PV).uniform(0.5, 5.0, len(roofs))
        self._power = np.zeros(len(roofs))
        self._energy = years * ANNUAL_YIELD * self._peak / 1000
        self.arrays: Arrays = {"power": self._power, "energy": self._energy}

    def step(self, now: Conditions) -> None:
        """Feed in and count.

        An inverter gives no more than its limit, and nothing to a grid that is dead (anti-islanding: IEC 62116).
        """
        if self.kind in now.unread:  # its power follows from the tick alone, and nobody reads what it has counted
            now.postponed[self.kind] = lambda: self._feed(now)
            return
        self._feed(now)
        self._energy += self._power * (now.seconds / 3.6e6)

    def _feed(self, now: Conditions) -> None:
        if now.clear_ghi > 0:
            sun = (now.sun_elevation, now.sun_azimuth)
            ghi = now.clear_ghi * now.roof_clearness
            dni, dhi = split(ghi, now.extraterrestrial, now.sun_elevation)
            irradiance = plane_of_array(self._tilt, self._azimuth, sun, ghi, dni, dhi)
            cells = cell_temperature(irradiance, now.temperature, now.wind_speed)
            power = np.fmin(roof_power(irradiance, cells, self._peak), now.setpoints.of("pv", "limit"))
            self._power[:] = power * now.powered[self._index]
        else:
            self._power[:] = 0.0
        now.pv_power = -self._power

    def observe(self, now: Conditions) -> FloatArray:
        """Return power [W], negative since it is fed in, and energy fed in [kWh], shape (n_roofs, 2)."""
        return np.stack([-self._power, self._energy], axis=1)
