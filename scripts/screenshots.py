"""Draw docs/screenshots: each page in three languages, on two screens, light and dark, from a city that it starts."""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, expect

from api.live.frame import NO_AGE
from tests.dashboard.browser import browser, visit
from tests.system.running import RunningCity, running_city
from tests.waiting import wait_until
from zenata.contract.trials import MAX_PARALLEL
from zenata_client import Client

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
WIDE, TALL, SMALL = (1440, 900), (1440, 1400), (390, 844)
WEEKEND = (5, 6)


def last(hour: int, minute: int = 0) -> str:
    """Return when the clock of the city last showed an hour of a working day, at least two hours ago."""
    before = datetime.now(UTC) - timedelta(hours=2)
    moment = before.replace(hour=hour, minute=minute)
    while moment > before or moment.weekday() in WEEKEND:
        moment -= timedelta(days=1)
    return moment.strftime("%Y-%m-%dT%H:%M:00Z")


# Moments at which there is something to see, whatever the hour at which the pages are drawn.
MORNING, NOON, EVENING, NIGHT = last(8, 30), last(13), last(20, 30), last(3)
OTHER = NIGHT if 6 <= datetime.now(UTC).hour < 22 else MORNING
SEEN = "[data-shown]:not([data-shown='0'])"
SHOTS = {
    # name: address, language, screen, key, what to wait for
    "city": (f"/?kind=traffic&at={MORNING}&sensor=traffic-0124", "fr", WIDE, "demo", ".sensor .uplot"),
    "city-dark": (f"/?kind=air&theme=dark&at={MORNING}", "en", WIDE, "demo", "[data-drawn]"),
    "city-ar": ("/?kind=parking&map=15.4/33.6538/-7.4730&sensor=parking-0100", "ar", WIDE, "demo", ".sensor .uplot"),
    "city-small": (f"/?kind=noise&at={NOON}", "fr", SMALL, "demo", "[data-drawn]"),
    "city-small-ar": (f"/?kind=streetlight&property=power&at={EVENING}", "ar", SMALL, "demo", "[data-drawn]"),
    "city-tilted": (f"/?kind=traffic&tilt=1&map=15.2/33.6530/-7.4600&at={MORNING}", "fr", WIDE, "demo", "[data-drawn]"),
    "compare": (f"/?kind=traffic&at={OTHER}&compare=1", "en", WIDE, "demo", "[data-drawn]"),
    "table": ("/?kind=air&view=table", "en", WIDE, "demo", "tbody tr"),
    "pilots": ("/pilots", "fr", WIDE, "admin", "tbody tr"),
    "pilots-small-ar": ("/pilots", "ar", SMALL, "admin", "tbody tr"),
    "my-pilot": ("/me", "fr", WIDE, "demo", "tbody tr"),
    "my-pilot-ar": ("/me", "ar", WIDE, "demo", "tbody tr"),
    "ledger": ("/ledger?theme=dark", "en", WIDE, "demo", "dl"),
    "worlds": ("/worlds", "fr", WIDE, "demo", "form"),
    "trials": ("/trials", "fr", WIDE, "demo", "article"),
    "trials-small-ar": ("/trials?theme=dark", "ar", SMALL, "demo", "article"),
    "trial": ("/trials/{traffic-incident}", "fr", TALL, "demo", ".strip"),
    "trial-small-ar": ("/trials/{traffic-incident}", "ar", (390, 1700), "demo", ".strip"),
    "scorecard": ("/pilots/clear-air", "fr", WIDE, "admin", "li .sign"),
    "scorecard-small-ar": ("/pilots/clear-air", "ar", (390, 1300), "admin", "li .sign"),
    "xr-table": (f"/xr?kind=traffic&at={NOON}", "fr", WIDE, "demo", SEEN),
    "xr-foot": (
        f"/xr?kind=streetlight&property=power&mode=foot&sensor=streetlight-1175&at={EVENING}",
        "en",
        WIDE,
        "demo",
        SEEN,
    ),
    "wall": ("/wall", "fr", WIDE, "demo", "[data-drawn]"),
    "wall-ar": ("/wall?theme=dark", "ar", WIDE, "demo", "[data-drawn]"),
    "login": ("/", "fr", SMALL, "", "form"),
}
DEMO = [
    ("demo-start", "fr", 0),
    ("demo-day", "fr", 2),
    ("demo-leak", "en", 4),
    ("demo-alarm", "ar", 5),
    ("demo-cost", "fr", 8),
]
WORLDS = [
    {
        "seed": 7,
        "start": "2026-07-14T06:00:00Z",
        "scenario": "heatwave-blackout",
        "speed": 60,
        "kinds": ["weather", "power"],
    },
    {"seed": 3, "start": "2026-07-01T02:00:00Z", "scenario": "night-leak", "state": "paused", "kinds": ["water"]},
]
EXCEPTION = {"name": "Salma Idrissi", "reason": "le second mât sera posé en mars"}
BUDGETS = [
    ("demo", 50_000, "première tranche"),
    ("demo", -12_400, "passerelle"),
    ("clear-air", 80_000, "première tranche"),
    ("clear-air", -31_500, "deux mâts"),
]
EXAMPLES = FOLDER.parents[1] / "examples"
INCIDENTS = """
import traffic_incident as service
from zenata_client import Client

service.BEYOND, service.QUIET = 0.7, 24  # a startup that has begun with the example and changed it
with Client() as client:
    service.serve(client)
"""
AIR = """
import air_alert
from zenata_client import Client

class Learner(air_alert.Forecaster):  # a startup that has begun with the example, and learns anew every day
    def alerts(self):
        if len(self.hours) % 24 == 0:
            self.fit()
        return super().alerts()

air_alert.Forecaster = Learner
with Client() as client:
    air_alert.serve(client)
"""
LANGUAGES, THEMES = ("fr", "en", "ar"), ("light", "dark")
SCREENS = {"phone": SMALL, "desk": WIDE, "wall": (3840, 2160)}
VARIANTS = ("-ar", "-small", "-dark", "-tilted")  # of pictures that show the same view as another
DEMO_STEPS = 9
CUT = """() => {
  const seen = [...document.querySelectorAll("body *")].filter((one) => !one.closest("svg, code, .skip, .hidden, .names, .maplibregl-map"));
  return seen.flatMap((one) => {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const { left, right, width } = one.getBoundingClientRect();
    const hides = /hidden|clip/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1;
    let around = one.parentElement;
    while (around && getComputedStyle(around).overflowX === "visible") around = around.parentElement;
    const outside = around === document.body || !around ? left < -1 || right > innerWidth + 1 : false;
    return width && ((own && outside) || (hides && one.textContent.trim())) ? [`${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`] : [];
  });
}"""
"""Which elements hide a part of their text, or reach beyond the screen where nothing scrolls."""
PAST = 1_800  # far beyond what seven days of the past take, also where much else runs [s]
TRIAL = 10_800  # the same of a trial: 20 cities took an hour at a load of 20 [s]
TOLD = 20  # how often what is waited for is told [s]
SETTLE = 4_000  # for fonts, names on the map and the first frames [ms]
BEGUN = time.monotonic()


def main() -> None:
    """Draw all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which to draw; all if none is named")
    parser.add_argument(
        "--every",
        type=Path,
        metavar="FOLDER",
        help="draw each view there in every language, theme and size of screen instead, and say where text is cut",
    )
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_city(Path(folder) / ".zenata", "--history-days", "7") as city:
        draw(city, wanted.names, wanted.every)


def draw(city: RunningCity, names: list[str], every: Path | None = None) -> None:
    """Draw from a running city, with a device and two more pilots in it."""
    tell("the city runs")
    furnish(city)
    wait_for_past(city)
    wanted = [name for name in SHOTS if not names or name in names]
    trials = finish_trial(city) if any("{" in SHOTS[name][0] for name in wanted) else {}
    if any(name.startswith(("scorecard", "pilots", "trials")) for name in wanted):
        finish_graded(city)
    keys = {"demo": city.key, "admin": city.admin_key, "": None}
    with browser() as chromium:
        if every:
            draw_every(chromium, city, [name for name in wanted if not name.endswith(VARIANTS)], trials, every)
            return
        for name in wanted:
            path, language, (width, height), who, ready = SHOTS[name]
            with visit(
                chromium, city.http, language=language, width=width, height=height, key=keys[who], scale=1
            ) as seen:
                picture(seen.page, path.format(**trials), ready, FOLDER / f"{name}.png")
        if not names or any(name.startswith("demo") for name in names):
            remove_worlds(city)
            draw_demo(chromium, city)


def picture(page: Page, address: str, ready: str, file: Path) -> None:
    """Draw a page once it is there and has settled."""
    page.goto(address)
    expect(page.locator(ready).first).to_be_attached()
    page.wait_for_timeout(SETTLE)
    page.screenshot(path=file)
    tell(file.name)


def draw_every(chromium: Browser, city: RunningCity, names: list[str], trials: dict[str, str], folder: Path) -> None:
    """Draw views, then the steps of the demo, in each language, theme and size of screen."""
    folder.mkdir(parents=True, exist_ok=True)
    for who, key in (("", None), ("admin", city.admin_key), ("demo", city.key)):
        with visit(chromium, city.http, key=key, scale=1) as seen:
            shown = {name: (SHOTS[name][0].format(**trials), SHOTS[name][4]) for name in names if SHOTS[name][3] == who}
            draw_variants(seen.page, shown, folder)
            if who == "demo":
                remove_worlds(city)
                prepare_demo(seen.page)
                steps = {
                    f"demo-{step}": (f"/demo?step={step}", ".figure, .languages") for step in range(DEMO_STEPS + 1)
                }
                draw_variants(seen.page, steps, folder)


def draw_variants(page: Page, shown: dict[str, tuple[str, str]], folder: Path) -> None:
    """Draw pages, given by address and what to wait for; say where text is cut, or lies beyond the screen."""
    for (name, (path, ready)), (screen, (width, height)), language, theme in itertools.product(
        shown.items(), SCREENS.items(), LANGUAGES, THEMES
    ):
        page.set_viewport_size({"width": width, "height": height})
        address, _, query = path.partition("?")
        address += f"?lang={language}&theme={theme}&{query}"  # the first of two themes holds
        picture(page, address, ready, folder / f"{name}.{screen}.{language}.{theme}.png")
        for cut in page.evaluate(CUT):
            tell(f"  cut: {cut}")


def tell(what: str) -> None:
    """Say what was done, and after how many seconds."""
    print(f"{time.monotonic() - BEGUN:6.0f} s  {what}", flush=True)


def wait_for_past(city: RunningCity) -> None:
    """Wait until there are values at all moments that are shown."""
    missing = sorted({MORNING, NOON, EVENING, NIGHT}, reverse=True)  # it is filled in from now backwards

    def filled() -> bool:
        while missing and has_past(city, missing[0]):
            tell(f"there are values of {missing.pop(0)}")
        return not missing

    wait_until(filled, "the past is filled in", patience=PAST, pause=1)


def has_past(city: RunningCity, moment: str) -> bool:
    """Return whether the detectors of traffic have values at a moment."""
    params = {"kind": "traffic", "property": "flow", "at": moment}
    headers = {"Authorization": f"Bearer {city.key}"}
    body = httpx.get(f"{city.http}/v1/frame", params=params, headers=headers, trust_env=False, timeout=60).content
    ages = np.frombuffer(body, np.uint16, offset=24 + (len(body) - 24) // 6 * 4)
    return bool((ages != NO_AGE).any())


def draw_demo(chromium: Browser, city: RunningCity) -> None:
    """Draw steps of the demo."""
    with visit(chromium, city.http, language="fr", key=city.key, scale=1) as seen:
        page = seen.page
        prepare_demo(page)
        for name, language, step in DEMO:
            page.goto(f"/demo?lang={language}" + (f"&step={step}" if step else ""))
            expect(page.locator("[data-drawn]").first).to_be_attached()
            expect(page.locator(".figure, .languages").first).to_be_visible()
            expect(page.locator(".figure").get_by_text("…", exact=True)).to_have_count(0, timeout=300_000)
            page.wait_for_timeout(SETTLE)
            if name == "demo-day":
                expect(page.locator(".unit")).to_contain_text("08:")  # the peak of the morning
            page.screenshot(path=FOLDER / f"{name}.png")
            tell(f"{name}.png")


def prepare_demo(page: Page) -> None:
    """Open the demo and wait until it is prepared: left before, it leaves worlds behind, and four are all that one may have."""
    tell("the demo prepares itself")
    page.goto("/demo?lang=fr")
    expect(page.get_by_text("La démonstration est prête")).to_be_visible(timeout=1_000 * PAST)


def furnish(city: RunningCity) -> None:
    """Make what the pages show: a trial, worlds, devices that send, messages that are none, and two pilots, of which one is at work."""
    with city.client() as demo, city.client(city.admin_key) as admin:
        call(demo, "/v1/trials", {"challenge": "leak-detection"})
        for world in WORLDS:
            made = call(demo, "/v1/worlds", world)
            if made.get("state") == "paused":
                call(demo, f"/v1/worlds/{made['world']}/advance", {"end": "+6h", "limit": 0})
        send(demo, {"roof": "Toit", "gate": "Portail", "pump": "Pompe"})
        for _ in range(3):
            demo.post("/v1/telemetry?device=roof", content=b"{")
        for pilot in ("clear-air", "leak-finder"):
            call(admin, "/v1/pilots", {"name": pilot, "edition": "2026"})
        for pilot, amount, note in BUDGETS:
            day = f"{datetime.now(UTC):%Y-%m-%d}"
            call(admin, f"/v1/pilots/{pilot}/budget", {"amount": amount, "date": day, "note": note})
        with city.client(key_of(city, "clear-air")) as pilot:
            send(pilot, {"mast-1": "Mât 1"})
            call(pilot, "/v1/devices", {"id": "mast-2", "name": "Mât 2"})  # has never sent anything
            for _ in range(40):
                pilot.get("/v1/latest?kind=air").raise_for_status()
        admin.put("/v1/pilots/clear-air/scorecard/exceptions/freshness", json=EXCEPTION).raise_for_status()


def key_of(city: RunningCity, pilot: str) -> str:
    """Return a new key of a pilot."""
    with city.client(city.admin_key) as admin:
        made = admin.post(f"/v1/pilots/{pilot}/keys", json={"name": f"pictures-{time.time_ns()}"}).raise_for_status()
        return str(made.json()["key"])


def call(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make something; what is there already stays."""
    answer = client.post(path, json=body)
    if answer.status_code != httpx.codes.CONFLICT:
        answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def send(client: httpx.Client, devices: dict[str, str]) -> None:
    """Bring devices, of which the first has a place on the map, and let each send."""
    place = {"longitude": -7.462, "latitude": 33.652}
    for device, name in devices.items():
        call(client, "/v1/devices", {"id": device, "name": name, **place})
        place = {}
        for step in range(20):
            values = {"temperature": 21.5 + 0.1 * step, "humidity": 62 - step}
            client.post(f"/v1/telemetry?device={device}", json=values).raise_for_status()


def remove_worlds(city: RunningCity) -> None:
    """Make room for the two worlds of the demo: four are all that a pilot may have."""
    with city.client() as demo:
        trials = {one["world"] for one in demo.get("/v1/trials").raise_for_status().json()["items"]}
        for world in demo.get("/v1/worlds").raise_for_status().json()["items"]:
            if world["owner"] == "demo" and world["world"] not in trials:
                demo.delete(f"/v1/worlds/{world['world']}").raise_for_status()


def finish_trial(city: RunningCity) -> dict[str, str]:
    """Go through a trial by a service, if that is not done, and return trials that are by challenge."""
    with Client(city.http, city.key) as client:
        done = {one.challenge: one.trial for one in reversed(client.trials()) if one.phase == "done"}
    if "traffic-incident" not in done:
        done["traffic-incident"] = play(city, city.key, INCIDENTS, "traffic-incident", seeds=[1, 2, 3])
    return done


def finish_graded(city: RunningCity) -> None:
    """Go through a graded trial by a service of a pilot, if that is not done: twenty cities, four side by side."""
    key = key_of(city, "clear-air")
    with Client(city.http, key) as client:
        if any(one.mode == "graded" and one.phase == "done" for one in client.trials()):
            return
    play(city, key, AIR, "air-alert", mode="graded", name="Air clair", parallel=MAX_PARALLEL)


def play(city: RunningCity, key: str, service: str, challenge: str, **about: Any) -> str:  # noqa: ANN401 - of a trial
    """Begin a trial, let copies of a service go through it, and return its id."""
    environment = {**os.environ, "ZENATA_URL": city.http, "ZENATA_KEY": key}
    with Client(city.http, key) as client, ExitStack() as stack:
        made = client.begin_trial(challenge, **about)
        copies = [
            subprocess.Popen([sys.executable, "-c", service], cwd=EXAMPLES, env={**environment, "ZENATA_TRIAL": trial})
            for trial in made.parts or [made.trial]
        ]
        for copy in copies:
            stack.callback(copy.kill)
        told = 0.0

        def over() -> bool:
            nonlocal told
            now = client.show_trial(made.trial)
            if time.monotonic() > told + TOLD or now.ended:
                told = time.monotonic()
                tell(
                    f"{challenge}, {now.phase}: {now.seeds_done} of {now.seeds} cities, step {now.step} of {now.steps}"
                )
            if any(copy.poll() for copy in copies) or (now.ended and now.phase != "done"):
                raise RuntimeError(f"the trial {made.trial} has failed: {now.reason or 'its service has'}")
            return now.phase == "done" and all(copy.poll() == 0 for copy in copies)

        wait_until(over, f"the trial of {challenge} is over", patience=TRIAL, pause=1)
    return made.trial


if __name__ == "__main__":
    main()
