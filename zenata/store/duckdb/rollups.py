"""Rolls old readings up, and finds them again; see `zenata.store.retention`."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import duckdb

from zenata.city.clock import SECOND
from zenata.city.readings import IndexArray, IntArray
from zenata.store.retention import WIDTHS

TABLES = tuple(f"rollups_{width // SECOND}" for width in WIDTHS)

SCHEMA = "".join(
    f"CREATE TABLE {name} (series INTEGER NOT NULL, time TIMESTAMP NOT NULL, count BIGINT NOT NULL, "
    "sum DOUBLE NOT NULL, min DOUBLE NOT NULL, max DOUBLE NOT NULL, first DOUBLE NOT NULL, last DOUBLE NOT NULL);\n"
    for name in TABLES
)

_READING = "1 AS count, value AS sum, value AS min, value AS max, value AS first, value AS last"
_SPAN = "count, sum, min, max, first, last"

AGGREGATES = {
    "mean": "sum(sum) / sum(count)",
    "min": "min(min)",
    "max": "max(max)",
    "sum": "sum(sum)",
    "count": "sum(count)::BIGINT",
    "first": "arg_min(first, time)",
    "last": "arg_max(last, time)",
}
"""What computes the aggregates of what is rolled up, as `zenata.store.retention.ROLLED` has them."""

_STEP = 6 * 3600 * SECOND  # of a history that is rolled up at once [us], so that others get their turn


def source() -> str:
    """Return a subquery of all that is kept, readings and spans alike: (series, time, count, sum, min, ...)."""
    columns = {"readings": _READING, **dict.fromkeys(TABLES, _SPAN)}
    parts = (f"SELECT series, time, {of} FROM {name}" for name, of in columns.items())  # noqa: S608 - no input
    return f"({' UNION ALL '.join(parts)})"


def horizons(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """Return the time [us] up to which each table of spans reaches; before everything where it is empty."""
    found = []
    for name, width in zip(TABLES, WIDTHS, strict=True):
        ((last,),) = connection.execute(f"SELECT epoch_us(max(time)) FROM {name}").fetchall()  # noqa: S608 - no input
        found.append(-(2**62) if last is None else last + width)
    return tuple(found)


def roll_up(
    transaction: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    horizons: tuple[int, ...],
    series: IndexArray,
    newest: IntArray,
) -> None:
    """Move what is older than each horizon [us] into the table of longer spans.

    Parameters
    ----------
    transaction : callable
        Begins one; others may have their turn between two.
    horizons : tuple of int
    series : ndarray of int32, shape (n,)
        Those that it is about.
    newest : ndarray of int64, shape (n,)
        Time of the newest reading of each [us], which stays a reading.
    """
    steps = zip(("readings", *TABLES), (_READING, _SPAN), TABLES, WIDTHS, horizons, strict=False)
    for name, columns, target, width, horizon in steps:
        with transaction() as connection:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE shared AS "
                "SELECT unnest($1::INTEGER[]) AS series, make_timestamp(unnest($2::BIGINT[])) AS newest",
                [series.tolist(), newest.tolist()],
            )
        insert = (
            f"INSERT INTO {target} SELECT series, make_timestamp(epoch_us(time) // {width} * {width}) AS begin, "  # noqa: S608
            "sum(count)::BIGINT, sum(sum), min(min), max(max), arg_min(first, time), arg_max(last, time) "
            f"FROM (SELECT series, time, newest, {columns} FROM {name} JOIN shared USING (series)) "
            "WHERE {old} GROUP BY series, begin"
        )
        delete = f"DELETE FROM {name} USING shared WHERE {name}.series = shared.series AND {{old}}"  # noqa: S608
        while _move(transaction, name, (insert, delete), horizon):
            pass


def _move(
    transaction: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    name: str,
    sql: tuple[str, ...],
    horizon: int,
) -> bool:
    """Roll up the oldest piece of a table; return whether there was one."""
    with transaction() as connection:
        ((first,),) = connection.execute(
            f"SELECT epoch_us(min(time)) FROM {name} JOIN shared USING (series) "  # noqa: S608 - no input
            f"WHERE time < newest AND time < make_timestamp({horizon})"
        ).fetchall()
        if first is None:
            return False
        begin = first // _STEP * _STEP
        end = min(begin + _STEP, horizon)
        old = f"time < newest AND time >= make_timestamp({begin}) AND time < make_timestamp({end})"
        for statement in sql:
            connection.execute(statement.format(old=old))
        return True
