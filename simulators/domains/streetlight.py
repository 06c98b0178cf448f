"""Street lights on an astronomical clock, dimmed in the small hours."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from simulators.domains.base import Arrays, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream, draws
from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray

STANDBY = 0.5
"""Power of a driver whose lamp is off [W] (default without a source)."""

DRIVER_SHARE = 0.06
"""Share of the rated power that does not fall with dimming (default without a source)."""

DAYLIGHT_EFFICACY = 115.0
"""Illuminance of daylight per irradiance [lm W-1]: the middle of what Littlefair (1985) reports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetlightParameters:
    """Table ``[streetlight]`` of a city.

    Parameters
    ----------
    on_below : float
        Elevation of the sun under which lamps burn [deg].
    spread : float
        How far apart lamps switch: standard deviation of that elevation over lamps [deg].
    dim_from, dim_until : float
        Local hours between which lamps are dimmed, through midnight [h].
    dim_level : float
        What they are dimmed to, 1 is full light.
    illuminance : float
        Under a lamp at full light [lx].
    """

    on_below: float
    spread: float
    dim_from: float
    dim_until: float
    dim_level: float
    illuminance: float


def dim_level(threshold: FloatArray, elevation: float, hour: float, parameters: StreetlightParameters) -> FloatArray:
    """Return how far lamps burn, from 0 to 1, shape (n,), given the sun's elevation [deg] and the local hour [h]."""
    small_hours = (hour - parameters.dim_from) % 24 < (parameters.dim_until - parameters.dim_from) % 24
    return np.where(elevation < threshold, parameters.dim_level if small_hours else 1.0, 0.0)


def lamp_power(dim: FloatArray, rated: FloatArray) -> FloatArray:
    """Return the active power [W] of lamps of `rated` power [W]: the driver's own share, the rest in proportion."""
    return np.where(dim > 0, rated * (DRIVER_SHARE + (1 - DRIVER_SHARE) * dim), STANDBY)


def daylight(ghi: float, elevation: float) -> float:
    """Return the illuminance of the sky on the ground [lx].

    By day from the irradiance; in twilight falling evenly in its logarithm from 400 lx at sunset to 3.4 lx at the end
    of civil twilight (Explanatory Supplement to the Astronomical Almanac, 1992, table of ground illumination).
    """
    dusk = 400.0 * 10 ** (min(elevation, 0.0) * np.log10(400 / 3.4) / 6)
    return max(ghi * DAYLIGHT_EFFICACY, float(dusk))


class Streetlight:
    """The lamps of the city.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "streetlight"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "streetlight", StreetlightParameters)
        self._index = sensors_of(city, self.kind)
        self._rated = np.array([float(city.sensors[index].attributes["watts"]) for index in self._index])
        jitter = draws(now.seed, Stream.STREETLIGHT).standard_normal(len(self._index))
        self._threshold = self._parameters.on_below + self._parameters.spread * np.clip(jitter, -2, 2)
        self._dim: npt.NDArray[np.float64] = np.zeros(len(self._index))
        self.arrays: Arrays = {"dim": self._dim}

    def step(self, now: Conditions) -> None:
        """Switch and dim the lamps, by their own clock or as commanded, and write what they draw."""
        own = dim_level(self._threshold, now.sun_elevation, now.hour, self._parameters)
        setpoint, powered = now.setpoints.of("streetlight", "dim"), now.powered[self._index]
        self._dim[:] = np.where(np.isnan(setpoint), own, setpoint) * powered
        now.lamp_power = lamp_power(self._dim, self._rated) * powered

    def observe(self, now: Conditions) -> FloatArray:
        """Return dimming level, power [W] and illuminance [lx] of every lamp, shape (n_lamps, 3)."""
        light = self._parameters.illuminance * self._dim + daylight(now.ghi, now.sun_elevation)
        return np.stack([self._dim, now.lamp_power, light], axis=1)
