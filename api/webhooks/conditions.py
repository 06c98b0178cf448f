"""Conditions of webhooks as pure functions: readings and times in, changes of state out.

All times are observation times [us since the Unix epoch]. A reading counts once: one that is no newer than the newest of
its series before it is passed over, so that a batch that comes again, or whose readings come in another order, changes
nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.webhooks.webhook import NEVER, Phase, State
from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What has happened to one series or sensor.

    Parameters
    ----------
    index : int
        Which one.
    state : State
        How it is now.
    notify : bool
        Whether the condition begins or ends to hold, which is delivered; else `state` is only to be stored.
    value : float or None
        Of the reading that made it so.
    """

    index: int
    state: State
    notify: bool
    value: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """A value beyond a level, until it is back behind another: what lies between the two changes nothing (hysteresis).

    Parameters
    ----------
    level : float
        The one beyond which it holds.
    clear : float
        The one at which it ends to hold.
    rising : bool
        Whether beyond means above; then `clear` is not above `level`, else not below.
    duration : int
        How long the values have to lie beyond the level before it holds [us].
    """

    level: float
    clear: float
    rising: bool = True
    duration: int = 0

    def beyond(self, value: FloatArray) -> BoolArray:
        """Return which values lie beyond the level; what is no number does not."""
        return np.asarray(value > self.level if self.rising else value < self.level)

    def back(self, value: FloatArray) -> BoolArray:
        """Return which values end what holds; what is no number does not."""
        return np.asarray(value <= self.clear if self.rising else value >= self.clear)

    def step(self, state: State, time: int, beyond: bool, back: bool) -> State:
        """Return how it is after one more reading."""
        phase, since = state.phase, state.since
        if phase is Phase.FIRING:
            phase, since = (Phase.CLEAR, time) if back else (phase, since)
        elif not beyond:
            phase, since = (Phase.CLEAR, time) if phase is Phase.PENDING else (phase, since)
        else:
            since = since if phase is Phase.PENDING else time
            phase = Phase.FIRING if time - since >= self.duration else Phase.PENDING
        return State(phase=phase, since=since, time=time)


class Levels:
    """A threshold on many series, each with an index from 0.

    Parameters
    ----------
    threshold : Threshold
    """

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._phase = np.zeros(0, dtype=np.int8)
        self._since, self._time = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)

    def grow(self, states: Sequence[State]) -> None:
        """Add indices, each with its state."""
        self._phase = np.append(self._phase, np.array([state.phase for state in states], dtype=np.int8))
        self._since = np.append(self._since, np.array([state.since for state in states], dtype=np.int64))
        self._time = np.append(self._time, np.array([state.time for state in states], dtype=np.int64))

    def take(self, index: IntArray, time: IntArray, value: FloatArray) -> list[Change]:
        """Take readings in, in any order.

        Parameters
        ----------
        index, time, value : ndarray, shape (n,)

        Returns
        -------
        list of Change
            By index and time.
        """
        new = time > self._time[index]
        index, time, value = index[new], time[new], value[new]
        beyond, back = self._threshold.beyond(value), self._threshold.back(value)
        phase = self._phase[index]
        stirred = (phase == Phase.PENDING) | np.where(phase == Phase.CLEAR, beyond, back)
        changes: list[Change] = []
        if stirred.any():  # rarely, and of few series: the others only grow older
            rows = np.flatnonzero(np.isin(index, np.unique(index[stirred])))
            rows = rows[np.lexsort((value[rows], time[rows], index[rows]))]
            columns = (index[rows], time[rows], beyond[rows], back[rows], value[rows])
            changes = list(self._steps(*(column.tolist() for column in columns)))
        np.maximum.at(self._time, index, time)
        return changes

    def _steps(
        self, index: list[int], time: list[int], beyond: list[bool], back: list[bool], value: list[float]
    ) -> Iterator[Change]:
        for where, when, is_beyond, is_back, what in zip(index, time, beyond, back, value, strict=True):
            before = State(phase=Phase(self._phase[where]), since=int(self._since[where]), time=int(self._time[where]))
            if when <= before.time:
                continue  # of two readings of one time the lower counts, whichever comes first
            after = self._threshold.step(before, when, is_beyond, is_back)
            self._phase[where], self._since[where], self._time[where] = after.phase, after.since, when
            if after.phase is not before.phase:
                notify = Phase.FIRING in (before.phase, after.phase)
                yield Change(index=where, state=after, notify=notify, value=what)


class Silences:
    """The silence of many sensors, each with an index from 0.

    Parameters
    ----------
    after : int
        How long a sensor may be silent [us].
    """

    def __init__(self, after: int) -> None:
        self._after = after
        self._firing = np.zeros(0, dtype=np.bool_)
        self._time = np.zeros(0, dtype=np.int64)

    def grow(self, states: Sequence[State]) -> None:
        """Add indices, each with its state."""
        self._firing = np.append(self._firing, np.array([s.phase is Phase.FIRING for s in states], dtype=np.bool_))
        self._time = np.append(self._time, np.array([state.time for state in states], dtype=np.int64))

    def take(self, index: IntArray, time: IntArray, _: FloatArray) -> list[Change]:
        """Take readings in, in any order; a late one does not make its sensor older. `look` finds changes."""
        np.maximum.at(self._time, index, time)
        return []

    def expect(self, index: IntArray, now: int) -> IntArray:
        """Set sensors that never reported to `now` [us], and return which of these indices they are."""
        unheard: IntArray = index[self._time[index] == NEVER]
        self._time[unheard] = now
        return unheard

    def look(self, now: int) -> list[Change]:
        """Return, by index, who has been silent for too long when it is `now` [us], and who is no longer.

        A sensor that never reported is not silent: a series is known before its first reading is stored, if that ever is.
        """
        silent = (self._time != NEVER) & (self._time <= now - self._after)
        indices = np.flatnonzero(silent != self._firing)
        changes = [self._change(where, bool(silent[where])) for where in indices.tolist()]
        self._firing = silent  # last: what fails before is found again
        return changes

    def _change(self, index: int, silent: bool) -> Change:
        time = int(self._time[index])
        since, phase = (time + self._after, Phase.FIRING) if silent else (time, Phase.CLEAR)
        return Change(index=index, state=State(phase=phase, since=since, time=time), notify=True)
