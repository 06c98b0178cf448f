"""The bulk server, and a real store behind it."""

import socket
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ingest.bulk import BulkServer
from tests.zenata.store.data import NOON, batch_of, contents, series_of, some_rows
from zenata.city.readings import Catalog
from zenata.errors import StoreError
from zenata.process import endpoint
from zenata.store import open_store
from zenata.wire import bulk
from zenata.wire.bulk import BulkClient


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bulk.json"


@pytest.fixture
def server(store, file):
    with BulkServer(file, store) as server:
        yield server


def rows_at(*times: int, count: int = 30, world: str = "zenata"):
    return sorted(some_rows(series_of(count, world), times), key=lambda row: (*astuple(row), row.time))


def astuple(row):
    return row.series.world, row.series.sensor, row.series.property


@pytest.mark.usefixtures("server")
def test_what_is_appended_is_in_the_store(store, file):
    rows, catalog = rows_at(NOON, NOON + 1), Catalog()
    with closing(BulkClient(file)) as client:
        assert client.append(batch_of(rows[:20], catalog)) == 20
        assert client.append(batch_of(rows, catalog)) == len(rows) - 20
        assert contents(store) == rows
        assert client.append(batch_of([], catalog)) == 0


@pytest.mark.usefixtures("server")
def test_batches_of_several_catalogs_and_clients_are_kept_apart(store, file):
    one, other = rows_at(NOON, world="w-1"), rows_at(NOON, world="w-2")
    with closing(BulkClient(file)) as client, closing(BulkClient(file)) as second:
        client.append(batch_of(one[:10]))
        client.append(batch_of(reversed(other[:10])))
        second.append(batch_of(other))
        client.append(batch_of(one))
    assert contents(store) == [*one, *other]


@pytest.mark.usefixtures("server")
def test_what_the_store_refuses_is_reported_and_nothing_is_stored(store, file):
    rows = rows_at(NOON)
    wrong = [rows[0]._replace(value=float("nan")), *rows[1:]]
    with closing(BulkClient(file)) as client:
        with pytest.raises(StoreError, match="not a finite number"):
            client.append(batch_of(wrong))
        assert contents(store) == []
        assert client.append(batch_of(rows)) == len(rows)


def test_a_process_that_comes_back_is_found_again(store, file):
    rows, catalog = rows_at(NOON, NOON + 1), Catalog()
    with BulkServer(file, store):
        client = BulkClient(file)
        client.append(batch_of(rows[:10], catalog))
    later = threading.Timer(0.5, lambda: again.__enter__())
    again = BulkServer(file, store)
    later.start()
    assert client.append(batch_of(rows, catalog)) == len(rows) - 10
    later.join()
    again.__exit__()
    client.close()
    assert contents(store) == rows


def test_one_that_does_not_come_back_is_given_up(store, file):
    with BulkServer(file, store):
        client = BulkClient(file, patience=0.3)
    with pytest.raises(StoreError, match="does not answer"):
        client.append(batch_of(rows_at(NOON)))
    with pytest.raises(StoreError, match="does not answer"):
        BulkClient(file)


def test_only_its_owner_may_read_the_file_which_goes_with_the_door(store, file):
    with BulkServer(file, store):
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    assert not file.exists()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("hello", [bulk.Hello("guessed"), bulk.Hello(""), bulk.Answer(new=1)])
def test_an_unknown_client_is_turned_away(store, file, hello):
    with socket.create_connection((endpoint.HOST, endpoint.read(file).port), 5) as connection:
        bulk.send(connection, hello)
        answer = bulk.receive(connection)
        assert answer is not None
        assert "not the token" in msgspec.msgpack.decode(answer, type=bulk.Answer).error
        assert bulk.receive(connection) is None
    assert contents(store) == []


@pytest.mark.usefixtures("server")
def test_an_unknown_client_cannot_make_it_wait_for_much(file):
    with socket.create_connection((endpoint.HOST, endpoint.read(file).port), 5) as connection:
        connection.sendall((1 << 40).to_bytes(8, "little"))
        assert bulk.receive(connection) is None


@pytest.mark.parametrize(
    "change", [{"value": b"1234567"}, {"seq": b""}, {"series": b"\xff\xff\xff\xff"}, {"newcomers": []}]
)
def test_columns_that_do_not_fit_are_refused(change):
    whole = bulk.pack(batch_of(rows_at(NOON, count=1)), 0)
    assert len(bulk.unpack(whole, Catalog())) == 1
    with pytest.raises(StoreError):
        bulk.unpack(msgspec.structs.replace(whole, **change), Catalog())


@pytest.mark.usefixtures("server")
def test_the_store_is_copied_by_the_door_while_it_is_in_use(file, store, tmp_path):
    rows, begun = rows_at(NOON, NOON + 1), []
    with closing(BulkClient(file)) as client, closing(BulkClient(file)) as second:
        client.append(batch_of(rows[:20]))
        client.copy(tmp_path / "copy.duckdb", lambda: begun.append(second.append(batch_of(rows))))
        with pytest.raises(StoreError, match="is there already"):
            client.copy(tmp_path / "copy.duckdb")
        assert client.append(batch_of(rows)) == 0
    assert begun == [len(rows) - 20]
    with closing(open_store(f"duckdb:///{tmp_path / 'copy.duckdb'}")) as copied:
        assert contents(copied) == rows[:20]
