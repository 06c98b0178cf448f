"""Weather domain: interpolates the generated months, and spreads them over the city. The same for every world of a seed."""

from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays, sensors_of
from simulators.domains.weather.field import (
    FRONT_COOLING,
    FULL_BREEZE,
    INLAND_CALM,
    INLAND_HEATING,
    SHOWERS,
    Clouds,
    behind_front,
    local_clearness,
    site_positions,
    solar_days,
)
from simulators.domains.weather.generator import (
    SLOTS,
    WET_CLEARNESS,
    Generated,
    generate,
    normals_of,
    saturation_pressure,
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
    """Air temperature, humidity, pressure, wind, rain and cloud: in the middle of the city, and at every station.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "weather"

    def __init__(self, city: City, now: Conditions) -> None:
        self.arrays: Arrays = {}  # weather follows from the seed and the time alone
        self._normals = normals_of(city)
        self._seed = now.seed
        self._start = self._end = self._first_day = 0  # of the month at hand [us]; first day of `onset` and `drift`
        self._month = Generated(rows=np.zeros((0, 0)), onset=np.zeros(0), drift=np.zeros((0, 2)))
        middle = self._normals.longitude, self._normals.latitude
        positions = np.concatenate([np.zeros((1, 2)), site_positions(city.sensors, *middle)])
        from_sea = np.radians(self._normals.site.sea_breeze_wind)
        inland = positions @ (-np.sin(from_sea), -np.cos(from_sea))
        stations, roofs = sensors_of(city, self.kind) + 1, sensors_of(city, "pv") + 1
        self._stations = 1 + len(stations)  # the middle of the city comes first
        self._inland = (inland - inland.min())[np.append(0, stations)]  # from the seaward edge [m]
        self._further = (self._inland - self._inland[0]) / 1000  # than the middle [km]
        self._calm = np.exp(-INLAND_CALM * self._further)
        self._breeze = np.sin(from_sea), np.cos(from_sea)  # east and north
        self._clouds = Clouds(now.seed, positions[np.concatenate([[0], stations, roofs])])
        self._seen = np.zeros((self._stations, 6))
        self._clearness = np.ones(self._stations)

    def step(self, now: Conditions) -> None:
        """Write the weather in the middle of the city, and the clearness over each roof."""
        if not self._start <= now.time < self._end:
            self._generate(now.time)
        slot, into = divmod(now.time - self._start, SLOT)
        part = into / SLOT
        row = self._month.rows[slot] * (1 - part) + self._month.rows[slot + 1] * part
        temperature, humidity, now.pressure, east, north, now.rain, now.clearness, breeze = row.tolist()
        vapour = humidity * float(saturation_pressure(np.array([temperature]))[0])
        events = now.disturbance
        now.rain += events.rain
        now.clearness *= 1 - (1 - WET_CLEARNESS) * min(events.rain / DOWNPOUR, 1.0)
        noons = solar_days(now.time, self._normals.longitude)
        self._set_stations(now, noons, (temperature + events.temperature, vapour, east, north, breeze))
        day = int(noons // 1) - self._first_day
        field = self._clouds.at(noons, self._month.drift[day : day + 2])
        clearness = local_clearness(now.clearness, field)
        self._clearness, now.roof_clearness = clearness[: self._stations], clearness[self._stations :]
        self._seen[:, 5] = now.rain * np.exp(SHOWERS * field[: self._stations] - SHOWERS**2 / 2)

    def observe(self, now: Conditions) -> FloatArray:
        """Return temperature, humidity, pressure, wind speed and direction, rain and ghi, shape (n_stations, 7)."""
        return np.column_stack([self._seen, now.clear_ghi * self._clearness])[1:]

    def _set_stations(self, now: Conditions, noons: float, row: tuple[float, float, float, float, float]) -> None:
        """Set what the middle of the city and the stations have of the air.

        Ahead of the sea-breeze front it is warmer and the breeze is missing; it is hotter inland by day and cooler by
        night. The vapour is the same everywhere, less what falls as dew.
        """
        temperature, vapour, east, north, breeze = row
        hour = (noons + 0.5) % 1 * 24
        behind = behind_front(self._inland, hour, float(self._month.onset[int((noons + 0.5) // 1) - self._first_day]))
        gradient = INLAND_HEATING * now.clearness * max(np.sin(np.pi * (hour - 6) / 12), -0.3)
        local = temperature + FRONT_COOLING * breeze / FULL_BREEZE * (1 - behind) + gradient * self._further
        east, north = east + breeze * self._breeze[0] * behind, north + breeze * self._breeze[1] * behind
        seen = self._seen
        seen[:, 0] = local
        seen[:, 1] = np.minimum(vapour / saturation_pressure(local), 100.0)
        seen[:, 2] = now.pressure
        seen[:, 3] = np.hypot(east, north) * self._calm * now.disturbance.wind
        seen[:, 4] = np.degrees(np.arctan2(east, north)) % 360
        now.temperature, now.humidity, _, now.wind_speed, now.wind_direction = seen[0, :5].tolist()

    def _generate(self, time: int) -> None:
        """Make the UTC month that `time` [us] lies in."""
        month = np.datetime64(time, "us").astype("datetime64[M]")
        first = int(month.astype("datetime64[D]").astype(int))
        after = int((month + 1).astype("datetime64[D]").astype(int))
        self._month = generate(self._normals, self._seed, first, after - 1)
        self._start, self._end = first * SLOTS * SLOT, after * SLOTS * SLOT
        self._first_day = first - 1
