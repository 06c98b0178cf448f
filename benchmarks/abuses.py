"""What one pilot does to a city in `benchmarks.abuse`, within its quotas and beyond them."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from zenata.city.clock import SECOND, format_time
from zenata.control.pilot import Quotas

HISTORY, SERIES = 5_000_000, 20
"""Readings of devices of the pilot that asks for heavy aggregates, what it may store in a day; and their series."""

END = 1_767_225_600 * SECOND
"""When these readings end [us since the Unix epoch]."""

_RATE = Quotas().requests_per_minute / 60


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
    own = os.getpid() % 1000 * 100  # so that no turn asks what one before has asked

    def ask(client: httpx.AsyncClient, number: int) -> Awaitable[object]:
        start = format_time(END - HISTORY // SERIES * SECOND - (number + own) * SECOND)
        params = {"start": start, "end": format_time(END), "every": "1m", "agg": "mean,min,max,median"}
        return client.get("/v1/readings", params={"world": f"p-{target.pilot}", **params})

    await _repeat(target, ask, 40)


async def requests(target: Target) -> None:
    """Ask for the latest readings."""
    await _repeat(target, lambda client, _: client.get("/v1/latest?kind=weather"), 40)


async def activity(target: Target) -> None:
    """Ask what it does itself, which asks the broker, the store and the control data."""
    await _repeat(target, lambda client, _: client.get("/v1/me/activity"), 40)


async def webhooks(target: Target) -> None:
    """Have deliveries made to an address that takes connections and never answers."""

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    condition = {"type": "event"}
    async with httpx.AsyncClient(base_url=target.http, headers=target.headers, timeout=60, trust_env=False) as client:
        for hook in (await client.get("/v1/webhooks")).json()["items"]:
            await client.delete(f"/v1/webhooks/{hook['id']}")
        made = [await client.post("/v1/webhooks", json={"url": url, "condition": condition}) for _ in range(20)]
    ids = [one.json()["id"] for one in made]
    await _repeat(target, lambda client, number: client.post(f"/v1/webhooks/{ids[number % 20]}/test"), 8)


async def strangers(target: Target) -> None:
    """Ask for the OpenAPI document without a key."""
    await _repeat(target, lambda client, _: client.get("/openapi.json", headers={"Authorization": ""}), 20)


async def keys(target: Target) -> None:
    """Make keys and revoke them."""
    path, own = f"/v1/pilots/{target.pilot}/keys", os.getpid()

    async def turn(client: httpx.AsyncClient, number: int) -> None:
        await client.post(path, json={"name": f"k{own}-{number}"})
        await client.delete(f"{path}/k{own}-{number}")

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
    old = f"{'ab' * 8}-0-{END - 30 * 86_400 * SECOND}"
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
    "requests in a loop": requests,
    "dead letters of 3.9 MB": letters,
    "heavy queries": queries,
    "flood over MQTT": flood,
    "connections over MQTT": connects,
    "streams from long ago": streams,
    "keys in a loop": keys,
    "worlds at max": worlds,
    "backfills": backfills,
    "webhooks whose receiver hangs": webhooks,
    "own activity in a loop": activity,
    "documents without a key": strangers,
    "slow connections": slow,
}
