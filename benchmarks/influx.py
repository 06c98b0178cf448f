"""Appending to an InfluxDB 1.x, beside a bare POST of the same lines to the same server."""

import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import urllib3

from benchmarks.store import _SERIES, _batches, catalog_of
from benchmarks.table import Row
from benchmarks.timing import timed
from tests.zenata.store.influxd import running
from zenata.city.readings import ReadingBatch
from zenata.store.influx.lines import Encoder, Rows
from zenata.store.influx.store import InfluxStore


def run() -> list[Row]:
    """Measure batches of some sizes; every series has been written before."""
    with tempfile.TemporaryDirectory(prefix="zenata-bench-") as folder, running(Path(folder)) as server:
        return [_append(server.port, size) for size in (2_000, 5_000, 20_000)]


def _append(port: int, size: int) -> Row:
    """Append batches and, by turns, post their lines, made beforehand, to another database."""
    catalog, order = catalog_of(_SERIES), np.arange(_SERIES, dtype=np.int32)
    encoder = Encoder()
    encoder.learn(0, catalog.since(0))
    ours, bare = [], []
    with closing(InfluxStore(f"influxdb://127.0.0.1:{port}/ours-{size}")) as store, urllib3.PoolManager() as pool:
        post = _posting(pool, f"http://127.0.0.1:{port}", f"bare-{size}")
        for batch in _batches(catalog, order, size, _SERIES // size + 1 + 60):
            body = _lines(encoder, batch)
            ours.append(timed(lambda batch=batch: store.append(batch))[0])  # type: ignore[misc]
            bare.append(timed(lambda body=body: post(body))[0])  # type: ignore[misc]
    rate, bare_rate = (size / statistics.median(times[-60:]) for times in (ours, bare))
    return Row(
        f"append of {size:,} points to InfluxDB 1.x",
        "> 0.8 of bare",
        f"{rate:,.0f} points/s",
        f"{bare_rate:,.0f} points/s (POST of the same lines)",
        f"{rate / bare_rate:.2f}",
    )


def _lines(encoder: Encoder, batch: ReadingBatch) -> bytes:
    rows = Rows(batch.series, batch.time, batch.value, batch.seq, np.zeros(len(batch), dtype=np.bool_))
    return "\n".join(line for piece in encoder.pieces(rows) for line in encoder.lines(piece)[0]).encode()


def _posting(pool: urllib3.PoolManager, base: str, database: str) -> Callable[[bytes], None]:
    """Make a database, and return what posts lines to it."""
    pool.request("POST", f"{base}/query?q=CREATE+DATABASE+%22{database}%22")

    def post(body: bytes) -> None:
        if (status := pool.request("POST", f"{base}/write?db={database}", body=body).status) != 204:
            raise AssertionError(f"the server said {status}")

    return post
