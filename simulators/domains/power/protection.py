"""Thermal relays that protect cables and transformers from overload."""

import numpy as np
import numpy.typing as npt

from simulators.domains.power.network import Layout
from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

HEATING = 1800.0
"""Time constant with which cables and transformers warm and cool [s] (default)."""

LIMIT, COLD = 1.2**2, 0.5
"""Heat at which a relay opens, and to which it must have fallen for it to close again, over that of the rated current: a
fifth more than rated is carried for good (defaults)."""


def first_cables(layout: Layout) -> IntArray:
    """Return the cable by which each station's feeder leaves its substation, shape (n_stations,)."""
    first = np.arange(len(layout.upstream))
    while (inner := layout.upstream[first] >= 0).any():
        first = np.where(inner, layout.upstream[first], first)
    return first


class Relays:
    """A thermal relay on every cable and every transformer (IEC 60255-149: heat follows the square of the current).

    Parameters
    ----------
    count : int
        Of stations, each with its cable.

    Attributes
    ----------
    heat : ndarray, shape (2, n_stations)
        Of cables and of transformers, over that of the rated current carried for good.
    open : ndarray of bool, shape (2, n_stations)
        Which have been opened.
    loading : ndarray, shape (2, n_stations)
        What they carry, over their rating, updated by the caller.
    """

    def __init__(self, count: int) -> None:
        self.heat: FloatArray = np.zeros((2, count))
        self.open: BoolArray = np.zeros((2, count), dtype=np.bool_)
        self.loading: FloatArray = np.zeros((2, count))

    def warm(self, seconds: float) -> None:
        """Let time pass with what is carried: open what has become too hot, close what has cooled."""
        self.heat += (1 - np.exp(-seconds / HEATING)) * (self.loading**2 - self.heat)
        self.open |= self.heat > LIMIT
        self.open &= self.heat > COLD

    def trip(self, cable: int) -> None:
        """Open a cable at once."""
        self.open[0, cable] = True
        self.heat[0, cable] = max(self.heat[0, cable], LIMIT)
