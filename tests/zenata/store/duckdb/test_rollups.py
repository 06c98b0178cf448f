"""What is rolled up is gone as readings, and stays as spans."""

from pathlib import Path

import pytest

from tests.zenata.store.data import NOON, batch_of, series_of
from tests.zenata.store.test_base_tidy import DAY, HOUR, KEEP, MINUTE, aggregated, history
from zenata.city.readings import Selection
from zenata.errors import QueryTooFine
from zenata.store.base import Query
from zenata.store.duckdb.store import DuckDBStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.duckdb"


def test_too_fine_a_question_is_refused_and_says_what_can_be_asked(path):
    store = DuckDBStore(path)
    store.append(batch_of(history(series_of(1), 5, 5 * MINUTE)))
    store.tidy(NOON, KEEP)
    for query in (
        {"start": NOON - 2 * DAY},
        {"start": NOON - 2 * DAY, "aggregates": ("p95",), "every": HOUR},
        {"start": NOON - 2 * DAY, "aggregates": ("mean",), "every": 10 * MINUTE},
        {"start": NOON - 4 * DAY, "aggregates": ("mean",), "every": 15 * MINUTE},
    ):
        with pytest.raises(QueryTooFine, match=r"are kept: begin there, or ask for some of these with every=\d+m"):
            store.query(Query(selection=Selection(), end=NOON, **query))
    quarters = aggregated(store, 15 * MINUTE, NOON - 2 * DAY, ("count",))
    assert set(map(tuple, quarters.values())) == {(3,)}
    store.close()


def test_it_is_as_tidy_after_reopening(path):
    store = DuckDBStore(path)
    store.append(batch_of(history(series_of(2), 5, 9 * MINUTE)))
    before = aggregated(store, HOUR, NOON - 5 * DAY)
    store.tidy(NOON, KEEP)
    store.close()
    store = DuckDBStore(path)
    for key, values in aggregated(store, HOUR, NOON - 5 * DAY).items():
        assert values == pytest.approx(before[key])
    with pytest.raises(QueryTooFine):
        store.query(Query(selection=Selection(), start=NOON - 5 * DAY, end=NOON))
    store.close()
