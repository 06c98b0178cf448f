"""Two servers of the API over one InfluxDB and one PostgreSQL, behind a proxy that leads each request to the other of them."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from sandbox.init import first_keys, open_control_data, open_register
from sandbox.settings import Settings
from tests import http_server
from tests.api.live.streams import Event, events
from tests.api.webhooks.receiver import Receiver, receiving
from tests.system.cluster import process
from tests.system.running import ZENATA
from tests.waiting import PATIENCE, wait_until
from tests.zenata.broker.running import HOST, Running, running_broker, standard_users
from tests.zenata.control.databases import running_postgres
from tests.zenata.store.influxd import running as running_influxd
from zenata.process.ports import free_ports
from zenata.wire import topics
from zenata.wire.mqtt import Publisher

pytestmark = pytest.mark.soak

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy.md"
QUOTA = 60
FIRES, CLEARS = "threshold.fired", "threshold.cleared"
THRESHOLD = {"type": "threshold", "property": "level", "above": 5.0}


@dataclass
class Servers:
    """The servers by the id that each has among the others, and what stands before and behind them."""

    processes: dict[str, subprocess.Popen[bytes]]
    urls: dict[str, str]
    proxy: str
    postgres: str
    admin_key: str
    broker: Running
    receiver: Receiver
    stack: ExitStack

    def client(self, key: str | None = None, url: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = httpx.Client(base_url=url or self.proxy, headers=headers, timeout=60, trust_env=False)
        return self.stack.enter_context(client)

    def leader(self) -> str:
        """Return the id of the server that holds the lease."""
        with closing(psycopg.connect(self.postgres.replace("+psycopg", ""))) as connection:
            row = connection.execute("SELECT holder FROM leases WHERE name = 'leader'").fetchone()
        return row[0] if row else ""

    def publish(self, user: str, topic: str, document: object) -> None:
        with Publisher(self.broker.address(user), client_id=f"test-{user}") as publisher:
            publisher.connect(60)
            publisher.publish(topic, json.dumps(document).encode())
            assert publisher.drain(60)


@dataclass
class Alternating:
    """A proxy that leads each request to the next server, and to another where one does not answer, as nginx does."""

    backends: list[int]
    turns: Iterator[int] = field(default_factory=count)

    def connect(self) -> socket.socket:
        first = next(self.turns)
        for offset in range(len(self.backends)):
            try:
                return socket.create_connection((HOST, self.backends[(first + offset) % len(self.backends)]), 60)
            except ConnectionRefusedError:
                continue
        raise ConnectionRefusedError


@contextmanager
def alternating(backends: list[int]) -> Iterator[str]:
    proxy = Alternating(backends)

    class Passing(BaseHTTPRequestHandler):
        """Passes one request on, with the host that the client named, and what comes back as it comes."""

        def handle_one_request(self) -> None:
            self.close_connection = True
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                return
            del self.headers["Connection"]
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with proxy.connect() as backend:
                request = f"{self.command} {self.path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
                backend.sendall(request.encode("latin-1") + body)
                backend.settimeout(300)
                while part := backend.recv(65_536):
                    self.wfile.write(part)

    with http_server.serving(http_server.Server(Passing)) as server:
        yield server.base


@contextmanager
def nginx(folder: Path, backends: list[int]) -> Iterator[str]:
    """Run nginx with the configuration of docs/deploy.md, on ports of loopback and without TLS."""
    port = free_ports(HOST, {"proxy": 0})["proxy"]
    (text,) = re.findall(r"```nginx\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    for number, backend in enumerate(backends, 5):
        assert f"10.0.0.{number}:8080" in text
        text = text.replace(f"10.0.0.{number}:8080", f"{HOST}:{backend}")
    text = text.replace("listen 443 ssl;", f"listen {HOST}:{port};")
    text = re.sub(r"ssl_certificate.*;", "", text)
    folder.mkdir()
    config = folder / "nginx.conf"
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # or its workers may not write into our folder
    config.write_text(
        f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{text}}}\n"
    )
    with process(folder / "nginx.log", "nginx", "-c", config, "-e", folder / "error.log"):
        wait_until(lambda: answers(f"http://{HOST}:{port}"), "nginx leads to a server")
        yield f"http://{HOST}:{port}"


@contextmanager
def serving(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ("--data-dir", folder, "--http-port", port, "--city", "valdeira", "--webhook-private", *options)
    log = folder.with_suffix(".log")
    with process(log, "env", f"FORWARDED_ALLOW_IPS={HOST}", *ZENATA, "serve", *arguments) as running:
        yield running
    assert "Traceback" not in log.read_text()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=60, trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(params=["alternating", "nginx"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    if request.param == "nginx" and shutil.which("nginx") is None:
        pytest.skip("nginx is not installed (make soak installs it)")
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        influx = stack.enter_context(running_influxd(tmp_path / "influx"))
        broker = stack.enter_context(running_broker("nats", tmp_path, standard_users("nats")))
        receiver = stack.enter_context(receiving())
        keys = Settings(data_dir=tmp_path, control_url=postgres)
        with closing_engine(keys) as register:
            first_keys(register, tmp_path)
        store = f"influxdb://{HOST}:{influx.port}/city"
        options = ("--broker", broker.url("ingest"), "--store", store, "--control-url", postgres)
        ports = free_ports(HOST, {"first": 0, "second": 0})
        processes, urls = {}, {}
        started = [
            (tmp_path / name, port, stack.enter_context(serving(tmp_path / name, port, *options)))
            for name, port in ports.items()
        ]
        for folder, port, running in started:
            wait_until(lambda port=port: answers(f"http://{HOST}:{port}"), f"{folder.name} is ready")
            id_ = (folder / "server.secret").read_text()
            processes[id_], urls[id_] = running, f"http://{HOST}:{port}"
        backends = list(ports.values())
        proxies = {"alternating": alternating(backends), "nginx": nginx(tmp_path / "nginx", backends)}
        proxy = stack.enter_context(proxies[request.param])
        admin_key = (tmp_path / "admin.key").read_text().strip()
        yield Servers(processes, urls, proxy, postgres, admin_key, broker, receiver, stack)


@contextmanager
def closing_engine(settings: Settings) -> Iterator[Any]:
    engine = open_control_data(settings)
    try:
        yield open_register(settings, engine)
    finally:
        engine.dispose()


def done(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def latest(client: httpx.Client, world: str) -> list[float]:
    return [item["value"] for item in done(client.get("/v1/latest", params={"world": world}))["items"]]


def kinds(receiver: Receiver) -> list[str]:
    """Return what was delivered, each with its subject, whoever sent it and however often."""
    found = [one.json for one in receiver.requests]
    return sorted(f"{one['type']} {one['data'].get('sensor') or one['data']['event']['id']}" for one in found)


def event(id_: str) -> dict[str, Any]:
    times = {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    return {"id": id_, "type": "flood", "targets": [], **times}


def follow(pilot: httpx.Client, world: str, send: Callable[[float], None]) -> None:
    """Listen at one server to what comes in at the other, and go on there."""
    query = {"world": world}
    with pilot.stream("GET", "/v1/stream", params=query) as stream:
        assert stream.is_success
        coming = until(stream, {1.5, 2.5})
        for value in (1.5, 2.5):
            send(value)
        last = coming()
    send(3.5)
    for _ in range(2):
        with pilot.stream("GET", "/v1/stream", params=query, headers={"Last-Event-ID": last.id}) as stream:
            # The store answers from a minute before on, so some come twice.
            assert any(one.data["value"] == 3.5 for one in events(stream))


def hold_quota(servers: Servers, admin: httpx.Client, key: str) -> None:
    """Ask until a quota is used up, a bucket of 60 and one more each second; then suspend the pilot."""
    busy, begin = servers.client(key), time.monotonic()
    codes = [busy.get("/v1/me").status_code for _ in range(3 * QUOTA)]
    passed = time.monotonic() - begin
    assert set(codes) == {200, 429}
    assert QUOTA / 2 <= codes.count(200) <= QUOTA + passed * QUOTA / 60 + 2, (codes.count(200), passed)
    done(admin.post("/v1/pilots/busy/suspend", json={"reason": "too much"}))
    begin = time.monotonic()
    for url in servers.urls.values():
        client = servers.client(key, url)
        wait_until(lambda client=client: client.get("/v1/me").status_code == 401, "busy is suspended")
    print(f"suspended at both servers after {time.monotonic() - begin:.2f} s")  # noqa: T201 - what a soak is run for


def test_a_journey_through_a_proxy_that_alternates(servers: Servers) -> None:
    admin = servers.client(servers.admin_key)

    # A pilot, and a page that it logs in on: the first use of a key or a session goes to the server that has not made it.
    keys = {}
    for name in ("aqua", "busy"):
        quotas = {"requests_per_minute": QUOTA} if name == "busy" else {}
        keys[name] = done(admin.post("/v1/pilots", json={"name": name, "quotas": quotas}))["issued"]["key"]
    page = servers.client()
    page.headers["Origin"] = servers.proxy
    done(page.post("/v1/session", json={"key": keys["aqua"]}))
    for _ in range(4):
        assert done(page.get("/v1/me"))["name"] == "aqua"
    pilot = servers.client(keys["aqua"])
    each = {id_: servers.client(keys["aqua"], url) for id_, url in servers.urls.items()}

    # Own devices, and a webhook on them and on the city.
    world = "p-aqua"
    done(page.post("/v1/devices", json={"id": "tank", "name": "Tank"}))
    done(pilot.post("/v1/webhooks", json={"url": servers.receiver.url, "world": world, "condition": THRESHOLD}))
    done(pilot.post("/v1/webhooks", json={"url": servers.receiver.url, "condition": {"type": "event"}}))
    sent: list[float] = []

    def send(value: float) -> None:
        sent.append(value)
        done(pilot.post("/v1/telemetry", params={"device": "tank"}, json={"level": value}))

    for value in (1.0, 2.0, 3.0, 4.0):
        send(value)
    for client in each.values():
        wait_until(lambda client=client: latest(client, world) == [4.0], "both have the newest reading")

    follow(pilot, world, send)

    # An export is written by one of them, and fetched through both.
    made = done(pilot.post("/v1/exports", json={"world": world, "start": "-1h", "format": "csv"}))
    wait_until(lambda: done(pilot.get(f"/v1/exports/{made['id']}"))["state"] == "done", "the export is written")
    files = {client.get(f"/v1/exports/{made['id']}/file").text for client in each.values()}
    assert len(files) == 1
    assert next(iter(files)).count("tank") == len(sent)
    cut = [client.get(f"/v1/exports/{made['id']}/file", headers={"Range": "bytes=0-9"}) for client in each.values()]
    assert [(one.status_code, len(one.content)) for one in cut] == [(206, 10)] * 2
    other = servers.client(keys["busy"])
    assert {other.get(f"/v1/exports/{made['id']}/file").status_code for _ in range(2)} == {404}

    # A quota holds in sum, and a suspension at both.
    hold_quota(servers, admin, keys["busy"])

    # Webhooks fire once, also for events; a command over MQTT is one audit entry.
    send(9.0)
    servers.publish("simulators", topics.events("zenata"), event("flood-1"))
    servers.publish("admin", "zenata/commands/streetlight/lamp-1", {"id": "once", "set": {"dim": 0.5}})
    expected = ["event.started flood-1", f"{FIRES} tank"]
    wait_until(lambda: kinds(servers.receiver) == expected, "both have fired")

    # The server that leads is killed. What comes while nobody leads waits.
    leader = servers.leader()
    servers.processes[leader].kill()
    servers.processes[leader].wait()
    servers.publish("simulators", topics.events("zenata"), event("flood-2"))
    send(2.0)
    (left,) = (id_ for id_ in servers.urls if id_ != leader)
    begin = time.monotonic()
    wait_until(lambda: servers.leader() == left, "the other leads")
    print(f"the other leads after {time.monotonic() - begin:.1f} s")  # noqa: T201 - as above
    expected = sorted([*expected, "event.started flood-2", f"{CLEARS} tank"])
    wait_until(lambda: kinds(servers.receiver) == expected, "the other has gone on")
    send(8.0)
    expected = sorted([*expected, f"{FIRES} tank"])
    wait_until(lambda: kinds(servers.receiver) == expected, "and evaluates what comes")
    assert done(page.get("/v1/session"))["pilot"] == "aqua"

    # Nothing is doubled, and nothing is missing.
    ids = [one.id for one in servers.receiver.requests]
    assert len(ids) == len(set(ids)) == len(expected)
    readings = {"world": world, "start": "-1h", "limit": 1000}
    wait_until(lambda: len(done(pilot.get("/v1/readings", params=readings))["items"]) == len(sent), "all are stored")
    assert sorted(one["value"] for one in done(pilot.get("/v1/readings", params=readings))["items"]) == sorted(sent)
    audit = done(admin.get("/v1/audit", params={"limit": 1000}))["items"]
    assert [one["detail"]["id"] for one in audit if one["what"] == "MQTT command"] == ["once"]
    if (away := pilot.get(f"/v1/exports/{made['id']}/file")).status_code != 200:  # it was with the server that died
        assert away.status_code == 503
        assert "make the export again" in away.json()["detail"]


def until(stream: httpx.Response, values: set[float]) -> Callable[[], Event]:
    """Begin to read a stream, and return what waits until these values have come, in any order, and returns the last event."""
    found: list[Event] = []

    def read() -> None:
        missing = set(values)
        for one in events(stream):
            found.append(one)
            missing.discard(one.data["value"])
            if not missing:
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def wait() -> Event:
        reader.join(PATIENCE)
        assert not reader.is_alive(), f"of {values} came {found}"
        return found[-1]

    return wait
