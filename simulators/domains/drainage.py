"""Drainage: rain that drains cannot take stands on streets and runs down from street to street.

Rain runs off by the rational method (Kuichling 1889): a share of it, from a strip of the city along each street. Drains
take what a storm brings for which they were made. The rest flows as a kinematic wave, down the slope of the street at the
velocity of Manning's equation (Manning 1891) for a wide channel; at a junction it goes on in the streets that fall from
there, and where none does it leaves the city.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulators.domains.base import Arrays
from simulators.domains.water.network import elevations
from simulators.domains.water.parameters import WaterParameters
from simulators.world.conditions import Conditions
from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray

LANE, KERB = 3.5, 2.5
"""Width of a lane, and of what is beside the lanes of a direction [m] (defaults)."""

FLATTEST = 0.001
"""Least slope of a street: gutters fall even where the ground does not (default)."""

STEP = 60.0
"""Longest step in which water runs on [s]."""

ROSE, DRAINED, LEFT = range(3)
"""Places in the domain's ``totals`` [m3]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrainageParameters:
    """Table ``[drainage]`` of a city, which may do without it. The ground is that of ``[water]``.

    Parameters
    ----------
    runoff : float
        Share of the rain that runs off (default).
    strip : float
        Width of the strip of the city whose rain comes to one direction of a street [m] (default).
    design : float
        Rain that the drains take entirely [mm/h], near that of an hour once in ten years (default).
    roughness : float
        Manning's coefficient of the streets [s m-1/3]: asphalt (Chow 1959, table 5-6).
    """

    runoff: float = 0.5
    strip: float = 100.0
    design: float = 35.0
    roughness: float = 0.016


def velocity(depth: FloatArray, slope: FloatArray, roughness: float) -> FloatArray:
    """Return the velocity of water in a wide channel by Manning's equation [m/s], shape (n,).

    Parameters
    ----------
    depth : ndarray, shape (n,) [mm]
    slope : ndarray, shape (n,)
    roughness : float [s m-1/3]
    """
    return np.asarray((depth / 1000) ** (2 / 3) * np.sqrt(slope) / roughness)


class Drainage:
    """The water on the streets.

    Parameters
    ----------
    city : City
    now : Conditions
    """

    kind: ClassVar[str | None] = None

    def __init__(self, city: City, now: Conditions) -> None:
        table = "drainage" in city.parameters
        self._parameters = read_table(city, "drainage", DrainageParameters) if table else DrainageParameters()
        self._length = np.array([street.length for street in city.streets])
        self._width = np.array([street.lanes * LANE + KERB for street in city.streets])
        self._area = self._length * self._width
        numbers = {(street.start, street.end): number for number, street in enumerate(city.streets)}
        back = [numbers.get((street.end, street.start), number) for number, street in enumerate(city.streets)]
        self._back = np.array(back)  # the other direction of the street, or itself
        self._slope, self._from, self._to, self._share = _downhill(city, self._width)
        self._depth = now.flood
        self._totals = np.zeros(3)
        self.arrays: Arrays = {"depth": self._depth, "totals": self._totals}

    def step(self, now: Conditions) -> None:
        """Let water rise, sink and run on."""
        excess = (now.rain - self._parameters.design * now.disturbance.drainage) * self._parameters.runoff  # [mm/h]
        if excess <= 0 and not self._depth.any():
            return
        count = math.ceil(now.seconds / STEP)
        for _ in range(count):
            self._rise(excess / 3600 * now.seconds / count)
            self._run(now.seconds / count)

    def observe(self, now: Conditions) -> FloatArray:
        """Return nothing: no sensor sees it."""
        return np.zeros((0, 0))

    def _rise(self, excess: float) -> None:
        """Add what comes, or take what drains can, off the strips along the streets [mm]."""
        change = np.maximum(excess * self._parameters.strip / self._width, -self._depth)
        self._depth += change
        self._totals[ROSE if excess > 0 else DRAINED] += abs((change * self._area).sum()) / 1000

    def _run(self, seconds: float) -> None:
        """Let water run down, and stand as high on both directions of a street."""
        speed = velocity(self._depth, self._slope, self._parameters.roughness)
        gone = self._depth * -np.expm1(-speed * seconds / self._length) * self._area  # [mm m2]
        passed = gone[self._from] * self._share
        self._depth += (np.bincount(self._to, passed, len(gone)) - gone) / self._area
        self._totals[LEFT] += (gone.sum() - passed.sum()) / 1000
        stored = self._depth * self._area
        self._depth[:] = (stored + stored[self._back]) / (self._area + self._area[self._back])


def _downhill(city: City, width: FloatArray) -> tuple[FloatArray, IntArray, IntArray, FloatArray]:
    """Return the slope of every street, and from which to which water runs on, in which share.

    It is shared among the streets that fall from a junction by what they carry at equal depth.
    """
    ground = read_table(city, "water", WaterParameters)
    start, end = (
        elevations(np.array([street.line[tip] for street in city.streets]), ground.low, ground.high) for tip in (0, -1)
    )
    falls = start >= end
    upper = [street.start if down else street.end for street, down in zip(city.streets, falls, strict=True)]
    lower = [street.end if down else street.start for street, down in zip(city.streets, falls, strict=True)]
    slope = np.maximum(np.abs(start - end) / [street.length for street in city.streets], FLATTEST)
    falling = defaultdict(list)
    for number, node in enumerate(upper):
        falling[node].append(number)
    pairs = [(one, other) for one, node in enumerate(lower) for other in falling[node] if lower[other] != upper[one]]
    origin, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    carries = (width * np.sqrt(slope))[target]
    return slope, origin, target, carries / np.bincount(origin, carries)[origin]
