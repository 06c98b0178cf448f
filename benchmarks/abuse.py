"""Abuse by one pilot, within its quotas and beyond them, and what another pilot notices of it, in a whole city.

The other asks for the latest readings and sends telemetry of its own device all the while. Each abuse has a pilot of its
own, and runs in a process of less priority, as it would come from a machine of its own.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import paho.mqtt.client as paho
import psutil  # type: ignore[import-untyped]  # it ships no types
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.table import Row
from tests.system.running import RunningCity, running_city
from zenata.city.clock import SECOND, format_time
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.control.pilot import Quotas
from zenata.store import open_store

CALM, ABUSE, REST = 4.0, 8.0, 3.0
"""How long nobody abuses, one pilot does, and the city rests after it [s]."""

HISTORY = 5_000_000
"""Readings of devices of the pilot that asks for heavy aggregates: what it may store in a day."""

MEMORY_GOAL, RATIO_GOAL = 700e6, 3.0

_END = 1_767_225_600 * SECOND
_SERIES = 20
_RATE = Quotas().requests_per_minute / 60
_LATEST = "/v1/latest?kind=weather"


@dataclass(frozen=True)
class Target:
    """A city as an abuser sees it."""

    http: str
    mqtt: str
    pilot: str
    key: str
    beyond: bool
    """Whether to go beyond the quotas."""

    @property
    def headers(self) -> dict[str, str]:
        """What shows the key."""
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class Seen:
    """What the other pilot has seen: times of its requests [s], and statuses."""

    times: list[float] = field(default_factory=list)
    telemetry: list[int] = field(default_factory=list)
    failed: int = 0

    def p95(self) -> float:
        """Return the 95th percentile of the times [s]."""
        return float(np.percentile(self.times, 95)) if self.times else float("nan")


Call = Callable[[httpx.AsyncClient, int], Awaitable[object]]
Abuse = Callable[[Target], Coroutine[Any, Any, None]]


async def _repeat(target: Target, call: Call, connections: int, rate: float = _RATE) -> None:
    """Call again and again over some connections: at a rate [1/s] within quotas, beyond them as fast as it goes."""
    numbers, begin = count(), time.monotonic()
    limits = httpx.Limits(max_connections=connections)
    async with httpx.AsyncClient(
        base_url=target.http, headers=target.headers, timeout=60, limits=limits, trust_env=False
    ) as client:

        async def work() -> None:
            while True:
                number = next(numbers)
                if not target.beyond:
                    await asyncio.sleep(begin + number / rate - time.monotonic())
                with suppress(httpx.HTTPError):
                    await call(client, number)

        await asyncio.gather(*(work() for _ in range(connections)))


async def letters(target: Target) -> None:
    """Send random bytes as long as a body may be."""
    body = os.urandom(3_900_000)
    async with httpx.AsyncClient(base_url=target.http, headers=target.headers, trust_env=False) as client:
        await client.post("/v1/devices", json={"id": "roof"})
    await _repeat(target, lambda client, _: client.post("/v1/telemetry?device=roof", content=body), 8)


async def queries(target: Target) -> None:
    """Ask for aggregates of millions of readings, each time others."""

    def ask(client: httpx.AsyncClient, number: int) -> Awaitable[object]:
        start = format_time(_END - HISTORY // _SERIES * SECOND - number * SECOND)
        params = {"start": start, "end": format_time(_END), "every": "1m", "agg": "mean,min,max,median"}
        return client.get("/v1/readings", params={"world": f"p-{target.pilot}", **params})

    await _repeat(target, ask, 40)


async def strangers(target: Target) -> None:
    """Ask for the OpenAPI document without a key."""
    await _repeat(target, lambda client, _: client.get("/openapi.json", headers={"Authorization": ""}), 20)


async def keys(target: Target) -> None:
    """Make keys and revoke them."""
    path = f"/v1/pilots/{target.pilot}/keys"

    async def turn(client: httpx.AsyncClient, number: int) -> None:
        await client.post(path, json={"name": f"k{number}"})
        await client.delete(f"{path}/k{number}")

    await _repeat(target, turn, 8, 0.5)


async def worlds(target: Target) -> None:
    """Run as many worlds as it may at `max`; beyond, ask for more and more."""
    await _repeat(target, lambda client, _: client.post("/v1/worlds", json={"speed": "max"}), 4, 1.0)


async def backfills(target: Target) -> None:
    """Backfill worlds for as long as may be; beyond, into the year 9999."""
    end = "9999-01-01T00:00:00Z" if target.beyond else "2026-03-01T00:00:00Z"
    body = {"start": "2026-01-01T00:00:00Z", "state": "paused"}

    async def turn(client: httpx.AsyncClient, _: int) -> None:
        made = await client.post("/v1/worlds", json=body)
        if made.is_success:
            await client.post(f"/v1/worlds/{made.json()['world']}/backfill", json={"end": end})

    await _repeat(target, turn, 2, 1.0)


async def streams(target: Target) -> None:
    """Open streams that go on from long ago; beyond, six times as many as are allowed."""
    old = f"{'ab' * 8}-0-{_END - 30 * 86_400 * SECOND}"
    headers = target.headers | {"Last-Event-ID": old}
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(
        base_url=target.http, headers=headers, timeout=60, limits=limits, trust_env=False
    ) as client:

        async def listen() -> None:
            while True:
                with suppress(httpx.HTTPError):
                    async with client.stream("GET", "/v1/stream") as answer:
                        async for _ in answer.aiter_raw():
                            pass
                await asyncio.sleep(0.2)

        await asyncio.gather(*(listen() for _ in range(300 if target.beyond else 50)))


async def slow(target: Target) -> None:
    """Open connections that never send the end of a head."""
    parts = urlsplit(target.http)

    async def hold() -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port)
                writer.write(b"GET /v1/city HTTP/1.1\r\nHost: x\r\n")
                await asyncio.sleep(60)

    await asyncio.gather(*(hold() for _ in range(1000 if target.beyond else 200)))


async def flood(target: Target) -> None:
    """Publish to its device: at its quota, or beyond as fast as the network goes."""
    await asyncio.to_thread(_publish, target)


async def connects(target: Target) -> None:
    """Connect over MQTT: so many as stay, or beyond, again and again."""
    clients: list[paho.Client] = []
    for number in range(2000 if target.beyond else 100):
        with suppress(OSError):
            clients.append(_connected(target, f"c{number}"))
        await asyncio.sleep(0.002)
    await asyncio.sleep(60)


def _publish(target: Target) -> None:
    payload, begin = json.dumps({"a": 1, "b": "x" * 2000}), time.monotonic()
    client = _connected(target, "flood")
    for number in count():
        if not client.is_connected():
            time.sleep(0.1)
            with suppress(OSError):
                client.reconnect()
        if not target.beyond:
            time.sleep(max(begin + number / Quotas().messages_per_second - time.monotonic(), 0))
        elif number % 100 == 0:
            time.sleep(0.001)
        client.publish(f"pilots/{target.pilot}/telemetry/roof", payload, qos=0)


def _connected(target: Target, id_: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=id_, reconnect_on_failure=False)
    client.username_pw_set(target.pilot, target.key)
    parts = urlsplit(target.mqtt)
    client.connect(parts.hostname or "", parts.port or 0)
    client.loop_start()
    return client


ABUSES: dict[str, Abuse] = {
    "dead letters of 3.9 MB": letters,
    "heavy queries": queries,
    "flood over MQTT": flood,
    "connections over MQTT": connects,
    "streams from long ago": streams,
    "keys in a loop": keys,
    "worlds at max": worlds,
    "backfills": backfills,
    "documents without a key": strangers,
    "slow connections": slow,
}


def run() -> list[Row]:
    """Measure each abuse beside what the other pilot waits for while nobody abuses."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        _fill(f"duckdb:///{folder}/readings.duckdb")
        with running_city(folder, "--start", "2026-03-01T06:00:00Z") as city, _admin(city) as admin:
            city.wait_for_more()
            other = _pilot(admin, "other")
            calm = Seen()
            found: list[tuple[str, Seen, float]] = []
            for number, (what, abuse) in enumerate(ABUSES.items()):
                for beyond in (False, True):
                    pilot = "heavy" if abuse is queries else f"x{number}{'b' if beyond else 'w'}"
                    key = _pilot(admin, pilot)
                    target = Target(city.http, city.mqtt, pilot, key, beyond)
                    calm.times += _watch(city, other, CALM).times
                    seen, memory = _abused(city, other, abuse, target)
                    for world in admin.get("/v1/worlds").json()["items"]:
                        if world["owner"] == pilot:
                            admin.delete(f"/v1/worlds/{world['world']}")
                    found.append((f"{what}, {'beyond' if beyond else 'within'} quotas", seen, memory))
                    p95 = f"{seen.p95() * 1e3:.0f} ms, calm {calm.p95() * 1e3:.0f} ms"
                    print(f"  {found[-1][0]}: {p95}, {memory / 1e6:.0f} MB", file=sys.stderr, flush=True)
                    time.sleep(REST)
            city.halt()
            ledger = admin.get("/v1/ledger").json()["items"][0]
    return [
        *(_row(what, seen, calm) for what, seen, _ in found),
        Row(
            "telemetry of the other pilot refused with 503",
            "0",
            f"{sum(status >= 500 for _, seen, _ in found for status in seen.telemetry)} of "
            f"{sum(len(seen.telemetry) for _, seen, _ in found)}",
        ),
        Row("memory of the API at most", f"{MEMORY_GOAL / 1e6:.0f} MB", f"{max(one[2] for one in found) / 1e6:.0f} MB"),
        Row(
            "messages of the city missing or in flight in the end",
            "0",
            f"{ledger['missing'] + ledger['in_flight']} of {ledger['published']:,}",
        ),
    ]


def _row(what: str, seen: Seen, calm: Seen) -> Row:
    return Row(
        f"/v1/latest of another, p95: {what}",
        f"ratio < {RATIO_GOAL:g}",
        f"{seen.p95() * 1e3:.0f} ms" + (f", {seen.failed} failed" if seen.failed else ""),
        f"{calm.p95() * 1e3:.0f} ms (nobody abuses)",
        f"{seen.p95() / calm.p95():.1f}",
    )


def _fill(url: str) -> None:
    """Store what the devices of the pilot with heavy queries have said."""
    each = HISTORY // _SERIES
    with closing(open_store(url)) as store:
        for number in range(_SERIES):
            catalog = Catalog()
            series = catalog.intern(Series("p-heavy", "roof", f"a{number}", "device", "", ""))
            rows = np.arange(each, dtype=np.int64)
            store.append(
                ReadingBatch(
                    catalog=catalog,
                    series=np.full(each, series, dtype=np.int32),
                    time=_END - (each - rows) * SECOND,
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


def _abused(city: RunningCity, key: str, abuse: Abuse, target: Target) -> tuple[Seen, float]:
    """Return what the other pilot sees while a city is abused, and the most memory of the API [bytes]."""
    process = multiprocessing.get_context("fork").Process(target=_be, args=(abuse, target), daemon=True)
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
    """Ask ten times a second as the other pilot, and send telemetry each second."""
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
                if number % 10 == 0:
                    seen.telemetry.append(ask("POST", "/v1/telemetry?device=home", f'{{"level": {number}}}'))
            except (OSError, HTTPException):
                seen.failed += 1
                connection.close()
            time.sleep(max(begin + 0.1 - time.monotonic(), 0))
    raise AssertionError
