"""Conditions of webhooks as pure functions: readings and times in, changes of state out.

All times are observation times [us since the Unix epoch]. Readings are evaluated in the order of their times. A late
reading, no newer than the newest of its sensor, that agrees with what was delivered of its time changes nothing, so that
a batch may come again. One that does not agree is remembered, and its sensor evaluated again around it
(`Levels.late`, `Levels.revise`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from api.webhooks.edges import MAX_LATENESS, Edges, time_of
from api.webhooks.webhook import NEVER, Phase, State
from zenata.city.readings import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


class PassedOver(NamedTuple):
    """Late readings that may change what was delivered, and came too late to be evaluated; times [us]."""

    readings: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Span:
    """Readings of an index to evaluate again: times from `start` to `end`, both included [us]."""

    index: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What has happened to one series or sensor.

    Parameters
    ----------
    index : int
        Which one.
    state : State
        How it was then.
    notify : bool
        Whether the condition begins or ends to hold, which is delivered; else how it is now is only to be stored.
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
        self._edges = Edges()  # what was delivered
        self._late: dict[int, tuple[int, int]] = {}  # oldest and newest time of late readings that do not agree
        self._passed_over: PassedOver | None = None

    def grow(self, states: Sequence[State]) -> None:
        """Add indices, each with its state."""
        self._phase = np.append(self._phase, np.array([state.phase for state in states], dtype=np.int8))
        self._since = np.append(self._since, np.array([state.since for state in states], dtype=np.int64))
        self._time = np.append(self._time, np.array([state.time for state in states], dtype=np.int64))
        self._edges.grow(states)

    def state(self, index: int) -> State:
        """Return how an index is now, to store."""
        return replace(self._state(index), about=self._edges.stored(index))

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
        beyond, back = self._threshold.beyond(value), self._threshold.back(value)
        new = time > self._time[index]
        if not new.all():
            self._note_late(index[~new], time[~new], beyond[~new], back[~new])
            index, time, value, beyond, back = index[new], time[new], value[new], beyond[new], back[new]
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

    def late(self, limit: int | None = None) -> list[Span]:
        """Return what to evaluate again, up to a number, as late readings do not agree with what was delivered of their time."""
        return [self._span(index, oldest, newest) for index, (oldest, newest) in islice(self._late.items(), limit)]

    def passed_over(self) -> PassedOver | None:
        """Return which readings came too late since this was last called, if any did."""
        found, self._passed_over = self._passed_over, None
        return found

    def trimmed(self) -> set[int]:
        """Return the indices whose stored state has become too large since this was last called: it is to be stored again."""
        return self._edges.trimmed()

    def revise(self, span: Span, time: IntArray, value: FloatArray) -> list[Change]:
        """Evaluate readings of one index again, all there are in a span, and return what was not delivered yet.

        What was delivered is not taken back: a reading at which it fired fires still. So whatever has been delivered lies in
        the time for which it holds by these readings, and a time without any is delivered now.

        Parameters
        ----------
        span : Span
            Of `late`.
        time, value : ndarray, shape (n,)
            In any order.

        Returns
        -------
        list of Change
            By time.
        """
        index, edges = span.index, self._edges[span.index]
        rows = np.lexsort((value, time))
        forgotten = self._edges.forgotten[index]
        start = max(span.start, forgotten + 1)  # more may be forgotten than when the span was made
        rows = rows[(time[rows] >= start) & (time[rows] <= span.end)]
        first = bisect_right(edges, start, key=time_of)
        state = State(phase=self._phase_before(index, first), since=NEVER, time=start - 1)
        fired = {edge.time: edge for edge in edges if edge.phase is Phase.FIRING}
        found: list[Change] = []
        beyond, back = self._threshold.beyond(value), self._threshold.back(value)
        for row in rows.tolist():
            if (when := int(time[row])) <= state.time:
                continue
            after = self._threshold.step(state, when, bool(beyond[row]), bool(back[row]))
            if when in fired and after.phase is not Phase.FIRING:
                after = replace(after, phase=Phase.FIRING, since=fired[when].since)
            if after.phase is not state.phase and Phase.FIRING in (state.phase, after.phase):
                found.append(Change(index=index, state=after, notify=True, value=float(value[row])))
            state = after
        bounds = [bisect_left(edges, change.state.time, key=time_of) for change in found] + [len(edges)]
        missed: list[Change] = []
        for change, begin, end in zip(found, bounds, bounds[1:], strict=False):
            same = next((n for n in range(begin, end) if edges[n].phase is change.state.phase), None)
            if same is None:
                missed.append(change)
            else:  # it is known to have begun earlier, so a late reading between may end it
                self._edges.begin_earlier(index, same, change.state.since)
        for change in missed:
            self._edges.remember(index, change.state)
        if span.end >= self._time[index] and state.since != NEVER:
            self._phase[index], self._since[index] = state.phase, state.since
        self._pass_over({when for when in self._late.pop(index) if when <= forgotten})
        return missed

    def _steps(
        self, index: list[int], time: list[int], beyond: list[bool], back: list[bool], value: list[float]
    ) -> Iterator[Change]:
        for where, when, is_beyond, is_back, what in zip(index, time, beyond, back, value, strict=True):
            before = self._state(where)
            if when <= before.time:
                continue  # of two readings of one time the lower counts, whichever comes first
            after = self._threshold.step(before, when, is_beyond, is_back)
            self._phase[where], self._since[where], self._time[where] = after.phase, after.since, when
            if after.phase is not before.phase:
                notify = Phase.FIRING in (before.phase, after.phase)
                if notify:
                    self._edges.remember(where, after)
                yield Change(index=where, state=after, notify=notify, value=what)

    def _state(self, index: int) -> State:
        phase = Phase(self._phase[index])
        return State(phase=phase, since=int(self._since[index]), time=int(self._time[index]))

    def _note_late(self, index: IntArray, time: IntArray, beyond: BoolArray, back: BoolArray) -> None:
        """Note late readings that do not agree with what was delivered of their time."""
        phase, since = self._phase[index], self._since[index]
        disagrees = np.where(
            phase == Phase.FIRING, back, np.where(phase == Phase.CLEAR, beyond, beyond == (time < since))
        )
        disagrees |= time < self._edges.newest[index]
        in_time = time >= self._time[index] - MAX_LATENESS
        self._pass_over(time[disagrees & ~in_time].tolist())
        disagrees &= in_time
        for row in np.flatnonzero(disagrees).tolist():
            where, when = int(index[row]), int(time[row])
            if when <= self._edges.forgotten[where]:
                self._pass_over([when])  # what was delivered then is not known any more
                continue
            if when < self._edges.newest[where] and self._agrees(where, when, bool(beyond[row]), bool(back[row])):
                continue
            oldest, newest = self._late.get(where, (when, when))
            self._late[where] = (min(oldest, when), max(newest, when))

    def _pass_over(self, times: Collection[int]) -> None:
        if not times:
            return
        before = self._passed_over or PassedOver(0, min(times), max(times))
        oldest, newest = min(before.oldest, *times), max(before.newest, *times)
        self._passed_over = PassedOver(before.readings + len(times), oldest, newest)

    def _agrees(self, index: int, time: int, beyond: bool, back: bool) -> bool:
        """Return whether a reading before the newest delivery of an index changes none of them."""
        after = self._edges.behind(index, time)
        if after.phase is Phase.CLEAR:
            return not (back if time < after.since else beyond)
        return beyond is (time >= after.since)

    def _span(self, index: int, oldest: int, newest: int) -> Span:
        """Return what decides about late readings: from the delivery before them to the one behind them."""
        edges, start = self._edges[index], oldest
        if self._threshold.duration:  # readings before may have lain beyond the level for a part of it
            start -= self._threshold.duration + MAX_LATENESS
        behind = bisect_right(edges, oldest, key=time_of)
        if behind < len(edges):  # what was delivered after them may have begun before
            start = min(start, edges[behind].since)
        if behind:
            start = max(start, edges[behind - 1].time)
        start = max(start, self._edges.forgotten[index] + 1)
        behind = bisect_right(edges, newest, key=time_of)
        return Span(index, start, edges[behind].time if behind < len(edges) else int(self._time[index]))

    def _phase_before(self, index: int, number: int) -> Phase:
        """Return what holds before a delivery, by its number."""
        edges = self._edges[index]
        if number:
            return edges[number - 1].phase
        firing = edges[0].phase is Phase.CLEAR if edges else self._phase[index] == Phase.FIRING
        return Phase.FIRING if firing else Phase.CLEAR


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

    def state(self, index: int) -> State:
        """Return how an index is now, to store."""
        time, firing = int(self._time[index]), bool(self._firing[index])
        since, phase = (time + self._after, Phase.FIRING) if firing else (time, Phase.CLEAR)
        return State(phase=phase, since=since, time=time)

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
        self._firing = silent
        return [Change(index=where, state=self.state(where), notify=True) for where in indices.tolist()]
