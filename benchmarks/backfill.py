"""Filling the store with the past of the real city, beside a bare append of the same columns."""

import statistics
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.store import CONFIG, TABLE
from benchmarks.table import Row
from benchmarks.timing import timed
from simulators.host.backfill import Backfill
from zenata.city.clock import SECOND, parse_time
from zenata.city.pack import load_city
from zenata.city.readings import ReadingBatch
from zenata.store.duckdb.store import DuckDBStore

_START = parse_time("2026-01-01T00:00:00Z")
_EVERY = 900 * SECOND
_DAY, _YEAR = 86_400 * SECOND, 365
_KEPT = 12  # batches kept for the comparison


class _Kept:
    """A store that keeps the first batches for us, too."""

    def __init__(self, path: Path) -> None:
        self.batches: list[ReadingBatch] = []
        self._store = DuckDBStore(path)
        self.close = self._store.close

    def append(self, batch: ReadingBatch) -> int:
        if len(self.batches) < _KEPT:
            self.batches.append(batch)
        return self._store.append(batch)


def run(days: float) -> list[Row]:
    """Measure, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="zenata-bench-") as name:
        folder, city = Path(name), load_city("zenata")
        backfill = Backfill(
            city,
            folder=folder / "world",
            world="zenata",
            recipe=None,
            seed=1,
            start=_START,
            end=_START + int(days * _DAY),
            every=_EVERY,
        )
        sink = _Kept(folder / "past.duckdb")
        took, _ = timed(lambda: backfill.run(lambda: sink, threading.Event(), lambda _: None))
        rate = backfill.progress.readings / took
        size = (folder / "past.duckdb").stat().st_size
        bare = _bare(folder, sink.batches)
        behind = _behind(folder, sink.batches)
    return [
        Row(
            f"{days:g} days of {len(city.sensors):,} sensors at 15 min backfilled",
            f"a year in < 360 s, so < {360 * days / _YEAR:.1f} s",
            f"{took:.1f} s for {backfill.progress.readings / 1e6:.1f} M readings, {rate / 1e6:.2f} M/s, "
            f"{size / backfill.progress.readings:.1f} bytes each",
            f"{bare / 1e6:.2f} M/s (bare INSERT of the same columns)",
            f"{rate / bare:.2f}",
        ),
        Row(
            "history appended behind newer readings, without simulation",
            "",
            f"{behind / 1e6:.2f} M/s",
            f"{bare / 1e6:.2f} M/s (the same)",
            f"{behind / bare:.2f}",
        ),
    ]


def _bare(folder: Path, batches: Sequence[ReadingBatch]) -> float:
    """Return how fast DuckDB alone appends [1/s]."""
    with duckdb.connect(str(folder / "bare.duckdb"), config=CONFIG) as connection:
        connection.execute(TABLE)
        rates = []
        for batch in batches:
            time = batch.time.view("datetime64[us]")
            connection.register(
                "arrays", {"series": batch.series, "time": time, "value": batch.value, "seq": batch.seq}
            )
            rates.append(len(batch) / timed(lambda: connection.execute("INSERT INTO readings SELECT * FROM arrays"))[0])
    return statistics.median(rates)


def _behind(folder: Path, batches: Sequence[ReadingBatch]) -> float:
    """Return how fast the store appends what is older than its newest readings [1/s]."""
    catalog = batches[0].catalog
    count = len(catalog)
    with closing(DuckDBStore(folder / "behind.duckdb")) as store:
        newest = np.full(count, _START + 1000 * _DAY)
        series, nothing = np.arange(count, dtype=np.int32), np.zeros(count, dtype=np.int64)
        store.append(ReadingBatch(catalog=catalog, series=series, time=newest, value=newest * 0.0, seq=nothing))
        return statistics.median(len(batch) / timed(lambda batch=batch: store.append(batch))[0] for batch in batches)  # type: ignore[misc]
