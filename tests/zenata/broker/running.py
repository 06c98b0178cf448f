"""Real brokers for tests, on free ports of loopback."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from zenata.broker.base import ADMINISTRATOR, SERVICES, User, pilot_user, service_user, wait_ready
from zenata.broker.dynsec import ANSWERS, MANAGING, TOPIC, DynamicSecurity
from zenata.broker.mosquitto import Mosquitto, is_hash_of
from zenata.broker.nats import Nats
from zenata.process.ports import free_ports
from zenata.process.tls import Certificate, Trust
from zenata.wire.address import Address
from zenata.wire.mqtt import RequestClient

HOST = "127.0.0.1"
ROLES = {"demo": "pilot", "eve": "pilot", "guest": "guest", "engineer": "engineer", "admin": "admin"}
"""Role by pilot."""

USERS = {**{name: name for name in ROLES}, "demo_phone": "demo"}
"""Pilot by user: demo has two keys."""

BROKERS: Mapping[str, Nats | Mosquitto] = {"nats": Nats(), "mosquitto": Mosquitto()}


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that answers."""

    host: str
    mqtt_port: int
    ws_port: int
    process: subprocess.Popen[bytes]
    give: Callable[[Sequence[User]], object] = field(default=list)
    """Makes these the users, while it runs."""

    def address(self, user: str, secret: str | None = None) -> Address:
        """Return where a user connects, with its password if no other secret is given."""
        secret = password(user) if secret is None else secret
        return Address(host=self.host, port=self.mqtt_port, username=user, password=secret)

    def url(self, user: str) -> str:
        """Return where a user connects, with its password."""
        return f"mqtt://{user}:{password(user).replace(' ', '%20')}@{self.host}:{self.mqtt_port}"


def password(name: str) -> str:
    """Return the password of one of the `standard_users`."""
    return f"the secret of {name}"


def new_password(name: str) -> str:
    """Return the password of somebody who has got a new one."""
    return f"the new secret of {name}"


def standard_users(kind: str) -> list[User]:
    """Return the services, and a user of each role; demo owns the world w-1 and has a second user, eve is another pilot."""
    hashes = {name: BROKERS[kind].hash_password(password(name)) for name in (*SERVICES, *USERS)}
    pilots = [
        pilot_user(
            name,
            hashes[name],
            pilot=pilot,
            role=ROLES[pilot],
            own=("w-1",) if pilot == "demo" else (),
            actuators=("lamp-0002",) if pilot == "eve" else (),
        )
        for name, pilot in USERS.items()
    ]
    return [service_user(name, hashes[name]) for name in SERVICES] + pilots


@contextmanager
def running_broker(
    kind: str, folder: Path, users: Sequence[User], certificate: Certificate | None = None
) -> Iterator[Running]:
    """Run a broker on a folder; what it says goes to ``broker.log`` there.

    Run again on the same folder, it has what the one before kept. The process may be killed meanwhile.
    """
    ports = free_ports(HOST, {"mqtt_port": 0, "ws_port": 0})
    prepare = partial(BROKERS[kind].prepare, folder=folder, host=HOST, certificate=certificate, **ports)
    tls = Trust(certificate=certificate.cert).context() if certificate else None
    hash_ = BROKERS[kind].hash_password(password(ADMINISTRATOR))
    args = prepare(users=[*users, User(name=ADMINISTRATOR, password_hash=hash_, rights=MANAGING)])
    with (folder / "broker.log").open("ab") as log, subprocess.Popen(args, stdout=log, stderr=log) as process:
        try:
            wait_ready(HOST, ports["mqtt_port"], 10, tls)
            gives = {"nats": partial(_give_nats, process, prepare), "mosquitto": partial(_give_mosquitto, ports)}
            yield Running(HOST, **ports, process=process, give=gives[kind])
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _give_nats(process: subprocess.Popen[bytes], prepare: Callable[..., object], users: Sequence[User]) -> None:
    prepare(users=users)
    process.send_signal(signal.SIGHUP)


def _give_mosquitto(ports: Mapping[str, int], users: Sequence[User]) -> None:
    with administrator(ports["mqtt_port"]) as requests:
        assert not DynamicSecurity(requests.request, password_of).renew(users)


def password_of(user: User) -> str | None:
    """Return the password of a user of a Mosquitto."""
    known = (password(user.name), new_password(user.name))
    return next((one for one in known if is_hash_of(one, user.password_hash)), None)


@contextmanager
def administrator(port: int) -> Iterator[RequestClient]:
    """Connect to a Mosquitto as whoever manages its users."""
    address = Address(host=HOST, port=port, username=ADMINISTRATOR, password=password(ADMINISTRATOR))
    with RequestClient(address, TOPIC, ANSWERS) as requests:
        requests.connect(10)
        yield requests
