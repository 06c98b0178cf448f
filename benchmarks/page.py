"""The page in Debian's Chromium: how soon it is there, how soon values are seen, what they cost, and whether it grows."""

import json
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.table import Row
from tests.dashboard.browser import browser, visit
from tests.system.running import RunningCity, running_city

ROUNDS = 5
"""How many times the page is opened, each in a browser profile without a cache."""

SENSORS = 10_000
"""Points whose values all change at every update."""

COSTED = 30
"""Updates, one a second, whose cost is measured."""

WARM = 10
"""Updates before anything is measured."""

RATE = 10
"""Updates a second while memory is watched: six minutes are 3,600 updates, those of an hour."""

REQUESTS = 100

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

_FEED = """
const COUNT = %d, EPOCH = Date.UTC(2026, 6, 1), HEADER = 24;
const base64 = (bytes) => { let text = ""; for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte); return btoa(text); };
function message(step, whole) {
  const bytes = new ArrayBuffer(HEADER + (whole ? 6 : 10) * COUNT), view = new DataView(bytes);
  view.setFloat64(0, EPOCH + 1000 * step, true); view.setUint32(16, COUNT, true); view.setUint32(20, 1, true);
  if (!whole) new Uint32Array(bytes, HEADER, COUNT).forEach((_, index, all) => (all[index] = index));
  const values = new Float32Array(bytes, HEADER + (whole ? 0 : 4 * COUNT), COUNT);
  for (let index = 0; index < COUNT; index++) values[index] = 15 + 15 * Math.sin(index + step);
  return base64(bytes);
}
const whole = message(0, true);
const changes = Array.from({ length: 16 }, (_, step) => message(step + 1, false)); // made beforehand: only their reading counts
globalThis.EventSource = class extends EventTarget {
  readyState = 1;
  constructor() { super(); globalThis.feed = this; setTimeout(() => this.dispatchEvent(new MessageEvent("frame", { data: whole }))); }
  close() {}
};
globalThis.updates = 0;
globalThis.beat = (every) => { clearInterval(globalThis.beating); globalThis.beating = every && setInterval(() => {
  globalThis.feed.dispatchEvent(new MessageEvent("changes", { data: changes[updates++ %% changes.length] }));
}, every); };
"""
"""In place of the stream: all values of so many sensors change, as often as `beat` is told [ms]."""


def run(minutes: float = 1.0) -> list[Row]:
    """Measure the page of a whole city, and for some minutes ten updates a second of 10,000 values."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_city(Path(folder) / ".zenata") as city,
        browser() as chromium,
    ):
        return measure(chromium, city, minutes)


def measure(chromium: Browser, city: RunningCity, minutes: float) -> list[Row]:
    """Measure the page of a city that runs."""
    return [
        *_opening(chromium, city),
        *_frames(city),
        *_pixels(chromium, city, minutes),
        *_cost(chromium, city, minutes),
    ]


def _opening(chromium: Browser, city: RunningCity) -> list[Row]:
    seen = []
    loaded = 0.0
    for _ in range(ROUNDS):
        with visit(chromium, city.http, key=city.key, scale=1) as one:
            one.page.add_init_script(_WATCH)
            one.page.goto("/")
            _wait(one.page, "globalThis.drawn && globalThis.valued")
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
            seen.append(one.page.evaluate(f"[{paint}, globalThis.valued, globalThis.drawn]"))
            scripts = "performance.getEntriesByType('resource').filter((one) => /\\.m?js$/.test(one.name))"
            loaded = one.page.evaluate(f"{scripts}.reduce((sum, one) => sum + one.encodedBodySize, 0)")
    paint, valued, drawn = (median(times) for times in zip(*seen, strict=True))
    return [
        Row(
            "page: JavaScript of the city over the wire (brotli)",
            "< 500 kB in gzip: the build",
            f"{loaded / 1e3:.0f} kB",
        ),
        Row("page: first contentful paint (loopback, no cache)", "< 1500 ms", f"{paint:.0f} ms"),
        Row("page: values on the map", "< 3000 ms", f"{valued:.0f} ms"),
        Row("page: the whole map, with streets and names", "", f"{drawn:.0f} ms"),
    ]


def _frames(city: RunningCity) -> list[Row]:
    """Measure the route of frames, of the property that most sensors observe."""
    with city.client() as client:
        times = []
        for _ in range(REQUESTS):
            begun = time.perf_counter()
            body = client.get("/v1/frame?property=power").raise_for_status().content
            times.append(1e3 * (time.perf_counter() - begun))
    times.sort()
    count = (len(body) - 24) // 6
    return [
        Row(
            f"page: frame of {count:,} sensors, request over loopback",
            "< 10 ms",
            f"{median(times):.1f} ms, p95 {times[int(0.95 * REQUESTS)]:.1f} ms",
        ),
        Row(
            "page: size of that frame, and of one of 10,000",
            "< 90 kB",
            f"{len(body) / 1e3:.0f} kB, {(24 + 6 * SENSORS) / 1e3:.0f} kB",
        ),
    ]


def _pixels(chromium: Browser, city: RunningCity, minutes: float) -> list[Row]:
    """Measure how long a reading takes from the broker to the screen."""
    published: dict[str, float] = {}  # when the first reading of a time was seen on the broker, by that time

    def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        time_of_day = time.strftime("%H:%M:%S", time.gmtime(json.loads(message.payload)[0]["bt"]))
        published.setdefault(time_of_day, time.time())

    broker = urlsplit(city.mqtt)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("demo", city.key)
    client.on_message = on_message
    client.connect(str(broker.hostname), broker.port or 1883)
    client.subscribe("zenata/telemetry/#")
    client.loop_start()
    with visit(chromium, city.http, key=city.key, scale=1) as seen:
        seen.page.add_init_script(_WATCH)
        seen.page.goto("/?kind=traffic")
        _wait(seen.page, "globalThis.valued")
        seen.page.wait_for_timeout(60_000 * max(minutes, 1))
        painted: dict[str, int] = seen.page.evaluate("painted")
    client.loop_stop()
    waits = sorted(
        1e3 * (at / 1e3 - published[clock[-8:]]) for clock, at in painted.items() if at and clock[-8:] in published
    )
    if not waits:
        return [Row("page: from the broker to the pixel", "< 500 ms", "none seen")]
    return [
        Row(
            f"page: from the broker to the pixel, p95 of {len(waits)} ticks",
            "< 500 ms",
            f"{waits[int(0.95 * (len(waits) - 1))]:.0f} ms",
            f"{median(waits):.0f} ms (median)",
        )
    ]


def _cost(chromium: Browser, city: RunningCity, minutes: float) -> list[Row]:
    """Measure what 10,000 new values cost a page, and whether it grows with them."""
    with visit(chromium, city.http, key=city.key, scale=1) as seen:
        page = seen.page
        page.add_init_script(_FEED % SENSORS)
        sensors = _sensors(city)
        page.route("**/v1/sensors?kind=traffic*", lambda route: route.fulfill(json={"items": sensors, "next": None}))
        page.goto("/?kind=traffic&map=14.5/33.65/-7.46")
        _wait(page, "document.querySelector('[data-drawn]')")
        with closing(_Tools(page)) as tools:
            picture = tools.cost(page)
            count = max(600, int(60 * RATE * minutes))
            beat(page, 1_000 / RATE, 100)
            heaps = [tools.heap()]
            for _ in range(2):
                beat(page, 1_000 / RATE, count // 2)
                heaps.append(tools.heap())
            page.mouse.move(900, 450)  # a pointer that comes to the picture brings the map
            _wait(page, "!document.querySelector('.map .picture')")
            moving = tools.cost(page)
    return [
        *(
            Row(f"page: script, and main thread, of an update of 10,000 values, {what}", "< 1.5 ms, < 9 ms", cost)
            for what, cost in (("picture", picture), ("map that moves", moving))
        ),
        Row(
            f"page: its heap at the begin, middle and end of {count:,} updates",
            "no growth",
            ", ".join(f"{heap:.2f}" for heap in heaps) + " MB",
        ),
    ]


class _Tools:
    """What Chromium tells of a page."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def times(self) -> tuple[float, float]:
        """Return how long scripts, and all tasks of the main thread, have run [s]."""
        metrics = {one["name"]: one["value"] for one in self._session.send("Performance.getMetrics")["metrics"]}
        return metrics["ScriptDuration"], metrics["TaskDuration"]

    def cost(self, page: Page) -> str:
        """Return how long scripts, and the main thread, run for an update."""
        beat(page, 1_000, WARM)
        before = self.times()
        beat(page, 1_000, COSTED)
        script, tasks = ((after - first) / COSTED for after, first in zip(self.times(), before, strict=True))
        return f"{1e3 * script:.2f} ms, {1e3 * tasks:.2f} ms"

    def heap(self) -> float:
        """Return the size of the heap after its garbage is collected [MB]."""
        self._session.send("HeapProfiler.collectGarbage")
        return float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6

    def close(self) -> None:
        self._session.detach()


def beat(page: Page, every: float, count: int) -> None:
    """Let updates come every so many milliseconds, wait for so many, and stop."""
    wanted = page.evaluate("updates") + count
    page.evaluate(f"beat({every})")
    while page.evaluate("updates") < wanted:
        page.wait_for_timeout(max(every, 500))
    page.evaluate("beat(0)")


def _sensors(city: RunningCity) -> list[dict[str, Any]]:
    """Return as many sensors as are wanted, all over the city: those of traffic again and again, moved a little."""
    some = city.get("/v1/sensors?kind=traffic&limit=10000")["items"]
    return [
        {
            **some[number % len(some)],
            "id": f"traffic-{number:05}",
            "longitude": some[number % len(some)]["longitude"] + 1e-4 * (number // len(some)),
        }
        for number in range(SENSORS)
    ]


def _wait(page: Page, condition: str) -> None:
    # `wait_for_function` evaluates text in the page, which its content policy forbids.
    while not page.evaluate(f"Boolean({condition})"):
        page.wait_for_timeout(100)
