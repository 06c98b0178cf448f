"""The table of dead letters."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from zenata.store.dead_letters import DeadLetter

_TYPES: dict[str, type] = {
    "received": np.int64,
    **dict.fromkeys(("topic", "payload", "code", "reason", "sensor"), object),
    "seq": np.int64,
}


def insert(connection: duckdb.DuckDBPyConnection, dead_letters: Sequence[DeadLetter]) -> None:
    """Write those that are not there yet."""
    if dead_letters:
        columns = {name: [getattr(letter, name) for letter in dead_letters] for name in _TYPES}
        rows: dict[str, npt.NDArray[Any]] = {
            name: np.array(column, dtype=_TYPES[name]) for name, column in columns.items()
        }
        rows["received"] = rows["received"].view("datetime64[us]")
        connection.execute(
            "INSERT INTO dead_letters BY NAME "
            "SELECT * FROM rows ANTI JOIN (SELECT received FROM dead_letters) USING (received)"
        )


def delete(connection: duckdb.DuckDBPyConnection, dead_letters: Sequence[DeadLetter]) -> None:
    """Remove those that are there."""
    if dead_letters:
        connection.execute(
            "DELETE FROM dead_letters WHERE epoch_us(received) IN (SELECT unnest($1::BIGINT[]))",
            [[letter.received for letter in dead_letters]],
        )


def select(
    connection: duckdb.DuckDBPyConnection, topics: Sequence[str], before: int | None, limit: int
) -> list[DeadLetter]:
    """Return the newest first; see `zenata.store.base.Store.dead_letters`."""
    rows = connection.execute(
        "SELECT epoch_us(received), topic, payload, code, reason, sensor, seq FROM dead_letters "
        "WHERE len(list_filter($1::VARCHAR[], lambda begin: starts_with(topic, begin))) > 0 "
        "AND ($2::BIGINT IS NULL OR epoch_us(received) < $2) ORDER BY received DESC LIMIT $3",
        [list(topics), before, limit],
    ).fetchall()
    return [
        DeadLetter(received=received, topic=topic, payload=payload, code=code, reason=reason, sensor=sensor, seq=seq)
        for received, topic, payload, code, reason, sensor, seq in rows
    ]


def trim(connection: duckdb.DuckDBPyConnection, before: int, limit: int) -> None:
    """Remove those received before a time [us], and the oldest of whoever has too many."""
    connection.execute(
        "DELETE FROM dead_letters WHERE epoch_us(received) < $1 OR received IN (SELECT received FROM dead_letters "
        "QUALIFY row_number() OVER (PARTITION BY "
        "CASE split_part(topic, '/', 1) WHEN 'pilots' THEN 'p-' || split_part(topic, '/', 2) ELSE split_part(topic, '/', 1) END "
        "ORDER BY received DESC) > $2)",
        [before, limit],
    )
