"""Exports are written whole or not at all, one pilot after the other, and outlive the process."""

import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.exports import export as export_module
from api.exports import jobs
from api.exports.export import Export
from api.exports.jobs import MAX_EXPORTS, RETENTION, Exports
from api.exports.writers import write_file
from api.readings.encode import Encoder
from tests.api.running import MINUTE, MINUTES, START, batch_of, series_of, small_city
from tests.clocks import StandingClock
from tests.waiting import wait_until
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.errors import QueryTooHeavy, StoreAwayError, StoreBusyError, StoreError
from zenata.store.base import Query

SERIES = series_of(small_city())
WHOLE = Query(selection=Selection(), start=START, end=START + MINUTES * MINUTE)


@pytest.fixture
def store(store):
    store.append(batch_of(SERIES, range(MINUTES)))
    return store


@pytest.fixture
def exports(tmp_path, store):
    with Exports(root=tmp_path / "exports", store=store, clock=WallClock()) as exports:
        yield exports


def ended(exports: Exports, export: Export) -> Export:
    wait_until(lambda: exports.find(export.id).state in {"done", "failed"}, "the export has ended")
    return exports.find(export.id)


def rows_in(exports: Exports, export: Export) -> int:
    file = exports.file(export)
    match export.format:
        case "csv":
            return file.read_bytes().count(b"\r\n") - 1
        case "arrow":
            with pa.ipc.open_stream(file.read_bytes()) as reader:
                return reader.read_all().num_rows
        case _:
            return pq.read_table(file).num_rows


@pytest.mark.parametrize("format_name", ["csv", "arrow", "parquet"])
def test_a_file_has_every_row_once(exports, format_name):
    export = ended(exports, exports.make("ada", WHOLE, format_name))
    assert (export.state, export.progress, export.reason) == ("done", 1.0, None)
    assert export.rows == rows_in(exports, export) == MINUTES * len(SERIES)
    assert export.bytes == exports.file(export).stat().st_size


def test_a_csv_file_is_what_the_query_answers(exports, store):
    export = ended(exports, exports.make("ada", WHOLE, "csv"))
    assert exports.file(export).read_bytes() == Encoder().csv(store.query(WHOLE), digits=6)


@pytest.mark.parametrize("format_name", ["csv", "arrow", "parquet"])
def test_nothing_found_is_a_file_too(exports, format_name):
    nowhere = replace(WHOLE, selection=Selection(worlds=("w-none",)))
    export = ended(exports, exports.make("ada", nowhere, format_name))
    assert (export.state, export.rows) == ("done", 0)
    assert rows_in(exports, export) == 0


def test_what_fails_says_why_and_leaves_no_file(exports, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_BYTES", 10)
    export = ended(exports, exports.make("ada", WHOLE, "csv"))
    assert export.state == "failed"
    assert "larger than" in export.reason
    assert [file.name for file in exports.file(export).parent.iterdir()] == ["export.json"]


def test_a_pilot_has_so_many_and_no_more(exports):
    for _ in range(MAX_EXPORTS):
        assert exports.make("ada", WHOLE, "csv")
    assert exports.make("ada", WHOLE, "csv") is None
    assert exports.make("ben", WHOLE, "csv")
    exports.delete(exports.of("ada")[0].id)
    assert exports.make("ada", WHOLE, "csv")
    assert len(exports.of()) == MAX_EXPORTS + 1


class Gate:
    """Lets a store answer when it may."""

    def __init__(self, store) -> None:
        self.answer, self.open, self.queried = store.query, threading.Event(), []

    def query(self, query: Query):
        self.queried.append(query.selection.worlds)
        assert self.open.wait(10)
        return self.answer(query)


@pytest.fixture
def gate(store, monkeypatch) -> Gate:
    gate = Gate(store)
    monkeypatch.setattr(store, "query", gate.query)
    return gate


def test_pilots_take_turns(exports, gate):
    made = [
        exports.make(pilot, replace(WHOLE, end=START + 1, selection=Selection(worlds=(f"{pilot}-{n}",))), "csv")
        for pilot, count in (("ada", 3), ("ben", 1))
        for n in range(count)
    ]
    wait_until(lambda: len(exports._turns._waiting) == 2, "both pilots are under way")
    gate.open.set()
    for export in made:
        assert ended(exports, export).state == "done"
    first, second, *others = (worlds[0] for worlds in gate.queried)
    assert ({first, second}, others) == ({"ada-0", "ben-0"}, ["ada-1", "ada-2"])


def test_a_long_export_holds_up_no_other_pilot(exports, store, monkeypatch):
    """Both are under way at once, in turns of a page: the small one is done while the long one never ends."""
    answer, page = store.query, replace(store.query(WHOLE), more=True)
    monkeypatch.setattr(store, "query", lambda query: page if query.selection.worlds == ("long",) else answer(query))
    long = exports.make("ada", replace(WHOLE, selection=Selection(worlds=("long",))), "csv")
    wait_until(lambda: exports.find(long.id).rows, "the long one is under way")
    queued = exports.make("ada", WHOLE, "csv")
    assert ended(exports, exports.make("ben", WHOLE, "csv")).state == "done"
    assert (exports.find(long.id).state, exports.find(queued.id).state) == ("running", "queued")
    exports.delete(long.id)
    assert ended(exports, queued).state == "done"


def test_a_writer_that_fails_keeps_no_turn(exports, monkeypatch):
    """Whatever still refers to its generator, as an error does that somebody keeps."""
    written = []

    def write(part, format_name, tables, encoder):
        if format_name == "csv":
            written.append(tables)
            next(tables)
            raise OSError(28, "No space left on device")
        return write_file(part, format_name, tables, encoder)

    monkeypatch.setattr(jobs, "write_file", write)
    assert ended(exports, exports.make("ada", WHOLE, "csv")).state == "failed"
    assert ended(exports, exports.make("ada", WHOLE, "arrow")).state == "done"


def test_a_busy_store_keeps_no_turn(exports, store, monkeypatch):
    """Who asks a busy store again and again lets others write meanwhile."""
    answer, requested, free = store.query, threading.Event(), threading.Event()
    monkeypatch.setattr(export_module, "time", SimpleNamespace(sleep=lambda _: free.wait(30)))

    def busy(query: Query):
        if query.selection.worlds and not free.is_set():
            requested.set()
            raise StoreBusyError("many ask")
        return answer(query)

    monkeypatch.setattr(store, "query", busy)
    heavy = exports.make("ada", replace(WHOLE, selection=Selection(worlds=("zenata",))), "csv")
    assert requested.wait(30)
    assert ended(exports, exports.make("ben", WHOLE, "csv")).state == "done"
    assert exports.find(heavy.id).state == "running"
    free.set()
    assert ended(exports, heavy).state == "done"


def test_one_under_way_can_be_deleted(exports, gate, tmp_path, caplog):
    first, second = (exports.make("ada", WHOLE, "parquet") for _ in range(2))
    wait_until(lambda: gate.queried, "the first begins")
    exports.delete(first.id)
    gate.open.set()
    assert ended(exports, second).state == "done"
    assert exports.find(first.id) is None
    assert [folder.name for folder in (tmp_path / "exports").iterdir()] == [second.id]
    assert "failed" not in caplog.text


def test_what_was_under_way_is_written_after_a_restart(tmp_path, store, gate):
    root = tmp_path / "exports"
    with Exports(root=root, store=store, clock=WallClock()) as before:
        export = before.make("ada", WHOLE, "parquet")
        wait_until(lambda: before.find(export.id).state == "running", "it runs")
        before._stop.set()
        gate.open.set()
    assert msgspec.json.decode((root / export.id / "export.json").read_bytes())["state"] == "running"
    with Exports(root=root, store=store, clock=WallClock()) as after:
        done = ended(after, after.find(export.id))
        assert (done.state, done.rows, rows_in(after, done)) == ("done", MINUTES * len(SERIES), MINUTES * len(SERIES))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (StoreError("the store /secret/readings.duckdb cannot be read"), "could not be read"),
        (StoreAwayError("InfluxDB at http://10.0.0.7:8086 said 500"), "could not be read"),
        (OSError(28, "No space left on device", "/secret/part"), "could not be written"),
        (ValueError("/secret"), "internal error"),
        (QueryTooHeavy("ask for fewer series"), "ask for fewer series"),
    ],
)
def test_a_store_that_fails_fails_the_export_and_not_the_next(exports, store, monkeypatch, error, shown):
    answer = store.query

    def broken(query: Query):
        if query.selection.worlds:
            raise error
        return answer(query)

    monkeypatch.setattr(store, "query", broken)
    bad = exports.make("ada", replace(WHOLE, selection=Selection(worlds=("w-a",))), "csv")
    good = exports.make("ada", WHOLE, "csv")
    reason = ended(exports, bad).reason
    assert shown in reason
    assert not re.search("secret|10[.]0", reason), "it names what is the operator's"
    assert ended(exports, good).state == "done"


def test_old_ones_and_what_is_no_export_go(tmp_path, store):
    root = tmp_path / "exports"
    with Exports(root=root, store=store, clock=WallClock()) as exports:
        export = ended(exports, exports.make("ada", WHOLE, "csv"))
    (root / "x-broken").mkdir()
    (root / "x-broken" / "export.json").write_text("{")
    clock = StandingClock()
    clock.time = export.finished + RETENTION
    with Exports(root=root, store=store, clock=clock) as exports:
        assert exports.find(export.id) is not None
    clock.time += 1
    with Exports(root=root, store=store, clock=clock) as exports:
        wait_until(lambda: not (root / export.id).exists(), "it has gone")
        assert exports.find(export.id) is None
