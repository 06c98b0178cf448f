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
    """An append-only numbering of series; the number of a series never changes while the catalog lives.

    One thread at a time may intern; any may read meanwhile.
    """

    def __init__(self) -> None:
        self._series: list[Series] = []
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._worlds, self._sensors, self._kinds, self._districts, self._properties = (_Column() for _ in range(5))

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
            self._worlds.put(number, series.world)
            self._sensors.put(number, series.sensor)
            self._kinds.put(number, series.kind)
            self._districts.put(number, series.district)
            self._properties.put(number, series.property)
            self._series.append(series)
            self._numbers[key] = number
        return number

    def find(self, world: str, sensor: str, property_: str) -> int | None:
        """Return the number of a series, or None if it is not known."""
        return self._numbers.get((world, sensor, property_))

    def select(self, selection: Selection) -> IndexArray:
        """Return the numbers of the series that a selection means, ascending."""
        chosen = np.ones(len(self._series), dtype=np.bool_)
        for column, values in (
            (self._worlds, selection.worlds),
            (self._sensors, selection.sensors),
            (self._kinds, selection.kinds),
            (self._districts, selection.districts),
            (self._properties, selection.properties),
        ):
            if values:
                chosen &= column.is_in(values, len(chosen))
        return np.flatnonzero(chosen).astype(np.int32)


class _Column:
    """One attribute of every series of a catalog, as small integers: selecting is then one gather."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._column: IndexArray = np.empty(1024, dtype=np.int32)

    def put(self, number: int, value: str) -> None:
        """Set the value of the series `number`, the one after the last."""
        if number == len(self._column):
            self._column = np.concatenate((self._column, np.empty_like(self._column)))
        self._column[number] = self._codes.setdefault(value, len(self._codes))

    def is_in(self, values: Iterable[str], count: int) -> npt.NDArray[np.bool_]:
        """Return whether each of the first `count` series has one of the values."""
        codes = [self._codes[value] for value in values if value in self._codes]
        wanted = np.zeros(len(self._codes), dtype=np.bool_)  # after the codes, which another thread may add to
        wanted[codes] = True
        return wanted[self._column[:count]]


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
