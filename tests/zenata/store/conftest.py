"""The back ends, each behind a function that opens one of its stores by name."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.zenata.store.influxd import Influxd, other_url, running, token_of
from zenata.store import open_store
from zenata.store.base import Store

Opener = Callable[[str], Store]
"""Opens the store of a name: a new one, or the one it opened, and somebody closed, before."""

_names = (f"store-{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """Return an InfluxDB 1.x that runs."""
    with running(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture(scope="session", params=["duckdb", "influxdb", *(["influxdb-url"] if other_url("x") else [])])
def opener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opener:
    """Return what opens stores of one back end."""
    if request.param == "duckdb":
        folder = tmp_path_factory.mktemp("duckdb")
        return lambda name: open_store(f"duckdb:///{folder}/{name}.duckdb")
    if request.param == "influxdb":
        port = request.getfixturevalue("influxd").port
        return lambda name: open_store(f"influxdb://127.0.0.1:{port}/{name}")
    return lambda name: open_store(url := str(other_url(name)), token_of(url))


@pytest.fixture
def name() -> str:
    """Return a name that no store had before."""
    return next(_names)


@pytest.fixture
def store(opener: Opener, name: str) -> Iterator[Store]:
    """Return a new store."""
    store = opener(name)
    yield store
    store.close()
