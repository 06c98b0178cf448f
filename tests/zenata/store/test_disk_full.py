"""A full disk: a clear error, nothing half stored, and all goes on when there is room again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.zenata.store.data import ALWAYS, grid_of, rows_of
from zenata.city.readings import Catalog, Selection
from zenata.errors import StoreError
from zenata.store import open_store
from zenata.store.base import Query

SIZE = 48  # of the disk [MiB]
SERIES, TICKS, BATCH = 4000, 130, 5  # the disk is full at tick 30, or 95


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    with mounted(tmp_path, f"size={SIZE}M") as folder:
        yield folder


@pytest.mark.parametrize("room", [6, 18], ids=["while writing ahead", "at a checkpoint"])
def test_a_full_disk_loses_nothing_and_is_recovered_from(disk, room):
    url, filler, catalog = f"duckdb:///{disk}/readings.duckdb", disk / "filler", Catalog()
    store = open_store(url)
    filler.write_bytes(bytes((SIZE - room) * 2**20))

    stored = failures = 0
    while stored < TICKS:
        try:
            store.append(grid_of(catalog, SERIES, range(stored, stored + BATCH)))
            stored += BATCH
        except StoreError as error:
            assert "has no room: free some" in str(error)
            failures += 1
            if failures == 3:
                assert len(store.query(Query(selection=Selection(sensors=("air-0000",)), **ALWAYS))) == stored
                filler.unlink()
            assert failures < 5
    assert failures >= 3
    for _ in range(2):
        balance = store.ledger.balance("zenata")
        assert (balance.stored, balance.missing, balance.repeated) == (TICKS * SERIES, 0, 0)
        rows = rows_of(store.query(Query(selection=Selection(sensors=("air-0000",)), **ALWAYS)))
        assert [row.seq for row in rows] == list(range(1, TICKS + 1))
        store.close()
        store = open_store(url)
    store.close()
