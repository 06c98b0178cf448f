"""The API, started as often as a test wants over one store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.live.hub import Hub
from tests.api.live.streams import CITY
from tests.api.running import Api, private_world, running
from zenata.store import open_store
from zenata.store.base import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"duckdb:///{tmp_path}/readings.duckdb")
    yield store
    store.close()


@pytest.fixture
def start(tmp_path: Path, store: Store) -> Iterator[Callable[..., Api]]:
    """Starts the API over one store, each time with a hub of its own. The pilot has a world `w-1`."""
    private_world(tmp_path, "w-1")
    blocks = []

    def start_api(hub: Hub | None = None) -> Api:
        block = running(city=CITY, store=store, hub=hub, worlds=tmp_path)
        blocks.append(block)
        return block.__enter__()

    yield start_api
    for block in blocks:
        block.__exit__(None, None, None)
