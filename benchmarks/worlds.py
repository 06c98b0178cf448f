"""Private worlds beside the live city: whether it misses a period, how fast they go, and how soon commands show."""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import psutil  # type: ignore[import-untyped]

from benchmarks.table import Row
from benchmarks.timing import median_time, timed
from simulators.world.world import World
from tests.system.running import RunningCity, running_city
from zenata.city.clock import SECOND, parse_time
from zenata.city.pack import load_city

WORLDS, SPEED = 4, 60
STEPS = 100
WEEK = 7 * 24 * 4
"""Quarters of an hour."""

SMALL = ("weather", "crowd", "bus")
"""Kinds of 210 sensors together."""

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
        rows = [*_in_process(), *_lock_step(client), _commands(client)]
        return rows + [row for packs in (True, False) for row in _crowd(city, client, seconds, packs=packs)]


def _make(client: httpx.Client, **words: Any) -> str:  # noqa: ANN401 - any JSON
    answer = client.post("/v1/worlds", json={"start": _START, **words})
    answer.raise_for_status()
    return str(answer.json()["world"])


def _delete(client: httpx.Client, world: str) -> None:
    client.delete(f"/v1/worlds/{world}").raise_for_status()


def _advance(client: httpx.Client, world: str, limit: int = 100_000, every: str = "10s") -> dict[str, Any]:
    answer = client.post(f"/v1/worlds/{world}/advance", json={"steps": 1, "limit": limit, "every": every})
    answer.raise_for_status()
    return dict(
        msgspec.json.decode(answer.content)
    )  # as `zenata_client` does; httpx takes a millisecond for 360 readings


def _lock_step(client: httpx.Client) -> list[Row]:
    """Advance worlds step by step, as a controller in the loop does."""
    bare = float(np.median(_times(STEPS, lambda: client.get("/healthz"))))
    rows = []
    for what, kinds, every, goal in (
        ("210 sensors, steps of 10 s", SMALL, "10s", "< 4 ms, 3 times"),
        ("210 sensors, steps of 15 min", SMALL, "15m", ""),
        ("the whole city, steps of 10 s", (), "10s", "< 15 ms"),
    ):
        began = time.perf_counter()
        world = _make(client, state="paused", kinds=kinds, publish=False)
        made = time.perf_counter() - began
        _advance(client, world, every=every)
        took = _times(STEPS, partial(_advance, client, world, every=every))
        _delete(client, world)
        p50, p99 = np.percentile(took, [50, 99])
        rows += [
            Row(f"from POST /v1/worlds until the world answers: {what}", "< 1 s", f"{made:.2f} s"),
            Row(
                f"lock-step by HTTP: {what}, p50",
                goal,
                f"{p50 * 1e3:.1f} ms (p99 {p99 * 1e3:.1f})",
                f"{bare * 1e3:.1f} ms (GET /healthz)",
                f"{p50 / bare:.1f}",
            ),
        ]
    world = _make(client, state="paused", kinds=["water"], publish=False)
    took = _times(WEEK, partial(_advance, client, world, every="15m"))
    _delete(client, world)
    return [*rows, Row(f"lock-step by HTTP: a week of water, {WEEK} steps of 15 min", "< 20 s", f"{sum(took):.1f} s")]


def _in_process() -> list[Row]:
    """Step worlds of some kinds in this process, without reading what they say; grid2op does so in its own benchmark."""
    city, rows = load_city("zenata"), []
    for what, kinds in (("210 sensors", SMALL), ("350 loggers of water", ("water",))):
        world = World(city, seed=1, start=parse_time(_START), kinds=kinds)
        step = median_time(partial(world.step, 900 * SECOND), STEPS)
        rows.append(Row(f"steps of 15 min in process: {what}", "1,000 steps/s", f"{1 / step:,.0f} steps/s"))
    return rows


def _times(count: int, work: Callable[[], object]) -> list[float]:
    return [timed(work)[0] for _ in range(count)]


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
    shown = client.get(f"/v1/worlds/{world}").json()["time"]
    return datetime.fromisoformat(shown).timestamp()


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
