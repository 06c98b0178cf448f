"""Trials of the small city, with short challenges."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.running import Api
from tests.api.trials.hosting import LAMPS, SHORT, TrialHost, trials_running
from tests.simulators.conftest import short_warm_up, small_city

__all__ = ["short_warm_up"]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, TrialHost]]:
    """An API, and the host of its worlds."""
    challenges = {"short": SHORT, "lamps": LAMPS}
    with trials_running(small_city(), tmp_path_factory.mktemp("trials"), challenges) as there:
        yield there


@pytest.fixture
def client(there: tuple[Api, TrialHost]) -> Iterator[httpx.Client]:
    """A pilot's client; its trials are cancelled afterwards."""
    api, _ = there
    with api.client() as client:
        client.timeout = httpx.Timeout(120)
        yield client
        for trial in client.get("/v1/trials").json()["items"]:
            client.delete(f"/v1/trials/{trial['trial']}")
