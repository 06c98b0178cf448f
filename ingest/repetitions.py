"""Repetitions: drops readings that devices send again and dead letters that a broker delivers again; names contradictions.

A reading is identified by its series and its time, and the first stays. Decision 0039 says how its sender is answered.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from ingest.devices import KIND, DeviceReadings
from zenata.city.clock import format_time
from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, ReadingBatch
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire import topics
from zenata.wire.uplinks.base import LeftOut, leave_out

Pending = dict[tuple[str, str, str, int], float]
"""Values that are not stored yet, by pilot, device, property and time [us since the Unix epoch]."""


class StoredReadings(Protocol):
    """What a store tells of readings that it has; `zenata.store.base.Store` is one."""

    @property
    def catalog(self) -> Catalog:
        """Its series."""
        ...

    def values_at(self, series: IndexArray, time: IntArray) -> FloatArray:
        """Return the value of each (series, time), NaN where there is none."""
        ...


def drop_repetitions(
    messages: Sequence[DeviceReadings], store: StoredReadings, pending: Pending, *, again: bool = False
) -> list[DeviceReadings]:
    """Return messages without the readings that are stored, or pending, already.

    One with another value is left out and named; the same once more is counted in `DeviceReadings.repeated`.

    Parameters
    ----------
    messages : sequence of DeviceReadings
    store : StoredReadings
    pending : Pending
        What comes before them and is not stored yet; it grows.
    again : bool
        Whether to look for what has no time of its own too, as its date was given before.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    dated = [again or any(uplink.time is not None for uplink in one.uplinks) for one in messages]
    if not any(dated):
        return list(messages)
    with_time = [one for one, has_time in zip(messages, dated, strict=True) if has_time]
    found = iter(_stored(with_time, store))
    return [
        _compared(one, [next(found) for _ in one.keys], pending) if has_time else one
        for one, has_time in zip(messages, dated, strict=True)
    ]


def without_contradictions(batch: ReadingBatch, store: StoredReadings) -> ReadingBatch:
    """Return a batch without the readings of devices whose time has another value in the store.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    series = map(batch.catalog.__getitem__, batch.series.tolist())
    known = [store.catalog.find(one.world, one.sensor, one.property) if one.kind == KIND else None for one in series]
    stored = _values(known, batch.time.tolist(), store)
    same = [before in {None, value} for before, value in zip(stored, batch.value.tolist(), strict=True)]
    return batch.take(np.array(same, dtype=np.bool_))


def new_dead_letters(dead_letters: Iterable[DeadLetter], store: Store) -> list[DeadLetter]:
    """Return the dead letters whose messages a store does not have as dead letters: a broker may deliver a message again.

    A message of a device keeps the time of its first delivery, which tells it from another that reads the same. Any other is
    held against the newest dead letters of its topic.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    new: list[DeadLetter] = []
    known: dict[str, set[tuple[bytes, str]]] = {}  # payloads of stored dead letters and digests of long ones, by topic
    for dead_letter in dead_letters:
        bounded = dead_letter.bounded()
        topic = bounded.topic
        if topics.is_of_pilot(topic) and not topics.is_answer(topic):
            found = store.dead_letters(topics=[topic], before=dead_letter.received + 1, limit=1)
            is_new = all(one.received != dead_letter.received for one in found)
        else:
            if topic not in known:
                found = store.dead_letters(topics=[topic], payloads=True)
                known[topic] = {
                    (one.payload, one.digest) for one in found if one.topic == topic
                }  # it may end with a slash
            is_new = (bounded.payload, bounded.digest) not in known[topic]
        if is_new:
            new.append(dead_letter)
    return new


def _compared(message: DeviceReadings, stored: Sequence[float | None], pending: Pending) -> DeviceReadings:
    compared = message._replace(keys=[], times=[], values=[], left_out=[*message.left_out])
    repeated = conflicts = 0
    for key, time, value, before in zip(message.keys, message.times, message.values, stored, strict=True):
        pilot, device, property_, _ = key
        known = before if before is not None else pending.get((pilot, device, property_, time))
        if known is None:
            pending[pilot, device, property_, time] = value
            compared.keys.append(key)
            compared.times.append(time)
            compared.values.append(value)
        elif known == value:
            repeated += 1
        else:
            conflicts += 1
            reason = f"{value:.17g} is not stored, as {known:.17g} is at {format_time(time)}: the first reading of a time stays"
            leave_out(compared.left_out, LeftOut(property_, reason))
    return compared._replace(repeated=repeated, conflicts=conflicts)


def _stored(messages: Sequence[DeviceReadings], store: StoredReadings) -> list[float | None]:
    """Return the stored value of each reading of some messages."""
    find = store.catalog.find
    numbers = [find(one.device.world, one.device.id, key[2]) for one in messages for key in one.keys]
    return _values(numbers, [time for one in messages for time in one.times], store)


def _values(numbers: Sequence[int | None], times: Sequence[int], store: StoredReadings) -> list[float | None]:
    """Return the stored value of each series and time [us]; None where there is none, or no such series."""
    known = [index for index, number in enumerate(numbers) if number is not None]
    values: list[float | None] = [None] * len(numbers)
    if known:
        series = np.array([numbers[index] for index in known], dtype=np.int32)
        found = store.values_at(series, np.array([times[index] for index in known], dtype=np.int64))
        for index, value in zip(known, found.tolist(), strict=True):
            values[index] = None if np.isnan(value) else value
    return values
