"""Emission: what the sensors of a world publish in one tick, as columns."""

from dataclasses import dataclass

import numpy as np

from zenata.city.readings import FloatArray, IndexArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """What sensors publish in one tick, as columns.

    Parameters
    ----------
    time : int
        Of the tick [us since the Unix epoch], a multiple of `TICK`.
    sensors : ndarray of int32, shape (k,)
        Positions in ``city.sensors``; late messages first, then ascending.
    times : ndarray of int64, shape (k,)
        Of the observations [us since the Unix epoch]; earlier than `time` where a message comes late.
    seq : ndarray of int64, shape (k,)
        Number of this message of the sensor, from 1.
    offsets : ndarray of int32, shape (k + 1,)
        The readings of ``sensors[i]`` are ``values[offsets[i]:offsets[i + 1]]``, in the order of its kind's properties.
    values : ndarray of float64, shape (m,)
        Measured, rounded to the quantity's digits, within its plausible range.
    """

    time: int
    sensors: IndexArray
    times: IntArray
    seq: IntArray
    offsets: IndexArray
    values: FloatArray


def span(positions: IntArray | IndexArray) -> IntArray | IndexArray | slice:
    """Return ascending positions as a slice if they follow each other, as writing to one is faster."""
    whole = len(positions) and positions[-1] - positions[0] == len(positions) - 1
    return slice(positions[0], positions[-1] + 1) if whole else positions


def rank(sensors: IndexArray) -> IntArray | int:
    """Return how many of the same sensor come before each, shape (k,)."""
    if (sensors[1:] > sensors[:-1]).all():  # as they mostly are
        return 0
    order = np.argsort(sensors, kind="stable")
    ranked, position = sensors[order], np.arange(len(sensors))
    same = np.append(False, ranked[1:] == ranked[:-1])
    if not same.any():
        return 0
    ranks = np.empty(len(sensors), dtype=np.int64)
    ranks[order] = position - np.maximum.accumulate(np.where(same, 0, position))  # less the position of its first
    return ranks
