"""What only the DuckDB store has: a file, one process, and transactions."""

import itertools
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.zenata.store.appending import SERIES, rows_of_batch
from tests.zenata.store.data import NOON, Row, batch_of, by_identity, contents, grid_of, rows_of, series_of, some_rows
from zenata.city.readings import Catalog, Selection
from zenata.errors import QueryTooHeavy, StoreError
from zenata.store.base import Query
from zenata.store.dead_letters import DeadLetter
from zenata.store.duckdb import read
from zenata.store.duckdb import store as backend
from zenata.store.duckdb.sql import SCHEMA_VERSION
from zenata.store.duckdb.store import DuckDBStore

LETTER = DeadLetter(received=NOON, topic="zenata/telemetry", payload=b"{", code="schema", reason="not a pack")


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "readings.duckdb"


@contextmanager
def appending(path: Path, first: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Run a process that appends batches from number `first` on; kill it in the end."""
    command = [sys.executable, "-m", "tests.zenata.store.appending", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def change(path: Path, sql: str) -> None:
    """Change a file behind the back of the store."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def refusal(path: Path) -> str:
    """Return how a file is refused, which is one line that names it."""
    with pytest.raises(StoreError) as caught:
        DuckDBStore(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(path):
    acknowledged = []
    for count in (1, 5, 40):
        # Each process begins with the last batch of the one before, as a broker redelivers what was in flight.
        with appending(path, first=acknowledged[-1] if acknowledged else 0) as process:
            acknowledged += [int(process.stdout.readline()) for _ in range(count)]
            process.kill()
            acknowledged += map(int, process.stdout.read().split())
    with closing(DuckDBStore(path)) as store:
        found = contents(store)
        whole, rest = divmod(len(found), SERIES)
        assert rest == 0, "part of a batch is there"
        assert acknowledged[-1] + 1 <= whole <= acknowledged[-1] + 2, "only the last batch may not be acknowledged"
        assert found == sorted((row for n in range(whole) for row in rows_of_batch(n)), key=by_identity)
        assert store.append(batch_of(rows_of_batch(acknowledged[-1]))) == 0


def test_a_second_process_learns_which_one_has_the_file(path):
    with appending(path) as process:
        process.stdout.readline()
        assert f"in use by process {process.pid};" in refusal(path)
    DuckDBStore(path).close()


def test_one_process_opens_a_file_once(path):
    """Two stores on one file would not know of one another's readings, and keep some twice."""
    with closing(DuckDBStore(path)):
        assert "open in this process already" in refusal(path)
    DuckDBStore(path).close()


@pytest.mark.parametrize("content", [b"", b"id,value\n", b"x" * 20_000], ids=["empty", "short", "long"])
def test_a_file_that_is_not_duckdb_is_refused_and_not_touched(path, content):
    path.write_bytes(content)
    assert "is not a DuckDB file" in refusal(path)
    assert path.read_bytes() == content


def test_a_duckdb_file_of_something_else_is_refused(path):
    change(path, "CREATE TABLE recipes (name VARCHAR)")
    assert "DuckDB file of something else" in refusal(path)
    change(path, "INSERT INTO recipes VALUES ('harira')")


def test_a_file_of_a_later_version_is_refused(path):
    DuckDBStore(path).close()
    change(path, "UPDATE schema_version SET version = version + 1")
    assert f"schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION}" in refusal(path)


def test_a_folder_is_not_a_file(tmp_path):
    assert "failed" in refusal(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=f"folder {tmp_path}/file/data cannot be made: Not a directory$"):
        DuckDBStore(tmp_path / "file" / "data" / "readings.duckdb")


def test_a_transaction_that_fails_changes_nothing(path):
    """The payloads fail after the series and readings went in, as somebody dropped their table."""
    DuckDBStore(path).close()
    change(path, "DROP TABLE payloads")
    catalog = Catalog()
    rows = some_rows(series_of(2), [NOON, NOON + 1])
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(rows[:1], catalog))
        with pytest.raises(StoreError, match="payloads"):
            store.append(batch_of(rows, catalog), [LETTER])
        assert contents(store) == rows_of(store.latest(Selection())) == rows[:1]
        assert store.catalog.since(0) == series_of(1)
        assert store.append(batch_of(rows, catalog)) == 3
        assert contents(store) == sorted(rows, key=by_identity)


def test_a_full_disk_loses_nothing_and_is_got_over(path):
    """A limit on the size of files fails the writing of the log as a full disk does."""
    catalog = Catalog()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(rows_of_batch(0), catalog))
        growing = [Row(series, NOON + 1, 1.0, 1) for series in series_of(20_000)]
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
            with pytest.raises(StoreError, match="commit"):
                store.append(batch_of(growing, catalog), [LETTER])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert contents(store) == sorted(rows_of_batch(0), key=by_identity)
        assert len(store.catalog) == len(store.latest(Selection())) == SERIES
        assert store.append(batch_of(growing, catalog), [LETTER]) == 20_000
        assert store.dead_letters(payloads=True) == [LETTER]
    with closing(DuckDBStore(path)) as store:
        assert len(contents(store)) == SERIES + 20_000


def test_a_query_that_takes_too_long_is_given_up(path, monkeypatch):
    monkeypatch.setattr(read, "PATIENCE", 0.02)  # long enough to begin, far too short to end
    query = Query(selection=Selection(), start=NOON, end=NOON + 20_000, aggregates=("p95",), every=2, limit=2_000_000)
    with closing(DuckDBStore(path)) as store:
        store.append(grid_of(Catalog(), 100, range(20_000)))
        with pytest.raises(QueryTooHeavy, match="fewer series"):
            store.query(query)
        monkeypatch.undo()
        assert len(store.query(query)) == 100 * 10_000


def test_a_history_before_live_readings_is_written_once_past_the_search(path, monkeypatch):
    monkeypatch.setattr(backend, "_HISTORY", 40)
    series, catalog = series_of(40), Catalog()
    history = [some_rows(series, [NOON + step * 10]) for step in range(8)]
    history[3].append(history[2].pop())  # one comes late
    with closing(DuckDBStore(path)) as store:
        live = some_rows(series, [NOON + 1000])
        store.append(batch_of(live))
        for step, rows in enumerate(history):
            assert store.append(batch_of(rows, catalog)) == len(rows)
            live += (now := some_rows(series[:5], [NOON + 1001 + step]))
            store.append(batch_of(now))
            assert store.append(batch_of(rows, catalog)) == 0
        numbers = np.arange(40, dtype=np.int32)
        assert store._newest.in_gap(numbers, np.full(40, NOON + 500)).all()
        assert contents(store) == sorted([*live, *itertools.chain(*history)], key=by_identity)


def test_a_copy_is_of_one_moment_and_others_go_on(path, tmp_path):
    rows = some_rows(series_of(5), (NOON, NOON + 1, NOON + 2))
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(rows[:10]), [LETTER])
        store.copy(tmp_path / "it's a copy.duckdb", lambda: store.append(batch_of(rows)))
        assert len(contents(store)) == len(rows)
        with pytest.raises(StoreError, match="is there already"):
            store.copy(tmp_path / "it's a copy.duckdb")
    with closing(DuckDBStore(tmp_path / "it's a copy.duckdb")) as copied:
        assert contents(copied) == sorted(rows[:10], key=by_identity)
        assert copied.dead_letters(payloads=True) == [LETTER]
        assert copied.append(batch_of(rows)) == len(rows) - 10


def test_a_copy_that_cannot_be_written_is_reported_and_can_be_tried_again(path, tmp_path):
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(some_rows(series_of(5), (NOON,))))
        with pytest.raises(StoreError):
            store.copy(tmp_path / "nowhere" / "copy.duckdb")
        store.copy(tmp_path / "copy.duckdb")
        assert (tmp_path / "copy.duckdb").exists()
