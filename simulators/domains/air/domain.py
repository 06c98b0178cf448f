"""Air quality: what traffic adds, spread by the wind, over a slowly varying background."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.air.dispersion import Plumes
from simulators.domains.base import Arrays, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray

POLLUTANTS = ("no2", "pm10", "pm25", "o3", "so2")

EMISSION = np.array([0.45, 0.08, 0.05, 0.0, 0.004])
"""What a mean vehicle emits [g/km], in the order of `POLLUTANTS`: of the size that the EMEP/EEA guidebook (2019, chapters
1.A.3.b.i-iv and vi) gives for older fleets; NO2 stands for 1.1 g/km of NOx of which 40 % are NO2 near the road (defaults)."""

PRIMARY = 0.3
"""Share of that NO2 which leaves the exhaust as such; the rest takes its oxygen from ozone (default)."""

MEMORY = 36 * 3600.0
"""Time after which the background has forgotten itself [s] (default)."""

SPREAD = np.array([0.25, 0.35, 0.35, 0.15, 0.5])
"""Standard deviation of the logarithm of the background (default)."""

GATHERING = 4 * 3600.0
"""Time over which what the region's traffic emits gathers before the wind has carried it off [s] (default). So the night's
air is clean when the morning rush begins, and that of the evening is not."""

OLD = 0.2
"""Share of the nitrogen dioxide of the background that does not follow traffic (default)."""

RESPONSE = 600.0
"""Time constant of the air in the streets [s] (default)."""

CALM = 1.0
"""Least wind speed in a plume [m/s]: in a calm the vehicles themselves stir the air (default)."""


EVERY, PHASE = 6, 1
"""Ticks between two steps, and at which of them it steps; concentrations are held between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AirParameters:
    """Table ``[air]`` of a city: yearly means of the background, away from its streets [ug m-3]."""

    no2: float
    pm10: float
    pm25: float
    o3: float
    so2: float


def speed_factor(speed: FloatArray) -> FloatArray:
    """Return how much more than at its best a vehicle emits at a mean `speed` [km/h]: high in jams and when fast.

    The shape of COPERT's curves, not their figures (a default).
    """
    return np.asarray(0.25 + 20 / np.maximum(speed, 5.0) + 7e-5 * speed**2)


def stability(now: Conditions) -> str:
    """Return the stability of the air from sun, cloud and wind, after Pasquill (1961) in three classes."""
    if now.ghi > 350 and now.wind_speed < 5:
        return "unstable"
    if now.sun_elevation < 0 and now.wind_speed < 3.5 and now.clearness > 0.5:
        return "stable"
    return "neutral"


def background(means: FloatArray, slow: FloatArray, gathered: float, now: Conditions) -> FloatArray:
    """Return the background [ug m-3], shape (5,), in the order of `POLLUTANTS`.

    Thinned by wind and by the deep mixed layer of a sunny day, washed out by rain; nitrogen dioxide is what the region's
    traffic has left in the air for hours, ozone instead is made by the sun. The shapes are defaults. Events change it by
    a factor each.

    Parameters
    ----------
    means : ndarray, shape (5,)
        Yearly means [ug m-3].
    slow : ndarray, shape (5,)
        Standardised slow departures.
    gathered : float
        Traffic's activity over the last hours, weighted exponentially.
    now : Conditions
    """
    sun = min(now.ghi / 700, 1.0)
    thin = (3.5 / max(now.wind_speed, 1.0)) ** 0.6 * (1.1 - 0.4 * sun)
    wash = 0.6 if now.rain > 0.2 else 1.0
    course = np.array([thin * (OLD + (1 - OLD) * gathered), thin * wash, thin * wash, 0.85 + 0.5 * sun, thin])
    return np.asarray(means * course * np.exp(SPREAD * slow - SPREAD**2 / 2) * now.disturbance.background)


def add_traffic(base: FloatArray, road: FloatArray) -> FloatArray:
    """Return the concentrations of background and traffic together [ug m-3], shape (n, 5).

    Parameters
    ----------
    base : ndarray, shape (5,)
        Background [ug m-3].
    road : ndarray, shape (n,)
        What traffic adds at each place of a substance of which a vehicle emits 1 g/km [ug m-3].
    """
    added = road[:, None] * EMISSION
    oxidised = np.minimum((1 - PRIMARY) * added[:, 0], 0.9 * base[3] * 46 / 48)
    added[:, 0] = PRIMARY * added[:, 0] + oxidised
    added[:, 3] = -oxidised * 48 / 46  # one molecule of ozone for each of nitrogen dioxide
    return np.asarray(base + added)


class Air:
    """The air at the stations.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "air"

    def __init__(self, city: City, now: Conditions) -> None:
        parameters = read_table(city, "air", AirParameters)
        self._means = np.array([getattr(parameters, name) for name in POLLUTANTS])
        stations = [city.sensors[number] for number in sensors_of(city, self.kind)]
        self._plumes = Plumes(city.streets, stations)
        self._kilometres = np.array([street.length / 1000 for street in city.streets])
        self._slow = now.draws(Stream.AIR).standard_normal(len(POLLUTANTS))
        self._gathered = np.array([now.activity])
        self._level = np.full((len(stations), len(POLLUTANTS)), np.nan)
        self.arrays: Arrays = {"slow": self._slow, "gathered": self._gathered, "level": self._level}

    def step(self, now: Conditions) -> None:
        """Let the background drift and the streets' air follow emissions and wind, every minute."""
        if not now.passes(EVERY, PHASE):
            return
        seconds = now.since(EVERY)
        keep = float(np.exp(-seconds / MEMORY))
        noise = now.draws(Stream.AIR).standard_normal(len(POLLUTANTS))
        self._slow[:] = keep * self._slow + np.sqrt(1 - keep**2) * noise
        self._gathered += (now.activity - self._gathered) * (1 - np.exp(-seconds / GATHERING))
        driven = now.link_flow / 3600 * self._kilometres * speed_factor(now.link_speed)
        wind = max(now.wind_speed, CALM)
        road = 1e6 * self._plumes.concentration(driven, now.wind_direction, wind, stability(now))
        target = add_traffic(background(self._means, self._slow, float(self._gathered[0]), now), road)
        lag = 1 - np.exp(-seconds / RESPONSE)
        self._level[:] = np.where(np.isnan(self._level), target, self._level + lag * (target - self._level))

    def observe(self, now: Conditions) -> FloatArray:
        """Return concentrations [ug m-3] at every station, shape (n_stations, 5)."""
        return self._level
