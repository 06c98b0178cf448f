"""Exchange of readings among servers of the API: what one has stored over HTTP, for the streams and webhooks of the others."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import msgspec
import numpy as np

from zenata.city.readings import Catalog, ReadingBatch, Series


def encode_batch(batch: ReadingBatch) -> bytes:
    """Return readings, with their series, as bytes."""
    numbers, index = np.unique(batch.series, return_inverse=True)
    series = [astuple(batch.catalog[number]) for number in numbers.tolist()]
    columns = (index.tolist(), batch.time.tolist(), batch.value.tolist(), batch.seq.tolist())
    return msgspec.msgpack.encode((series, *columns))


class BatchReader:
    """Reads what `encode_batch` has written, and passes it on.

    Parameters
    ----------
    publish : callable
        Takes each batch.
    """

    def __init__(self, publish: Callable[[ReadingBatch], None]) -> None:
        self._catalog, self._publish = Catalog(), publish

    def take(self, content: bytes) -> None:
        """Take a batch."""
        series, index, time, value, seq = msgspec.msgpack.decode(content, type=tuple[Any, Any, Any, Any, Any])
        numbers = np.array([self._catalog.intern(Series(*one)) for one in series], dtype=np.int32)
        batch = ReadingBatch(
            catalog=self._catalog,
            series=numbers[np.array(index, dtype=np.int64)],
            time=np.array(time, dtype=np.int64),
            value=np.array(value, dtype=np.float64),
            seq=np.array(seq, dtype=np.int64),
        )
        self._publish(batch)
