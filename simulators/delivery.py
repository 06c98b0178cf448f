"""What of the messages of sensors reaches the broker, and when.

A message that is lost on the air was never published, so it has no number and leaves a gap in time alone. One that
comes late has the time of its observation and the number of its publication.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.conditions import Conditions
from simulators.draws import Stream
from simulators.measurement import Channels
from zenata.city.clock import SECOND
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.readings import FloatArray, IndexArray, IntArray

RADIO = frozenset({"parking", "waste", "water"})
"""Kinds that run on a battery and send by LoRaWAN (default); the others hang on the mains and on a cable."""

BATTERY = RADIO | {"bus", "weather", "power"}
"""Kinds that go on without voltage where they stand: their own battery, the bus's, the sun, the station's (default)."""

LOST = 0.005
"""Share of a radio message that nobody hears (default)."""

LATE, LATEST = 0.002, 600.0
"""Share of radio messages that a device sends again later, and the longest that it takes [s] (default)."""

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
    values : ndarray of float64, shape (k, width)
        Readings of each, in the order of its kind's properties; NaN beyond them.
    """

    sensors: IndexArray
    times: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.sensors)

    def take(self, chosen: npt.NDArray[Any]) -> "Messages":
        """Return some of them, by mask or by positions; without copying when they are all."""
        if chosen.dtype == np.bool_ and chosen.all():
            return self
        return Messages(sensors=self.sensors[chosen], times=self.times[chosen], values=self.values[chosen])

    def join(self, other: "Messages") -> "Messages":
        """Return these and others behind them; without copying where there are none of the ones or the others."""
        if not len(self) or not len(other):
            return other if len(other) else self
        return Messages(
            sensors=np.concatenate([self.sensors, other.sensors]),
            times=np.concatenate([self.times, other.times]),
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
        self._width = max((len(kind.properties) for kind in KINDS.values()), default=0)
        self._place = np.arange(len(channels)) - np.repeat(channels.first, channels.count)  # of a channel in its sensor
        self._radio = np.array([sensor.kind in RADIO for sensor in city.sensors], dtype=np.bool_)
        self._mains = np.array([sensor.kind not in BATTERY for sensor in city.sensors], dtype=np.bool_)
        self._waiting = self._none()
        self._due = np.zeros(0, dtype=np.int64)  # when each of them is sent [us]; NEVER while its gateway is down

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The messages that wait, as state; their number changes."""
        waiting = self._waiting
        return {"sensors": waiting.sensors, "times": waiting.times, "values": waiting.values, "due": self._due}

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take the messages that waited from `arrays`."""
        self._waiting = Messages(sensors=arrays["sensors"], times=arrays["times"], values=arrays["values"])
        self._due = arrays["due"]

    def messages(
        self, now: Conditions, sensors: IndexArray, offsets: IndexArray, channels: IntArray, read: FloatArray
    ) -> Messages:
        """Return what sensors have read as messages.

        Parameters
        ----------
        now : Conditions
        sensors : ndarray, shape (k,)
        offsets : ndarray, shape (k + 1,)
            The channels of ``sensors[i]`` are ``channels[offsets[i]:offsets[i + 1]]``.
        channels : ndarray, shape (m,)
        read : ndarray, shape (m,)
            Values of the channels.
        """
        values = np.full((len(sensors), self._width), np.nan)
        values[np.repeat(np.arange(len(sensors)), np.diff(offsets)), self._place[channels]] = read
        return Messages(sensors=sensors, times=np.full(len(sensors), now.time), values=values)

    def alive(self, now: Conditions) -> npt.NDArray[np.bool_]:
        """Return which sensors have power, and are not silenced, shape (n_sensors,)."""
        return ~(self._mains & ~now.powered) & ~now.disturbance.silent

    def send(self, now: Conditions, messages: Messages, first: npt.NDArray[np.bool_]) -> Messages:
        """Return what reaches the broker at this tick, what waited for long first.

        Parameters
        ----------
        now : Conditions
        messages : Messages
        first : ndarray of bool, shape (n_sensors,)
            Whether a sensor has not been heard yet; until it is, it sends again at once.
        """
        faults = now.disturbance
        messages = messages.take(self.alive(now)[messages.sensors])
        held = faults.held[messages.sensors]
        chance = now.draws(Stream.RADIO).random(len(self._radio))[messages.sensors]
        on_air = (self._radio & ~first)[messages.sensors] & ~held
        lost = on_air & (chance < LOST)
        late = on_air & ~lost & (chance < LOST + LATE)
        delay = (chance - LOST) / LATE * LATEST  # even in [0, LATEST) for those that are late
        due = np.where(held, NEVER, now.time + (delay * late * SECOND).astype(np.int64))
        waits = held | late
        released = self._release(now)
        self._waiting = self._waiting.join(messages.take(waits))
        self._due = np.concatenate([self._due, due[waits]])
        return released.join(messages.take(~waits & ~lost))

    def _release(self, now: Conditions) -> Messages:
        """Return the messages whose time has come, and forget them."""
        if not len(self._due):
            return self._waiting
        held = now.disturbance.held[self._waiting.sensors]
        go = np.where(self._due == NEVER, ~held, self._due <= now.time)
        released, self._waiting, self._due = self._waiting.take(go), self._waiting.take(~go), self._due[~go]
        return released

    def _none(self) -> Messages:
        return Messages(
            sensors=np.zeros(0, dtype=np.int32), times=np.zeros(0, dtype=np.int64), values=np.zeros((0, self._width))
        )
