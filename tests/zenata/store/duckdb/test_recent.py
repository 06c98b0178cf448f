"""Series that are asked for again are answered from memory, and never otherwise than from the file."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.store.data import NOON, Row, batch_of, grid_of, rows_of, series_of
from zenata.city.readings import Catalog, Selection
from zenata.store.base import Query
from zenata.store.duckdb import recent
from zenata.store.duckdb.store import DuckDBStore

SERIES = series_of(3)

Append = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=6)
Ask = st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=3), st.integers(0, 30), st.integers(1, 30))


@pytest.fixture
def store(tmp_path):
    with closing(DuckDBStore(tmp_path / "readings.duckdb")) as store:
        yield store


def query_of(numbers, start, end, limit=100):
    sensors = tuple(SERIES[number].sensor for number in numbers)
    return Query(selection=Selection(sensors=sensors), start=NOON + start, end=NOON + end, limit=limit)


def from_file(store, query, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(recent, "FEW", 0)
        return store.query(query)


def no_file(*_, **__):
    raise AssertionError("the file is read")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.one_of(Append, Ask), min_size=2, max_size=12), limit=st.integers(1, 20))
def test_memory_and_file_say_the_same_whatever_was_appended_and_asked_before(tmp_path, monkeypatch, steps, limit):
    path = tmp_path / "readings.duckdb"
    path.unlink(missing_ok=True)
    with closing(DuckDBStore(path)) as store:
        for value, step in enumerate(steps):
            if isinstance(step, list):
                store.append(batch_of(Row(SERIES[n], NOON + time, float(value), 0) for n, time in step))
                continue
            numbers, start, length = step
            query = query_of(numbers, start, start + length, limit)
            expected = from_file(store, query, monkeypatch)
            for _ in range(2):
                found = store.query(query)
                assert (rows_of(found), found.more) == (rows_of(expected), expected.more)


def test_what_was_asked_for_and_what_comes_behind_it_needs_no_file(store, monkeypatch):
    catalog = Catalog()
    store.append(grid_of(catalog, 3, range(0, 100, 10)))
    store.query(query_of([0, 2], 20, 1000))
    store.append(grid_of(catalog, 3, range(100, 200, 10)))
    expected = from_file(store, query_of([0, 2], 30, 2000), monkeypatch)
    monkeypatch.setattr(store._reader, "rows", no_file)
    assert rows_of(store.query(query_of([0, 2], 30, 2000))) == rows_of(expected)


@pytest.mark.parametrize("is_read_first", [True, False])
def test_an_append_while_the_file_is_read_is_neither_missed_nor_doubled(store, monkeypatch, is_read_first):
    store.append(batch_of([Row(SERIES[0], NOON, 1.0, 1)]))
    read = store._reader.rows

    def interrupted(*args, **kwargs):
        rows = read(*args, **kwargs) if is_read_first else None
        store.append(batch_of([Row(SERIES[0], NOON + 1, 2.0, 2), Row(SERIES[0], NOON + 5, 2.0, 3)]))
        return read(*args, **kwargs) if rows is None else rows

    query = query_of([0], 0, 4)
    with monkeypatch.context() as patched:
        patched.setattr(store._reader, "rows", interrupted)
        store.query(query)
    for end in (4, 10):
        assert rows_of(store.query(query_of([0], 0, end))) == rows_of(
            from_file(store, query_of([0], 0, end), monkeypatch)
        )


def test_what_was_read_before_the_file_was_opened_anew_is_not_remembered(store, monkeypatch):
    for time in range(3):
        store.append(batch_of([Row(SERIES[0], NOON + time, 1.0, 1)]))
    read = store._reader.rows

    def interrupted(*args, **kwargs):
        rows = read(*args, **kwargs)
        store._load()
        store.append(batch_of([Row(SERIES[0], NOON + 5, 2.0, 3)]))
        return rows

    query = query_of([0], 0, 10)
    with monkeypatch.context() as patched:
        patched.setattr(store._reader, "rows", interrupted)
        store.query(query)
    assert rows_of(store.query(query)) == rows_of(from_file(store, query, monkeypatch))


def test_who_has_read_what_is_not_noted_yet_has_it_once(store, monkeypatch):
    store.append(batch_of([Row(SERIES[0], NOON, 1.0, 1)]))
    note = store._recent.write

    def late(*args):
        store.query(query_of([0], 0, 10))  # the file has the readings, memory not yet
        note(*args)

    monkeypatch.setattr(store._recent, "write", late)
    store.append(batch_of([Row(SERIES[0], NOON + time, 2.0, 2) for time in (1, 5)]))
    expected = from_file(store, query_of([0], 0, 10), monkeypatch)
    monkeypatch.setattr(store._reader, "rows", no_file)
    assert rows_of(store.query(query_of([0], 0, 10))) == rows_of(expected)


def test_a_deleted_world_leaves_nothing_and_memory_is_bounded(store, monkeypatch):
    monkeypatch.setattr(recent, "MAX_ROWS", 25)
    catalog = Catalog()
    store.append(grid_of(catalog, 3, range(0, 100, 10)))
    for number in (0, 1, 2, 0):
        store.query(query_of([number], 0, 1000))
    assert list(store._recent._spans) == [2, 0]
    store.append(grid_of(catalog, 3, range(100, 200, 10)))
    assert list(store._recent._spans) == [0]
    monkeypatch.setattr(recent, "MAX_SERIES", 2)
    for number in range(3):
        store.query(query_of([number], 5000, 6000))  # without rows, which need no room
    assert list(store._recent._spans) == [1, 2]
    store.query(query_of([0], 0, 1000))
    store.forget("zenata")
    assert not len(store.query(query_of([0], 0, 1000)))
    assert (store._recent._size, dict(store._recent._spans)) == (0, {})
