"""Abuse by one pilot, within its quotas and beyond them, and what another pilot notices of it, in a whole city.

The other asks for the latest readings and sends telemetry of its own device all the while. Each abuse has a pilot of its
own, and runs in a process of less priority, as it would come from a machine of its own. Moments of each abuse and moments
without any take turns, and are compared with one another alone: so other work of the machine is in both.
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.abuses import ABUSES, END, HISTORY, SERIES, Abuse, Target
from benchmarks.table import Row
from tests.system.running import RunningCity, running_city
from zenata.city.clock import SECOND
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.store import open_store

ROUNDS, CALM, ABUSE, REST = 3, 3.0, 4.0, 2.0
"""Moments of each abuse, how long each and the calm one before it lasts, and how long the city rests after it [s]."""

MEMORY_GOAL, RATIO_GOAL = 700e6, 3.0

_LATEST = "/v1/latest?kind=weather"
_PAUSE = 0.05  # between two requests of the other pilot [s]
_TELEMETRY = 20  # requests of it for one of telemetry


@dataclass
class Seen:
    """What the other pilot has seen: times of its requests [s], statuses of its telemetry, and requests that failed."""

    times: list[float] = field(default_factory=list)
    telemetry: list[int] = field(default_factory=list)
    failed: int = 0

    def add(self, other: "Seen") -> None:
        """Add what was seen in another moment."""
        self.times += other.times
        self.telemetry += other.telemetry
        self.failed += other.failed

    def p95(self) -> float:
        """Return the 95th percentile of the times [s]."""
        return float(np.percentile(self.times, 95)) if self.times else float("nan")


@dataclass(frozen=True)
class Found:
    """What was found of one abuse: while somebody does it, in calm moments between, and the most memory of the API [bytes]."""

    what: str
    seen: Seen
    calm: Seen
    memory: float

    def row(self) -> Row:
        """Return the figure."""
        return Row(
            f"/v1/latest of another, p95: {self.what}",
            f"ratio < {RATIO_GOAL:g}",
            f"{self.seen.p95() * 1e3:.0f} ms" + (f", {self.seen.failed} failed" if self.seen.failed else ""),
            f"{self.calm.p95() * 1e3:.0f} ms (nobody abuses)",
            f"{self.seen.p95() / self.calm.p95():.1f}",
        )


def run(names: Sequence[str] = ("",)) -> list[Row]:
    """Measure abuses, those with one of some words in their name, beside what the other pilot waits for in between."""
    chosen = {what: abuse for what, abuse in ABUSES.items() if any(name in what for name in names)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        _fill(f"duckdb:///{folder}/readings.duckdb")
        options = ("--start", "2026-03-01T06:00:00Z", "--webhook-private")
        with running_city(folder, *options) as city, _admin(city) as admin:
            city.wait_for_more()
            other = _pilot(admin, "other")
            found: list[Found] = []
            for number, (what, abuse) in enumerate(chosen.items()):
                for beyond in (False, True):
                    pilot = "heavy" if what == "heavy queries" else f"x{number}{'b' if beyond else 'w'}"
                    target = Target(city.http, city.mqtt, pilot, _pilot(admin, pilot), beyond)
                    title = f"{what}, {'beyond' if beyond else 'within'} quotas"
                    found.append(_measure(city, admin, other, title, partial(_be, abuse, target), pilot))
                    print("  " + "  ".join(filter(None, found[-1].row())), file=sys.stderr, flush=True)
            city.halt()
            ledger = admin.get("/v1/ledger").json()["items"][0]
    telemetry = [status for one in found for status in one.seen.telemetry]
    return [
        *(one.row() for one in found),
        Row(
            "telemetry of the other pilot refused with 503",
            "0",
            f"{sum(s >= 500 for s in telemetry)} of {len(telemetry)}",
        ),
        Row(
            "memory of the API at most",
            f"{MEMORY_GOAL / 1e6:.0f} MB",
            f"{max(one.memory for one in found) / 1e6:.0f} MB",
        ),
        Row(
            "messages of the city missing or in flight in the end",
            "0",
            f"{ledger['missing'] + ledger['in_flight']} of {ledger['published']:,}",
        ),
    ]


def _measure(city: RunningCity, admin: httpx.Client, key: str, what: str, be: Callable[[], None], pilot: str) -> Found:
    seen, calm, memory = Seen(), Seen(), 0.0
    for _ in range(ROUNDS):
        calm.add(_watch(city, key, CALM))
        part, peak = _abused(city, key, be)
        seen.add(part)
        memory = max(memory, peak)
        _clean(admin, pilot)
        time.sleep(REST)
    calm.add(_watch(city, key, CALM))
    return Found(what, seen, calm, memory)


def _clean(admin: httpx.Client, pilot: str) -> None:
    """End what a pilot has left running."""
    for world in admin.get("/v1/worlds").json()["items"]:
        if world["owner"] == pilot:
            admin.delete(f"/v1/worlds/{world['world']}")


def _fill(url: str) -> None:
    """Store what the devices of the pilot with heavy queries have said."""
    each = HISTORY // SERIES
    with closing(open_store(url)) as store:
        for number in range(SERIES):
            catalog = Catalog()
            series = catalog.intern(Series("p-heavy", "roof", f"a{number}", "device", "", ""))
            rows = np.arange(each, dtype=np.int64)
            store.append(
                ReadingBatch(
                    catalog=catalog,
                    series=np.full(each, series, dtype=np.int32),
                    time=END - (each - rows) * SECOND,
                    value=np.sin(rows / 100),
                    seq=rows + 1,
                )
            )


@contextmanager
def _admin(city: RunningCity) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {city.admin_key}"}
    with httpx.Client(base_url=city.http, headers=headers, timeout=120, trust_env=False) as admin:
        yield admin


def _pilot(admin: httpx.Client, name: str) -> str:
    """Return a key of a pilot, which is made if it is not there."""
    admin.post("/v1/pilots", json={"name": name})
    answer = admin.post(f"/v1/pilots/{name}/keys", json={"name": f"k{time.monotonic_ns()}"})
    return str(answer.raise_for_status().json()["key"])


def _abused(city: RunningCity, key: str, be: Callable[[], None]) -> tuple[Seen, float]:
    """Return what the other pilot sees while a city is abused, and the most memory of the API [bytes]."""
    process = multiprocessing.get_context("fork").Process(target=be, daemon=True)
    process.start()
    memory, stop = [0], threading.Event()
    api = psutil.Process(city.pids["api"])

    def look() -> None:
        while not stop.wait(0.1):
            memory.append(api.memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        return _watch(city, key, ABUSE), float(max(memory))
    finally:
        stop.set()
        thread.join()
        process.kill()
        process.join()


def _be(abuse: Abuse, target: Target) -> None:
    """Be the process of an abuser."""
    os.nice(10)
    asyncio.run(abuse(target))


def _watch(city: RunningCity, key: str, seconds: float) -> Seen:
    """Ask again and again as the other pilot, and send telemetry now and then."""
    seen, end = Seen(), time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(city.http).netloc, timeout=60)

    def ask(method: str, path: str, body: str | None = None) -> int:
        connection.request(method, path, body, headers)
        with connection.getresponse() as answer:
            answer.read()
            return answer.status

    with closing(connection):
        ask("POST", "/v1/devices", '{"id": "home"}')
        for number in count():
            begin = time.monotonic()
            if begin > end:
                return seen
            try:
                status = ask("GET", _LATEST)
                seen.times.append(time.monotonic() - begin)
                seen.failed += status != 200
                if number % _TELEMETRY == 0:
                    seen.telemetry.append(ask("POST", "/v1/telemetry?device=home", f'{{"level": {number}}}'))
            except (OSError, HTTPException):
                seen.failed += 1
                connection.close()
            time.sleep(max(begin + _PAUSE - time.monotonic(), 0))
    raise AssertionError
