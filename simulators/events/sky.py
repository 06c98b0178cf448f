"""Weather and air that are not as usual. They act on the whole city."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from simulators.domains.air.domain import POLLUTANTS, THINNING
from simulators.domains.base import Domain
from simulators.events.base import HOUR, Effect, Event, parameters_of, swell
from simulators.world.conditions import Conditions
from zenata.city.model import City

Factor = Annotated[float, msgspec.Meta(ge=0.1, le=20)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

ONSET = 6 * 3600.0
"""Time in which a heatwave or an episode comes up, and goes [s] (default)."""

HOTTEST = 15.0
"""Local hour at which a heatwave is strongest [h] (default)."""

NIGHT = 0.5
"""Share of it that is left twelve hours from then (default)."""

VERY_HOT, VERY_WET, VERY_DIRTY = 15.0, 80.0, 5.0
"""Temperature added [K], rain [mm/h] and factor on a pollutant at which each counts as the worst (defaults)."""


class HeatwaveParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hot air from inland. It holds no more water than before, so it is dry.

    Parameters
    ----------
    temperature : float
        Added in the middle of the afternoon [K]; half of it in the middle of the night.
    """

    temperature: Annotated[float, msgspec.Meta(gt=0, le=20)] = 10.0


class FloodParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A storm that brings more water than drains take.

    Parameters
    ----------
    rain : float
        Added at its height, in the middle [mm/h].
    drainage : float
        Share of the drains that work.
    """

    rain: Annotated[float, msgspec.Meta(gt=0, le=150)] = 50.0
    drainage: Share = 0.3


class EpisodeParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stagnant air in which pollutants gather.

    The defaults let hours of winter come to the highest that Casablanca has measured, 117 ug/m3 of nitrogen dioxide.

    Parameters
    ----------
    no2, pm10, pm25, o3, so2 : float
        Factor on the background of each.
    wind : float
        Factor on the wind speed.
    """

    no2: Factor = 1.25
    pm10: Factor = 2.0
    pm25: Factor = 2.0
    o3: Factor = 1.0
    so2: Factor = 1.5
    wind: Annotated[float, msgspec.Meta(ge=0.05, le=3)] = 0.4


class Heatwave(Effect):
    """See `HeatwaveParameters`. Severity: what is added over 15 K."""

    Parameters = HeatwaveParameters
    public = True
    duration = 72 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._event = event
        self._added = parameters_of(event, HeatwaveParameters).temperature
        self.targets = tuple(district.id for district in city.districts)
        self.severity = min(self._added / VERY_HOT, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Warm the air."""
        course = (1 + NIGHT) / 2 + (1 - NIGHT) / 2 * np.cos(2 * np.pi * (now.hour - HOTTEST) / 24)
        now.disturbance.temperature += self._added * swell(self._event, now.time, ONSET) * float(course)


class Flood(Effect):
    """See `FloodParameters`. Severity: the rain at its height over 80 mm/h."""

    Parameters = FloodParameters
    public = True
    duration = 3 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._event = event
        self._parameters = parameters_of(event, FloodParameters)
        self.targets = tuple(district.id for district in city.districts)
        self.severity = min(self._parameters.rain / VERY_WET, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Let it rain, up to the middle of the storm and down again, and block drains."""
        now.disturbance.rain += self._parameters.rain * swell(self._event, now.time, np.inf)
        now.disturbance.drainage *= self._parameters.drainage


class PollutionEpisode(Effect):
    """See `EpisodeParameters`. Severity: the greatest factor, with what the slower wind makes of it, over 5."""

    Parameters = EpisodeParameters
    public = True
    duration = 48 * HOUR

    def __init__(self, event: Event, city: City, domains: Mapping[str, Domain], seed: int) -> None:
        self._event = event
        self._parameters = parameters_of(event, EpisodeParameters)
        self._factor = np.array([getattr(self._parameters, name) for name in POLLUTANTS])
        self.targets = tuple(district.id for district in city.districts)
        gathered = float(self._factor.max()) * self._parameters.wind**-THINNING
        self.severity = min(gathered / VERY_DIRTY, 1.0)

    def disturb(self, now: Conditions) -> None:
        """Fill the background and slow the wind."""
        part = swell(self._event, now.time, ONSET)
        now.disturbance.background *= 1 + part * (self._factor - 1)
        now.disturbance.wind *= 1 + part * (self._parameters.wind - 1)
