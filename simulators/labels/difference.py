"""When a sensor counts as affected: where two worlds that differ in one event show a difference that lasts and matters.

Means over a window of ten minutes are compared, of what instruments would show but for noise. Both worlds draw the same
numbers, so most of what happens by chance happens in both. A channel counts as affected in a window

- if the mean difference is beyond three times the noise of a mean of as many readings as the sensor sends in a window,
  beyond its resolution, and beyond what chance makes of the few vehicles and people that it sees (`COUNTED`, `LEAST`); or
- if in more than half of the window it is received in one world alone.

What only counts up keeps the trace of what is long over: of counters, what they gain in a window is compared. Figures are
defaults.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.domains.base import COUNTERS
from simulators.labels.labels import Affected
from simulators.world.measurement import EXACT, INSTRUMENTS, Channels
from zenata.city.clock import SECOND
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import FloatArray

WINDOW = 600 * SECOND
"""Time over which means are compared [us]."""

BEYOND = 3.0
"""Standard deviations that noise and chance may make."""

FOUND = ("channel", "start", "end", "largest")

Found = dict[str, npt.NDArray[Any]]
"""Columns of these names, shape (k,) each: a channel, from when until when it differed [us], the largest difference."""

COUNTED = {("traffic", "flow"): True, ("crowd", "people"): False}
"""What numbers are counted: kind and property, and whether by the minute."""

LEAST = {
    ("traffic", "occupancy"): 0.02,
    ("noise", "laeq"): 1.0,
    ("water", "discharge"): 0.2,
    ("bus", "speed"): 3.0,
    ("bus", "occupancy"): 0.1,
    ("bus", "latitude"): 0.002,
    ("bus", "longitude"): 0.002,
    ("meter", "energy"): 0.05,
    ("charger", "energy"): 0.5,
    ("pv", "energy"): 0.05,
    ("water", "volume"): 0.2,
}
"""Differences that single vehicles, passengers or taps may make [unit of the quantity] (defaults)."""


class Threshold:
    """How large a mean difference must be to matter.

    Parameters
    ----------
    channels : Channels
    """

    def __init__(self, channels: Channels) -> None:
        pairs = list(zip(channels.kind, channels.property, strict=True))
        instruments = [INSTRUMENTS.get(pair, EXACT) for pair in pairs]
        self._noise = BEYOND * np.array([instrument.noise for instrument in instruments])
        self._relative = BEYOND * np.array([instrument.relative for instrument in instruments])
        self._period = np.array([KINDS[kind].period / 60 for kind in channels.kind])  # [min]
        self.counts_up = np.array([name in COUNTERS for name in channels.property])
        self._least = np.array([10.0 ** -QUANTITIES[name].digits for name in channels.property])
        self._counted = np.array([pair in COUNTED for pair in pairs])
        self._rate = np.array([COUNTED.get(pair, False) for pair in pairs])
        self.circle = np.array([instrument.circle or np.inf for instrument in instruments])
        self._least = np.maximum(self._least, [LEAST.get(pair, 0.0) for pair in pairs])

    def of(self, level: FloatArray, minutes: float) -> FloatArray:
        """Return the threshold of every channel at its mean level, shape (n_channels,) [units of the quantities].

        Numbers are taken as Poisson's, in both worlds: their difference has twice the variance of one.
        """
        count = np.where(self._rate, minutes, 1.0)
        chance = BEYOND * np.sqrt(2 * (np.abs(level) * count + 1)) / count * self._counted
        noise = (self._noise + self._relative * np.abs(level)) / np.sqrt(np.maximum(minutes / self._period, 1.0))
        noise[self.counts_up] = 0.0
        return np.asarray(np.maximum.reduce([noise, self._least, chance]))


class Tally:
    """Since when, until when and how much every channel differs between two worlds.

    Parameters
    ----------
    channels : Channels
    threshold : Threshold
    start : int
        When the first window begins [us since the Unix epoch].

    Attributes
    ----------
    arrays : dict of str to ndarray
        Everything that changes.
    """

    def __init__(self, channels: Channels, threshold: Threshold, start: int = 0) -> None:
        count = len(channels)
        self._threshold = threshold
        self._sum, self._level, self._largest, self._before, self._last = np.zeros((5, count))
        self._heard, self._silent, self._start, self._end = np.zeros((4, count), dtype=np.int64)
        self._window = np.array(
            [start, 0, 0]
        )  # when it begins [us], ticks in it, whether anything differed in the last
        self.arrays: dict[str, npt.NDArray[Any]] = {
            "sum": self._sum,
            "level": self._level,
            "largest": self._largest,
            "before": self._before,
            "last": self._last,
            "heard": self._heard,
            "silent": self._silent,
            "start": self._start,
            "end": self._end,
            "window": self._window,
        }

    @property
    def settled(self) -> bool:
        """Whether nothing differed in the last window."""
        return not self._window[2]

    def add(self, seen: FloatArray, otherwise: FloatArray, until: int) -> None:
        """Take in what is seen at a tick in the world and in the other, shape (n_channels,) each; NaN where nothing is.

        Parameters
        ----------
        seen, otherwise : ndarray, shape (n_channels,)
        until : int
            Time of the next tick [us since the Unix epoch].
        """
        both = ~np.isnan(seen) & ~np.isnan(otherwise)
        half = self._threshold.circle / 2
        difference = np.where(both, seen - otherwise, 0.0)
        turned = np.abs(difference) > half  # the other way round is shorter
        difference[turned] -= np.copysign(2 * half, difference)[turned]
        self._sum += difference
        self._last[both] = difference[both]
        self._level += np.where(both, np.maximum(np.abs(seen), np.abs(otherwise)), 0.0)
        self._heard += both
        self._silent += np.isnan(seen) != np.isnan(otherwise)
        self._window[1] += 1
        if until - self._window[0] >= WINDOW:
            self._close(until)

    def found(self) -> Found:
        """Return what differed in any window up to now."""
        channel = np.flatnonzero(self._end)
        columns = {"start": self._start, "end": self._end, "largest": self._largest}
        return {"channel": channel, **{name: column[channel] for name, column in columns.items()}}

    def _close(self, until: int) -> None:
        """Judge a window, and begin the next."""
        begun, ticks, _ = self._window.tolist()
        mean = self._sum / np.maximum(self._heard, 1)
        counters = self._threshold.counts_up
        mean[counters] = (self._last - self._before)[counters]
        self._before[:] = self._last
        level = self._level / np.maximum(self._heard, 1)
        differs = np.abs(mean) > self._threshold.of(level, (until - begun) / (60 * SECOND))
        affected = differs | (2 * self._silent > ticks)
        self._start[affected & (self._end == 0)] = begun
        self._end[affected] = until
        larger = differs & (np.abs(mean) > np.abs(self._largest))
        self._largest[larger] = mean[larger]
        for array in (self._sum, self._level, self._heard, self._silent):
            array[:] = 0
        self._window[:] = until, 0, affected.any()


def affected(city: City, channels: Channels, found: Found) -> Iterator[Affected]:
    """Yield what was found, in words."""
    sensors = np.repeat(np.arange(len(city.sensors)), channels.count)
    for index, start, end, largest in zip(*(found[name].tolist() for name in FOUND), strict=True):
        yield Affected(
            sensor=city.sensors[int(sensors[index])].id,
            property=channels.property[index],
            start=start,
            end=end,
            largest=largest or None,
        )
