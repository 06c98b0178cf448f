"""The embedded store: appending, means of a long time, and the newest reading of everything."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.table import Row
from benchmarks.timing import median_time, timed
from zenata.city.clock import SECOND, parse_time
from zenata.city.readings import Catalog, IndexArray, ReadingBatch, Selection, Series
from zenata.store.base import Query, Store
from zenata.store.duckdb.store import DuckDBStore

_SERIES = 25_000  # about what the sensors of the city have
_START = parse_time("2026-01-01T00:00:00Z")
_PERIOD = 10 * SECOND

CONFIG: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "256MB", "threads": 2}  # as the store has
TABLE = "CREATE TABLE readings (series INTEGER NOT NULL, time TIMESTAMP NOT NULL, value DOUBLE NOT NULL, seq BIGINT NOT NULL)"

_ASKED, _OTHERS, _STEPS = 10, 160, 100_000  # series asked for, series beside them, readings of each
_MEANS = """
SELECT series, time_bucket(INTERVAL 1 HOUR, time) AS hour, avg(value) FROM readings
WHERE series IN ({}) GROUP BY ALL ORDER BY hour, series
"""


def run() -> list[Row]:
    """Measure, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="zenata-bench-") as folder:
        rows = [
            _append(Path(folder), size, repetitions, shuffled=shuffled)
            for size, repetitions, shuffled in ((5_000, 60, False), (50_000, 30, False), (50_000, 30, True))
        ]
        return [*rows, _latest(Path(folder)), *_means(Path(folder))]


def _append(folder: Path, size: int, repetitions: int, *, shuffled: bool) -> Row:
    """Append batches to a store and, by turns, the same arrays to a bare table."""
    catalog = catalog_of(_SERIES)
    order = np.arange(_SERIES, dtype=np.int32)
    if shuffled:
        np.random.default_rng(1).shuffle(order)
    ours, bare = [], []
    name = f"append-{size}-{shuffled}"
    with (
        closing(DuckDBStore(folder / f"{name}.duckdb")) as store,
        duckdb.connect(str(folder / f"{name}-bare.duckdb"), config=CONFIG) as connection,
    ):
        connection.execute(TABLE)
        for batch in _batches(catalog, order, size, repetitions + 1):
            arrays = {
                "series": batch.series,
                "time": batch.time.view("datetime64[us]"),
                "value": batch.value,
                "seq": batch.seq,
            }
            connection.register("arrays", arrays)
            bare.append(timed(lambda: connection.execute("INSERT INTO readings SELECT * FROM arrays"))[0])
            took, new = timed(partial(store.append, batch))
            ours.append(took)
            if new != size:
                raise AssertionError(f"{new} of {size} readings were new")
    rate, bare_rate = (size / statistics.median(times[1:]) for times in (ours, bare))  # the first one names the series
    return Row(
        f"append of {size:,} readings, {'shuffled' if shuffled else 'in order'}",
        "" if shuffled else "> 0.8 of bare" if size > 10_000 else "",
        f"{rate / 1e6:.2f} M/s",
        f"{bare_rate / 1e6:.2f} M/s (bare INSERT)",
        f"{rate / bare_rate:.2f}",
    )


def _latest(folder: Path) -> Row:
    """Ask for the newest reading of every series."""
    with closing(DuckDBStore(folder / "latest.duckdb")) as store:
        for batch in _batches(catalog_of(_SERIES), np.arange(_SERIES, dtype=np.int32), _SERIES, 4):
            store.append(batch)
        took = median_time(lambda: store.latest(Selection()))
    sql = "SELECT series, max(time), arg_max(value, time), arg_max(seq, time) FROM readings GROUP BY series ORDER BY series"
    with duckdb.connect(str(folder / "latest.duckdb"), config=CONFIG) as connection:
        bare = median_time(lambda: connection.execute(sql).fetchnumpy())
    return Row(
        f"latest of {_SERIES:,} series",
        "< 5 ms",
        f"{took * 1e3:.2f} ms",
        f"{bare * 1e3:.1f} ms (SQL over {4 * _SERIES:,} readings)",
        f"{took / bare:.3f}",
    )


def _means(folder: Path) -> list[Row]:
    """Ask for the hourly means of a few series: of some among many others, then of some whose history came at once."""
    path, count = folder / "means.duckdb", _ASKED + _OTHERS
    scattered, together = range(0, count, count // _ASKED), range(count, count + _ASKED)
    layouts = {f"scattered among {count * _STEPS / 1e6:.0f} M": scattered, "stored together beside them": together}
    with closing(DuckDBStore(path)) as store:
        _fill(store, range(count))
        _fill(store, together)
        measured = [median_time(partial(_hourly, store, asked)) for asked in layouts.values()]
        sizes = [_hourly(store, asked) for asked in layouts.values()]
    with duckdb.connect(str(path), config=CONFIG) as connection:
        queries = [_MEANS.format(", ".join(map(str, asked))) for asked in layouts.values()]
        bare = [median_time(lambda sql=sql: connection.execute(sql).fetchnumpy()) for sql in queries]  # type: ignore[misc]
        if sizes != [len(connection.execute(sql).fetchall()) for sql in queries]:
            raise AssertionError("the store and the bare SQL differ")
    return [
        Row(
            f"hourly means of {_ASKED} series x {_STEPS:,}, {layout}",
            "< 30 ms",
            f"{took * 1e3:.1f} ms",
            f"{alone * 1e3:.1f} ms (bare SQL)",
            f"{took / alone:.2f}",
        )
        for layout, took, alone in zip(layouts, measured, bare, strict=True)
    ]


def _hourly(store: Store, asked: range) -> int:
    """Return how many hourly means some series have."""
    selection = Selection(sensors=tuple(sensor_name(number) for number in asked))
    end = _START + _STEPS * _PERIOD
    return len(
        store.query(Query(selection=selection, start=_START, end=end, aggregates=("mean",), every=3600 * SECOND))
    )


def _fill(store: Store, numbers: range) -> None:
    """Store `_STEPS` readings of each of the series, all series at each time."""
    order, steps = np.arange(numbers.start, numbers.stop, dtype=np.int32), 5_000
    for batch in _batches(catalog_of(numbers.stop), order, len(order) * steps, _STEPS // steps):
        store.append(batch)


def catalog_of(count: int) -> Catalog:
    """Return a catalog of so many series of air sensors."""
    catalog = Catalog()
    for number in range(count):
        catalog.intern(Series("zenata", sensor_name(number), "pm25", "air", f"d{number % 20}", "ug/m3"))
    return catalog


def sensor_name(number: int) -> str:
    """Return the name of one of them."""
    return f"air-{number:05}"


def _batches(catalog: Catalog, order: IndexArray, size: int, count: int) -> Iterator[ReadingBatch]:
    """Yield batches of readings: of every series in an order, then again a period later, and so on."""
    random = np.random.default_rng(1)
    for first in range(0, count * size, size):
        step, place = np.divmod(np.arange(first, first + size), len(order))
        yield ReadingBatch(
            catalog=catalog,
            series=order[place],
            time=_START + step * _PERIOD,
            value=random.normal(20.0, 5.0, size).round(1),
            seq=step + 1,
        )
