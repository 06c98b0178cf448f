"""What a startup, an engineer and a partner do on the page, in three languages and on two screens."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.dashboard.browser import ROOT, Visit, visit
from tests.system.running import RunningCity

pytestmark = pytest.mark.slow

IWER = ROOT / "dashboard" / "node_modules" / "iwer" / "build" / "iwer.min.js"
HEADSET = """
const headset = new IWER.XRDevice(IWER.metaQuest3);
headset.installRuntime({ forceInstall: true });
headset.position.set(0, 1.6, 0.4);
"""

SCREENS = [
    ("fr", 1440, 900),
    ("ar", 390, 844),
    pytest.param("en", 390, 844, marks=pytest.mark.soak),
    pytest.param("ar", 1440, 900, marks=pytest.mark.soak),
    pytest.param("fr", 3840, 2160, marks=pytest.mark.soak),
]


@pytest.fixture
def admin(live_city: RunningCity) -> Iterator[httpx.Client]:
    with live_city.client(live_city.admin_key) as client:
        yield client


def open_map(seen: Visit, path: str = "/") -> None:
    """Open the city, and wait until values are on the map."""
    seen.page.goto(path)
    expect(seen.page.locator(".map[data-drawn]")).to_be_visible()
    expect(seen.page.locator(".legend li").first).to_contain_text(re.compile("[1-9]"))
    expect(seen.page.locator(".names span:visible").first).to_be_visible()


def run_copied(seen: Visit, key: str) -> None:
    """Run what a view has to copy, as it stands there: each must be an answer."""
    page = seen.page
    expect(page.locator(".use")).not_to_have_count(0)
    topic, curl, python = (
        page.locator(".use .copy").filter(has_text=name).first.locator("code") for name in ("MQTT", "curl", "Python")
    )
    environment = {**os.environ, "KEY": key, "no_proxy": "*"}
    shell = f"{curl.text_content()} --fail --silent"
    answer = subprocess.run(["/bin/sh", "-c", shell], env=environment, check=True, capture_output=True, timeout=120)
    assert json.loads(answer.stdout)
    program = [sys.executable, "-c", python.text_content() or ""]
    assert subprocess.run(program, env=environment, check=True, capture_output=True, timeout=120).stdout
    assert topic.count() == (1 if "sensor=" in page.url else 0)


def use_the_keys(seen: Visit) -> None:
    """Go through the keys of the city, of which a card of a sensor is open."""
    keyboard, card = seen.page.keyboard, seen.page.locator("article.sensor")
    for key, sensor in (("j", "air-0002"), ("k", "air-0001")):
        keyboard.press(key)
        expect(card).to_have_accessible_name(sensor)
    keyboard.press("[")
    expect(seen.page).to_have_url(re.compile("[?&]at="))
    expect(seen.page.locator(".legend li")).to_have_text(re.compile("avec une valeur"))  # nobody is live in the past
    keyboard.press("]")
    expect(seen.page).not_to_have_url(re.compile("[?&]at="))
    expect(seen.page.locator(".legend li").first).to_have_text(
        re.compile(r"à jour\D*[1-9]")
    )  # before, there is nothing to hold
    keyboard.press(" ")
    expect(seen.page.get_by_role("button", name="Reprendre")).to_have_attribute("aria-pressed", "true")
    expect(seen.page.get_by_text("Valeurs figées")).to_be_visible()
    value, age = (card.locator(f".{name} bdi").first for name in ("value", "age"))
    before = value.inner_text(), age.inner_text()
    expect(age).not_to_have_text(before[1])  # what is held grows old
    assert value.inner_text() == before[0]
    keyboard.press(" ")
    keyboard.press("?")
    expect(seen.page.get_by_role("dialog", name="Raccourcis clavier")).to_be_visible()
    keyboard.press("Escape")
    expect(seen.page.locator("dialog")).to_have_count(0)
    keyboard.press("/")
    expect(seen.page.get_by_role("combobox", name="Chercher")).to_be_focused()
    keyboard.press("j")  # is a letter there
    expect(card).to_have_accessible_name("air-0001")


def look_back(seen: Visit, moment: str) -> None:
    """See that nobody is called live in the past, neither on a card nor in the table."""
    seen.page.goto(f"/?kind=air&sensor=air-0001&at={moment}")
    card = seen.page.locator("article.sensor")
    expect(card.locator(".values")).to_contain_text("Âge · ")
    expect(card.get_by_text("à jour")).to_have_count(0)
    seen.page.get_by_role("button", name="Tableau").click()
    expect(seen.page.locator("tbody tr").first).to_contain_text(re.compile(r"\d\s?(s|min)"))
    expect(seen.page.locator("tbody .tag")).to_have_count(0)


def test_a_startup_logs_in_and_finds_its_device_on_the_map(
    live_city: RunningCity, chromium: Browser, demo: httpx.Client
) -> None:
    device = {"id": "roof", "name": "Toit", "longitude": -7.462, "latitude": 33.652}
    with visit(chromium, live_city.http) as seen:
        page = seen.page
        page.goto("/me")
        page.get_by_label("Clé", exact=True).fill("zk_wrong")
        page.get_by_role("button", name="Se connecter").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
        assert seen.violations() == []
        page.get_by_label("Clé", exact=True).fill(live_city.key)
        page.get_by_role("button", name="Se connecter").click()
        expect(page.get_by_text("Ensuite : Déclarer un appareil")).to_be_visible()
        try:
            demo.post("/v1/devices", json=device).raise_for_status()
            demo.post("/v1/telemetry?device=roof", json={"temperature": 21.5}).raise_for_status()
            expect(page.get_by_text("en ligne", exact=True)).to_be_visible()
            page.get_by_role("link", name="Voir sur la carte").click()
            card = page.get_by_role("article", name="Toit")
            expect(card).to_contain_text("21,5")
            expect(page.locator(".map[data-drawn]")).to_be_visible()
            held: list[Route] = []
            page.route("**/assets/moving-*.js", lambda route: held.append(route))
            address = page.url
            page.mouse.move(720, 300)
            page.mouse.down()
            page.mouse.move(660, 340, steps=3)
            page.mouse.up()
            expect(page).not_to_have_url(address)  # the picture can be dragged before the map is there
            address = page.url
            page.mouse.wheel(0, -200)
            expect(page).not_to_have_url(address)
            address = page.url
            for route in held:
                route.continue_()
            expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
            expect(page.locator(".map .picture")).to_have_count(0)
            assert page.url == address  # the map looks where the picture did
            assert seen.violations() == []
        finally:
            demo.delete("/v1/devices/roof")
        # The refused key is an error of the console by Chromium's own doing: it logs each answer of 401.
        assert [error for error in seen.errors if "401" not in error] == []
        assert seen.foreign == []


def test_an_engineer_sees_a_failing_pilot_and_suspends_it(
    live_city: RunningCity, chromium: Browser, admin: httpx.Client
) -> None:
    name = f"failing-{uuid.uuid4().hex[:6]}"
    made = admin.post("/v1/pilots", json={"name": name}).raise_for_status().json()
    key = made["issued"]["key"]
    with httpx.Client(base_url=live_city.http, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as pilot:
        pilot.post("/v1/devices", json={"id": "broken"}).raise_for_status()
        for _ in range(30):
            pilot.post("/v1/telemetry?device=broken", content=b"{")
        with (
            visit(chromium, live_city.http, key=key, language="en") as watching,
            visit(chromium, live_city.http, key=live_city.admin_key, language="en") as seen,
        ):
            page = seen.page
            watching.page.goto("/me")
            expect(watching.page.get_by_text("broken").first).to_be_visible()
            page.goto("/pilots")
            row = page.get_by_role("row").filter(has_text=name)
            expect(row.get_by_text("Alerts:")).to_be_visible()
            row.get_by_role("button", name="Suspend").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Reason").fill("sends broken messages")
            assert seen.violations() == []
            dialog.get_by_role("button", name="Suspend").click()
            expect(row.get_by_text("Suspended")).to_be_visible()
            expect(watching.page.get_by_label("Key", exact=True)).to_be_visible()  # out, with nothing left to look at
            assert pilot.get("/v1/me").status_code in (401, 403)
            row.get_by_role("link", name=name).click()
            expect(page.get_by_text("Suspended: sends broken messages")).to_be_visible()
            gate = page.get_by_role("region", name="Scorecard")
            expect(gate.get_by_text("Not ready for the street")).to_be_visible()
            gate.get_by_role("button", name="Make an exception: No open alert").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Who answers for it").fill("Salma Idrissi")
            dialog.get_by_label("Reason").fill("a rehearsal")
            assert seen.violations() == []
            dialog.get_by_role("button", name="Make an exception").click()
            line = gate.get_by_role("listitem").filter(has_text="No open alert")
            expect(line).to_contain_text("a rehearsal – Salma Idrissi")
            expect(line.get_by_text("waived", exact=True)).to_be_visible()
            seen.check()
            line.get_by_role("button", name="Withdraw").click()
            expect(line.get_by_role("button", name="Make an exception")).to_be_visible()
            printed = page.context.request.get(
                gate.get_by_role("link", name="Open and print").get_attribute("href") or ""
            )
            assert (printed.status, "Scorecard" in printed.text()) == (200, True)


def test_no_stale_value_looks_live_and_the_page_recovers(live_city: RunningCity, chromium: Browser) -> None:
    with visit(chromium, live_city.http, key=live_city.key) as seen:
        open_map(seen, "/?kind=weather")
        server = live_city.pids["api"]
        os.kill(server, signal.SIGSTOP)
        try:
            expect(seen.page.get_by_text("Serveur injoignable")).to_be_visible()
            expect(seen.page.locator(".legend rect").first).to_have_attribute("fill", "hsl(0 0% 20%)")
            expect(seen.page.locator(".legend li").first).to_contain_text("avec une valeur")  # nothing is "live"
        finally:
            os.kill(server, signal.SIGCONT)
        expect(seen.page.get_by_text("Serveur injoignable")).not_to_be_visible()
        network = seen.page.context.new_cdp_session(seen.page)
        network.send("Network.enable")
        limits = {"offline": False, "latency": 20_000, "downloadThroughput": 50, "uploadThroughput": 50}
        network.send("Network.emulateNetworkConditions", limits)
        seen.page.get_by_role("button", name="station de qualité de l’air").click()  # a stream that begins anew is slow
        expect(seen.page.locator(".legend li").first).to_have_text(re.compile(r" 0$"))  # not the values of before
        expect(seen.page.get_by_text("Serveur injoignable")).to_be_visible()
        network.send(
            "Network.emulateNetworkConditions",
            {**limits, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        expect(seen.page.get_by_text("Serveur injoignable")).not_to_be_visible()
        expect(seen.page.locator(".legend li").first).to_contain_text(re.compile("[1-9]"))


def test_a_world_is_paused_proven_and_disturbed(live_city: RunningCity, chromium: Browser, demo: httpx.Client) -> None:
    made = demo.post(
        "/v1/worlds",
        json={"seed": 7, "start": "2026-07-01T06:00:00Z", "state": "paused", "kinds": ["weather", "parking"]},
    )
    world = made.raise_for_status().json()["world"]
    try:
        demo.post(f"/v1/worlds/{world}/advance", json={"steps": 3}).raise_for_status()
        with visit(chromium, live_city.http, key=live_city.key, language="en") as seen:
            open_map(seen, f"/?world={world}&kind=weather")
            expect(seen.page.get_by_text("This world is paused")).to_be_visible()
            expect(seen.page.get_by_text("has published nothing")).not_to_be_visible()
            demo.patch(f"/v1/worlds/{world}/clock", json={"state": "running"}).raise_for_status()
            expect(seen.page.get_by_text("This world is paused")).not_to_be_visible()
            demo.patch(f"/v1/worlds/{world}/clock", json={"state": "paused"}).raise_for_status()
            page = seen.page
            page.goto("/worlds")  # no event and no command yet: it can be made again from its record
            card = page.get_by_role("region", name=world)
            card.get_by_role("button", name="Proof").click()
            card.get_by_role("button", name="Replay and compare").click()
            expect(card.get_by_text("Identical")).to_be_visible()
            open_map(seen, f"/?world={world}&kind=weather&property=temperature&sensor=weather-0001")
            card = page.get_by_role("article", name="weather-0001")
            card.get_by_role("combobox").first.select_option("sensor_drift")
            card.get_by_text("Parameters").click()
            card.get_by_label("rate").fill("1000")
            seen.check()
            card.get_by_role("button", name="Make it happen").click()
            expect(card.get_by_role("status").filter(has_text="begins")).to_be_visible()
            demo.post(f"/v1/worlds/{world}/advance", json={"end": "+2m", "limit": 0}).raise_for_status()
            card.get_by_role("button", name="See what has changed").click()
            changed = page.get_by_role("region", name="What has changed")
            expect(changed.get_by_role("listitem").first).to_contain_text("weather-0001")
            seen.check()
            fault = {"type": "gateway_down", "sensors": ["weather-0002"], "lost": True, "duration": "2h"}
            demo.post(f"/v1/worlds/{world}/events", json=fault).raise_for_status()
            demo.post(f"/v1/worlds/{world}/advance", json={"end": "+20m", "limit": 0}).raise_for_status()
            open_map(seen, f"/?world={world}&kind=weather")
            expect(page.locator(".legend li").nth(2)).to_contain_text("1")  # silent: it counts in no mean any more
    finally:
        demo.delete(f"/v1/worlds/{world}")


def test_an_immersive_session_shows_live_values(live_city: RunningCity, chromium: Browser) -> None:
    with visit(chromium, live_city.http, key=live_city.key, language="en", width=900, height=600) as seen:
        page = seen.page
        page.add_init_script(IWER.read_text() + HEADSET)
        page.goto("/xr?kind=weather")
        stage = page.get_by_role("img", name="The city in three dimensions")
        expect(stage).to_have_attribute("data-shown", re.compile("[1-9]"))
        seen.check()
        page.get_by_role("button", name="Enter with the headset").click()
        expect(stage).to_have_attribute("data-immersive", "true")
        before = stage.get_attribute("data-time") or ""
        expect(stage).not_to_have_attribute("data-time", before)  # a newer frame has come
        expect(stage).to_have_attribute("data-shown", re.compile("[1-9]"))
        page.get_by_role("button", name="Leave the headset").dispatch_event("click")
        expect(stage).to_have_attribute("data-immersive", "false")
        page.get_by_role("button", name="On foot").click()
        page.keyboard.press("ArrowUp")
        page.goto("/xr?kind=weather&mode=foot&sensor=weather-0001")
        expect(page.get_by_role("status").filter(has_text="weather-0001")).to_be_visible()
        assert (seen.errors, seen.foreign) == ([], [])


@pytest.mark.parametrize(("language", "width", "height"), SCREENS)
def test_every_page_is_sound_in_each_language(
    live_city: RunningCity, chromium: Browser, language: str, width: int, height: int
) -> None:
    with visit(
        chromium, live_city.http, key=live_city.admin_key, language=language, width=width, height=height
    ) as seen:
        open_map(seen, "/?kind=air&sensor=air-0001")
        assert seen.page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        if width < 700:
            sheet = seen.page.get_by_role("complementary").bounding_box()
            assert sheet is not None
            assert sheet["y"] > height / 2, "what lies over the map leaves more than half of it"
        seen.check()
        if language == "fr":
            run_copied(seen, live_city.admin_key)
            use_the_keys(seen)
            look_back(seen, live_city.newest("air"))
        # A place is taken or free, never a mean.
        with seen.page.expect_request(re.compile(r"/v1/readings\?.*agg=last")):
            seen.page.goto("/?kind=parking&sensor=parking-0001")
        for path in ("/?view=table&kind=noise", "/pilots", "/me", "/ledger", "/worlds", "/trials"):
            seen.page.goto(path)
            expect(seen.page.locator("h1").first).to_be_attached()
            expect(seen.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
            wide = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} scrolls sideways by {wide} px"
            seen.check()
            if language == "fr" and "view=" not in path:
                run_copied(seen, live_city.admin_key)
