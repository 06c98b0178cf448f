"""What a pilot waits for: its key, the latest reading of a sensor, and a reading that has just been published."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.api import HOST, Client, serving, wait_for
from benchmarks.ingest import address
from benchmarks.table import Row
from benchmarks.timing import median_time
from sandbox.settings import Settings
from tests.zenata.broker.running import Running, password, running_broker, standard_users
from zenata.city.clock import SECOND, parse_time
from zenata.city.pack import load_city
from zenata.control.database import open_database
from zenata.control.register import Register
from zenata.process.ports import free_ports
from zenata.wire import senml, topics
from zenata.wire.mqtt import Publisher

CONNECTIONS = 50
LISTENERS = 20
RATE = 1000
"""Messages a second, of one reading each."""

PILOTS = 200
SECONDS = 10.0

_KIND = "air"
_BARE = """
import sys, uvicorn
body = bytes.fromhex(sys.argv[2])
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical", lifespan="off")
"""


def run() -> list[Row]:
    """Measure all three, each beside what it could be at best."""
    return [_key_check(), *_latest(), *_stream()]


def _key_check() -> Row:
    with tempfile.TemporaryDirectory() as name:
        engine = open_database(f"sqlite:///{name}/control.db")
        register = Register(engine)
        for number in range(PILOTS):
            register.add(f"p{number}", by="bench")
            key = register.issue(f"p{number}", by="bench")
        many = range(10_000)
        check = median_time(lambda: [register.authenticate(key) for _ in many]) / len(many)
        bare = median_time(lambda: [sha256(key.encode()).hexdigest() for _ in many]) / len(many)
        engine.dispose()
    return Row(
        f"check of a key, {PILOTS} pilots",
        "< 20 us",
        f"{check * 1e6:.1f} us",
        f"{bare * 1e6:.1f} us (SHA-256 alone)",
        f"{check / bare:.1f}",
    )


def _latest() -> list[Row]:
    """One sensor's latest readings over 50 connections, with the server on a core of its own."""
    sensor = _sensors()[0][1]
    with tempfile.TemporaryDirectory() as name, running_broker("nats", Path(name), standard_users("nats")) as broker:
        settings = _settings(name, broker)
        with serving(settings, "--broker", settings.broker or "") as (process, client):
            _say(broker, 1)
            path = f"/v1/latest?sensor={sensor}"
            while sensor.encode() not in (body := client(path)):
                time.sleep(0.05)
            ours = _pinned(process, settings.http_port, path, client)
    port = free_ports(HOST, {"": 0})[""]
    with subprocess.Popen([sys.executable, "-c", _BARE, str(port), body.hex()]) as process:
        try:
            wait_for(port)
            with closing(Client(port, "")) as client:
                bare = _pinned(process, port, "/", client)
        finally:
            process.terminate()
    what = f"/v1/latest of one sensor, {CONNECTIONS} connections, server on one core"
    (rate, times), (bare_rate, bare_times) = ours, bare
    return [
        Row(
            what,
            "",
            f"{rate:,.0f} requests/s",
            f"{bare_rate:,.0f} requests/s (bare uvicorn)",
            f"{rate / bare_rate:.2f}",
        ),
        Row(f"{what}, p99", "", _ms(times, 99), f"{_ms(bare_times, 99)} (bare uvicorn)", _ratio(times, bare_times, 99)),
    ]


def _pinned(process: subprocess.Popen[bytes], port: int, path: str, client: Client) -> tuple[float, list[float]]:
    """Return requests a second and how long each took [s]; the server has the first core, we the others."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores[:1])
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        return asyncio.run(_ask(port, path, client.headers))
    finally:
        os.sched_setaffinity(0, cores)


async def _ask(port: int, path: str, headers: dict[str, str]) -> tuple[float, list[float]]:
    request = "".join(f"{name}: {value}\r\n" for name, value in {"Host": HOST, **headers}.items())
    times: list[float] = []
    end = time.monotonic() + SECONDS

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while (begin := time.monotonic()) < end:
            writer.write(f"GET {path} HTTP/1.1\r\n{request}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            if b" 200 " not in head[:20]:
                raise RuntimeError(head.decode())
            times.append(time.monotonic() - begin)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return len(times) / SECONDS, times


def _stream() -> list[Row]:
    """From publishing to a listener: an observation's time is that of publishing, so whoever hears it knows."""
    with tempfile.TemporaryDirectory() as name, running_broker("nats", Path(name), standard_users("nats")) as broker:
        bare = _heard_by_mqtt(broker)
        settings = _settings(name, broker)
        with serving(settings, "--broker", settings.broker or "") as (_, client):
            delays = asyncio.run(_heard_by_http(broker, settings.http_port, client.headers))
    expected = int(RATE * SECONDS) * LISTENERS
    what = f"publish to SSE, {RATE:,} messages/s, {LISTENERS} listeners ({len(delays) / expected:.1%} heard in time)"
    return [
        Row(
            f"{what}, p{percent}",
            "",
            _ms(delays, percent),
            f"{_ms(bare, percent)} (one paho subscriber)",
            _ratio(delays, bare, percent),
        )
        for percent in (50, 99)
    ]


def _heard_by_mqtt(broker: Running) -> list[float]:
    delays: list[float] = []

    def on_message(_: object, __: object, message: paho.MQTTMessage) -> None:
        now = time.time()
        if not message.retain:
            delays.append(now - float(message.payload.partition(b'"bt":')[2].partition(b",")[0]))

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("ingest", password("ingest"))
    client.on_message = on_message
    client.connect(HOST, broker.mqtt_port)
    client.subscribe(f"zenata/telemetry/+/{_KIND}/+", qos=1)
    client.loop_start()
    time.sleep(0.5)
    with _publishing(broker):
        time.sleep(SECONDS + 1)
    client.disconnect()
    client.loop_stop()
    return delays


async def _heard_by_http(broker: Running, port: int, headers: dict[str, str]) -> list[float]:
    request = "".join(f"{name}: {value}\r\n" for name, value in {"Host": HOST, **headers}.items())
    delays: list[float] = []

    async def listen() -> None:
        reader, writer = await asyncio.open_connection(HOST, port, limit=2**24)
        writer.write(f"GET /v1/stream?kind={_KIND} HTTP/1.1\r\n{request}\r\n".encode())
        while True:
            line = await reader.readline()
            if line.startswith(b"data:"):
                stamp = line.partition(b'"time":"')[2].partition(b'"')[0].decode()
                delays.append(time.time() - parse_time(stamp) / SECOND)

    listeners = [asyncio.create_task(listen()) for _ in range(LISTENERS)]
    await asyncio.sleep(0.5)
    with _publishing(broker):
        await asyncio.sleep(SECONDS + 1)
    await _cancelled(listeners)
    return delays


async def _cancelled(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _publishing(broker: Running) -> Iterator[None]:
    """Publish at `RATE` from another process."""
    process = multiprocessing.get_context("fork").Process(target=_say, args=(broker, int(RATE * SECONDS)))
    process.start()
    yield
    process.join()


def _say(broker: Running, count: int) -> None:
    sensors = _sensors()
    with Publisher(address(broker, "simulators"), client_id=f"bench-{os.getpid()}") as publisher:
        publisher.connect(5)
        begin = time.monotonic()
        for number in range(count):
            time.sleep(max(begin + number / RATE - time.monotonic(), 0))
            district, sensor = sensors[number % len(sensors)]
            now = int(time.time() * SECOND)
            record = senml.message(sensor, now, now, [("pm25", "ug/m3")], [number % 1000 / 10])
            publisher.publish(topics.telemetry("zenata", district, _KIND, sensor), senml.encode(record))
        publisher.drain(60)


def _sensors() -> list[tuple[str, str]]:
    """Districts and names of those that speak."""
    return [(sensor.district, sensor.id) for sensor in load_city("zenata").sensors if sensor.kind == _KIND]


def _settings(folder: str, broker: Running) -> Settings:
    url = f"mqtt://ingest:{quote(password('ingest'))}@{HOST}:{broker.mqtt_port}"
    return Settings(data_dir=Path(folder) / "data", host=HOST, http_port=free_ports(HOST, {"": 0})[""], broker=url)


def _ms(times: list[float], percent: int) -> str:
    return f"{np.percentile(times, percent) * 1e3:.1f} ms"


def _ratio(times: list[float], bare: list[float], percent: int) -> str:
    return f"{np.percentile(times, percent) / np.percentile(bare, percent):.1f}"
