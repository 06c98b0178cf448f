"""Upgrades of files that an earlier version has written."""

import logging
from pathlib import Path

import duckdb

from zenata.errors import StoreError
from zenata.store.dead_letters import MAX_OWNER_BYTES, MAX_PAYLOAD, DeadLetter
from zenata.store.duckdb import dead_letters
from zenata.store.duckdb.sql import SCHEMA_VERSION

log = logging.getLogger(__name__)

_VECTOR = 2048  # rows that DuckDB reads at once
_PAGE = 2000  # dead letters that are written at once


def upgrade(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the tables of a file up to date.

    Raises
    ------
    StoreError
        If the file is of something else, or of a later version.
    """
    if ("schema_version",) not in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        raise StoreError(f"{path} is a DuckDB file of something else; choose another")
    version = connection.execute("SELECT version FROM schema_version").fetchall()[0][0]
    if version == 2:
        _bound_payloads(connection)
    elif version != SCHEMA_VERSION:
        raise StoreError(f"{path} was written by another version (schema {version}, this one knows {SCHEMA_VERSION})")


def _bound_payloads(connection: duckdb.DuckDBPyConnection) -> None:
    """Move dead letters, of whose payloads version 2 had all, into the tables of version 3.

    Payloads too long to be read in the memory there is are left behind, as are those beyond what an owner may have.
    """
    names = ("received", "topic", "code", "reason", "sensor", "seq")
    columns = f"epoch_us(received), {', '.join(names[1:])}"
    rows = connection.execute(f"SELECT rowid, {columns} FROM dead_letters ORDER BY rowid").fetchall()  # noqa: S608 - no input
    payloads: dict[int, tuple[bytes, int, str]] = {}
    stored = unread = 0
    for first in range(0 if not rows else rows[-1][0] // _VECTOR * _VECTOR, -1, -_VECTOR):
        if stored > MAX_OWNER_BYTES:
            break
        try:
            found = connection.execute(
                f"SELECT rowid, payload[1:{MAX_PAYLOAD}], octet_length(payload), "  # noqa: S608 - no input
                f"CASE WHEN octet_length(payload) > {MAX_PAYLOAD} THEN sha256(payload) ELSE '' END "
                "FROM dead_letters WHERE rowid BETWEEN ? AND ?",
                [first, first + _VECTOR - 1],
            ).fetchall()
        except duckdb.OutOfMemoryException:
            continue
        for rowid, payload, size, digest in found:
            payloads[rowid] = payload, size, digest
            stored += len(payload)
    moved = []
    for rowid, *values in rows:
        payload, size, digest = payloads.get(rowid, (b"", 0, "unread"))
        unread += rowid not in payloads
        about = dict(zip(names, values, strict=True))
        moved.append(DeadLetter(payload=payload, size=size, digest=digest, **about))
    connection.execute("BEGIN")
    connection.execute("DROP TABLE dead_letters")
    connection.execute(dead_letters.SCHEMA)
    for first in range(0, len(moved), _PAGE):
        dead_letters.insert(connection, moved[first : first + _PAGE])
    connection.execute("UPDATE schema_version SET version = 3")
    connection.execute("COMMIT")
    log.info("the store was upgraded to schema 3; payloads of %d of %d dead letters were too long", unread, len(moved))
