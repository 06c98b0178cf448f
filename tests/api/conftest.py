"""What the tests of the API share."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.running import MINUTES, Api, batch_of, private_world, running, series_of, small_city
from tests.api.webhooks.receiver import Receiver, receiving
from zenata.store import open_store


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The small city with two hours of readings in the shared world, and one minute in the pilot's private one."""
    folder = tmp_path_factory.mktemp("api")
    city = small_city()
    store = open_store(f"duckdb:///{folder}/readings.duckdb")
    store.append(batch_of(series_of(city), range(MINUTES)))
    store.append(batch_of(series_of(city, "w-1"), range(1)))
    private_world(folder, "w-1")
    with running(city=city, store=store, worlds=folder) as api:
        yield api
    store.close()


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[httpx.Client]:
    """A pilot's client."""
    with api.client() as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What webhooks can lead to."""
    with receiving() as receiver:
        yield receiver
