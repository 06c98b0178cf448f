"""Feeds: what listeners with equal selections share: which readings they want, and the events that these become.

A thousand listeners to the same readings cost one look at each batch, and one encoding of it.
"""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from api.live.hub import Hub
from api.readings.encode import STREAM_DIGITS, Encoder, NumberArray, numbers, weave
from api.readings.series import Wanted
from zenata.city.readings import IntArray, ReadingBatch, Selection

SLICE = 5_000
"""The most readings encoded at once, about 5 ms of the event loop."""

_MAX_BYTES, _MAX_PARTS = 4_000_000, 256  # of what a feed with several listeners remembers


class Part(NamedTuple):
    """The next readings of a batch that are wanted, as events.

    Parameters
    ----------
    events : bytes
        Empty if none is left.
    time : int
        Oldest observation time of all that was left of the batch [us since the Unix epoch]; 0 without events.
    readings : int
        How many the events are; 0 if the batch ends with them.
    """

    events: bytes
    time: int
    readings: int


class Feed:
    """The events of one selection. Used from one event loop alone.

    Parameters
    ----------
    hub : Hub
        Whose batches they are of.
    encoder : Encoder
    selection : Selection
    """

    def __init__(self, hub: Hub, encoder: Encoder, selection: Selection) -> None:
        self.key = hub.listener_key(selection)
        """What marks of its listeners are made with."""
        self._hub, self._encoder, self._wanted = hub, encoder, Wanted(selection)
        self._listeners = 0
        self._parts: OrderedDict[tuple[int, int], Part] = OrderedDict()
        self._bytes = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Count a listener."""
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1

    def part(self, number: int, batch: ReadingBatch, sent: int) -> Part:
        """Return the events of a batch behind those that were sent."""
        part = self._parts.get((number, sent))
        if part is None:
            part = self._make(number, batch, sent)
            if self._listeners > 1:
                self._remember((number, sent), part)
        return part

    def _make(self, number: int, batch: ReadingBatch, sent: int) -> Part:
        rows = np.flatnonzero(self._wanted.take(batch.catalog, batch.series))[sent:]
        if not len(rows):
            return Part(b"", 0, 0)
        # The oldest of what is left, not of the slice: a replay from there misses nothing of this batch.
        time = int(batch.time[rows].min())
        events = self._encode(number, batch, rows[:SLICE], sent, time)
        return Part(events, time, SLICE if len(rows) > SLICE else 0)

    def _encode(self, number: int, batch: ReadingBatch, rows: IntArray, sent: int, time: int) -> bytes:
        """Return readings of a batch as events; each id counts its own reading as sent."""
        columns: dict[str, NumberArray] = {"value": batch.value[rows], "seq": batch.seq[rows]}
        fields = self._encoder.json_strands(
            batch.catalog, batch.series[rows], batch.time[rows], columns, b"}\n\n", STREAM_DIGITS
        )
        head = f"id: {self._hub.mark(number, self.key)}-".encode()
        tail = f"-{time}\nevent: reading\ndata: ".encode()
        return b"".join(weave(len(rows), head, numbers(np.arange(sent + 1, sent + 1 + len(rows))), tail, *fields))

    def _remember(self, key: tuple[int, int], part: Part) -> None:
        self._parts[key] = part
        self._bytes += len(part.events)
        while self._bytes > _MAX_BYTES or len(self._parts) > _MAX_PARTS:
            _, oldest = self._parts.popitem(last=False)
            self._bytes -= len(oldest.events)


def feed_of(feeds: MutableMapping[Selection, Feed], hub: Hub, encoder: Encoder, selection: Selection) -> Feed:
    """Return the feed of a selection, which is made if nobody listens to it yet."""
    feed = feeds.get(selection)
    if feed is None:
        feed = feeds[selection] = Feed(hub, encoder, selection)
    return feed
