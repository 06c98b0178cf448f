"""Edges: the deliveries of threshold webhooks that are remembered, so that late readings are evaluated among them.

How many is a limit of the webhook as a whole: one sensor that flaps may have many, thousands of them have a few each. They
are kept as bytes, a sixth of what as many objects take: one pilot may have 20 webhooks on 10,000 sensors that flap.
"""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from api.webhooks.webhook import NEVER, Phase, State
from zenata.city.clock import SECOND

MAX_LATENESS = 3600 * SECOND
"""How much older than the newest of its sensor a reading may be and still be evaluated [us]. A default."""

MAX_EDGES = 500
"""How many deliveries of one sensor are remembered at most. A default: 7 kB in its stored state."""

MAX_EDGES_IN_ALL = 65_536
"""How many deliveries of all sensors of a webhook are remembered, if that is `MIN_EDGES` of each. A default."""

MIN_EDGES = 8
"""How many deliveries of a sensor are remembered, however many sensors there are. A default."""

_OLD_MAX_EDGES = 32  # of each sensor, in states stored before there was `_Stored`
_EDGE = struct.Struct("=qqb")
_TIME = struct.Struct("=q")  # what it begins with


class Edge(NamedTuple):
    """A delivery: the phase that it reports, since when [us], and the time of the reading that showed it [us]."""

    phase: Phase
    since: int
    time: int


class _Stored(msgspec.Struct, omit_defaults=True):
    """Edges as JSON, short, as many states have them: times are those behind the edge before, `since` those before the time."""

    edges: list[tuple[Phase, int, int]]
    forgotten: int = NEVER


class Edges:
    """The deliveries of many series, each with an index from 0; those of one are by time, and their phases alternate.

    Attributes
    ----------
    forgotten : list of int
        The time of the newest delivery that was forgotten, by index [us]; what is not newer cannot be evaluated.
    newest : ndarray of int64
        The time of the newest delivery, by index [us].
    """

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._count = 0  # of all edges
        self._trimmed: set[int] = set()  # indices that have forgotten some since `trimmed` was last called
        self.forgotten: list[int] = []
        self.newest = np.zeros(0, dtype=np.int64)

    def __getitem__(self, index: int) -> list[Edge]:
        return [Edge(Phase(phase), since, time) for time, since, phase in _EDGE.iter_unpack(self._packed[index])]

    def behind(self, index: int, time: int) -> Edge:
        """Return the first delivery after a time [us]; there is one."""
        packed = self._packed[index]
        return _unpack(packed, bisect_right(range(_size(packed)), time, key=lambda number: _time(packed, number)))

    def grow(self, states: Sequence[State]) -> None:
        """Add indices, each with its stored state."""
        newest = []
        for state in states:
            edges, forgotten = _edges_of(state)
            self._packed.append(b"".join(map(_pack, edges)))
            self.forgotten.append(forgotten)
            self._count += len(edges)
            newest.append(edges[-1].time if edges else NEVER)
        self.newest = np.append(self.newest, np.array(newest, dtype=np.int64))
        self._share()

    def remember(self, index: int, state: State) -> None:
        """Remember a delivery, and forget the oldest of the index that are beyond its limits."""
        packed = self._packed[index]
        size = _size(packed)
        where = bisect_right(range(size), state.time, key=lambda number: _time(packed, number)) * _EDGE.size
        edge = _pack(Edge(state.phase, state.since, state.time))
        self._packed[index] = packed = packed[:where] + edge + packed[where:]
        self.newest[index] = newest = _time(packed, size)
        self._count += 1
        oldest = newest - MAX_LATENESS
        too_old = bisect_left(range(size + 1), oldest, key=lambda number: _time(packed, number))
        self._forget(index, max(too_old, size + 1 - MAX_EDGES))
        self._share()

    def begin_earlier(self, index: int, number: int, since: int) -> None:
        """Note that what a delivery reports began at a time [us], if that is earlier than was known."""
        packed, begin = self._packed[index], number * _EDGE.size
        edge = _unpack(packed, number)
        edge = edge._replace(since=min(edge.since, since))
        self._packed[index] = packed[:begin] + _pack(edge) + packed[begin + _EDGE.size :]

    def stored(self, index: int) -> str:
        """Return the edges of an index as JSON, for its state."""
        last, rows = 0, []
        for phase, since, time in self[index]:
            rows.append((phase, time - since, time - last))
            last = time
        return msgspec.json.encode(_Stored(rows, self.forgotten[index])).decode() if rows else ""

    def trimmed(self) -> set[int]:
        """Return the indices that have made room for others since this was last called: what is stored of them is too much."""
        trimmed, self._trimmed = self._trimmed, set()
        return trimmed

    def _share(self) -> None:
        """Where there are too many edges in all, forget the oldest of the indices that have the most.

        More than needed is forgotten, so that it is rarely done.
        """
        if self._count <= max(MAX_EDGES_IN_ALL, len(self._packed) * MIN_EDGES * 3 // 2):
            return
        counts, left = np.array([_size(packed) for packed in self._packed]), MAX_EDGES_IN_ALL * 3 // 4
        limits = range(MIN_EDGES, MAX_EDGES + 1)
        fitting = bisect_right(limits, left, key=lambda limit: int(np.minimum(counts, limit).sum()))
        limit = limits[max(fitting - 1, 0)]
        for index in np.flatnonzero(counts > limit).tolist():
            self._forget(index, int(counts[index]) - limit)
            self._trimmed.add(index)

    def _forget(self, index: int, number: int) -> None:
        """Forget the oldest edges of an index."""
        if number > 0:
            packed = self._packed[index]
            self.forgotten[index] = _time(packed, number - 1)
            self._packed[index] = packed[number * _EDGE.size :]
            self._count -= number


def time_of(edge: Edge) -> int:
    """Return the time of the reading that showed an edge [us]."""
    return edge.time


def _pack(edge: Edge) -> bytes:
    return _EDGE.pack(edge.time, edge.since, edge.phase)


def _unpack(packed: bytes, number: int) -> Edge:
    time, since, phase = _EDGE.unpack_from(packed, number * _EDGE.size)
    return Edge(Phase(phase), since, time)


def _size(packed: bytes) -> int:
    return len(packed) // _EDGE.size


def _time(packed: bytes, number: int) -> int:
    time: int = _TIME.unpack_from(packed, number * _EDGE.size)[0]
    return time


def _edges_of(state: State) -> tuple[list[Edge], int]:
    """Return what was delivered by a stored state, and until when deliveries were forgotten [us]."""
    if state.about:
        found = msgspec.json.decode(state.about, type=_Stored | list[tuple[Phase, int, int]])
        if isinstance(found, _Stored):
            edges, time = [], 0
            for phase, ago, step in found.edges:
                time += step
                edges.append(Edge(phase, time - ago, time))
            return edges, found.forgotten
        edges = [Edge(phase, time - ago, time) for phase, ago, time in found]
        return edges, edges[0].time - 1 if len(edges) >= _OLD_MAX_EDGES else NEVER
    if state.phase is Phase.FIRING:  # stored by a release that did not remember more
        return [Edge(state.phase, state.since, state.since)], NEVER
    return [], NEVER
