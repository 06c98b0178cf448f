"""Tanks that a water network draws from, and the switches that keep them filled."""

import numpy as np
import numpy.typing as npt

from simulators.domains.water.hydraulics import Plant
from zenata.city.readings import FloatArray

START, STOP = np.array([0.75, 0.55]), np.array([0.95, 0.80])
"""Shares of a tank's depth below which its pumps start, and from which they stop (defaults)."""

EMPTY, ENOUGH = 0.2, 0.5
"""Level below which a tank gives no water any more, and from which it gives again [m] (defaults)."""

INITIAL = 0.65
"""Share of a tank's depth that is full when a world begins (default)."""

SWITCH_DELAY = 1.0
"""How long after a level is reached what it switches is switched [s]."""


class Tanks:
    """Tanks, and what is switched by their levels.

    Parameters
    ----------
    plant : Plant
        With as many pumps at each tank as `START` has levels.

    Attributes
    ----------
    level : ndarray, shape (n_tanks,)
        Above the floor [m].
    inflow : ndarray, shape (n_tanks,)
        Less what flows out [l/s], updated by the caller.
    running : ndarray of bool, shape (n_tanks * n_pumps,)
        Which pumps the levels ask for.
    giving : ndarray of bool, shape (n_tanks,)
        Which give water.
    """

    def __init__(self, plant: Plant) -> None:
        self._area, self._depth = plant.area, plant.depth
        self._start, self._stop = (np.outer(plant.depth, share).ravel() for share in (START, STOP))
        self.level: FloatArray = INITIAL * plant.depth
        self.inflow: FloatArray = np.zeros(len(plant.depth))
        self.running: npt.NDArray[np.bool_] = np.zeros(len(self._start), dtype=np.bool_)
        self.giving: npt.NDArray[np.bool_] = np.ones(len(plant.depth), dtype=np.bool_)

    def switch(self) -> None:
        """Start and stop pumps, and open and shut outlets, as the levels ask for."""
        level = np.repeat(self.level, len(START))
        self.running |= level < self._start
        self.running &= level < self._stop
        self.giving |= self.level >= ENOUGH
        self.giving &= self.level >= EMPTY

    def steady(self) -> float:
        """Return the time for which `switch` will have nothing to do, as the inflow is now [s]."""
        rise = self.inflow / 1000 / self._area  # [m/s]
        now = np.concatenate([np.repeat(self.level, len(START)), self.level])
        speed = np.concatenate([np.repeat(rise, len(START)), rise])
        falling = np.concatenate([~self.running, self.giving])  # what changes when the level falls
        low = np.concatenate([self._start, np.full(len(rise), EMPTY)])
        high = np.concatenate([self._stop, np.full(len(rise), ENOUGH)])
        way = np.where(falling, np.maximum(now - low, 0.0), np.maximum(high - now, 0.0))
        towards = np.where(falling, -speed, speed)
        time = way / np.where(towards > 0, towards, np.nan)
        return SWITCH_DELAY + float(np.nanmin(time, initial=np.inf))

    def fill(self, seconds: float) -> float:
        """Let the inflow go on for some time, and return what overflows [m3]."""
        self.level += self.inflow / 1000 * seconds / self._area
        spilt = np.maximum(self.level - self._depth, 0.0)
        self.level -= spilt
        return float(spilt @ self._area)
