"""One running instance of a city: truth from the domains, readings from the instruments, tick by tick."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.calendar import read_calendar
from simulators.conditions import TICK, Conditions
from simulators.domains.base import COUNTERS, Domain, sensors_of
from simulators.domains.registry import DOMAINS, SIMULATED
from simulators.measurement import Channels, Measurement
from simulators.sampling import Changes, Schedule
from zenata.city.model import City
from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.errors import CityError

__all__ = ["SIMULATED", "TICK", "Emission", "World"]

WARM_UP = 180
"""Ticks that a new world runs unseen, so that its streets fill and its air mixes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """What the sensors publish in one tick, as columns.

    Parameters
    ----------
    time : int
        Of the observation [us since the Unix epoch], a multiple of `TICK`.
    sensors : ndarray of int32, shape (k,)
        Positions in ``city.sensors``, ascending.
    seq : ndarray of int64, shape (k,)
        Number of this message of the sensor, from 1.
    offsets : ndarray of int32, shape (k + 1,)
        The readings of ``sensors[i]`` are ``values[offsets[i]:offsets[i + 1]]``, in the order of its kind's properties.
    values : ndarray of float64, shape (m,)
        Measured, rounded to the quantity's digits, within its plausible range.
    """

    time: int
    sensors: IndexArray
    seq: IntArray
    offsets: IndexArray
    values: FloatArray


class World:
    """A city at a time, moved on a tick at a time.

    Equal cities, seeds and starts give equal emissions, however a run is cut, saved and restored.

    Parameters
    ----------
    city : City
    seed : int
        From 0 to 2**64 - 1.
    start : int
        Of the first tick [us since the Unix epoch]; rounded down to a tick.

    Attributes
    ----------
    time : int
        Of the last tick [us]; a tick before `start` at first.

    Raises
    ------
    CityError
        If the city lacks a table that a domain needs.
    """

    def __init__(self, city: City, *, seed: int, start: int) -> None:
        first = start // TICK * TICK
        self._now = Conditions(seed=seed, zone=city.zone, calendar=read_calendar(city))
        self._now.move_to(first - (WARM_UP + 1) * TICK)
        self._domains: dict[str, Domain] = {}
        for name, make in DOMAINS.items():
            self._domains[name] = make(city, self._now)
            self._domains[name].step(self._now)
        channels = Channels.of(city)
        self._channels = channels
        self._places = {
            name: channels.gather(sensors_of(city, domain.kind))[0]
            for name, domain in self._domains.items()
            if domain.kind is not None
        }
        self._simulated = np.flatnonzero([sensor.kind in SIMULATED for sensor in city.sensors]).astype(np.int32)
        self._measurement = Measurement(channels, seed)
        self._schedule = Schedule(city, SIMULATED, seed)
        self._changes = Changes(city, channels, SIMULATED)
        self._truth = np.full(len(channels), np.nan)
        self._seq = np.zeros(len(city.sensors), dtype=np.int64)
        while self._now.time < first - TICK:
            self._move()
        self._observe()

    @property
    def time(self) -> int:
        """Time of the last tick [us since the Unix epoch]; a tick before the start at first."""
        return self._now.time

    def step(self) -> Emission:
        """Move on one tick and return what the sensors publish."""
        self._move()
        self._observe()
        changed = self._changes.see(self._truth)
        newcomers = self._simulated[self._seq[self._simulated] == 0]
        sensors = np.unique(np.concatenate([self._schedule.due(self._now.tick), changed, newcomers]))
        channels, offsets = self._channels.gather(sensors)
        values = self._measurement.read(self._truth, channels, self._now.tick)
        self._seq[sensors] += 1
        return Emission(time=self.time, sensors=sensors, seq=self._seq[sensors], offsets=offsets, values=values)

    def truth(self) -> FloatArray:
        """Return the true value of every channel now, shape (n_channels,) [units of the quantities].

        Channels are those of `simulators.measurement.Channels`; of kinds that are not simulated they are NaN. The
        truth is never published.
        """
        return self._truth.copy()

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return a copy of everything that changes as the world moves, by name."""
        state = {"world.time": np.array(self.time)}
        state.update({name: array.copy() for name, array in self._arrays().items()})
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Continue where `state` was saved, bit for bit; the city and the seed must be those of then.

        Raises
        ------
        CityError
            If the state is not of this city, or of another version of its domains.
        """
        arrays = self._arrays()
        expected = {"world.time": (), **{name: array.shape for name, array in arrays.items()}}
        found = {name: array.shape for name, array in state.items()}
        if wrong := sorted(name for name in expected | found if expected.get(name) != found.get(name)):
            raise CityError(f"the saved state does not fit this city: {', '.join(wrong)}")
        for name, array in arrays.items():
            array[...] = state[name]
        self._now.move_to(int(state["world.time"]))

    def inherit(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over from a state of the same city what only ever goes up: message numbers and counters.

        Raises
        ------
        CityError
            As `restore`.
        """
        lasting = {name: array for name, array in state.items() if name == "world.seq" or _counts(name)}
        self.restore({**{name: array for name, array in self.state().items() if name not in lasting}, **lasting})

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the very arrays that change, by name."""
        arrays = {"world.truth": self._truth, "world.seq": self._seq, "world.seen": self._changes.seen}
        for name, domain in self._domains.items():
            arrays.update({f"{name}.{key}": array for key, array in domain.arrays.items()})
        return arrays

    def _move(self) -> None:
        """Move the truth on one tick."""
        self._now.move_to(self._now.time + TICK)
        for domain in self._domains.values():
            domain.step(self._now)

    def _observe(self) -> None:
        """Write what sensors would see into the truth."""
        for name, places in self._places.items():
            self._truth[places] = self._domains[name].observe(self._now).ravel()


def _counts(name: str) -> bool:
    """Return whether the state of this name is a domain's counter."""
    return name.partition(".")[2] in COUNTERS
