"""Weather field: what differs from one end of the city to the other. Clouds that move, the sea-breeze front, showers.

Clouds are a sum of plane waves, drawn once a solar day, that drift with the wind of that day; two days' waves blend from
noon to noon with weights whose squares add up to one, so nothing steps at midnight. The value at a time follows from the
seed and the time alone.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from simulators.world.draws import Stream, draws
from zenata.city.clock import SECOND
from zenata.city.model import Sensor
from zenata.city.readings import FloatArray

DAY = 86400.0

WAVES = 40
"""Plane waves of a day's clouds."""

SHORTEST, LONGEST = 400.0, 64_000.0
"""Wavelengths of clouds, uniform in their logarithm [m] (defaults).

Clouds have no scale of their own between some 2 and 500 km (DeWitt et al. 2024, doi:10.5194/acp-24-109-2024). So waves go
on to what passes over a place within the hours for which the city's clearness is remembered: were they shorter, the
irradiance of a place would vary by an hour no more than by half of one.
"""

SPECTRUM = 0.35
"""Amplitude of a wave over its length to this power: so structure falls off towards short lengths (default)."""

EVOLUTION = 0.15
"""Speed at which clouds change while they drift, over the speed of the drift (default)."""

EDGE = 0.35
"""Width of a cloud's edge, in standard deviations of the field (default)."""

UNDER_CLOUD = 0.35
"""Share of the clear-sky irradiance under a broken cloud (default)."""

SHOWERS = 0.5
"""Standard deviation of the logarithm of rain from place to place (default)."""

FRONT_SPEED = 1.3
"""Speed at which the sea-breeze front moves inland [m/s], at the lower end of the 1 to 5 m/s usually seen (default)."""

FRONT_WIDTH = 300.0
"""Width of the front [m] (default)."""

FRONT_COOLING = 2.5
"""Fall of temperature when a front with a breeze of `FULL_BREEZE` passes [K]: facts on Zenata claim 2 to 3 K of cooling."""

FULL_BREEZE = 3.0
"""[m/s]"""

INLAND_HEATING = 0.25
"""Rise of temperature inland under a high sun [K/km] (default)."""

INLAND_CALM = 0.03
"""Share of the wind that buildings take on each kilometre inland (default)."""

_CHANCES = np.linspace(0.0, 1.0, 201)
_DEVIATES = np.array([NormalDist().inv_cdf(min(max(chance, 1e-4), 1 - 1e-4)) for chance in _CHANCES])


class Clouds:
    """Clouds over fixed sites.

    Parameters
    ----------
    seed : int
        Of the world.
    sites : ndarray, shape (n_sites, 2)
        East and north of the city's middle [m].
    """

    def __init__(self, seed: int, sites: FloatArray) -> None:
        self._seed, self._sites = seed, sites
        self._key: tuple[int, bytes] | None = None  # of the days whose waves are at hand
        self._rate, self._phase = np.zeros((2, WAVES)), np.zeros((2, WAVES))
        self._basis = np.zeros((len(sites), 4 * WAVES))

    def at(self, days: float, drift: FloatArray) -> FloatArray:
        """Return the field, standard normal at any one site, shape (n_sites,).

        Parameters
        ----------
        days : float
            Solar noons since the Unix epoch, whole at noon.
        drift : ndarray, shape (2, 2)
            Velocity of the clouds of the day whose noon is past and of the next, to the east and to the north [m/s].
        """
        day, part = int(days // 1), days % 1
        if (key := (day, drift.tobytes())) != self._key:
            self._key = key
            self._set_waves(day, drift)
        since = np.array([[part * DAY], [(part - 1) * DAY]])
        weight = np.array([[math.cos(math.pi / 2 * part)], [math.sin(math.pi / 2 * part)]])
        angle = self._rate * since + self._phase
        return np.asarray(self._basis @ np.concatenate([np.cos(angle) * weight, np.sin(angle) * weight]).ravel())

    def _set_waves(self, day: int, drift: FloatArray) -> None:
        """Draw the waves of a day and of the next: their speeds, phases, and cosines and sines at the sites."""
        parts = []
        for number, velocity in enumerate(drift):
            rng = draws(self._seed, Stream.CLOUD, day + number)
            length = SHORTEST * (LONGEST / SHORTEST) ** ((np.arange(WAVES) + rng.random(WAVES)) / WAVES)
            direction = 2 * np.pi * rng.random(WAVES)
            numbers = 2 * np.pi / length * np.stack([np.cos(direction), np.sin(direction)])
            amplitude = length**SPECTRUM
            amplitude *= np.sqrt(2 / (amplitude**2).sum())
            changing = EVOLUTION * np.hypot(*velocity) * np.hypot(*numbers)
            self._rate[number] = velocity @ numbers + changing * np.where(np.arange(WAVES) % 2, 1.0, -1.0)
            self._phase[number] = 2 * np.pi * rng.random(WAVES)
            parts.append((self._sites @ numbers, amplitude))
        self._basis = np.concatenate(
            [*(np.cos(along) * size for along, size in parts), *(np.sin(along) * size for along, size in parts)], axis=1
        )


def local_clearness(clearness: float, field: FloatArray) -> FloatArray:
    """Return the share of clear-sky irradiance at sites, whose mean over the sky is `clearness`, shape (n_sites,).

    Parameters
    ----------
    clearness : float
        Of the city.
    field : ndarray, shape (n_sites,)
        Of `Clouds`: the higher the more cloud.
    """
    under = min(UNDER_CLOUD, 0.6 * clearness)
    covered = (1 - clearness) / (1 - under)
    threshold = float(np.interp(1 - covered, _CHANCES, _DEVIATES)) * np.sqrt(1 + EDGE**2)
    clear = 1 / (1 + np.exp(-1.702 / EDGE * (threshold - field)))  # within 0.01 of the normal distribution
    return np.asarray(under + (1 - under) * clear)


def behind_front(inland: FloatArray, hour: float, onset: float) -> FloatArray:
    """Return how far each site lies behind the sea-breeze front, from 0 to 1, shape (n_sites,).

    Parameters
    ----------
    inland : ndarray, shape (n_sites,)
        Distance from the seaward edge of the city [m].
    hour, onset : float
        Solar time, and that at which the front crosses that edge [h].
    """
    front = FRONT_SPEED * (hour - onset) * 3600
    return np.asarray(1 / (1 + np.exp(np.minimum(np.maximum((inland - front) / FRONT_WIDTH, -50.0), 50.0))))


def site_positions(sensors: Sequence[Sensor], longitude: float, latitude: float) -> FloatArray:
    """Return where sensors stand, east and north of a point [m], shape (n_sensors, 2)."""
    metres = np.pi / 180 * 6_371_000.0
    there = np.array([(sensor.longitude, sensor.latitude) for sensor in sensors]).reshape(-1, 2)
    return np.asarray((there - (longitude, latitude)) * metres * (np.cos(np.radians(latitude)), 1.0))


def solar_days(time: int, longitude: float) -> float:
    """Return the solar noons since the Unix epoch at a time [us], whole at noon."""
    return time / (DAY * SECOND) + longitude / 360 - 0.5
