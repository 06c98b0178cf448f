"""The tables of dead letters: what is listed of them, and their payloads, in parts.

DuckDB reads a column 2048 rows at a time, and holds in memory what they have. Payloads are therefore in a table of
their own, in parts so short that this is 8 MiB, and nothing that lists, counts or trims dead letters reads it.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from zenata.store.dead_letters import DeadLetter, Usage, is_prefix

SCHEMA = """
CREATE TABLE dead_letters (
    received TIMESTAMP NOT NULL, owner VARCHAR NOT NULL, topic VARCHAR NOT NULL, code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL, sensor VARCHAR NOT NULL, seq BIGINT NOT NULL, size BIGINT NOT NULL,
    digest VARCHAR NOT NULL, stored BIGINT NOT NULL
);
CREATE TABLE payloads (received TIMESTAMP NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL);
"""

_PART = 4096  # bytes of a payload in a row
_TEXTS = ("owner", "topic", "code", "reason", "sensor", "digest")
_LISTED = ("topic", "code", "reason", "sensor", "seq", "size", "digest")


def insert(connection: duckdb.DuckDBPyConnection, dead_letters: Sequence[DeadLetter]) -> None:
    """Insert those that are not there yet."""
    if not dead_letters:
        return
    times = [one.received for one in dead_letters]
    found = connection.execute(
        "SELECT epoch_us(received) FROM dead_letters WHERE received BETWEEN make_timestamp(?) AND make_timestamp(?)",
        [min(times), max(times)],
    ).fetchnumpy()
    there = set(next(iter(found.values())).tolist())
    new = list({one.received: one for one in reversed(dead_letters) if one.received not in there}.values())
    if not new:
        return
    rows: dict[str, npt.NDArray[Any]] = {
        name: np.array([getattr(one, name) for one in new], dtype=object if name in _TEXTS else np.int64)
        for name in ("received", *_TEXTS, "seq", "size")
    }
    rows["received"] = rows["received"].view("datetime64[us]")
    rows["stored"] = np.array([len(one.payload) for one in new], dtype=np.int64)
    connection.execute("INSERT INTO dead_letters BY NAME SELECT * FROM rows")
    pieces = [
        (one.received, part, one.payload[begin : begin + _PART])
        for one in new
        for part, begin in enumerate(range(0, len(one.payload), _PART))
    ]
    if pieces:
        received, parts, data = zip(*pieces, strict=True)
        rows = {
            "received": np.array(received, dtype="datetime64[us]"),
            "part": np.array(parts, dtype=np.int32),
            "data": np.array(data, dtype=object),
        }
        connection.execute("INSERT INTO payloads SELECT * FROM rows")


def delete(connection: duckdb.DuckDBPyConnection, dead_letters: Sequence[DeadLetter]) -> None:
    """Delete those that are there."""
    if dead_letters:
        times = [[one.received for one in dead_letters]]
        for table in ("dead_letters", "payloads"):
            connection.execute(
                f"DELETE FROM {table} WHERE received IN (SELECT make_timestamp(unnest($1::BIGINT[])))",  # noqa: S608 - no input
                times,
            )


def select(
    connection: duckdb.DuckDBPyConnection, topics: Sequence[str], before: int | None, limit: int, *, payloads: bool
) -> list[DeadLetter]:
    """Return the newest first; see `zenata.store.base.Store.dead_letters`."""
    rows = connection.execute(
        f"SELECT epoch_us(received), {', '.join(_LISTED)} FROM dead_letters "  # noqa: S608 - no input
        "WHERE (list_contains($4::VARCHAR[], topic) "
        "OR len(list_filter($1::VARCHAR[], lambda begin: starts_with(topic, begin))) > 0) "
        "AND ($2::BIGINT IS NULL OR received < make_timestamp($2)) ORDER BY received DESC LIMIT $3",
        [[topic for topic in topics if is_prefix(topic)], before, limit, list(topics)],
    ).fetchall()
    read = _payloads(connection, [row[0] for row in rows]) if payloads and rows else {}
    return [
        DeadLetter(received=received, payload=read.get(received, b""), **dict(zip(_LISTED, values, strict=True)))
        for received, *values in rows
    ]


def _payloads(connection: duckdb.DuckDBPyConnection, times: Sequence[int]) -> dict[int, bytes]:
    """Return payloads by the times of their dead letters [us]."""
    parts = connection.execute(
        "SELECT epoch_us(received), data FROM payloads WHERE received BETWEEN make_timestamp($2) AND make_timestamp($3) "
        "AND received IN (SELECT make_timestamp(unnest($1::BIGINT[]))) ORDER BY received, part",
        [list(times), min(times), max(times)],
    ).fetchall()
    found: dict[int, bytes] = {}
    for received, data in parts:
        found[received] = found.get(received, b"") + data
    return found


def usage(connection: duckdb.DuckDBPyConnection) -> Usage:
    """Return how many bytes each owner has."""
    return Usage(
        dict(connection.execute("SELECT owner, sum(stored)::BIGINT FROM dead_letters GROUP BY owner").fetchall())
    )


def trim(connection: duckdb.DuckDBPyConnection, before: int, max_count: int, max_bytes: int) -> None:
    """Delete those received before a time [us], and the oldest of each owner that has too many, or too many bytes."""
    connection.execute(
        "DELETE FROM dead_letters WHERE received < make_timestamp($1) OR received IN (SELECT received FROM dead_letters "
        "WINDOW newest_first AS (PARTITION BY owner ORDER BY received DESC) "
        "QUALIFY row_number() OVER newest_first > $2 OR sum(stored) OVER newest_first > $3)",
        [before, max_count, max_bytes],
    )
    connection.execute("DELETE FROM payloads WHERE received NOT IN (SELECT received FROM dead_letters)")


def delete_owner(connection: duckdb.DuckDBPyConnection, owner: str) -> None:
    """Delete all of a world or a pilot."""
    connection.execute("DELETE FROM dead_letters WHERE owner = $1", [owner])
    connection.execute("DELETE FROM payloads WHERE received NOT IN (SELECT received FROM dead_letters)")
