"""Scaling: how what a request costs grows with sensors, with stored readings, and with listeners.

Processor time of the process, in which other load on the machine changes little; `scripts/plot_scaling.py` draws what
``python -m benchmarks scaling --json FILE`` writes. The baseline of each figure is the smallest size of its curve.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks import streams
from benchmarks.store import catalog_of, sensor_name
from benchmarks.table import Row
from zenata.city.clock import SECOND, parse_time
from zenata.city.readings import Catalog, ReadingBatch, Selection
from zenata.store.base import Query
from zenata.store.duckdb.store import DuckDBStore

SENSORS = (1_000, 10_000, 100_000)
READINGS = (100_000, 1_000_000, 10_000_000)
LISTENERS = (20, 100, 1_000)

_SERIES = 100  # that share the stored readings
_ASKED = 10  # series of which hourly means are asked for
_PERIOD = 10 * SECOND
_DAY = 86_400 * SECOND
_START = parse_time("2026-01-01T00:00:00Z")
_BATCH = 50_000
_REPETITIONS = 5

T = TypeVar("T")

Figures = dict[str, tuple[float, str]]
"""What was measured at one size, and its unit, by name."""


def run() -> list[Row]:
    """Measure every curve."""
    curves: tuple[tuple[str, tuple[int, ...], Callable[[int], Figures]], ...] = (
        ("sensors", SENSORS, _sensors),
        ("stored readings", READINGS, _readings),
        ("listeners", LISTENERS, _listeners),
    )
    return [row for axis, sizes, measure in curves for row in _rows(axis, {size: measure(size) for size in sizes})]


def _rows(axis: str, curve: dict[int, Figures]) -> Iterator[Row]:
    smallest, first = next(iter(curve.items()))
    for name, (base, unit) in first.items():
        for size, figures in curve.items():
            value = figures[name][0]
            yield Row(
                f"{name}, {size:,} {axis}",
                "",
                f"{value:.3g} {unit}",
                f"{base:.3g} {unit} ({smallest:,})",
                f"{value / base:.2f}" if base else "",
            )


def _sensors(count: int) -> Figures:
    """A store with two readings of each of so many sensors."""
    catalog = catalog_of(count)
    with tempfile.TemporaryDirectory(prefix="zenata-bench-") as name:
        path = Path(name, "readings.duckdb")
        with closing(DuckDBStore(path)) as store:
            for step in range(2):
                for first in range(0, count, _BATCH):
                    store.append(_batch(catalog, np.arange(first, min(first + _BATCH, count)), step))
        opened, store = _cost(lambda: DuckDBStore(path))
        with closing(store):
            one = Selection(worlds=("zenata",), sensors=("air-000042",))
            latest = _median(lambda: store.latest(one), times=200)
            everything = _median(lambda: store.latest(Selection(worlds=("zenata",))))
    return {
        "opening the store": (opened, "s"),
        "latest of one sensor": (latest * 1e6, "us"),
        "latest of all": (everything * 1e3, "ms"),
    }


def _readings(count: int) -> Figures:
    """A store with so many readings of a hundred series."""
    catalog, numbers = catalog_of(_SERIES), np.arange(_SERIES)
    steps = count // _SERIES
    with (
        tempfile.TemporaryDirectory(prefix="zenata-bench-") as name,
        closing(DuckDBStore(Path(name, "readings.duckdb"))) as store,
    ):
        at_once = _BATCH // _SERIES
        for first in range(0, steps, at_once):
            step = np.repeat(np.arange(first, min(first + at_once, steps)), _SERIES)
            store.append(_batch(catalog, np.tile(numbers, len(step) // _SERIES), step))
        end = _START + steps * _PERIOD
        names = [sensor_name(number) for number in range(_ASKED)]
        days = (  # a series each: one that was asked for before is in memory
            Query(selection=Selection(worlds=("zenata",), sensors=(one,)), start=end - _DAY, end=end, limit=10_000)
            for one in names
        )
        some = Selection(worlds=("zenata",), sensors=tuple(names))
        hours = Query(selection=some, start=end - _DAY, end=end, aggregates=("mean",), every=3600 * SECOND)
        appends = [_cost(partial(store.append, _batch(catalog, numbers, steps + n)))[0] for n in range(_REPETITIONS)]
        return {
            "24 h of one series": (_median(lambda: store.query(next(days))) * 1e3, "ms"),
            f"hourly means of {_ASKED} series, 24 h": (_median(lambda: store.query(hours)) * 1e3, "ms"),
            f"an append of {_SERIES}": (statistics.median(appends) * 1e3, "ms"),
        }


def _listeners(count: int) -> Figures:
    """So many listeners to one selection; the lag is on the wall, and that of a machine that also listens."""
    lags, cost, memory = streams.measure(count)
    return {
        "publish to SSE, p99": (float(np.percentile(lags, 99)) * 1e3, "ms"),
        "a batch and listener": (cost * 1e6, "us"),
        "memory of the API": (memory / 1e6, "MB"),
    }


def _cost(action: Callable[[], T]) -> tuple[float, T]:
    """Return the processor time [s] of doing something, and what it returns."""
    begin = time.process_time()
    result = action()
    return time.process_time() - begin, result


def _median(action: Callable[[], object], times: int = _REPETITIONS) -> float:
    action()
    return statistics.median(_cost(action)[0] for _ in range(times))


def _batch(catalog: Catalog, series: "np.ndarray[tuple[int], np.dtype[np.int64]]", step: object) -> ReadingBatch:
    """Return a reading of each of some series, at steps of the period from 0."""
    steps = np.broadcast_to(np.asarray(step, dtype=np.int64), series.shape)
    return ReadingBatch(
        catalog=catalog,
        series=series.astype(np.int32),
        time=_START + steps * _PERIOD,
        value=(series % 50 + steps % 10).astype(np.float64),
        seq=steps + 1,
    )
