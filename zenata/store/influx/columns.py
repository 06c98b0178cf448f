"""Rows of readings and of aggregates as columns of equal length: `series`, `time` [us], and the others by name."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zenata.city.readings import FloatArray, IndexArray, IntArray
from zenata.store.base import Query
from zenata.store.influx.sql import NS
from zenata.store.ledger import differs
from zenata.store.plan import Columns, part

READING = ("value", "seq")
"""The columns of raw readings."""


def aggregated(
    series: IndexArray, bucket: IntArray, time: IntArray, value: FloatArray, names: Sequence[str]
) -> Columns:
    """Return aggregates of readings, shape (n,), of each series and bucket.

    A quantile lies between its two nearest values, as DuckDB's ``quantile_cont`` does.
    """
    order = np.lexsort((time, series, bucket))
    series, bucket, value = series[order], bucket[order], value[order]
    first = np.flatnonzero(differs(series, bucket))
    count = np.diff(np.append(first, len(order)))
    ranked = value[np.lexsort((value, series, bucket))]
    rank = 0.95 * (count - 1)
    below = first + rank.astype(np.int64)
    above = np.minimum(below + 1, first + count - 1)
    total = np.add.reduceat(value, first) if len(first) else value
    every: Columns = {
        "mean": total / count,
        "min": ranked[first],
        "max": ranked[first + count - 1],
        "sum": total,
        "count": count,
        "first": value[first],
        "last": value[first + count - 1],
        "p95": ranked[below] + (ranked[above] - ranked[below]) * (rank % 1),
    }
    rows: Columns = {"series": series[first], "time": bucket[first]}
    return rows | {name: every[name] for name in names}


def readings(
    numbers: Sequence[int | None], time: Sequence[int], value: Sequence[Any], seq: Sequence[Any], own: Sequence[Any]
) -> Columns:
    """Return readings, times in [ns], without those that have no value or whose series nobody knows.

    The message number is the reading's own, if it has one, else that of its point.
    """
    try:
        values = np.array(value, dtype=np.float64)  # None is NaN
    except ValueError:  # somebody else has written text here
        values = np.array([one if isinstance(one, int | float) else np.nan for one in value])
    seqs = [of_point if of_reading is None else of_reading for of_point, of_reading in zip(seq, own, strict=True)]
    rows: Columns = {
        "series": indices(numbers),
        "time": np.array(time, dtype=np.int64) // NS,
        "value": values,
        "seq": np.array([one or 0 for one in seqs], dtype=np.int64),
    }
    return part(rows, (rows["series"] >= 0) & ~np.isnan(values))


def indices(numbers: Sequence[int | None]) -> IndexArray:
    """Return numbers of series as an array, -1 for one that nobody knows."""
    return np.array([-1 if number is None else number for number in numbers], dtype=np.int32)


def of(rows: Columns, numbers: IndexArray) -> Columns:
    """Return the rows of some series."""
    return part(rows, np.isin(rows["series"], numbers))


def type_of(name: str) -> type:
    """Return the type of a column."""
    return np.int64 if name in {"seq", "count", "time"} else np.float64


def none(names: Sequence[str]) -> Columns:
    """Return no rows of some columns."""
    rows: Columns = {"series": np.empty(0, np.int32), "time": np.empty(0, np.int64)}
    return rows | {name: np.empty(0, type_of(name)) for name in names}


def joined(parts: Sequence[Columns], names: Sequence[str]) -> Columns:
    """Return rows one behind the other."""
    return {name: np.concatenate([empty, *(rows[name] for rows in parts)]) for name, empty in none(names).items()}


def behind(rows: Columns, query: Query) -> Columns:
    """Return the rows behind the last one of the page before."""
    if query.after is None:
        return rows
    time, series = query.after
    return part(rows, (rows["time"] > time) | ((rows["time"] == time) & (rows["series"] > series)))


def cut(rows: Columns, query: Query) -> Columns:
    """Return the rows of a page in their order, one more than its limit."""
    rows = behind(rows, query)
    return part(rows, np.lexsort((rows["series"], rows["time"]))[: query.limit + 1])
