"""What the city is like at one tick: the one place where domains meet.

Domains step in a fixed order (`simulators.domains.DOMAINS`); each writes its part here and reads what was written
before. What a domain reads of a *later* one is a tick old, which is what keeps the order from mattering to physics.
"""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from simulators.draws import Stream, draws
from zenata.city.clock import SECOND
from zenata.city.readings import FloatArray

TICK = 10 * SECOND
"""Time between two ticks of a world [us]."""

TICK_SECONDS = TICK / SECOND
"""The same [s]."""


def _no_links() -> FloatArray:
    return np.zeros(0)


@dataclass(slots=True, kw_only=True)
class Conditions:
    """The state of the city that more than one domain needs.

    Parameters
    ----------
    seed : int
        Of the world.
    zone : ZoneInfo
        Of the city's calendar.
    time : int
        Of this tick [us since the Unix epoch].
    hour : float
        Local time of day [h].
    weekend : bool
        Whether the local day is a Saturday or Sunday.
    temperature, humidity, pressure, rain : float
        Of the outdoor air [Cel], [%RH], [hPa]; [mm/h].
    wind_speed, wind_direction : float
        At 10 m [m/s]; where it comes from, clockwise from north [deg].
    clearness : float
        Share of the clear-sky irradiance that the clouds let through.
    sun_elevation, sun_azimuth : float
        Without refraction; clockwise from north [deg].
    ghi, dni, dhi : float
        Global horizontal, direct normal and diffuse horizontal irradiance [W m-2].
    activity : float
        Traffic demand of the hour over that of a mean hour.
    link_flow, link_speed : ndarray, shape (n_streets,)
        Vehicles leaving each street, over the last minute [1/h]; mean speed [km/h].
    """

    seed: int
    zone: ZoneInfo
    time: int = 0
    hour: float = 0.0
    weekend: bool = False
    temperature: float = 15.0
    humidity: float = 75.0
    pressure: float = 1016.0
    rain: float = 0.0
    wind_speed: float = 3.0
    wind_direction: float = 0.0
    clearness: float = 1.0
    sun_elevation: float = 0.0
    sun_azimuth: float = 0.0
    ghi: float = 0.0
    dni: float = 0.0
    dhi: float = 0.0
    activity: float = 1.0
    link_flow: FloatArray = field(default_factory=_no_links)
    link_speed: FloatArray = field(default_factory=_no_links)

    def move_to(self, time: int) -> None:
        """Set the time [us] and what the calendar says of it."""
        self.time = time
        local = datetime.fromtimestamp(time // SECOND, tz=self.zone)
        self.hour = local.hour + local.minute / 60 + local.second / 3600
        self.weekend = local.weekday() >= 5

    @property
    def tick(self) -> int:
        """Number of this tick since the Unix epoch."""
        return self.time // TICK

    def draws(self, stream: Stream) -> Generator:
        """Return the generator of a stream at this tick."""
        return draws(self.seed, stream, self.tick)
