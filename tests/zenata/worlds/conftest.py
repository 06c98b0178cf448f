from collections.abc import Iterator

import pytest

from tests.zenata.worlds.nats import servers
from zenata.worlds.bucket import Bucket


@pytest.fixture(scope="session")
def nats(tmp_path_factory) -> Iterator[str]:
    """The address of a NATS with JetStream."""
    with servers(tmp_path_factory.mktemp("nats")) as running:
        yield running.urls


@pytest.fixture(scope="module")
def buckets(nats, request) -> Iterator[list[Bucket]]:
    """Two connections to a bucket of this module."""
    name = request.module.__name__.rpartition(".")[2]
    with Bucket(nats, name) as one, Bucket(nats, name) as other:
        yield [one, other]
