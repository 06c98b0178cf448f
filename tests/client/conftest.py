"""What the tests of the client share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.running import MINUTES, Api, batch_of, series_of
from tests.api.simulators import Simulators, running_with
from tests.client.clients import KINDS, opened


@pytest.fixture(scope="package")
def simulators() -> Simulators:
    return Simulators()


@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory, simulators: Simulators) -> Iterator[Api]:
    """The small city with two hours of readings, and simulators that only write down what they are asked."""
    with running_with(simulators, tmp_path_factory.mktemp("worlds")) as api:
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        yield api


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Blocking or asynchronous."""
    return request.param


@pytest.fixture
def client(kind: str, api: Api) -> Iterator[Any]:
    """A pilot's client, of each kind."""
    with opened(kind, api.url, api.secrets["pilot"]) as client:
        yield client
