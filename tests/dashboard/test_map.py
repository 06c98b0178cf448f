"""The map: what lies over it, and what is seen where it cannot show its sensors."""

from itertools import combinations

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import visit
from tests.system.running import RunningCity

pytestmark = pytest.mark.slow

OLD_BROWSER = "delete HTMLCanvasElement.prototype.transferControlToOffscreen"


@pytest.mark.parametrize(
    ("language", "width", "height"),
    [
        ("ar", 1440, 900),
        pytest.param("fr", 1440, 900, marks=pytest.mark.soak),
        pytest.param("en", 1024, 700, marks=pytest.mark.soak),
    ],
)
def test_what_lies_over_the_map_stands_apart_and_on_its_side(
    live_city: RunningCity, chromium: Browser, language: str, width: int, height: int
) -> None:
    with visit(chromium, live_city.http, key=live_city.key, language=language, width=width, height=height) as seen:
        seen.page.goto("/?kind=air&sensor=air-0001")
        expect(seen.page.locator(".clock")).to_be_visible()
        boxes = {}
        for name in (
            "header",
            "aside.panel",
            ".clock",
            "article.sensor > header",
            ".bottom > *",
        ):
            box = seen.page.locator(name).first.bounding_box()
            assert box is not None, name
            boxes[name] = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
            assert boxes[name][0] >= 0, name
            assert boxes[name][2] <= width, name
            assert boxes[name][3] <= height, name
        for (one, a), (other, b) in combinations(boxes.items(), 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"{one} lies over {other}"
        assert (boxes["aside.panel"][0] > width / 2) == (language == "ar")


def test_a_map_without_sensors_says_so_until_another_has_them(live_city: RunningCity, chromium: Browser) -> None:
    with visit(chromium, live_city.http, key=live_city.key, language="en", width=900, height=600) as seen:
        page = seen.page
        page.route("**/dots.worker*", lambda route: route.abort())
        page.goto("/")
        alert = page.get_by_role("alert").filter(has_text="could not be loaded")
        expect(alert.get_by_role("button", name="Reload")).to_be_visible()
        page.locator(".picture canvas").first.focus()
        expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
        expect(alert).to_have_count(0)


def test_an_old_browser_is_told_so_and_gets_the_map_that_moves(live_city: RunningCity, chromium: Browser) -> None:
    with visit(chromium, live_city.http, key=live_city.key, width=900, height=600) as seen:
        page = seen.page
        page.add_init_script(OLD_BROWSER)
        for language, words in (("fr", "trop ancien"), ("en", "too old"), ("ar", "هذا المتصفح أقدم")):
            page.goto(f"/wall?lang={language}")
            alert = page.get_by_role("alert").filter(has_text=words)
            expect(alert).to_be_visible()
            expect(alert.get_by_role("button")).to_have_count(0)  # to load it anew would not help
        page.goto("/")
        expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        seen.check()
