"""The back ends, each behind a function that opens one of its stores by name."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from zenata.store import open_store
from zenata.store.base import Store

Opener = Callable[[str], Store]
"""Opens the store of a name: a new one, or the one it opened, and somebody closed, before."""

_names = (f"store-{number}" for number in itertools.count())


@pytest.fixture(scope="session", params=["duckdb"])
def opener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opener:
    """Return what opens stores of one back end."""
    folder = tmp_path_factory.mktemp(request.param)
    urls = {"duckdb": f"duckdb:///{folder}/{{name}}.duckdb"}
    return lambda name: open_store(urls[request.param].format(name=name))


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
