"""Frames: values and ages of every sensor that observes one property, as a few arrays of numbers.

A frame is for maps: 10,000 sensors are 60 kB, and a browser draws them without decoding. All numbers are little-endian:

========== ============== ==========================================================================
float64    time           of the frame [ms since the Unix epoch]: the world's time, or the one asked for
float64    quiet          since when nothing newer came from the world [s]; NaN where that is not known
uint32     count          n
uint32     sensors        version of the sensor list (`api.city.sensor_index.SensorIndex.version`)
float32[n] values         NaN where there is none
uint16[n]  ages           of the values at `time` [s]; `NO_AGE` where there is none
========== ============== ==========================================================================

A frame of changes has ``uint32[n]``, the indices of what changed, before the values.
"""

import struct
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from api.city.sensor_index import SensorIndex
from api.readings.series import PerSeries
from zenata.city.clock import SECOND
from zenata.city.readings import FloatArray, IntArray
from zenata.store.base import Table

MEDIA_TYPE = "application/vnd.zenata.frame"

NO_AGE = 65_535
"""In place of the age of a sensor without a value; the longest age is one less."""

_HEAD = struct.Struct("<ddII")
_MILLISECOND = SECOND // 1000
_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Frame:
    """Values of sensors in the order of the city.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        [unit of the property]; NaN where there is none.
    times : ndarray of int64, shape (n,)
        When they were observed [us since the Unix epoch].
    """

    values: FloatArray
    times: IntArray

    def changed(self, before: "Frame") -> IntArray:
        """Return the indices of what is not as it was in a frame before."""
        return np.flatnonzero(self.times != before.times)

    def missing(self) -> IntArray:
        """Return the indices of sensors without a value."""
        return np.flatnonzero(self.times == _NEVER)

    def filled(self, other: "Frame") -> "Frame":
        """Return the frame with the values of another where it has none."""
        has = self.times != _NEVER
        return Frame(np.where(has, self.values, other.values), np.where(has, self.times, other.times))


class FrameBuilder:
    """Makes frames of tables, and writes them. May be used from any thread.

    Parameters
    ----------
    sensors : SensorIndex
    """

    def __init__(self, sensors: SensorIndex) -> None:
        self._version = sensors.version
        self._position = PerSeries(lambda series: sensors.position(series.sensor), np.int32)

    def frame(self, table: Table, positions: IntArray) -> Frame:
        """Return the frame of some sensors.

        Parameters
        ----------
        table : Table
            One reading of each sensor at most, of one property.
        positions : ndarray of int64, shape (n,)
            Of the sensors in the city, ascending.
        """
        values, times = np.full(len(positions), nan), np.full(len(positions), _NEVER)
        if len(table) and len(positions):
            found = self._position.take(table.catalog, table.series)
            index = np.minimum(np.searchsorted(positions, found), len(positions) - 1)
            known = positions[index] == found  # a world may have sensors that the city has no more
            values[index[known]], times[index[known]] = table.columns["value"][known], table.time[known]
        return Frame(values, times)

    def encode(self, frame: Frame, time: int, quiet: float | None = None, changed: IntArray | None = None) -> bytes:
        """Return a frame as bytes, or only what changed in it.

        Parameters
        ----------
        frame : Frame
        time : int
            Of the frame [us since the Unix epoch].
        quiet : float, optional
            See the table of the module [s].
        changed : ndarray of int64, shape (n,), optional
            Indices of what changed.
        """
        values, times = (
            (frame.values, frame.times) if changed is None else (frame.values[changed], frame.times[changed])
        )
        head = _HEAD.pack(time / _MILLISECOND, nan if quiet is None else quiet, len(values), self._version)
        indices = b"" if changed is None else changed.astype("<u4").tobytes()
        return b"".join((head, indices, values.astype("<f4").tobytes(), _ages(times, time).tobytes()))


def _ages(times: IntArray, now: int) -> npt.NDArray[np.uint16]:
    """Return how old values are at a time [s], rounded down."""
    ages = np.clip((now - np.maximum(times, now - NO_AGE * SECOND)) // SECOND, 0, NO_AGE - 1)
    return np.where(times == _NEVER, NO_AGE, ages).astype("<u2")
