"""The minister's walk: through the whole demo in French, while the API is killed in the middle, three times running."""

import os
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import visit
from tests.system.running import RunningCity, running_city
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.soak]

HOLD = float(os.environ.get("ZENATA_WALK_STEP", "10"))
"""How long each step is looked at [s]; a person takes about 30."""

PREPARED = 600_000  # far beyond what the preparation takes [ms]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    with running_city(tmp_path_factory.mktemp("walk") / ".zenata", "--history-days", "7") as running:
        yield running


@pytest.mark.parametrize("round_", [1, 2, 3])
def test_the_demo_goes_on_when_the_api_is_killed(chromium: Browser, city: RunningCity, round_: int) -> None:
    wait_until(city.newest, "the API answers")
    with visit(chromium, city.http, key=city.key) as seen:
        page = seen.page
        begun = time.monotonic()
        page.goto("/demo")
        expect(page.get_by_text("La démonstration est prête")).to_be_visible(timeout=PREPARED)
        prepared = time.monotonic()
        page.get_by_role("button", name="Français").click()
        for step in range(1, 10):
            expect(page.locator(".count")).to_have_text(f"{step} / 9")
            expect(page.locator(".figure")).to_contain_text(re.compile(r"\d"))
            expect(page.get_by_text("Simulé", exact=True)).to_be_visible()
            if step == 5:
                city.kill("api")  # another takes its place meanwhile; the demo must not need it
            page.wait_for_timeout(1_000 * HOLD)
            page.keyboard.press("PageDown")
        expect(page.get_by_role("button", name="Français")).to_be_visible()
        ended = time.monotonic()
        wait_until(city.newest, "the API answers again")
        page.goto("/")
        expect(page.locator(".legend li").first).to_contain_text(re.compile("[1-9]"))
        assert (seen.errors, seen.foreign) == ([], [])
        print(  # noqa: T201 - the figures that this test is for
            f"\nwalk {round_}: prepared {prepared - begun:.0f} s, nine steps of {HOLD:.0f} s {ended - prepared:.0f} s"
        )
