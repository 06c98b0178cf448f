"""Both brokers, which the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.zenata.broker.running import BROKERS, Running, running_broker, standard_users


@pytest.fixture(scope="module", params=BROKERS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def broker(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker that the tests of a module share."""
    with running_broker(kind, tmp_path_factory.mktemp(kind), standard_users(kind)) as running:
        yield running
