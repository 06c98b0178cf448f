"""The API with devices: a register in a real database, and what takes telemetry as ingest has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.quotas import Limits
from tests.api.running import PLENTY, Api, running, small_city
from zenata.store import open_store


@contextmanager
def device_api(folder: Path, limits: Limits = PLENTY) -> Iterator[Api]:
    """Run the API with an empty store and no devices until the end of the block."""
    store = open_store(f"duckdb:///{folder}/readings.duckdb")
    try:
        with running(city=small_city(), store=store, worlds=folder, limits=limits) as api:
            yield api
    finally:
        store.close()
