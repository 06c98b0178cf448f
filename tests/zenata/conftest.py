"""Both brokers, which the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.zenata.broker.running import BROKERS, Running, password, running_broker, standard_users
from zenata.broker.base import Rights, User


@pytest.fixture(scope="module", params=BROKERS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def users(kind: str) -> list[User]:
    """The standard users, and one that may do anything, to provoke and to observe."""
    everything = Rights(publish=("#",), subscribe=("#",))
    hash_ = BROKERS[kind].hash_password(password("tester"))
    return [*standard_users(kind), User(name="tester", password_hash=hash_, rights=everything)]


@pytest.fixture(scope="module")
def broker(kind: str, users: list[User], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker that the tests of a module share."""
    with running_broker(kind, tmp_path_factory.mktemp(kind), users) as running:
        yield running
