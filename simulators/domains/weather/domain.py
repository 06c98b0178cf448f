"""Weather domain: interpolates the generated months. The same for every world of a seed."""

from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays
from simulators.domains.weather.generator import (
    SLOTS,
    WET_CLEARNESS,
    generate,
    humidity_at,
    normals_of,
)
from simulators.world.conditions import Conditions
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray

SLOT = 86400 * SECOND // SLOTS
"""Time between two generated values [us]."""

DOWNPOUR = 10.0
"""Rain that an event adds from which on the sky is as dark as on a wet day [mm/h] (default)."""


class Weather:
    """Air temperature, humidity, pressure, wind, rain and cloud, one for the whole city.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "weather"

    def __init__(self, city: City, now: Conditions) -> None:
        self.arrays: Arrays = {}  # weather follows from the seed and the time alone
        self._normals = normals_of(city)
        self._stations = sum(sensor.kind == self.kind for sensor in city.sensors)
        self._seed = now.seed
        self._start = self._end = 0  # of the month at hand [us]
        self._block = np.zeros((0, 0))

    def step(self, now: Conditions) -> None:
        """Write temperature, humidity, pressure, rain, wind and clearness of the time."""
        if not self._start <= now.time < self._end:
            self._generate(now.time)
        slot, into = divmod(now.time - self._start, SLOT)
        part = into / SLOT
        row = self._block[slot] * (1 - part) + self._block[slot + 1] * part
        now.temperature, now.humidity, now.pressure, east, north, now.rain, now.clearness = row.tolist()
        now.wind_speed = float(np.hypot(east, north))
        now.wind_direction = float(np.degrees(np.arctan2(east, north)) % 360)
        _disturb(now)

    def observe(self, now: Conditions) -> FloatArray:
        """Return what every station would see, shape (n_stations, 7): it is the same all over the city."""
        row = (now.temperature, now.humidity, now.pressure, now.wind_speed, now.wind_direction, now.rain, now.ghi)
        return np.tile(row, (self._stations, 1))

    def _generate(self, time: int) -> None:
        """Make the UTC month that `time` [us] lies in."""
        month = np.datetime64(time, "us").astype("datetime64[M]")
        first = int(month.astype("datetime64[D]").astype(int))
        after = int((month + 1).astype("datetime64[D]").astype(int))
        self._block = generate(self._normals, self._seed, first, after - 1)
        self._start, self._end = first * SLOTS * SLOT, after * SLOTS * SLOT


def _disturb(now: Conditions) -> None:
    """Add what events do to the weather; warmer air holds the same vapour."""
    events = now.disturbance
    if events.temperature:
        warmer = now.temperature + events.temperature
        now.humidity = humidity_at(now.humidity, now.temperature, warmer)
        now.temperature = warmer
    if events.rain:
        now.rain += events.rain
        now.clearness *= 1 - (1 - WET_CLEARNESS) * min(events.rain / DOWNPOUR, 1.0)
    now.wind_speed *= events.wind
