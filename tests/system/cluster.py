"""Three NATS servers of one cluster, and an API and hosts that join it: each a process."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.init import first_keys, open_register
from sandbox.settings import Settings
from tests.certificates import Authority
from tests.system.running import ZENATA
from tests.waiting import wait_until
from tests.zenata.broker.running import HOST, password, standard_users
from zenata.broker.base import HOSTS, User, wait_ready
from zenata.broker.nats import Nats, Node
from zenata.process.ports import free_ports
from zenata.process.tls import Trust, certificate_of
from zenata.wire.address import Address, parse_url

TIMEOUT = 300.0  # far beyond what anything here takes: elections, leases, starts [s]
START = "2026-07-01T18:00:00Z"


@dataclass(frozen=True)
class Cluster:
    """Servers, and how to connect to them."""

    nodes: list[subprocess.Popen[bytes]]
    mqtt: list[int]
    """Ports."""
    clients: list[int]
    """Ports of those who join."""
    authority: Authority | None

    @property
    def join(self) -> str:
        scheme = "tls" if self.authority else "nats"
        return ",".join(f"{scheme}://{HOSTS}:hosts@{HOST}:{port}" for port in self.clients) + self._trusting

    def url(self, user: str) -> str:
        scheme = "mqtts" if self.authority else "mqtt"
        addresses = ",".join(f"{HOST}:{port}" for port in self.mqtt)
        return f"{scheme}://{user}:{password(user).replace(' ', '%20')}@{addresses}{self._trusting}"

    def address(self, user: str) -> Address:
        return parse_url(self.url(user))

    @property
    def _trusting(self) -> str:
        return f"?ca={self.authority.file}" if self.authority else ""


@contextmanager
def process(log: Path, *command: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, which may be killed meanwhile; what it says goes to a file."""
    with log.open("ab") as output, subprocess.Popen(list(map(str, command)), stdout=output, stderr=output) as running:
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()


@contextmanager
def cluster(folder: Path, authority: Authority | None = None) -> Iterator[Cluster]:
    """Run three servers, each in a folder of its own; by TLS if an authority vouches for them."""
    made = authority and authority.issue("node", host=HOST)
    names = [f"{kind}{number}" for number in range(3) for kind in ("mqtt", "ws", "node", "client")]
    ports = free_ports(HOST, dict.fromkeys(names, 0))
    hosts = User(name=HOSTS, password_hash=Nats().hash_password("hosts"), rights=standard_users("nats")[0].rights)
    mqtt, clients = ([ports[f"{kind}{number}"] for number in range(3)] for kind in ("mqtt", "client"))
    with ExitStack() as stack:
        running = []
        for number in range(3):
            node = Node(
                name=f"node-{number}",
                host=HOST,
                port=ports[f"node{number}"],
                peers=[f"{HOST}:{ports[f'node{other}']}" for other in range(3)],
                secret="s3cret",
                client_port=clients[number],
            )
            args = Nats(node).prepare(
                folder=folder / node.name,
                host=HOST,
                mqtt_port=mqtt[number],
                ws_port=ports[f"ws{number}"],
                users=[*standard_users("nats"), hosts],
                certificate=made and certificate_of(made.cert, made.key),
            )
            running.append(stack.enter_context(process(folder / f"{node.name}.log", *args)))
        for port in mqtt:
            wait_ready(HOST, port, TIMEOUT, authority and Trust(ca=authority.file).context())
        yield Cluster(running, mqtt, clients, authority)


@contextmanager
def joined(folder: Path, servers: Cluster, hosts: int) -> Iterator[tuple[httpx.Client, list[subprocess.Popen[bytes]]]]:
    """Let an API and hosts join a cluster; yield a client of its administrator and the hosts, once one runs the city."""
    (port,) = free_ports(HOST, {"http": 0}).values()
    data = folder / "api"
    first_keys(open_register(Settings(data_dir=data)), data)
    headers = {"Authorization": f"Bearer {(data / 'admin.key').read_text().strip()}"}
    common = ("--city", "valdeira", "--join", servers.join)
    serve = ("serve", *common, "--data-dir", data, "--http-port", port, "--broker", servers.url("ingest"))
    simulate = ("simulate", *common, "--broker", servers.url("simulators"), "--start", START)
    with ExitStack() as stack:
        stack.enter_context(process(folder / "api.log", *ZENATA, *serve))
        running = []
        for number in range(hosts):
            where = folder / f"host-{number}"
            options = ("--data-dir", where, "--host-name", where.name)
            running.append(stack.enter_context(process(folder / f"{where.name}.log", *ZENATA, *simulate, *options)))
        client = httpx.Client(base_url=f"http://{HOST}:{port}", headers=headers, timeout=60, trust_env=False)
        api = stack.enter_context(client)
        wait_until(lambda: answers(api, "/v1/worlds/zenata"), "the shared city runs on one of the hosts", TIMEOUT)
        yield api, running


def answers(api: httpx.Client, path: str) -> bool:
    try:
        return api.get(path).is_success
    except httpx.TransportError:
        return False


def ask(api: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Ask until the world's host answers: it may just be lost."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        response = api.request(method, path, **options)
        if response.status_code not in (409, 503):
            assert response.is_success, response.text
            return response
        assert time.monotonic() < deadline, response.text
        time.sleep(0.2)


def stored(api: httpx.Client, world: str) -> tuple[int, int]:
    """Return how many messages of a world are stored, and how many are missing."""
    found = {one["world"]: one for one in ask(api, "GET", "/v1/ledger").json()["items"]}
    return found[world]["stored"], found[world]["missing"]
