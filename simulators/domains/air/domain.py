"""Air quality: a regional background, local departures from it, and what the streets' traffic adds, spread by the wind.

Reads of other domains: weather, sun (solar), flows and speeds of streets and the activity of the hour (traffic).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.air.dispersion import METRES_A_DEGREE, Plumes
from simulators.domains.base import Arrays, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.parameters import read_table
from zenata.city.derived import once_per_city
from zenata.city.model import City, Sensor
from zenata.city.readings import FloatArray

POLLUTANTS = ("no2", "pm10", "pm25", "o3", "so2")

EMISSION = np.array([0.45, 0.20, 0.07, 0.0, 0.004])
"""What a mean vehicle emits [g/km], in the order of `POLLUTANTS`: of the size that the EMEP/EEA guidebook (2019, chapters
1.A.3.b.i-iv and vi) gives for older fleets; NO2 stands for 1.1 g/km of NOx of which 40 % are NO2 near the road; PM10 has 0.12 g/km that tyres stir up from dry streets
(defaults)."""

PRIMARY = 0.3
"""Share of that NO2 which leaves the exhaust as such; the rest takes its oxygen from ozone (default)."""

MEMORY = 36 * 3600.0
"""Time after which the background has forgotten itself [s] (default)."""

SPREAD = np.array([0.20, 0.35, 0.0, 0.15, 0.5])
"""Standard deviation of the logarithm of the background (default); that of PM2.5 follows from PM10 and `FINE_SPREAD`."""

FINE_SPREAD = np.array([0.35, 0.15])
"""Standard deviation of the logit of the share of PM2.5 in PM10: of the whole city and of places (default)."""

LOCAL_SPREAD = np.array([0.22, 0.22, 0.0, 0.08, 0.4])
"""Standard deviation of the logarithm of what sources nearby make of it: works, fires, boilers, ships (default)."""

LOCAL_MEMORY = 8 * 3600.0
"""Time after which that has forgotten itself [s] (default)."""

LOCAL_REACH = 900.0
"""Scale of the distance over which places have it in common [m] (default)."""

OZONE_HEAT = 4.3
"""What an hour of sun makes of ozone more for each kelvin above `WARM` [ug m-3 K-1]: the 2.2 ppb/K by which ozone rises with
temperature (Bloomer et al. 2009, doi:10.1029/2009GL037308)."""

WARM = 25.0
"""Air temperature from which ozone rises with it [Cel] (default)."""

GATHERING = 4 * 3600.0
"""Time over which what the region's traffic emits gathers before the wind has carried it off [s] (default). So the night's
air is clean when the morning rush begins, and that of the evening is not."""

OLD = 0.2
"""Share of the nitrogen dioxide of the background that does not follow traffic (default)."""

RESPONSE = 600.0
"""Time constant of the air in the streets [s] (default)."""

THINNING = 0.6
"""Exponent of the wind speed by which the wind thins the background (default)."""

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
    return np.asarray(0.25 + 20 / np.maximum(speed, 8.0) + 7e-5 * speed**2)


def stability(now: Conditions) -> str:
    """Return the stability of the air from sun, cloud and wind, after Pasquill (1961) in three classes."""
    if now.ghi > 350 and now.wind_speed < 5:
        return "unstable"
    if now.sun_elevation < 0 and now.wind_speed < 3.5 and now.clearness > 0.5:
        return "stable"
    return "neutral"


def background(means: FloatArray, slow: FloatArray, local: FloatArray, gathered: float, now: Conditions) -> FloatArray:
    """Return the air away from streets [ug m-3], shape (n, 5), in the order of `POLLUTANTS`.

    Thinned by wind and by the deep mixed layer of a sunny day, washed out by rain; nitrogen dioxide is what the region's
    traffic has left in the air for hours, ozone instead is made by sun and heat; PM2.5 is a part of PM10, at most all of it.
    The shapes are defaults. Events change it by a factor each.

    Parameters
    ----------
    means : ndarray, shape (5,)
        Yearly means [ug m-3].
    slow : ndarray, shape (5,)
        Standardised slow departures of the whole city.
    local : ndarray, shape (n, 5)
        Standardised departures of places.
    gathered : float
        Traffic's activity over the last hours, weighted exponentially.
    now : Conditions
    """
    sun = min(now.ghi / 700, 1.0)
    thin = (3.5 / max(now.wind_speed, 1.0)) ** THINNING * (1.1 - 0.4 * sun)
    wash = 0.6 if now.rain > 0.2 else 1.0
    heat = OZONE_HEAT * max(now.temperature - WARM, 0.0) * sun / means[3]
    course = np.array([thin * (OLD + (1 - OLD) * gathered), thin * wash, 1.0, 0.85 + 0.5 * sun + heat, thin])
    log = SPREAD * slow - SPREAD**2 / 2 + LOCAL_SPREAD * local - LOCAL_SPREAD**2 / 2
    level = means * course * np.exp(log) * now.disturbance.background
    usual = means[2] / means[1]
    odds = usual / (1 - usual) * np.exp(FINE_SPREAD[0] * slow[2] + FINE_SPREAD[1] * local[:, 2])
    odds *= now.disturbance.background[2] / now.disturbance.background[1]
    level[:, 2] = level[:, 1] * odds / (1 + odds)
    return np.asarray(level)


def add_traffic(base: FloatArray, road: FloatArray) -> FloatArray:
    """Return the concentrations of background and traffic together [ug m-3], shape (n, 5).

    Parameters
    ----------
    base : ndarray, shape (n, 5)
        Air away from streets [ug m-3].
    road : ndarray, shape (n,)
        What traffic adds at each place of a substance of which a vehicle emits 1 g/km [ug m-3].
    """
    added = road[:, None] * EMISSION
    oxidised = np.minimum((1 - PRIMARY) * added[:, 0], 0.9 * base[:, 3] * 46 / 48)
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
        self._plumes = _plumes(city)
        self._kilometres = np.array([street.length / 1000 for street in city.streets])
        self._nearness = _nearness(stations)
        rng = now.draws(Stream.AIR)
        self._slow = rng.standard_normal(len(POLLUTANTS))
        self._local = rng.standard_normal((self._nearness.shape[1], len(POLLUTANTS)))
        self._gathered = np.array([now.activity])
        self._level = np.full((len(stations), len(POLLUTANTS)), np.nan)
        self.arrays: Arrays = {
            "slow": self._slow,
            "local": self._local,
            "gathered": self._gathered,
            "level": self._level,
        }

    def step(self, now: Conditions) -> None:
        """Let the background drift and the streets' air follow emissions and wind, every minute."""
        if not now.passes(EVERY, PHASE):
            return
        seconds = now.since(EVERY)
        rng = now.draws(Stream.AIR)
        for state, memory in ((self._slow, MEMORY), (self._local, LOCAL_MEMORY)):
            keep = float(np.exp(-seconds / memory))
            state[:] = keep * state + np.sqrt(1 - keep**2) * rng.standard_normal(state.shape)
        self._gathered += (now.activity - self._gathered) * (1 - np.exp(-seconds / GATHERING))
        driven = now.link_flow / 3600 * self._kilometres * speed_factor(now.link_speed)
        wind = max(now.wind_speed, CALM)
        road = 1e6 * self._plumes.concentration(driven, now.wind_direction, wind, stability(now))
        local = np.einsum("sa,ap->sp", self._nearness, self._local)
        base = background(self._means, self._slow, local, float(self._gathered[0]), now)
        target = add_traffic(base, road)
        lag = 1 - np.exp(-seconds / RESPONSE)
        self._level[:] = np.where(np.isnan(self._level), target, self._level + lag * (target - self._level))

    def observe(self, now: Conditions) -> FloatArray:
        """Return concentrations [ug m-3] at every station, shape (n_stations, 5)."""
        return self._level


def _nearness(stations: Sequence[Sensor]) -> FloatArray:
    """Return how much each station has of the local air of anchors, shape (n_stations, n_anchors), of norm 1 each.

    Anchors stand on a grid of `LOCAL_REACH` over the stations. So the air of stations is correlated by their distance.
    """
    if not stations:
        return np.zeros((0, 1))
    position = np.array([(station.longitude, station.latitude) for station in stations])
    position = position * METRES_A_DEGREE * np.array([np.cos(np.radians(position[0, 1])), 1.0])
    low, high = position.min(axis=0) - LOCAL_REACH, position.max(axis=0) + 2 * LOCAL_REACH
    axes = [np.arange(start, end, LOCAL_REACH) for start, end in zip(low, high, strict=True)]
    anchors = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    square = ((position[:, None] - anchors) ** 2).sum(axis=2)
    weight = np.exp(-square / (2 * (LOCAL_REACH / 1.5) ** 2))
    return np.asarray(weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)))


@once_per_city
def _plumes(city: City) -> Plumes:
    """Return the plumes of a city's streets at its stations."""
    return Plumes(city.streets, [city.sensors[number] for number in sensors_of(city, Air.kind)])
