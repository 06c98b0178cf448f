"""The tables, and queries as DuckDB's SQL. Only numbers and names of our own go into the text, never words of a user."""

from zenata.city.readings import IndexArray
from zenata.store.base import Query
from zenata.store.duckdb import dead_letters
from zenata.store.duckdb import rollups as duckdb_rollups

SCHEMA_VERSION = 3

SCHEMA = f"""
BEGIN;
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE series (
    id INTEGER NOT NULL, world VARCHAR NOT NULL, sensor VARCHAR NOT NULL, property VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, district VARCHAR NOT NULL, unit VARCHAR NOT NULL, owner VARCHAR NOT NULL
);
CREATE TABLE readings (series INTEGER NOT NULL, time TIMESTAMP NOT NULL, value DOUBLE NOT NULL, seq BIGINT NOT NULL);
CREATE TABLE accounts (
    id INTEGER NOT NULL, world VARCHAR NOT NULL, sensor VARCHAR NOT NULL, head BIGINT NOT NULL, beyond VARCHAR NOT NULL,
    stored BIGINT NOT NULL, numbered BIGINT NOT NULL, unnumbered BIGINT NOT NULL, repeated BIGINT NOT NULL
);
CREATE TABLE entries (account INTEGER NOT NULL, seq BIGINT NOT NULL, fate UTINYINT NOT NULL);
{dead_letters.SCHEMA}{duckdb_rollups.SCHEMA}
INSERT INTO schema_version VALUES ({SCHEMA_VERSION});
COMMIT;
"""  # noqa: S608 - no input
"""Makes the tables of a new file."""

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

FEW = 100
"""Series up to which a query names them in its text; more are in a table `wanted`, which costs as much as a small query."""


def select(query: Query, ids: IndexArray, *, rolled: bool = False) -> str:
    """Return the SELECT for a query: rows (series, moment, columns...) by moment and series, one more than its limit.

    Parameters
    ----------
    query : Query
    ids : ndarray of int32, shape (n,)
        The series meant, as `readings.series` names them. Up to `FEW` are named in the text, which takes DuckDB two thirds of the time of a join; more are to be in
        the column `series` of a table `wanted`, which the caller provides.
    rolled : bool
        Whether some of what is meant may be rolled up.
    """
    aggregates = duckdb_rollups.AGGREGATES if rolled else AGGREGATES
    outputs = {name: aggregates[name] for name in query.aggregates} or {"value": "value", "seq": "seq"}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in outputs.items())
    # No row behind `after` is older than it; saying so of the times themselves lets DuckDB skip the pages before.
    start = min(max(query.start, query.after[0]), query.end) if query.after else query.start
    grouping = "GROUP BY series, moment" if query.aggregates else ""
    rows = (
        f"SELECT series, {_moment(query)} AS moment, {columns} "
        f"{_source(ids, start, query.end, rolled=rolled)} {grouping}"
    )
    after = f"WHERE (moment, series) > ({query.after[0]}, {query.after[1]})" if query.after else ""
    return f"SELECT * FROM ({rows}) {after} ORDER BY moment, series LIMIT {query.limit + 1}"  # noqa: S608


def select_newest(ids: IndexArray, start: int, end: int, *, rolled: bool) -> str:
    """Return the SELECT for the newest value of each series in [start, end) [us], and its time, as `moment`.

    `ids` and `rolled` are those of `select`.
    """
    value = "last" if rolled else "value"
    return (
        f"SELECT series, epoch_us(max(time)) AS moment, arg_max({value}, time) AS value "
        f"{_source(ids, start, end, rolled=rolled)} GROUP BY series"
    )


def _source(ids: IndexArray, start: int, end: int, *, rolled: bool) -> str:
    """Return FROM and WHERE of the rows of some series in [start, end) [us]."""
    conditions = [f"time >= make_timestamp({start})", f"time < make_timestamp({end})"]
    few = len(ids) <= FEW
    if few:
        conditions.append(f"series IN ({', '.join(map(str, ids.tolist())) or '-1'})")
    source = (duckdb_rollups.source() if rolled else "readings") + ("" if few else " JOIN wanted USING (series)")
    return f"FROM {source} WHERE {' AND '.join(conditions)}"


def _moment(query: Query) -> str:
    """Return what a row's time is [us]: that of the reading, or the beginning of its bucket."""
    if not query.aggregates:
        return "epoch_us(time)"
    if query.every is None:
        return f"{query.start}::BIGINT"
    # Counted from the beginning of a run, as DuckDB rounds towards zero and times before 1970 are negative.
    runs = query.runs()
    bucket = [f"{start} + (epoch_us(time) - ({start})) // {width} * {width}" for start, width, _ in runs]
    cases = [f"WHEN epoch_us(time) < {run.end} THEN {sql}" for run, sql in zip(runs[:-1], bucket, strict=False)]
    return f"CASE {' '.join(cases)} ELSE {bucket[-1]} END" if cases else bucket[-1]
