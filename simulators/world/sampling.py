"""When each sensor publishes."""

import numpy as np

from simulators.world.conditions import TICK_SECONDS
from simulators.world.draws import Stream, draws
from simulators.world.measurement import Channels
from zenata.city.kinds import KINDS, Kind
from zenata.city.model import City
from zenata.city.readings import FloatArray, IndexArray, IntArray


class Schedule:
    """Regular messages: every sensor at the period of its kind, sensors of a kind spread evenly over it.

    Parameters
    ----------
    city : City
    kinds : frozenset of str
        The kinds that publish at all.
    seed : int
        Of the world: it shuffles which sensor comes when.
    """

    def __init__(self, city: City, kinds: frozenset[str], seed: int) -> None:
        shuffle = draws(seed, Stream.SAMPLING)
        self._turns: list[list[IndexArray]] = []
        self._all: list[IndexArray] = []  # of the same kinds
        kind_of = np.array([sensor.kind for sensor in city.sensors])
        for kind in KINDS.values():  # in this order, so that the shuffle of one kind does not hang on the others
            sensors = np.flatnonzero(kind_of == kind.name).astype(np.int32)
            order = shuffle.permutation(len(sensors))
            if kind.name in kinds and len(sensors):
                self._turns.append(_turns(sensors, order, kind))
                self._all.append(sensors)

    def due(self, after: int, until: int) -> IndexArray:
        """Return the sensors whose regular message falls on a tick behind `after`, up to `until`, each once."""
        kinds = zip(self._turns, self._all, strict=True)
        return np.concatenate(
            [np.zeros(0, dtype=np.int32), *(_between(turns, every, after, until) for turns, every in kinds)]
        )


def _between(turns: list[IndexArray], every: IndexArray, after: int, until: int) -> IndexArray:
    """Return who comes on the ticks behind `after`, up to `until`; `every` sensor in a whole period."""
    if until - after >= len(turns):
        return every
    if until - after == 1:
        return turns[until % len(turns)]
    return np.concatenate([turns[tick % len(turns)] for tick in range(after + 1, until + 1)])


def _turns(sensors: IndexArray, order: IntArray, kind: Kind) -> list[IndexArray]:
    """Return the sensors of one kind by the tick of their period, shape (ticks a period,) of arrays."""
    ticks = max(1, round(kind.period / TICK_SECONDS))
    turn = order * ticks // len(sensors)
    by_turn = np.argsort(turn, kind="stable")
    return np.split(sensors[by_turn], np.searchsorted(turn[by_turn], np.arange(1, ticks)))


class Changes:
    """Messages at a change, of the kinds that publish on change.

    What these kinds observe is a state such as taken or free, not a measure with noise, so it is the true value that is
    watched.

    Parameters
    ----------
    city : City
    channels : Channels
    kinds : frozenset of str
        The kinds that publish at all.
    """

    def __init__(self, city: City, channels: Channels, kinds: frozenset[str]) -> None:
        watched = [
            number
            for number, sensor in enumerate(city.sensors)
            if sensor.kind in kinds and KINDS[sensor.kind].on_change
        ]
        self._channels, _ = channels.gather(np.array(watched, dtype=np.int64))
        self._sensors: IndexArray = np.repeat(np.array(watched, dtype=np.int32), channels.count[watched])
        self.seen = np.full(len(self._channels), np.nan)  # the value of each channel a tick ago

    def see(self, truth: FloatArray) -> IndexArray:
        """Return the sensors of which a value is another than a tick ago, given the true values of all channels."""
        values = truth[self._channels]
        changed = values != self.seen
        self.seen[:] = values
        return np.compress(changed, self._sensors)
