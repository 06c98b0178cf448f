"""Filling the store with the past: the same world and the same readings as live, in longer ticks, past the broker."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from simulators.record.digest import Digest
from simulators.world.emission import Emission
from simulators.world.measurement import Channels
from simulators.world.world import TICK
from zenata.city.clock import SECOND, format_time, time_of
from zenata.city.model import City
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.contract.worlds import Backfill
from zenata.errors import SetupError

LONGEST_TICK = 3600 * SECOND
"""[us]"""

BATCH = 250_000
"""Readings that are stored at once, or a few more: beyond a row group of DuckDB, which takes those without its log."""


class Sink(Protocol):
    """Where readings go: a store, or the bulk server of the process that has it open."""

    def append(self, batch: ReadingBatch) -> int:
        """Keep readings; durable when it returns the number of those that were new."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far it has come.

    Parameters
    ----------
    start, end : int
        From when to when [us since the Unix epoch].
    at : int
        Where it is [us since the Unix epoch].
    work, done : int
        What there is to do in all, and what of it is done [us of simulated time].
    readings : int
        Stored since this process began.
    """

    start: int
    end: int
    at: int
    work: int
    done: int = 0
    readings: int = 0
    _began: tuple[float, int] | None = field(default=None, repr=False)

    def move(self, at: int, done: int) -> None:
        """Come to a time [us since the Unix epoch], with so much done [us]."""
        if self._began is None:
            self._began = time.monotonic(), self.done
        self.at, self.done = at, done

    @property
    def seconds(self) -> float:
        """How long this process has worked [s]."""
        return time.monotonic() - self._began[0] if self._began else 0.0

    @property
    def eta(self) -> float | None:
        """How long it will take [s]; None as long as nobody knows."""
        came = self.done - self._began[1] if self._began else 0
        return self.seconds * (self.work - self.done) / came if came else None

    def report(self) -> Backfill:
        """Return the document of the progress."""
        eta = self.eta
        return Backfill(
            from_=time_of(self.start),
            to=time_of(self.end),
            at=time_of(self.at),
            readings=self.readings,
            eta=None if eta is None else round(eta, 1),
        )


class StoreWriter:
    """Stores what a world says, some ticks at once, in a thread of its own: beside the simulation of the next.

    Parameters
    ----------
    city : City
    world : str
        The name to store it under.
    sink : Sink
    numbered : bool
        Whether the readings bear the numbers of messages, or 0 as they never came in any.
    digest : Digest or None
        Takes in all that is stored.

    Attributes
    ----------
    readings : int
        How many are durable.
    """

    def __init__(self, city: City, world: str, sink: Sink, *, numbered: bool, digest: Digest | None = None) -> None:
        self.readings = 0
        self._digest = digest
        self._columns = _Columns(city, world, numbered=numbered)
        self._sink = sink
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="backfill")
        self._gathered: list[Emission] = []
        self._count = 0
        self._stored: Future[int] | None = None

    def take(self, emission: Emission) -> None:
        """Take what is published in a tick.

        Raises
        ------
        StoreError
            If what came before cannot be kept.
        """
        self._gathered.append(emission)
        self._count += len(emission.values)
        if self._count >= BATCH:
            self._hand_over()

    def flush(self) -> None:
        """Wait until everything is durable.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        if self._gathered:
            self._hand_over()
        self._await()

    def close(self) -> None:
        """End; what was not flushed may be lost."""
        self._thread.shutdown(cancel_futures=True)
        self._sink.close()

    def _hand_over(self) -> None:
        self._await()  # one batch at a time: memory is bounded, and nothing runs ahead of a store that is slow
        self._stored = self._thread.submit(self._store, self._gathered)
        self._gathered, self._count = [], 0

    def _store(self, emissions: list[Emission]) -> int:
        batch = self._columns.batch(emissions)
        self._sink.append(batch)
        if self._digest:
            for emission in emissions:
                self._digest.update(emission)
        return len(batch)

    def _await(self) -> None:
        if self._stored is not None:
            self.readings += self._stored.result()
            self._stored = None


class _Columns:
    """Makes batches of emissions; a series is named when its first reading comes, and a reading is never an object."""

    def __init__(self, city: City, world: str, *, numbered: bool) -> None:
        self._city = city
        self._world = world
        self._numbered = numbered
        self._channels = Channels.of(city)
        self._sensor = np.repeat(np.arange(len(city.sensors)), self._channels.count)
        self._catalog = Catalog()
        self._number = np.full(len(self._channels), -1, dtype=np.int32)  # of each channel's series in the catalog

    def batch(self, emissions: list[Emission]) -> ReadingBatch:
        """Return the readings of emissions, in their order."""
        sensors = np.concatenate([emission.sensors for emission in emissions])
        channels, _ = self._channels.gather(sensors)
        number = self._number[channels]
        if number.min(initial=0) < 0:
            self._name(np.unique(channels[number < 0]).tolist())
            number = self._number[channels]
        count = self._channels.count[sensors]
        seq = np.concatenate([emission.seq for emission in emissions]) if self._numbered else np.zeros_like(count)
        return ReadingBatch(
            catalog=self._catalog,
            series=number,
            time=np.repeat(np.concatenate([emission.times for emission in emissions]), count),
            value=np.concatenate([emission.values for emission in emissions]),
            seq=np.repeat(seq, count),
        )

    def _name(self, channels: list[int]) -> None:
        for channel in channels:
            sensor, property_ = self._city.sensors[self._sensor[channel]], self._channels.property[channel]
            self._number[channel] = self._catalog.intern(
                Series(
                    world=self._world,
                    sensor=sensor.id,
                    property=property_,
                    kind=sensor.kind,
                    district=sensor.district,
                    unit=QUANTITIES[property_].unit,
                )
            )


def check_times(start: int, end: int, every: int) -> None:
    """Refuse times [us since the Unix epoch] or a length of ticks [us] that make no backfill.

    Raises
    ------
    SetupError
    """
    if every % TICK or not TICK <= every <= LONGEST_TICK:
        raise SetupError("every must be a multiple of 10s, up to 1h")
    if end <= start:
        raise SetupError(f"the end {format_time(end)} is not behind the start {format_time(start)}")
