"""The browser, one for all tests of the page, and a client of the live city's pilot."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.dashboard.browser import browser
from tests.system.running import RunningCity


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def demo(live_city: RunningCity) -> Iterator[httpx.Client]:
    with live_city.client() as client:
        yield client
