"""Files of earlier versions open, whatever is in them."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.zenata.store.data import NOON, batch_of, contents, series_of, some_rows
from zenata.store.dead_letters import MAX_PAYLOAD
from zenata.store.duckdb.store import DuckDBStore
from zenata.store.retention import DAY, Retention

_VERSION_2 = """
DROP TABLE dead_letters;
DROP TABLE payloads;
CREATE TABLE dead_letters (
    received TIMESTAMP NOT NULL, topic VARCHAR NOT NULL, payload BLOB NOT NULL, code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL, sensor VARCHAR NOT NULL, seq BIGINT NOT NULL
);
UPDATE schema_version SET version = 2;
"""


@pytest.fixture
def path(tmp_path) -> Path:
    """Return a file of version 2 with readings."""
    path = tmp_path / "readings.duckdb"
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(some_rows(series_of(3), [NOON, NOON + 1])))
    with duckdb.connect(str(path)) as connection:
        connection.execute(_VERSION_2)
    return path


def write(path: Path, payloads: list[str]) -> None:
    """Write a dead letter with each payload, given as SQL, into a file of version 2."""
    with duckdb.connect(str(path)) as connection:
        for number, payload in enumerate(payloads):
            connection.execute(
                f"INSERT INTO dead_letters SELECT make_timestamp({NOON + number}), 'pilots/demo/telemetry/d', {payload}, "
                "'schema', 'not JSON', 'd', 0"
            )


def test_dead_letters_of_version_2_are_all_there(path):
    write(path, ["'{\"a\"'::BLOB", f"repeat('x', {MAX_PAYLOAD + 5})::BLOB"])
    for _ in range(2):
        with closing(DuckDBStore(path)) as store:
            long, short = store.dead_letters(payloads=True)
            assert (short.payload, short.size, short.is_cut) == (b'{"a"', 4, False)
            assert (len(long.payload), long.size, long.is_cut) == (MAX_PAYLOAD, MAX_PAYLOAD + 5, True)
            assert {one.owner for one in (long, short)} == {"p-demo"}
            assert len(contents(store)) == 6


def test_a_file_with_more_payload_than_memory_opens_lists_and_is_trimmed(path):
    """66 payloads of 3.9 MB, of which DuckDB can read no single one within 256 MB, as it reads 2048 rows at a time."""
    write(path, ["repeat('0123456789abc', 300000)::BLOB"] * 66)
    with closing(DuckDBStore(path)) as store:
        found = store.dead_letters(topics=["pilots/demo/"], limit=1000, payloads=True)
        assert [one.received for one in found] == [NOON + number for number in range(65, -1, -1)]
        assert {one.is_cut for one in found} == {True}
        store.check()
        assert store.append(batch_of(some_rows(series_of(3), [NOON + 2]))) == 3
        store.tidy(NOON + 60, Retention(dead_letter_age=DAY, max_dead_letters=5))
        assert len(store.dead_letters(limit=1000)) == 5
