"""Private worlds beside the live city: whether it misses a period, how fast they go, and how soon commands show."""

import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]

from benchmarks.table import Row
from tests.system.running import RunningCity, running_city

WORLDS, SPEED = 4, 60
STEPS = 100
LAMPS = 20

_START = "2026-07-01T06:00:00Z"
_PATIENCE = 60.0  # for an answer [s]


def run(seconds: float = 60.0) -> list[Row]:
    """Measure beside a city that has just been started."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_city(Path(name) / "data") as city,
        httpx.Client(
            base_url=city.http, headers={"Authorization": f"Bearer {city.key}"}, timeout=_PATIENCE, trust_env=False
        ) as client,
    ):
        rows = [*_lock_step(client), _commands(client)]
        return rows + [row for packs in (True, False) for row in _crowd(city, client, seconds, packs=packs)]


def _make(client: httpx.Client, **words: Any) -> str:  # noqa: ANN401 - any JSON
    answer = client.post("/v1/worlds", json={"start": _START, **words})
    answer.raise_for_status()
    return str(answer.json()["world"])


def _delete(client: httpx.Client, world: str) -> None:
    client.delete(f"/v1/worlds/{world}").raise_for_status()


def _advance(client: httpx.Client, world: str, limit: int = 100_000) -> dict[str, Any]:
    answer = client.post(f"/v1/worlds/{world}/advance", json={"steps": 1, "limit": limit})
    answer.raise_for_status()
    return dict(answer.json())


def _lock_step(client: httpx.Client) -> list[Row]:
    """Advance a world tick by tick, as a controller in the loop does."""
    began = time.perf_counter()
    world = _make(client, state="paused", kinds=["weather"])
    made = time.perf_counter() - began
    _advance(client, world)
    took = []
    for _ in range(STEPS):
        begin = time.perf_counter()
        _advance(client, world)
        took.append(time.perf_counter() - begin)
    _delete(client, world)
    bare = []
    for _ in range(STEPS):
        begin = time.perf_counter()
        client.get("/healthz")
        bare.append(time.perf_counter() - begin)
    p50, p99 = np.percentile(took, [50, 99]) * 1e3
    return [
        Row("from POST /v1/worlds until the world answers", "", f"{made:.2f} s"),
        Row(
            "lock-step: a tick of the whole city by HTTP, p50",
            "",
            f"{p50:.1f} ms (p99 {p99:.1f})",
            f"{np.median(bare) * 1e3:.1f} ms (GET /healthz)",
            f"{p50 / 1e3 / np.median(bare):.1f}",
        ),
    ]


def _commands(client: httpx.Client) -> Row:
    """Dim lamps, and count the ticks until their telemetry says so."""
    world = _make(client, state="paused", kinds=["streetlight"])
    _advance(client, world)
    ticks = []
    for number in range(1, LAMPS + 1):
        order = {"world": world, "sensor": f"streetlight-{number:04}", "set": {"dim": 0.33}, "wait": 0}
        client.post("/v1/commands", json=order).raise_for_status()
        for tick in range(1, 100):
            shown = [
                item["value"]
                for item in _advance(client, world)["items"]
                if item["sensor"] == order["sensor"] and item["property"] == "dim"
            ]
            if shown == [0.33]:
                ticks.append(tick)
                break
    _delete(client, world)
    return Row(f"command to effect in telemetry, most of {len(ticks)} lamps", "< 2 ticks", f"{max(ticks)} ticks")


def _crowd(city: RunningCity, client: httpx.Client, seconds: float, *, packs: bool) -> list[Row]:
    """Let worlds run beside the live city, and look at both."""
    worlds = [_make(client, speed=SPEED, seed=number, packs=packs) for number in range(WORLDS)]
    time.sleep(10)  # each begins with a message of every sensor
    wall, before = time.monotonic(), [_time_of(client, world) for world in worlds]
    used, begin = processor_time(city), time.time()
    late = _lateness(client, seconds)
    passed = time.monotonic() - wall
    pace = [(_time_of(client, world) - then) / passed for world, then in zip(worlds, before, strict=True)]
    share = (processor_time(city) - used) / passed
    due, missed = missed_periods(client, begin, begin + passed)
    for world in worlds:
        _delete(client, world)
    time.sleep(10)
    how = "packs" if packs else "single messages"
    return [
        Row(
            f"{WORLDS} private worlds at {SPEED}x, {how}: slowest",
            f"{SPEED}x",
            f"{min(pace):.1f}x (fastest {max(pace):.1f}x; {share:.2f} cores in all)",
        ),
        Row(
            f"periods missed by the live city beside them, of {due}",
            "0",
            f"{missed} (newest reading at most {max(late):.1f} s old when asked for, of a period of 10 s)",
        ),
    ]


def _time_of(client: httpx.Client, world: str) -> float:
    told = client.get(f"/v1/worlds/{world}").json()["time"]
    return datetime.fromisoformat(told).timestamp()


def _lateness(client: httpx.Client, seconds: float) -> list[float]:
    """Return how old the newest reading of the live city was, asked every half second."""
    late, stop = [], threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        newest = max(item["time"] for item in client.get("/v1/latest?kind=weather").json()["items"])
        late.append(time.time() - datetime.fromisoformat(newest).timestamp())
        stop.wait(0.5)
    return late


def missed_periods(client: httpx.Client, begin: float, end: float) -> tuple[int, int]:
    """Return how many regular messages of weather stations were due between two times, and how many are not there."""
    time.sleep(5)
    first, last = (int(moment // 10 * 10) for moment in (begin + 10, end))
    params = {
        "kind": "weather",
        "property": "temperature",
        "start": datetime.fromtimestamp(first).astimezone().isoformat(),
        "end": datetime.fromtimestamp(last).astimezone().isoformat(),
        "agg": "count",
    }
    items = client.get("/v1/readings", params=params).json()["items"]
    stations = len({item["sensor"] for item in client.get("/v1/latest?kind=weather").json()["items"]})
    due = stations * (last - first) // 10
    return due, due - sum(item["count"] for item in items)


def processor_time(city: RunningCity) -> float:
    """Return the time [s] that all processes of a city have had of any core."""
    parent = psutil.Process(city.process.pid)
    times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
