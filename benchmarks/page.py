"""The page in Debian's Chromium: how soon it is there, how soon values are seen, what they cost, and whether it grows."""

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Page

from benchmarks.table import Row
from tests.dashboard.browser import browser, visit
from tests.system.running import RunningCity, running_city

ROUNDS = 5
"""How many times the page is opened, each in a browser profile without a cache."""

WARM = 20.0
"""How long the page is open before its memory is looked at [s]."""

_WATCH = """
globalThis.painted = {};
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const now = performance.now();
  if (document.querySelector("[data-drawn]")) globalThis.drawn ??= now;
  if (/[1-9]/.test(document.querySelector(".legend li")?.textContent ?? "")) globalThis.valued ??= now;
  const clock = document.querySelector(".clock bdi")?.textContent;
  if (clock && !(clock in painted)) {
    painted[clock] = 0;
    requestAnimationFrame(() => requestAnimationFrame(() => (painted[clock] = Date.now())));
  }
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["data-drawn"] }));
"""
"""When the whole map and the first values are there, and when each time of the city is painted, by the wall's clock."""


def run(minutes: float = 1.0) -> list[Row]:
    """Measure the page of a whole city, open for some minutes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_city(Path(folder) / ".zenata") as city,
        browser() as chromium,
    ):
        return [*_opening(chromium, city), *_staying(chromium, city, minutes)]


def _opening(chromium: Browser, city: RunningCity) -> list[Row]:
    seen = []
    for _ in range(ROUNDS):
        with visit(chromium, city.http, key=city.key) as one:
            one.page.add_init_script(_WATCH)
            one.page.goto("/")
            _wait(one.page, "globalThis.drawn && globalThis.valued")
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
            seen.append(one.page.evaluate(f"[{paint}, globalThis.valued, globalThis.drawn]"))
    paint, valued, drawn = (median(times) for times in zip(*seen, strict=True))
    return [
        Row("page: first contentful paint (loopback, no cache)", "< 1500 ms", f"{paint:.0f} ms"),
        Row("page: values on the map", "< 3000 ms", f"{valued:.0f} ms"),
        Row("page: the whole map, with streets and names", "", f"{drawn:.0f} ms"),
    ]


def _staying(chromium: Browser, city: RunningCity, minutes: float) -> list[Row]:
    published: dict[str, float] = {}  # when the first reading of a time was seen on the broker, by that time

    def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        time_of_day = time.strftime("%H:%M:%S", time.gmtime(json.loads(message.payload)[0]["bt"]))
        published.setdefault(time_of_day, time.time())

    broker = urlsplit(city.mqtt)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("demo", city.key)
    client.on_message = on_message
    client.connect(str(broker.hostname), broker.port or 1883)
    client.subscribe("zenata/telemetry/+/traffic/#")
    client.loop_start()
    with visit(chromium, city.http, key=city.key) as seen:
        page = seen.page
        page.add_init_script(_WATCH)
        page.goto("/?kind=traffic")
        _wait(page, "globalThis.valued")
        page.wait_for_timeout(1_000 * WARM)
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")

        def look() -> tuple[float, float, float]:
            tools.send("HeapProfiler.collectGarbage")
            heap = tools.send("Runtime.getHeapUsage")["usedSize"]
            metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
            return heap / 1e6, metrics["ScriptDuration"], metrics["TaskDuration"]

        heap, script, tasks = look()
        page.wait_for_timeout(60_000 * minutes)
        later_heap, later_script, later_tasks = look()
        painted: dict[str, int] = page.evaluate("painted")
    client.loop_stop()
    waits = sorted(
        at / 1_000 - published[clock[-8:]] for clock, at in painted.items() if at and clock[-8:] in published
    )
    seconds = 60 * minutes
    return [
        Row(
            f"page: from the broker to the pixel, p95 of {len(waits)} ticks",
            "< 500 ms",
            f"{1_000 * waits[int(0.95 * (len(waits) - 1))]:.0f} ms" if waits else "none seen",
            f"{1_000 * median(waits):.0f} ms (median; the stream sends once a second)" if waits else "",
        ),
        Row(
            "page: script, and main thread, of a second (400 sensors)",
            "< 1.5 ms, < 9 ms",
            f"{1_000 * (later_script - script) / seconds:.1f} ms, {1_000 * (later_tasks - tasks) / seconds:.1f} ms",
        ),
        Row(
            f"page: growth of its heap in {minutes:g} min",
            "none",
            f"{later_heap - heap:+.2f} MB",
            f"{heap:.1f} MB (at the beginning)",
        ),
    ]


def _wait(page: Page, condition: str) -> None:
    # `wait_for_function` evaluates text in the page, which its content policy forbids.
    while not page.evaluate(f"Boolean({condition})"):
        page.wait_for_timeout(100)
