"""Queries as DuckDB's SQL. Only numbers and names of our own go into the text, never words of a user."""

from zenata.city.readings import IndexArray
from zenata.store.base import Query

AGGREGATES: dict[str, str] = {
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "count": "count(*)",
    "first": "arg_min(value, time)",
    "last": "arg_max(value, time)",
    "p95": "quantile_cont(value, 0.95)",
}
"""What computes each of `zenata.store.base.AGGREGATES`."""

_MOST_LITERALS = 100


def select(query: Query, series: IndexArray | None) -> str:
    """Return the SELECT for a query: rows (series, moment, columns...) by moment and series, one more than its limit.

    Parameters
    ----------
    query : Query
    series : ndarray of int32, or None
        The series meant; None for all. More than a few are looked up in a table `wanted`, which the caller provides.
    """
    outputs = {name: AGGREGATES[name] for name in query.aggregates} or {"value": "value", "seq": "seq"}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in outputs.items())
    conditions = [f"time >= make_timestamp({query.start})", f"time < make_timestamp({query.end})"]
    if series is not None:
        conditions.append(f"series IN ({_wanted(series)})")
    grouping = "GROUP BY series, moment" if query.aggregates else ""
    rows = (
        f"SELECT series, {_moment(query)} AS moment, {columns} FROM readings "  # noqa: S608
        f"WHERE {' AND '.join(conditions)} {grouping}"
    )
    after = f"WHERE (moment, series) > ({query.after[0]}, {query.after[1]})" if query.after else ""
    return f"SELECT * FROM ({rows}) {after} ORDER BY moment, series LIMIT {query.limit + 1}"  # noqa: S608


def _moment(query: Query) -> str:
    """Return what a row's time is [us]: that of the reading, or the start of its bucket, aligned to the epoch."""
    if not query.aggregates:
        return "epoch_us(time)"
    if query.every is None:
        return f"{query.start}::BIGINT"
    # The remainder of a time before 1970 is negative; the second one makes it count from the bucket's start.
    return f"epoch_us(time) - ((epoch_us(time) % {query.every}) + {query.every}) % {query.every}"


def _wanted(series: IndexArray) -> str:
    """Return a few series by number, as DuckDB then skips what cannot hold them, and many as a table."""
    if len(series) <= _MOST_LITERALS:
        return ", ".join(map(str, series.tolist())) or "-1"
    return "SELECT series FROM wanted"
