"""Queries share the store with its writer: they run in windows, have costs, and stop nobody."""

import threading
from contextlib import closing
from dataclasses import replace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.store.data import NOON, Row, batch_of, contents, grid_of, series_of, some_rows
from zenata.city.readings import Catalog, Selection
from zenata.errors import QueryTooHeavy, StoreBusyError, StoreError
from zenata.store.base import AGGREGATES, Query
from zenata.store.duckdb import gate, read, recent
from zenata.store.duckdb.store import DuckDBStore

ALL = Selection()


@pytest.fixture
def store(tmp_path):
    with closing(DuckDBStore(tmp_path / "readings.duckdb")) as store:
        yield store


def answers(table):
    return [table.series.tolist(), table.time.tolist(), *(column.tolist() for column in table.columns.values())]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(0, 5000), min_size=1, max_size=60),
    aggregates=st.sampled_from([(), ("mean", "count"), ("p95", "first")]),
    every=st.sampled_from([None, 7, 1000]),
    limit=st.integers(1, 50),
    memory=st.sampled_from([300, 3000, 30_000]),
)
def test_windows_of_any_size_give_the_same_answer(tmp_path, monkeypatch, times, aggregates, every, limit, memory):
    path = tmp_path / "readings.duckdb"
    path.unlink(missing_ok=True)
    monkeypatch.setattr(recent, "FEW", 0)
    with closing(DuckDBStore(path)) as store:
        store.append(batch_of(Row(one, NOON + time, float(time), 1) for time in times for one in series_of(5)))
        query = Query(selection=ALL, start=NOON + 3, end=NOON + 4999, aggregates=aggregates, every=every, limit=limit)
        expected = store.query(query)
        with monkeypatch.context() as patched:
            patched.setattr(read, "MEMORY", memory)
            patched.setattr(read, "_WINDOW_READINGS", memory // 50)
            found = store.query(query)
            following = replace(query, after=(int(found.time[-1]), int(found.series[-1]))) if len(found) else query
            page = store.query(following)
        assert (answers(found), found.more) == (answers(expected), expected.more)
        assert answers(page) == answers(store.query(following))


def test_a_query_beyond_what_it_may_cost_is_refused_before_it_runs(store, monkeypatch):
    store.append(grid_of(Catalog(), 10, range(0, 100_000_000, 1_000_000)))
    query = Query(selection=ALL, start=NOON, end=NOON + 10**9, aggregates=("mean",))
    assert store.cost(query) == 1000
    assert store.cost(replace(query, aggregates=(), limit=30)) == 60
    assert store.cost(replace(query, start=NOON + 50_000_000)) == pytest.approx(500, rel=0.05)
    monkeypatch.setattr(read, "MAX_READINGS", 999)
    with pytest.raises(QueryTooHeavy, match=r"about 1,000 readings, and a query may look at 999: ask for fewer series"):
        store.query(query)


def test_who_waits_too_long_for_a_turn_is_asked_to_come_again(store, monkeypatch):
    store.append(batch_of(some_rows(series_of(2), [NOON])))
    monkeypatch.setattr(gate, "MAX_RUNNING", 0)
    monkeypatch.setattr(gate, "MAX_WAIT", 0.01)
    with pytest.raises(StoreBusyError, match="try again"):
        store.query(Query(selection=ALL, start=NOON, end=NOON + 1))


def test_a_writer_whose_transaction_cannot_be_ended_goes_on_with_a_new_connection(store):
    rows = some_rows(series_of(2), [NOON, NOON + 1])
    store.append(batch_of(rows[:2]))
    store._file.writer.execute("BEGIN")
    with pytest.raises(duckdb.Error):
        store._file.writer.execute("INSERT INTO schema_version VALUES (NULL)")  # aborts the transaction
    assert store.append(batch_of(rows)) == 2
    store.check()
    assert len(contents(store)) == 4


def test_a_store_that_does_not_take_readings_says_so_until_it_does(store, monkeypatch):
    rows = some_rows(series_of(1), [NOON])
    with monkeypatch.context() as patched:
        patched.setattr(store, "_insert_series", lambda *_: (_ for _ in ()).throw(duckdb.IOException("read-only")))
        with pytest.raises(StoreError, match="read-only"):
            store.append(batch_of(rows))
        with pytest.raises(StoreError, match="read-only"):
            store.check()
    assert store.append(batch_of(rows)) == 1
    store.check()


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.soak)])
def test_forty_heavy_queries_at_a_time_stop_no_writer(tmp_path, count):
    """Every append succeeds, and every query is answered or refused with a word on what to do."""
    catalog = Catalog()
    with closing(DuckDBStore(tmp_path / "readings.duckdb")) as store:
        store.append(grid_of(catalog, count, range(0, 10**10, 10_000_000)))
        query = Query(
            selection=ALL, start=NOON, end=NOON + 10**11, aggregates=AGGREGATES, every=10_000_000, limit=10**6
        )
        results, done = [], threading.Event()

        def ask(number: int) -> None:
            try:
                results.append(len(store.query(replace(query, every=(None, 10_000_000)[number % 2]))))
            except (QueryTooHeavy, StoreBusyError) as error:
                results.append(str(error))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        appended = 0
        while any(thread.is_alive() for thread in threads):
            rows = [Row(one, NOON + 10**12 + appended, 1.0, 1) for one in series_of(50)]
            assert store.append(batch_of(rows, catalog)) == 50
            appended += 1
            done.wait(0.01)
        for thread in threads:
            thread.join()
        assert len(results) == 40
        assert set(map(type, results)) <= {int, str}
        assert any(isinstance(result, int) and result >= count for result in results)
        assert all("try again" in result or "ask for" in result for result in results if isinstance(result, str))
        store.check()
        assert store.append(batch_of(some_rows(series_of(5, "w-a"), [NOON]))) == 5
