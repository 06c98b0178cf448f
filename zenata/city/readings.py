"""Readings as columns, the series they belong to, and how to choose among series.

Times are whole microseconds since the Unix epoch (int64) everywhere in the code; text only at the edges.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    """A numbering of series; the number of a series never changes, and is never that of another one.

    One thread at a time may intern or remove; any may read meanwhile.

    Attributes
    ----------
    revision : int
        How often a series has changed, come or gone.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._series: list[Series] = []
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._removed = _Numbers()
        self._by_world, self._by_sensor = _Index(), _Index()
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

        The first description of a series stays, until `describe` gives it another.
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
            self._by_world.add(series.world, number)
            self._by_sensor.add(series.sensor, number)
            self.revision += 1
        return number

    def remove(self, numbers: IndexArray) -> None:
        """Remove series, shape (n,): nothing finds or selects them any more, and of each only its world is left.

        Their numbers are not given out again, as others may still hold them.
        """
        worlds, sensors = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for number in numbers.tolist():
            series = self._series[number]
            del self._numbers[series.world, series.sensor, series.property]
            worlds[series.world].append(number)
            sensors[series.sensor].append(number)
            self._removed.append(number)
        self._by_world.remove(worlds)
        self._by_sensor.remove(sensors)
        for world, gone in worlds.items():
            left = Series(world, "", "", "", "", "")
            for number in gone:
                self._series[number] = left
        self.revision += 1

    def describe(self, number: int, series: Series) -> None:
        """Give a series another description; world, sensor, property, kind and district stay as they are."""
        if self._series[number] != series:
            self._series[number] = series
            self.revision += 1

    def find(self, world: str, sensor: str, property_: str) -> int | None:
        """Return the number of a series, or None if it is not known."""
        return self._numbers.get((world, sensor, property_))

    def select(self, selection: Selection) -> IndexArray:
        """Return the numbers of the series that a selection means, ascending."""
        filters = [
            (self._worlds, selection.worlds),
            (self._sensors, selection.sensors),
            (self._kinds, selection.kinds),
            (self._districts, selection.districts),
            (self._properties, selection.properties),
        ]
        if selection.sensors or selection.worlds:
            chosen = self._by_sensor.of(selection.sensors) if selection.sensors else self._by_world.of(selection.worlds)
            del filters[1 if selection.sensors else 0]
        else:
            present = np.ones(len(self._series), dtype=np.bool_)
            removed = self._removed.numbers
            present[removed[removed < len(present)]] = False
            chosen = np.flatnonzero(present).astype(np.int32)
        for column, values in filters:
            if values and len(chosen):
                chosen = chosen[column.is_in(values, chosen)]
        return chosen


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

    def is_in(self, values: Iterable[str], numbers: IndexArray) -> npt.NDArray[np.bool_]:
        """Return whether each of some series, shape (n,), has one of the values."""
        codes = [self._codes[value] for value in values if value in self._codes]
        if len(codes) == 1:
            return np.asarray(self._column[numbers] == codes[0])
        wanted = np.zeros(len(self._codes), dtype=np.bool_)  # after the codes, which another thread may add to
        wanted[codes] = True
        return wanted[self._column[numbers]]


class _Numbers:
    """Numbers one after the other; those that a reader holds do not change while more are appended."""

    __slots__ = ("_column", "numbers")

    def __init__(self, numbers: IndexArray | None = None) -> None:
        self._column: IndexArray = np.empty(2, dtype=np.int32) if numbers is None else numbers
        self.numbers: IndexArray = self._column[: 0 if numbers is None else len(numbers)]

    def append(self, number: int) -> None:
        """Append a number."""
        count = len(self.numbers)
        if count == len(self._column):
            self._column = np.concatenate((self._column, np.empty(max(count, 2), dtype=np.int32)))
        self._column[count] = number
        self.numbers = self._column[: count + 1]


class _Index:
    """The numbers of the series that have each value of an attribute, ascending."""

    def __init__(self) -> None:
        self._numbers: dict[str, _Numbers] = {}

    def add(self, value: str, number: int) -> None:
        """Note that a series, the one after the last, has a value."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = _Numbers()
        found.append(number)

    def remove(self, gone: Mapping[str, list[int]]) -> None:
        """Remove the numbers of some values."""
        for value, numbers in gone.items():
            left = np.setdiff1d(self._numbers[value].numbers, numbers, assume_unique=True)
            if len(left):
                self._numbers[value] = _Numbers(left)
            else:
                del self._numbers[value]

    def of(self, values: Iterable[str]) -> IndexArray:
        """Return the numbers of the series that have one of the values."""
        found = [self._numbers[value].numbers for value in dict.fromkeys(values) if value in self._numbers]
        if len(found) == 1:
            return found[0].copy()  # what is returned is the caller's
        return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int32)


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

    def take(self, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "ReadingBatch":
        """Return the readings for which `chosen`, shape (n,), is true."""
        columns = {name: getattr(self, name)[chosen] for name in ("series", "time", "value", "seq")}
        return ReadingBatch(catalog=self.catalog, **columns)
