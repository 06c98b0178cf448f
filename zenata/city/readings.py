"""Readings as columns, the series they belong to, and how to choose among series.

Times are whole microseconds since the Unix epoch (int64) everywhere in the code; text only at the edges.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Series:
    """Everything one property of one sensor says in one world, over time.

    World, sensor and property make its identity; the rest describes it.
    """

    world: str
    sensor: str
    property: str
    kind: str
    district: str
    unit: str
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which series are meant. An empty tuple means all."""

    worlds: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()


class Catalog:
    """An append-only numbering of series; the number of a series never changes while the catalog lives."""

    def __init__(self) -> None:
        self._series: list[Series] = []
        self._numbers: dict[tuple[str, str, str], int] = {}

    def __len__(self) -> int:
        return len(self._series)

    def __getitem__(self, number: int) -> Series:
        return self._series[number]

    def since(self, number: int) -> list[Series]:
        """Return the series numbered `number` and above, in order."""
        return self._series[number:]

    def intern(self, series: Series) -> int:
        """Return the number of a series, giving it the next one if it is new.

        The first description of a series stays: a later one with another unit or district does not change it.
        """
        key = (series.world, series.sensor, series.property)
        number = self._numbers.get(key)
        if number is None:
            number = len(self._series)
            self._series.append(series)
            self._numbers[key] = number
        return number

    def find(self, world: str, sensor: str, property_: str) -> int | None:
        """Return the number of a series, or None if it is not known."""
        return self._numbers.get((world, sensor, property_))

    def select(self, selection: Selection) -> IndexArray:
        """Return the numbers of the series that a selection means, ascending."""
        wanted: list[tuple[str, frozenset[str]]] = [
            (name, frozenset(values))
            for name, values in (
                ("world", selection.worlds),
                ("sensor", selection.sensors),
                ("kind", selection.kinds),
                ("district", selection.districts),
                ("property", selection.properties),
            )
            if values
        ]
        chosen: Iterable[int] = range(len(self._series))
        for name, values in wanted:
            chosen = [number for number in chosen if getattr(self._series[number], name) in values]
        return np.fromiter(chosen, dtype=np.int32)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingBatch:
    """Readings as columns of equal length.

    Parameters
    ----------
    catalog : Catalog
        What `series` counts in.
    series : ndarray of int32, shape (n,)
        Number of the series in `catalog`.
    time : ndarray of int64, shape (n,) [us since the Unix epoch]
        Time of the observation.
    value : ndarray of float64, shape (n,) [unit of the series]
    seq : ndarray of int64, shape (n,)
        Number of the sensor's message the reading came in, from 1; 0 where the message did not say.
    """

    catalog: Catalog
    series: IndexArray
    time: IntArray
    value: FloatArray
    seq: IntArray

    def __len__(self) -> int:
        return len(self.series)
