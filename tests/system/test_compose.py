"""Every service of docker-compose.yml, run by its own command in its own environment, on this machine.

An engine would give each container its paths, host names and ports. Here the paths are those of the mounts on the host,
and every ``service:port`` is a free port of loopback. Mosquitto is Debian's; InfluxDB is Debian's 1.6, which knows no
token and takes the same URL; what the image of 2.7 does with its own variables is not shown.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import httpx
import pytest

from sandbox.init import init
from tests.compose import Service, services, variables_in
from tests.system.running import SMALL, ZENATA
from tests.waiting import wait_until
from tests.zenata.store.influxd import running as running_influxd
from zenata.broker.mosquitto import PLUGIN, plugin, program
from zenata.process.ports import free_ports

pytestmark = pytest.mark.slow

PORTS = ("mosquitto:1883", "mosquitto:9001", "influxdb:8086", "api:8080")
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ZENATA_CITY": SMALL[1]}


@dataclass
class Machine:
    """What containers are to one another, without containers."""

    folder: Path
    ports: dict[str, int]
    logs: Path
    services: dict[str, Service]
    stack: ExitStack
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.ports['api:8080']}"

    def outside(self, text: str, service: Service) -> str:
        """Return a text as it is to be on the host: other paths, other ports."""
        for inside, path in service.mounts.items():
            text = re.sub(rf"{inside}(?=/|$|\s)", str(path), text)
        for name, port in self.ports.items():
            host, known = name.split(":")
            text = text.replace(f"{host}:{known}", f"127.0.0.1:{port}").replace(
                f"127.0.0.1:{known}", f"127.0.0.1:{port}"
            )
            text = re.sub(rf"(?<![\d.]){known}(?!\d)", str(port), text)
        return text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - what a container listens at

    def environment(self, service: Service) -> dict[str, str]:
        return {name: self.outside(value, service) for name, value in service.environment.items()}

    def command(self, words: list[str], service: Service) -> list[str]:
        """Return a command with the programs that the image would have."""
        first = {"python": (sys.executable,), "mosquitto": (program(),)}.get(words[0], (words[0],))
        return [*first, *(self.outside(word, service) for word in words[1:])]

    def start(self, name: str) -> None:
        """Start a service when those it waits for are well, and wait until it is well itself."""
        service = self.services[name]
        for other in service.about.get("depends_on", ()):
            assert self.is_well(other)
        words = [*ZENATA, *service.about["command"]] if service.is_ours else service.about["command"]
        process = subprocess.Popen(
            self.command(words, service),
            env=PLAIN | self.environment(service),
            stdout=self.stack.enter_context((self.logs / f"{name}.log").open("ab")),
            stderr=subprocess.STDOUT,
        )
        self.processes[name] = process
        self.stack.callback(stop, process)
        # Each look may be a program that takes a second of processor, which the service needs to start.
        wait_until(lambda: process.poll() is not None or self.is_well(name), f"{name} is well", pause=1)
        assert process.poll() is None, (self.logs / f"{name}.log").read_text()

    def is_well(self, name: str) -> bool:
        service = self.services[name]
        command = self.command(service.health, service)
        done = subprocess.run(
            command, env=PLAIN | self.environment(service), capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    finally:
        process.kill()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """All services, started in the order that Compose would."""
    place = tmp_path_factory.mktemp("compose")
    assert init(place / "made")
    with ExitStack() as stack:
        influxd = stack.enter_context(running_influxd(place / "influxd"))
        ports = free_ports("127.0.0.1", dict.fromkeys(PORTS, 0)) | {"influxdb:8086": influxd.port}
        machine = Machine(place / "made", ports, place, services(place / "made"), stack)
        config = machine.folder / "mosquitto" / "mosquitto.conf"
        text = machine.outside(config.read_text(), machine.services["mosquitto"])
        config.write_text(re.sub(rf"/usr/lib/{PLUGIN}", plugin(), text))
        for name in ("mosquitto", "ingest", "simulators", "api"):
            machine.start(name)
        yield machine


@contextmanager
def asking(machine: Machine, name: str) -> Iterator[httpx.Client]:
    key = (machine.folder / "city" / f"{name}.key").read_text().strip()
    with httpx.Client(base_url=machine.http, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        yield client


def test_every_service_is_well(machine):
    assert [name for name in machine.services if not machine.is_well(name)] == []
    assert [name for name, process in machine.processes.items() if process.poll() is not None] == []


def test_a_service_that_has_stopped_is_not_well(machine):
    ports = dict.fromkeys(PORTS, free_ports("127.0.0.1", {"none": 0})["none"])
    nobody = Machine(machine.folder, ports, machine.logs, machine.services, machine.stack)
    assert [name for name in ("mosquitto", "influxdb", "api") if nobody.is_well(name)] == []


def test_readings_are_streamed_as_they_come_and_stored_soon_after(machine):
    with asking(machine, "demo") as client:
        with client.stream("GET", "/v1/stream") as response:
            line = next(line for line in response.iter_lines() if line.startswith("data: ") and '"sensor"' in line)
        reading = json.loads(line.removeprefix("data: "))

        def newest() -> str:
            items = client.get(f"/v1/latest?sensor={reading['sensor']}").raise_for_status().json()["items"]
            return max((item["time"] for item in items), default="")

        wait_until(lambda: newest() >= reading["time"], "what was streamed is stored")
        one = {"sensor": reading["sensor"], "property": reading["property"], "start": "-1h"}
        rows = client.get("/v1/readings", params=one).raise_for_status().json()["items"]
    assert reading["value"] in [row["value"] for row in rows]


def test_the_ledger_knows_what_ingest_has_stored(machine):
    def balance() -> dict[str, int]:
        (line,) = client.get("/v1/ledger").raise_for_status().json()["items"]
        return line

    with asking(machine, "admin") as client:
        wait_until(lambda: balance()["stored"], "there is an account")
        line = balance()
    assert line["published"] == sum(line[term] for term in ("stored", "rejected", "in_flight", "missing"))
    assert line["missing"] == line["rejected"] == 0


def test_the_api_reaches_the_simulators(machine):
    with asking(machine, "demo") as client:
        worlds = client.get("/v1/worlds").raise_for_status().json()["items"]
    assert [world["world"] for world in worlds] == ["zenata"]


def test_a_private_world_is_made_moved_on_and_read(machine):
    body = {"seed": 7, "start": "2026-07-01T06:00:00Z", "state": "paused", "kinds": ["weather"]}
    with asking(machine, "demo") as client:
        world = client.post("/v1/worlds", json=body).raise_for_status().json()["world"]
        reading = client.post(f"/v1/worlds/{world}/advance", json={"steps": 60, "limit": 10}).raise_for_status().json()
        assert reading["items"]

        def stored() -> list[object]:
            return client.get(f"/v1/latest?world={world}").raise_for_status().json()["items"]

        wait_until(stored, "its readings are in the store")


def test_the_pilot_receives_the_city_by_mqtt_and_nobody_else_does(machine):
    key = (machine.folder / "city" / "demo.key").read_text().strip()
    there = ("mosquitto_sub", "-h", "127.0.0.1", "-p", str(machine.ports["mosquitto:1883"]), "-W", "20", "-C", "1")
    topic = ("-t", "zenata/telemetry/#")
    received = subprocess.run([*there, *topic, "-u", "demo", "-P", key], capture_output=True, timeout=30, check=True)
    assert b'"bn":' in received.stdout
    assert subprocess.run([*there, *topic], capture_output=True, timeout=30, check=False).returncode == 5
    wrong = [*there, *topic, "-u", "demo", "-P", "wrong"]
    assert subprocess.run(wrong, capture_output=True, timeout=30, check=False).returncode == 5


def test_no_secret_is_in_a_log_or_on_a_command_line(machine):
    secrets = {value for file in machine.folder.glob("?*.env") for value in variables_in(file).values()}
    passwords = {re.sub(r"^mqtt://\w+:(.*)@.*$", r"\1", secret) for secret in secrets}
    reading = "".join(log.read_text() for log in machine.logs.glob("*.log"))
    words = " ".join(chain.from_iterable(process.args for process in machine.processes.values()))
    assert reading
    assert not any(password in reading + words for password in passwords)
