"""Worlds on three hosts and three NATS servers: a host and a server are killed, and nothing is lost or published twice."""

import json
import math
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from sandbox.init import first_keys, open_register
from sandbox.settings import Settings
from simulators.record.journal import Journal
from simulators.record.record import History
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.certificates import Authority
from tests.system.running import ZENATA
from tests.waiting import wait_until
from tests.zenata.broker.running import HOST, password, standard_users
from zenata.broker.base import HOSTS, User, wait_ready
from zenata.broker.nats import Nats, Node
from zenata.city.clock import parse_time
from zenata.city.pack import load_city
from zenata.process.ports import free_ports
from zenata.process.tls import Trust, certificate_of
from zenata.wire.address import Address
from zenata.wire.mqtt import Subscription

TIMEOUT = 300.0  # far beyond what anything here takes: elections, leases, starts [s]
START = "2026-07-01T18:00:00Z"
WORLDS, STEPS = 12, 16  # half of the worlds in lock-step, the others by themselves
KILL_AT = STEPS // 3
LAMPS = [sensor.id for sensor in load_city("valdeira").sensors if sensor.kind == "streetlight"][:20]


@dataclass
class Machines:
    """Three servers of NATS, three hosts and an API, each a process."""

    nodes: list[subprocess.Popen[bytes]]
    hosts: list[subprocess.Popen[bytes]]
    api: httpx.Client
    mqtt: list[int]
    join: str
    folder: Path


@contextmanager
def process(stack: ExitStack, log: Path, *command: object, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output, subprocess.Popen(list(map(str, command)), stdout=output, stderr=output) as running:
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()


def nodes(
    stack: ExitStack, folder: Path, authority: Authority | None = None
) -> tuple[list[subprocess.Popen[bytes]], list[int], str]:
    """Run three servers, by TLS if an authority vouches for them; return them, their MQTT ports and what hosts join."""
    made = authority and authority.issue("node", host=HOST)
    names = [f"{kind}{number}" for number in range(3) for kind in ("mqtt", "ws", "node", "client")]
    ports = free_ports(HOST, dict.fromkeys(names, 0))
    hosts = User(name=HOSTS, password_hash=Nats().hash_password("hosts"), rights=standard_users("nats")[0].rights)
    running = []
    for number in range(3):
        node = Node(
            name=f"node-{number}",
            host=HOST,
            port=ports[f"node{number}"],
            peers=[f"{HOST}:{ports[f'node{other}']}" for other in range(3)],
            secret="s3cret",
            client_port=ports[f"client{number}"],
        )
        args = Nats(node).prepare(
            folder=folder / node.name,
            host=HOST,
            mqtt_port=ports[f"mqtt{number}"],
            ws_port=ports[f"ws{number}"],
            users=[*standard_users("nats"), hosts],
            certificate=made and certificate_of(made.cert, made.key),
        )
        running.append(stack.enter_context(process(stack, folder / f"{node.name}.log", *args)))
    for number in range(3):
        wait_ready(HOST, ports[f"mqtt{number}"], TIMEOUT, authority and Trust(ca=authority.file).context())
    scheme = "tls" if authority else "nats"
    join = ",".join(f"{scheme}://{HOSTS}:hosts@{HOST}:{ports[f'client{number}']}" for number in range(3))
    join += trusting(authority)
    return running, [ports[f"mqtt{number}"] for number in range(3)], join


def url(user: str, ports: list[int], authority: Authority | None = None) -> str:
    addresses = ",".join(f"{HOST}:{port}" for port in ports)
    scheme = "mqtts" if authority else "mqtt"
    return f"{scheme}://{user}:{password(user).replace(' ', '%20')}@{addresses}{trusting(authority)}"


def trusting(authority: Authority | None) -> str:
    """Return what a URL ends in."""
    return f"?ca={authority.file}" if authority else ""


@pytest.fixture
def machines(tmp_path, monkeypatch) -> Iterator[Machines]:
    for name, value in {"OF_ONE": "20", "IN_ALL": "30", "RATE": "100000"}.items():
        monkeypatch.setenv(f"ZENATA_WORLDS_{name}".replace("WORLDS_RATE", "WORLD_RATE"), value)
    with ExitStack() as stack:
        servers, mqtt, join = nodes(stack, tmp_path)
        (port,) = free_ports(HOST, {"http": 0}).values()
        common = ("--city", "valdeira", "--join", join)
        data = tmp_path / "api"
        first_keys(open_register(Settings(data_dir=data)), data)
        options = ("--data-dir", data, "--http-port", port, "--broker", url("ingest", mqtt))
        stack.enter_context(process(stack, tmp_path / "api.log", *ZENATA, "serve", *common, *options))
        hosts = []
        for number in range(3):
            where = tmp_path / f"host-{number}"
            options = (
                "--data-dir",
                where,
                "--broker",
                url("simulators", mqtt),
                "--host-name",
                where.name,
                "--start",
                START,
            )
            hosts.append(
                stack.enter_context(
                    process(stack, tmp_path / f"{where.name}.log", *ZENATA, "simulate", *common, *options)
                )
            )
        key = (data / "admin.key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        api = stack.enter_context(
            httpx.Client(base_url=f"http://{HOST}:{port}", headers=headers, timeout=60, trust_env=False)
        )
        wait_until(lambda: answers(api, "/v1/worlds/zenata"), "the shared city runs on one of the hosts", TIMEOUT)
        yield Machines(servers, hosts, api, mqtt, join, tmp_path)


def answers(api: httpx.Client, path: str) -> bool:
    try:
        return api.get(path).is_success
    except httpx.TransportError:
        return False


def ask(api: httpx.Client, method: str, path: str, **options) -> httpx.Response:
    """Ask until the world's host answers: it may just be lost."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        response = api.request(method, path, **options)
        if response.status_code not in (409, 503):
            assert response.is_success, response.text
            return response
        assert time.monotonic() < deadline, response.text
        time.sleep(0.2)


def kill_machine(process_: subprocess.Popen[bytes]) -> None:
    """Kill a host with all that runs on it, as a machine that loses power."""
    for one in [psutil.Process(process_.pid), *psutil.Process(process_.pid).children(recursive=True)]:
        one.send_signal(signal.SIGKILL)


@dataclass
class LockStep:
    """Somebody who moves a world on tick by tick, with a command before each."""

    world: str
    number: int
    sent: dict[str, int] = field(default_factory=dict)

    def step(self, api: httpx.Client, step: int) -> None:
        """Make one tick, whatever happens to the world's host: the command is not sent again if the journal has it."""
        first = parse_time(START) + (step - 1) * TICK
        command = {
            "id": f"{self.world}-{step}",
            "sensor": LAMPS[(step + self.number) % len(LAMPS)],
            "set": {"dim": step / STEPS},
        }
        deadline = time.monotonic() + TIMEOUT
        while True:
            state = ask(api, "GET", f"/v1/worlds/{self.world}").json()
            if state["state"] == "paused" and parse_time(state["time"]) > first:
                break
            if state["state"] == "paused":
                record = ask(api, "GET", f"/v1/worlds/{self.world}/record").json()
                known = any((entry.get("order") or {}).get("id") == command["id"] for entry in record["journal"])
                body = {"steps": 1, "commands": [] if known else [command]}
                api.post(f"/v1/worlds/{self.world}/advance", json=body)
            else:
                time.sleep(0.2)
            assert time.monotonic() < deadline, state
        self.sent[command["id"]] = first


def stored(api: httpx.Client, world: str) -> tuple[int, int]:
    """Return how many messages of a world are stored, and how many are missing."""
    found = {one["world"]: one for one in ask(api, "GET", "/v1/ledger").json()["items"]}
    return found[world]["stored"], found[world]["missing"]


class Silence(threading.Thread):
    """The longest time between two clocks of each world [s]."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__(daemon=True)
        first, *others = ports
        address = Address(
            host=HOST,
            port=first,
            others=tuple((HOST, port) for port in others),
            username="engineer",
            password=password("engineer"),
        )
        self._subscription = Subscription(address, client_id="silence", filters=["+/clock"])
        self.last: dict[str, float] = {}
        self.longest: dict[str, float] = {}
        self.stop = threading.Event()

    def run(self) -> None:
        with self._subscription as subscription:
            subscription.connect(TIMEOUT)
            while not self.stop.is_set():
                messages = subscription.receive(limit=500, wait=0.1)
                subscription.acknowledge(messages)
                now = time.monotonic()
                for world in {message.topic.split("/")[0] for message in messages}:
                    self.longest[world] = max(self.longest.get(world, 0.0), now - self.last.get(world, now))
                    self.last[world] = now


def undisturbed(history: History) -> tuple[str, int, int]:
    """Run the world of a record again; return its digest, its messages and its readings."""
    run = Run(load_city("valdeira"), history.recipe, Journal(None, history.journal))
    readings = 0
    while run.time < history.last.time or not run.caught_up:
        emission = run.step()
        readings += sum(not math.isnan(value) for value in emission.values.tolist())
    return run.digest.hexdigest(), run.world.messages, readings


@pytest.mark.soak
def test_a_host_and_a_server_are_killed(machines):
    api = machines.api
    silence = Silence(machines.mqtt)
    silence.start()
    bodies = [
        {
            "seed": number + 1,
            "start": START,
            "kinds": ["streetlight"],
            **({"state": "paused"} if number % 2 else {"speed": 20}),
        }
        for number in range(WORLDS)
    ]
    names = [ask(api, "POST", "/v1/worlds", json=body).json()["world"] for body in bodies]
    wait_until(
        lambda: sum(len(one["worlds"]) for one in api.get("/v1/hosts").json()["items"]) == WORLDS + 1,
        "all run",
        TIMEOUT,
    )
    shown = {one["name"]: one["worlds"] for one in api.get("/v1/hosts").json()["items"]}
    assert sorted(shown) == ["host-0", "host-1", "host-2"]
    assert all(shown.values()), "each host runs some"
    lock_step = [LockStep(name, number) for number, name in enumerate(names) if number % 2]
    live = [name for number, name in enumerate(names) if not number % 2]
    for step in range(STEPS):
        if step == KILL_AT:
            kill_machine(machines.hosts[0])
            machines.nodes[0].kill()
        for one in lock_step:
            one.step(api, step)
        for name in live:
            command = {"sensor": LAMPS[step % len(LAMPS)], "set": {"dim": 0.5 if step % 2 else None}}
            api.post("/v1/commands", params={"world": name}, json=command)  # its host may be lost: then it is not heard
    for name in live:
        ask(api, "PATCH", f"/v1/worlds/{name}/clock", json={"state": "paused"})
        wait_until(
            lambda name=name: ask(api, "GET", f"/v1/worlds/{name}").json()["state"] == "paused", "paused", TIMEOUT
        )
    histories = {}
    for name in names:
        text = ask(api, "GET", f"/v1/worlds/{name}/record").content
        histories[name] = msgspec.json.decode(text, type=History)
    silence.stop.set()
    for one in lock_step:
        orders = {entry.order.id: entry.at for entry in histories[one.world].journal if entry.order}
        assert orders == one.sent, "each command once, before its tick"
    for name, history in histories.items():
        digest, messages, readings = undisturbed(history)
        assert history.last.digest == digest, f"{name} is as one that nobody disturbed"

        wait_until(
            lambda name=name, messages=messages: stored(api, name) == (messages, 0), f"{name} is stored", TIMEOUT
        )
        query = {
            "world": name,
            "start": "2026-07-01T00:00:00Z",
            "end": "2026-07-03T00:00:00Z",
            "agg": "count",
            "every": "1d",
        }
        found = ask(api, "GET", "/v1/readings", params=query).json()["items"]
        assert sum(one["count"] for one in found) == readings, "none is missing or doubled"
    shown = {one["name"]: one["worlds"] for one in api.get("/v1/hosts").json()["items"] if one["name"] != "host-0"}
    assert sorted(name for worlds in shown.values() for name in worlds) == sorted([*names, "zenata"])
    longest = {name: silence.longest.get(name, 0.0) for name in live}
    print(json.dumps({"longest silence [s]": round(max(longest.values()), 1), "of each": longest}, indent=1))  # noqa: T201 - what a soak is run for
