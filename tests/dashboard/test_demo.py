"""The demo: from its start to its reset, and what it leaves behind."""

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.dashboard.browser import visit
from tests.dashboard.prepared import TWIN
from tests.system.running import RunningCity
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

# Let a minute and more pass since the worlds of the demo were asked for.
AGE = """
const asked = JSON.parse(localStorage.getItem("demo-worlds"));
localStorage.setItem("demo-worlds", JSON.stringify(asked.map((one) => ({ ...one, at: one.at - 61_000 }))));
"""


def test_a_partner_goes_through_the_demo_until_it_begins_again(live_city: RunningCity, chromium: Browser) -> None:
    with visit(chromium, live_city.http, key=live_city.key) as seen:
        page = seen.page
        page.clock.install()
        page.add_init_script(f"localStorage.setItem('demo-twin-1', JSON.stringify({TWIN}))")
        page.goto("/demo")
        expect(page.get_by_text("La démonstration est prête")).to_be_visible()
        page.get_by_role("button", name="Français").click()
        figures = []
        for step in range(1, 10):
            expect(page.locator(".count")).to_have_text(f"{step} / 9")
            figures.append(page.locator(".figure").inner_text())
            expect(page.get_by_text("Simulé", exact=True)).to_be_visible()
            page.keyboard.press("PageDown")
        assert figures[3] == "50 l/s"
        assert figures[4] == "1 h"
        assert figures[5] == "+12 °C"
        expect(page.get_by_role("button", name="English")).to_be_visible()  # a click is never a dead end
        page.keyboard.press("ArrowRight")
        expect(page.locator(".count")).to_have_text("1 / 9")
        page.keyboard.press("b")
        expect(page.locator(".black")).to_be_visible()
        page.keyboard.press("b")
        with page.expect_popup() as opened:
            page.keyboard.press("p")
        presenter = opened.value
        expect(presenter.locator(".count")).to_have_text("1 / 9")
        expect(presenter.locator(".note")).to_contain_text("Montrer la côte")
        presenter.keyboard.press("ArrowRight")
        expect(page.locator(".count")).to_have_text("2 / 9")
        expect(presenter.locator(".count")).to_have_text("2 / 9")
        presenter.close()
        seen.check()
        page.clock.fast_forward(92_000)
        expect(page.get_by_role("button", name="English")).to_be_visible()


def test_a_demo_that_is_left_while_it_asks_for_worlds_leaves_none(
    live_city: RunningCity, chromium: Browser, demo: httpx.Client
) -> None:
    def worlds() -> set[str]:
        return {one["world"] for one in demo.get("/v1/worlds").raise_for_status().json()["items"]}

    before = worlds()
    with visit(chromium, live_city.http, key=live_city.key) as seen:
        page = seen.page
        unanswered: list[Route] = []

        def keep(route: Route) -> None:
            if route.request.method == "POST":
                route.fetch()
                unanswered.append(route)
            else:
                route.continue_()

        page.route("**/v1/worlds", keep)
        page.goto("/demo")
        wait_until(lambda: page.wait_for_timeout(100) or len(unanswered) == 2, "the worlds of the demo were asked for")
        left = worlds() - before
        assert len(left) == 2
        page.goto("/wall")
        page.unroute("**/v1/worlds")
        refused: list[Route] = []

        def refuse(route: Route) -> None:
            if route.request.method == "POST":
                refused.append(route)
                route.abort()
            else:
                route.continue_()

        page.route("**/v1/worlds", refuse)
        page.goto("/demo")  # as another tab, while the first may still wait for its answer
        wait_until(lambda: page.wait_for_timeout(100) or len(refused) == 2, "the second demo has tidied up")
        assert left <= worlds()
        page.goto("/wall")
        page.unroute("**/v1/worlds")
        page.evaluate(AGE)
        page.goto("/demo")
        wait_until(lambda: page.wait_for_timeout(100) or not left & worlds(), "they are gone")
    for world in worlds() - before:  # that the second demo was making
        demo.delete(f"/v1/worlds/{world}").raise_for_status()
