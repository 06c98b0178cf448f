"""The sun over the city: where it stands and what of it reaches the ground under the clouds of the weather."""

from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, centre
from simulators.domains.solar.geometry import clear_sky, extraterrestrial, split, sun_position
from simulators.domains.weather.generator import Climate, Site
from simulators.world.conditions import TICK, TICK_SECONDS, Conditions
from simulators.world.parameters import read_table
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray

HOUR = 3600 * SECOND // TICK
"""Ticks whose clear sky is computed at once: sixty times cheaper than one by one."""


class Solar:
    """Sun position and irradiance.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = None

    def __init__(self, city: City, now: Conditions) -> None:
        self.arrays: Arrays = {}  # the sun follows from the time alone
        self._position = centre(city)
        self._altitude = read_table(city, "weather", Site).altitude
        self._turbidity = read_table(city, "climate", Climate).linke_turbidity
        self._hour = -1  # the hour at hand, counted from the epoch
        self._rows = np.zeros((0, 0))

    def step(self, now: Conditions) -> None:
        """Write the sun's elevation and azimuth, and the irradiances."""
        hour, tick = divmod(now.tick, HOUR)
        if hour != self._hour:
            self._hour, self._rows = hour, self._clear_hour(hour)
        now.sun_elevation, now.sun_azimuth, clear, above = self._rows[tick].tolist()
        now.clear_ghi, now.extraterrestrial = clear, above
        now.ghi = clear * now.clearness
        dni, dhi = split(np.array([now.ghi]), above, now.sun_elevation)
        now.dni, now.dhi = float(dni[0]), float(dhi[0])

    def observe(self, now: Conditions) -> FloatArray:
        """Return nothing: weather stations carry the pyranometers."""
        return np.zeros((0, 0))

    def _clear_hour(self, hour: int) -> FloatArray:
        """Return elevation, azimuth, clear-sky and extraterrestrial irradiance at every tick of an hour."""
        month = int(np.datetime64(hour, "h").astype("datetime64[M]").astype(int)) % 12
        seconds: FloatArray = (hour * HOUR + np.arange(HOUR, dtype=np.float64)) * TICK_SECONDS
        elevation, azimuth = sun_position(seconds, *self._position)
        above = extraterrestrial(seconds)
        clear = clear_sky(elevation, above, self._turbidity[month], self._altitude)
        return np.stack([elevation, azimuth, clear, above], axis=1)
