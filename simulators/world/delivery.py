"""What of the messages of sensors reaches the broker, and when.

A message that is lost on the air was never published, so it has no number and leaves a gap in time alone. One that
comes late has the time of its observation and the number of its publication.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.world.conditions import Conditions
from simulators.world.draws import Stream
from simulators.world.measurement import Channels
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IndexArray, IntArray

RADIO = frozenset({"parking", "waste", "water"})
"""Kinds that run on a battery and send by LoRaWAN (default); the others hang on the mains and on a cable."""

BATTERY = RADIO | {"bus", "weather", "power"}
"""Kinds that go on without voltage where they stand: their own battery, the bus's, the sun, the station's (default)."""

LOST = 0.005
"""Share of radio messages that are lost (default)."""

LATE, LATEST = 0.002, 600.0
"""Share of radio messages that a device sends again later, and the longest that it takes [s] (default)."""

DRAWN = 4
"""Numbers that Philox makes at once: it leaps over so many at a time."""

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, slots=True)
class Messages:
    """Messages as columns.

    Parameters
    ----------
    sensors : ndarray of int32, shape (k,)
        Positions in ``city.sensors``.
    times : ndarray of int64, shape (k,)
        Of observation [us since the Unix epoch].
    count : ndarray of int64, shape (k,)
        How many readings each has.
    values : ndarray of float64, shape (m,)
        The readings of one after the other, in the order of its kind's properties.
    """

    sensors: IndexArray
    times: IntArray
    count: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.sensors)

    def take(self, chosen: npt.NDArray[np.bool_]) -> "Messages":
        """Return some of them, by mask; without copying when they are all."""
        if chosen.all():
            return self
        return Messages(
            sensors=self.sensors[chosen],
            times=self.times[chosen],
            count=self.count[chosen],
            values=self.values[np.repeat(chosen, self.count)],
        )

    def join(self, other: "Messages") -> "Messages":
        """Return these and others behind them; without copying where there are none of the ones or the others."""
        if not len(self) or not len(other):
            return other if len(other) else self
        return Messages(
            sensors=np.concatenate([self.sensors, other.sensors]),
            times=np.concatenate([self.times, other.times]),
            count=np.concatenate([self.count, other.count]),
            values=np.concatenate([self.values, other.values]),
        )


class Delivery:
    """The way from the sensors of a city to its broker.

    Parameters
    ----------
    city : City
    channels : Channels
    """

    def __init__(self, city: City, channels: Channels) -> None:
        self._count = channels.count
        self._radio = np.array([sensor.kind in RADIO for sensor in city.sensors], dtype=np.bool_)
        self._stretches = _stretches(self._radio)
        self._mains = np.array([sensor.kind not in BATTERY for sensor in city.sensors], dtype=np.bool_)
        self._waiting = self._messages(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64), np.zeros(0))
        self._due = np.zeros(0, dtype=np.int64)  # when each of them is sent [us]; NEVER while its gateway is down

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The messages that wait, as state; their number changes."""
        waiting = self._waiting
        return {"sensors": waiting.sensors, "times": waiting.times, "readings": waiting.values, "due": self._due}

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take the messages that waited from `arrays`."""
        self._waiting = self._messages(arrays["sensors"], arrays["times"], arrays["readings"])
        self._due = arrays["due"]

    def messages(self, now: Conditions, sensors: IndexArray, read: FloatArray) -> Messages:
        """Return what sensors have read as messages.

        Parameters
        ----------
        now : Conditions
        sensors : ndarray, shape (k,)
        read : ndarray, shape (m,)
            Values of all channels of one sensor after the other.
        """
        return self._messages(sensors, now.time + now.disturbance.clock[sensors], read)

    def alive(self, now: Conditions) -> npt.NDArray[np.bool_]:
        """Return which sensors have power, and are not silenced, shape (n_sensors,)."""
        return ~(self._mains & ~now.powered) & ~now.disturbance.silent

    def send(self, now: Conditions, messages: Messages, first: npt.NDArray[np.bool_]) -> Messages:
        """Return what reaches the broker at this tick, what waited for long first.

        Parameters
        ----------
        now : Conditions
        messages : Messages
        first : ndarray of bool, shape (k,)
            Whether nothing of the sensor of each message has been received yet; until then it sends again at once.
        """
        faults, sensors = now.disturbance, messages.sensors
        alive = ~(self._mains[sensors] & ~now.powered[sensors]) & ~faults.silent[sensors]
        messages, first, sensors = messages.take(alive), first[alive], sensors[alive]
        held = faults.held[sensors]
        on_air = self._radio[sensors] & ~first & ~held
        if not on_air.any() and not held.any():
            return self._release(now).join(messages)
        chance = self._chances(now)[sensors]
        lost = on_air & (chance < LOST)
        late = on_air & ~lost & (chance < LOST + LATE)
        waits = held | late
        released = self._release(now)
        if waits.any():
            delay = (chance[waits] - LOST) / LATE * LATEST  # even in [0, LATEST) for those that are late
            due = np.where(held[waits], NEVER, now.time + (delay * SECOND).astype(np.int64))
            self._waiting = self._waiting.join(messages.take(waits))
            self._due = np.concatenate([self._due, due])
        return released.join(messages.take(~waits & ~lost))

    def _chances(self, now: Conditions) -> FloatArray:
        """Return a number from 0 to 1 of each sensor of the radio, shape (n_sensors,), however many others there are.

        All sensors have a place in what is drawn; stretches without a radio are leapt over.
        """
        chance = np.ones(len(self._radio))
        for begin, end in self._stretches:
            rng = now.draws(Stream.RADIO)
            rng.bit_generator.advance(begin // DRAWN)  # type: ignore[attr-defined] # Philox has it
            rng.random(out=chance[begin:end])
        return chance

    def _release(self, now: Conditions) -> Messages:
        """Return the messages whose time has come, and forget them."""
        if not len(self._due):
            return self._waiting
        held = now.disturbance.held[self._waiting.sensors]
        go = np.where(self._due == NEVER, ~held, self._due <= now.time)
        released, self._waiting, self._due = self._waiting.take(go), self._waiting.take(~go), self._due[~go]
        return released

    def _messages(self, sensors: IndexArray, times: IntArray, values: FloatArray) -> Messages:
        return Messages(sensors=sensors, times=times, count=self._count[sensors], values=values)


def _stretches(chosen: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where stretches of chosen places begin, at a multiple of `DRAWN`, and end."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).reshape(-1, 2)
    return [(begin // DRAWN * DRAWN, end) for begin, end in edges.tolist()]
