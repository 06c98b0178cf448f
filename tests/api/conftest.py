"""What the tests of the API share."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.running import MINUTES, Api, batch_of, private_world, running, series_of
from tests.api.webhooks.receiver import Receiver, receiving


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The small city with two hours of readings in the shared world, and one minute in the pilot's private one."""
    folder = tmp_path_factory.mktemp("api")
    private_world(folder, "w-1")
    with running(worlds=folder) as api:
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        api.store.append(batch_of(series_of(api.city, "w-1"), range(1)))
        yield api


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[httpx.Client]:
    """A pilot's client."""
    with api.client() as client:
        yield client


@pytest.fixture
def admin(api: Api) -> Iterator[httpx.Client]:
    """An administrator's client."""
    with api.client("admin") as client:
        yield client


@pytest.fixture
def engineer(api: Api) -> Iterator[httpx.Client]:
    """An engineer's client."""
    with api.client("engineer") as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What webhooks can lead to."""
    with receiving() as receiver:
        yield receiver
