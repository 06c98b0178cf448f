"""Real brokers for tests, on free ports of loopback."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zenata.broker.base import SERVICES, Broker, User, pilot_user, service_user, wait_ready
from zenata.broker.mosquitto import Mosquitto
from zenata.broker.nats import Nats
from zenata.ports import free_ports

HOST = "127.0.0.1"
PILOTS = ("demo", "eve")
BROKERS: Mapping[str, Broker] = {"nats": Nats(), "mosquitto": Mosquitto()}


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that answers."""

    host: str
    mqtt_port: int
    ws_port: int
    process: subprocess.Popen[bytes]


def password(name: str) -> str:
    """Return the password of one of the `standard_users`."""
    return f"the secret of {name}"


def standard_users(kind: str) -> list[User]:
    """Return the services and two pilots, of whom demo owns the world w-1."""
    hashes = {name: BROKERS[kind].hash_password(password(name)) for name in (*SERVICES, *PILOTS)}
    pilots = [pilot_user(name, hashes[name], own=("w-1",) if name == "demo" else ()) for name in PILOTS]
    return [service_user(name, hashes[name]) for name in SERVICES] + pilots


@contextmanager
def running_broker(kind: str, folder: Path, users: Sequence[User]) -> Iterator[Running]:
    """Run a broker on a folder; what it says goes to ``broker.log`` there.

    Run again on the same folder, it has what the one before kept. The process may be killed meanwhile.
    """
    ports = free_ports(HOST, {"mqtt_port": 0, "ws_port": 0})
    command = BROKERS[kind].prepare(folder=folder, host=HOST, users=users, **ports)
    with (folder / "broker.log").open("ab") as log, subprocess.Popen(command.args, stdout=log, stderr=log) as process:
        try:
            wait_ready(HOST, ports["mqtt_port"], 10)
            yield Running(HOST, **ports, process=process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
