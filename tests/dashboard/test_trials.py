"""What a startup does with trials on the page: begins and watches one, and reads what one that is over has shown."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import visit
from tests.dashboard.prepared import finished_report, finished_trial
from tests.system.running import RunningCity

pytestmark = pytest.mark.slow

SLOPES = """
const points = new WeakMap(), { stroke } = CanvasRenderingContext2D.prototype;
globalThis.drawn = globalThis.slopes = 0;
for (const name of ["moveTo", "lineTo"]) {
  const move = Path2D.prototype[name];
  Path2D.prototype[name] = function (x, y) {
    const before = points.get(this)?.at(-1);
    const slope = name === "lineTo" && before && Math.abs(x - before.x) > 0.5 && Math.abs(y - before.y) > 0.5;
    points.set(this, [...(points.get(this) ?? []), { x, y, slope }]);
    move.call(this, x, y);
  };
}
CanvasRenderingContext2D.prototype.stroke = function (...paths) {
  const lines = this.canvas.closest?.(".uplot") ? (points.get(paths[0]) ?? []) : [];
  drawn += lines.length;
  slopes += lines.filter(({ slope }) => slope).length;
  stroke.apply(this, paths);
};
"""
"""Counts what charts draw, and what of it is neither level nor upright."""


def test_a_startup_begins_a_trial_watches_it_and_cancels_it(
    live_city: RunningCity, chromium: Browser, demo: httpx.Client
) -> None:
    with visit(chromium, live_city.http, key=live_city.key) as seen:
        page = seen.page
        page.goto("/trials")
        challenge = page.get_by_role("region", name="Détection de fuites")
        challenge.get_by_role("button", name="Classement").click()
        expect(challenge).to_contain_text("Personne n’est encore classé")
        challenge.get_by_role("button", name="S’entraîner").click()
        trial = page.get_by_role("article")
        expect(trial).to_contain_text(re.compile(r"Ville 1 sur 5, pas 0 sur \d+"))
        name = page.url.rpartition("/")[2]
        expect(trial.locator("code").first).to_contain_text(f"/v1/trials/{name}/step")
        demo.post(f"/v1/trials/{name}/step", json={"seed": 1, "step": 1, "limit": 0}).raise_for_status()
        expect(trial).to_contain_text("Ville 1 sur 5, pas 1 sur")
        expect(trial).to_contain_text("Service entendu il y a")
        seen.check()
        page.once("dialog", lambda dialog: dialog.accept())
        trial.get_by_role("button", name="Annuler l’essai").click()
        expect(trial.get_by_text("annulé", exact=True)).to_be_visible()


def test_a_startup_reads_what_a_finished_trial_has_shown(live_city: RunningCity, chromium: Browser) -> None:
    trial = finished_trial()
    report = finished_report(trial)
    for language, width, words in (
        ("fr", 1440, ("alerte après 2 h", "avec le service", "m³")),
        ("ar", 390, ("الإنذار بعد", "مع الخدمة", "م³")),
    ):
        with visit(chromium, live_city.http, key=live_city.key, language=language, width=width) as seen:
            page = seen.page
            page.add_init_script(SLOPES)
            page.route(f"**/v1/trials/{trial['trial']}", lambda route: route.fulfill(json=trial))
            page.route("**/report?format=json", lambda route: route.fulfill(json=report))
            page.goto(f"/trials/{trial['trial']}")
            card = page.get_by_role("article", name=trial["trial"])
            for word in words:
                expect(card).to_contain_text(word)
            expect(card.locator(".effects")).to_contain_text("120")
            expect(card.locator(".maps path.open")).to_have_count(1)  # with the service it has been found
            expect(card.locator(".maps path.found")).to_have_count(1)
            expect(card.locator(".strip .alarm")).to_have_count(1)
            card.locator("button[aria-pressed]").click()
            expect(card.locator(".split canvas")).to_have_count(2)
            expect(card.locator(".chart .uplot").first).to_be_visible()
            points, slopes = page.evaluate("[drawn, slopes]")
            assert points > 100
            assert slopes == 0  # a value holds until the next
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0
            seen.check()
