"""Road noise: the CNOSSOS-EU source of every street, spread as sound does from a line, over a background.

Commission Directive (EU) 2015/996, annex, sections 2.2 and 2.5; coefficients of Delegated Directive (EU) 2021/1226.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.base import Arrays, sensors_of
from simulators.world.conditions import Conditions
from simulators.world.parameters import read_table
from zenata.city.model import City, Sensor, Street
from zenata.city.readings import FloatArray, IntArray

A_WEIGHTING = np.array([-26.2, -16.1, -8.6, -3.2, 0.0, 1.2, 1.0, -1.1])
"""IEC 61672-1, at the octaves from 63 Hz to 8 kHz [dB]."""

LIGHT = np.array(
    [
        [83.1, 89.2, 87.7, 93.1, 100.1, 96.7, 86.8, 76.2],
        [30.0, 41.5, 38.9, 25.7, 32.5, 37.2, 39.0, 40.0],
        [97.9, 92.5, 90.7, 87.2, 84.7, 88.0, 84.4, 77.1],
        [-1.3, 7.2, 7.7, 8.0, 8.0, 8.0, 8.0, 8.0],
    ]
)
"""Table F-1, category 1: A and B of rolling noise, A and B of propulsion noise, by octave [dB]."""

HEAVY = np.array(
    [
        [91.7, 96.2, 98.2, 104.9, 105.1, 98.5, 91.1, 85.6],
        [30.0, 33.5, 31.3, 25.4, 31.8, 37.1, 38.6, 40.6],
        [108.8, 104.2, 103.5, 102.9, 102.6, 98.5, 93.8, 87.5],
        [0.0, 3.0, 4.6, 5.0, 5.0, 5.0, 5.0, 5.0],
    ]
)
"""The same of category 3, heavy vehicles."""

REFERENCE_SPEED = 70.0
"""Of the coefficients [km/h]."""

SLOWEST = 20.0
"""Speed under which a vehicle is as loud as at it [km/h] (section 2.2.2)."""

HEAVY_LIMIT = 85.0
"""Most that heavy vehicles drive [km/h] (default)."""

TEMPERATURE = {"light": 0.08, "heavy": 0.04}
"""How much louder tyres are for each kelvin below 20 Cel [dB/K] (equation 2.2.10)."""

RECEIVER = 4.0
"""Height of a meter over the source [m], that of the Directive's assessment points."""

GROUND = 2.0
"""Energy by which hard ground raises a level: -3 dB of attenuation (section 2.5.6, ground factor 0)."""

AIR = 4.1e-3
"""Attenuation by air at 1 kHz, 15 Cel and 80 %RH, where road noise has most of its A-weighted energy [dB/m]
(ISO 9613-2, table 2)."""

IN_SIGHT = 60.0
"""Distance beyond which buildings stand between a street and a meter [m] (default)."""

BUILDINGS = 10.0
"""How much they attenuate [dB]: the most that ISO 9613-2 (annex A.3) allows for housing (default)."""


EVERY, PHASE = 6, 4
"""Ticks between two steps, and at which of them it steps; levels are held between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseParameters:
    """Table ``[noise]`` of a city.

    Parameters
    ----------
    heavy_share : float
        Share of heavy vehicles in traffic.
    background_day, background_night : float
        Level where no street is, at the mean activity of the day and at none [dB].
    """

    heavy_share: float
    background_day: float
    background_night: float


def vehicle_power(coefficients: FloatArray, speed: FloatArray) -> FloatArray:
    """Return the A-weighted sound power of a vehicle over 1 pW, shape (2, n): of its tyres, of its engine.

    Equations 2.2.4 and 2.2.11 at 20 Cel on the reference surface, summed over octaves.

    Parameters
    ----------
    coefficients : ndarray, shape (4, 8)
        As in `LIGHT`.
    speed : ndarray, shape (n,) [km/h]
    """
    v = np.maximum(speed, SLOWEST)[:, None] / REFERENCE_SPEED
    rolling = coefficients[0] + coefficients[1] * np.log10(v)
    propulsion = coefficients[2] + coefficients[3] * (v - 1)
    return np.asarray((10 ** ((np.stack([rolling, propulsion]) + A_WEIGHTING) / 10)).sum(axis=2))


def transfer(streets: Sequence[Street], receptors: Sequence[Sensor]) -> FloatArray:
    """Return the share of a street's sound power that reaches a receptor, per metre [m-1], shape (n_receptors, n_streets).

    A straight stretch that sends out the power W' per metre arrives with the intensity W' angle / (4 pi distance): of
    a long one near by W' / (4 distance), of a short one far off that of a point. Levels are intensities over 1 pW m-2.
    """
    scale = METRES_A_DEGREE * np.array([np.cos(np.radians(streets[0].line[0][1])), 1.0])
    pieces = [(number, *pair) for number, street in enumerate(streets) for pair in pairwise(street.line)]
    starts = np.array([piece[1] for piece in pieces]) * scale
    ends = np.array([piece[2] for piece in pieces]) * scale
    here = np.array([(sensor.longitude, sensor.latitude) for sensor in receptors]).reshape(-1, 1, 2) * scale
    angle, distance, nearest = _seen(starts - here, ends - here)
    loss = AIR * nearest + np.where(nearest > IN_SIGHT, BUILDINGS, 0.0)
    received = GROUND * angle / (4 * np.pi * distance) * 10 ** (-loss / 10)
    return np.add.reduceat(received, _first([piece[0] for piece in pieces]), axis=1)


def _first(numbers: Sequence[int]) -> IntArray:
    """Return where each number first comes in an ascending sequence."""
    return np.unique(numbers, return_index=True)[1].astype(np.int64)


def _seen(start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return how segments are seen from above the origin: angle [rad], distance to their line and to themselves [m].

    Parameters
    ----------
    start, end : ndarray, shape (..., 2)
        Of the segments [m]; the receiver is `RECEIVER` over the origin.
    """
    along = end - start
    length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-6)
    before = -(start * along).sum(axis=-1) / length  # from the start to the foot of the perpendicular
    across = (start[..., 0] * along[..., 1] - start[..., 1] * along[..., 0]) / length
    distance = np.hypot(across, RECEIVER)
    angle = np.arctan2(before, distance) + np.arctan2(length - before, distance)
    beyond = np.maximum(np.maximum(-before, before - length), 0.0)
    return angle, distance, np.hypot(distance, beyond)


class Noise:
    """The sound at the meters: the equivalent level of the last minute.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = "noise"

    def __init__(self, city: City, now: Conditions) -> None:
        self._parameters = read_table(city, "noise", NoiseParameters)
        self._meters = sensors_of(city, self.kind)
        meters = [city.sensors[number] for number in self._meters]
        self._transfer = transfer(city.streets, meters).astype(np.float32)
        self._speeds = np.arange(SLOWEST, 130.5, 0.5)
        self._light = vehicle_power(LIGHT, self._speeds)
        self._heavy = vehicle_power(HEAVY, np.minimum(self._speeds, HEAVY_LIMIT))
        self._level = np.zeros(len(meters))
        self.arrays: Arrays = {"level": self._level}

    def step(self, now: Conditions) -> None:
        """Add up what every street sends out, and what events do, every minute."""
        if not now.passes(EVERY, PHASE):
            return
        source = self._fleet(now.temperature, now.link_speed) * now.link_flow
        density = source / (1000 * np.maximum(now.link_speed, SLOWEST))  # per metre: equation 2.2.1
        # Not `@`: BLAS adds in an order that depends on the cores of the machine
        received = np.einsum("ij,j->i", self._transfer, density.astype(np.float32)).astype(np.float64)
        low, high = 10 ** (self._parameters.background_night / 10), 10 ** (self._parameters.background_day / 10)
        background = low + (high - low) * min(now.activity, 1.0)
        self._level[:] = 10 * np.log10(received + background + now.disturbance.sound[self._meters])

    def observe(self, now: Conditions) -> FloatArray:
        """Return the equivalent A-weighted level [dB] at every meter, shape (n_meters, 1)."""
        return self._level[:, None]

    def _fleet(self, temperature: float, speed: FloatArray) -> FloatArray:
        """Return the mean sound power of a vehicle on each link over 1 pW, shape (n_links,)."""
        share = self._parameters.heavy_share
        tyres = {name: 10 ** (factor * (20 - temperature) / 10) for name, factor in TEMPERATURE.items()}
        light = self._light[0] * tyres["light"] + self._light[1]
        heavy = self._heavy[0] * tyres["heavy"] + self._heavy[1]
        return np.asarray(np.interp(speed, self._speeds, (1 - share) * light + share * heavy))
