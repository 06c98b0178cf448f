"""Replay of dead letters, after what was wrong with them has been mended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.clocks import Clocks
from ingest.decoder import Decoder
from ingest.devices import DeviceDecoder
from ingest.repetitions import without_contradictions
from zenata.city.model import City
from zenata.city.readings import Catalog, ReadingBatch
from zenata.store.base import Store
from zenata.store.dead_letters import DeadLetter
from zenata.wire.mqtt import Message

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many dead letters became readings, and how many are still dead."""

    mended: int
    dead: int


def replay(
    city: City,
    store: Store,
    clocks: Clocks,
    on_stored: Callable[[ReadingBatch], None] = lambda _: None,
    devices: Callable[[Catalog], DeviceDecoder] | None = None,
) -> Replayed:
    """Decode every dead letter again, store those that are readings now, and take them from the dead letters.

    Parameters
    ----------
    city : City
    store : Store
    clocks : Clocks
        Those that live messages are held against; one from the future of a world whose clock was not received waits.
    on_stored : callable
        Called with each batch once it is durable.
    devices : callable, optional
        Makes what reads pilots' own devices; without quotas, so that what was too much then is not now.
    """
    decoder = Decoder(city, clocks, devices)
    mended = dead = 0
    before = None
    while page := store.dead_letters(before=before, limit=_PAGE, payloads=True):
        before = page[-1].received
        good = [
            (dead_letter, batch)
            for dead_letter in page
            if len(batch := _decode(decoder, dead_letter)) and len(without_contradictions(batch, store)) == len(batch)
        ]
        if good:
            batch = _join(decoder, [batch for _, batch in good])
            store.append(batch, replayed=[dead_letter for dead_letter, _ in good])
            on_stored(batch)
        mended += len(good)
        dead += len(page) - len(good)
    return Replayed(mended, dead)


def _decode(decoder: Decoder, dead_letter: DeadLetter) -> ReadingBatch:
    """Return the readings of a dead letter, none if it is still dead. Of a pack, only one sensor's part was."""
    payload = b"" if dead_letter.is_cut else dead_letter.payload  # its end is not stored
    batch, dead_letters = decoder.decode([Message(dead_letter.topic, payload, 0, 0)], dead_letter.received)
    still = any(one.sensor == dead_letter.sensor for one in dead_letters) or (
        dead_letter.code == "time" and dead_letter.is_numbered and dead_letter.world not in decoder.clocks.published
    )
    sensors = [decoder.catalog[number].sensor for number in batch.series.tolist()]
    chosen = np.array([not still and dead_letter.sensor in {"", sensor} for sensor in sensors], dtype=np.bool_)
    return batch.take(chosen)


def _join(decoder: Decoder, batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Return the readings of several batches as one."""
    return ReadingBatch(
        catalog=decoder.catalog,
        series=np.concatenate([batch.series for batch in batches]),
        time=np.concatenate([batch.time for batch in batches]),
        value=np.concatenate([batch.value for batch in batches]),
        seq=np.concatenate([batch.seq for batch in batches]),
    )
