"""The API, started as often as a test wants over one store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.live.streams import serving
from tests.api.running import Api


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Starts the API over one store, each time with a hub of its own."""
    with serving(tmp_path) as start:
        yield start


@pytest.fixture
def served(start: Callable[..., Api]) -> Api:
    return start()


@pytest.fixture
def pilot(served: Api) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client
