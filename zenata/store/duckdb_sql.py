"""Queries as DuckDB's SQL. Only numbers and names of our own go into the text, never words of a user."""

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


def select(query: Query) -> str:
    """Return the SELECT for a query: rows (series, moment, columns...) by moment and series, one more than its limit.

    The series meant are those of the column `series` of a table `wanted`, which the caller provides: joining it is
    faster than ``IN``, and DuckDB still skips what cannot hold them.
    """
    outputs = {name: AGGREGATES[name] for name in query.aggregates} or {"value": "value", "seq": "seq"}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in outputs.items())
    conditions = [f"time >= make_timestamp({query.start})", f"time < make_timestamp({query.end})"]
    grouping = "GROUP BY series, moment" if query.aggregates else ""
    rows = (
        f"SELECT series, {_moment(query)} AS moment, {columns} FROM readings JOIN wanted USING (series) "  # noqa: S608
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
    # Counted from the first bucket, as DuckDB rounds towards zero and times before 1970 are negative.
    first = query.start // query.every * query.every
    return f"{first} + (epoch_us(time) - ({first})) // {query.every} * {query.every}"
