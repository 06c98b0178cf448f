from collections.abc import Iterator
from pathlib import Path

import pytest

from zenata.store import open_store
from zenata.store.base import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"duckdb:///{tmp_path / 'readings.duckdb'}")
    yield store
    store.close()
