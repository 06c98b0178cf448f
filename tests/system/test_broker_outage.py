"""The broker goes down under load and comes back: what it acknowledged arrives."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from tests.waiting import wait_until
from tests.zenata.broker.running import BROKERS, HOST, password, standard_users
from zenata.broker.base import wait_ready
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 60.0  # far beyond what anything here takes [s]
TOPIC = "zenata/telemetry/a/b/c"


class Restarting:
    """A broker that can be ended and started again on its folder and ports."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._ports = free_ports(HOST, {"mqtt_port": 0, "ws_port": 0})
        self._args = BROKERS[kind].prepare(folder=folder, host=HOST, users=standard_users(kind), **self._ports)
        self._log = folder / "broker.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._args, stdout=log, stderr=log)
        wait_ready(HOST, self._ports["mqtt_port"], TIMEOUT)

    def end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(TIMEOUT)

    def address(self, user: str) -> Address:
        return Address(host=HOST, port=self._ports["mqtt_port"], username=user, password=password(user))


@contextmanager
def restarting(kind: str, folder: Path) -> Iterator[Restarting]:
    broker = Restarting(kind, folder)
    try:
        yield broker
    finally:
        broker.end(signal.SIGKILL)


@contextmanager
def publisher(broker: Restarting) -> Iterator[Publisher]:
    with Publisher(broker.address("simulators"), client_id="simulators", in_flight=200) as client:
        client.connect(TIMEOUT)
        yield client


def subscription(broker: Restarting) -> Subscription:
    return Subscription(broker.address("ingest"), client_id="ingest", filters=["+/telemetry/+/+/+"])


def publish(client: Publisher, numbers: range) -> None:
    for number in numbers:
        client.publish(TOPIC, b"%d" % number)
    assert client.drain(TIMEOUT)


class Received:
    """What a subscription has received and acknowledged, in a thread of its own."""

    def __init__(self, client: Subscription) -> None:
        self.numbers: list[int] = []
        self._client, self._stop = client, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(TIMEOUT)

    def wait_for(self, numbers: range) -> None:
        wait_until(lambda: set(numbers) <= set(self.numbers), f"{numbers} arrive")

    def _run(self) -> None:
        while not self._stop.is_set():
            messages = self._client.receive(limit=500, wait=0.1)
            self._client.acknowledge(messages)
            self.numbers += [int(message.payload) for message in messages]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("nats", signal.SIGKILL),
        pytest.param("nats", signal.SIGTERM, marks=pytest.mark.soak),  # it has more time than a killed one
        ("mosquitto", signal.SIGTERM),
    ],
)
def test_nothing_is_lost_when_the_broker_is_restarted_under_load(kind, how, tmp_path):
    with restarting(kind, tmp_path / "broker") as broker, publisher(broker) as source, subscription(broker) as client:
        client.connect(TIMEOUT)
        load = threading.Thread(target=publish, args=(source, range(6_000)))
        with Received(client) as received:
            load.start()
            for size in (1_000, 3_000, 5_000):
                wait_until(lambda size=size: len(received.numbers) > size, f"{size} messages arrive")
                broker.end(how)
                broker.start()
            load.join(TIMEOUT)
            received.wait_for(range(6_000))


@pytest.mark.slow
def test_a_killed_mosquitto_loses_nothing_that_it_has_written(tmp_path):
    """It writes every two seconds; what it acknowledged since, it loses, and everything goes on."""
    folder = tmp_path / "broker"
    with restarting("mosquitto", folder) as broker, publisher(broker) as source:
        with subscription(broker) as client:
            client.connect(TIMEOUT)
        publish(source, range(2_000))
        drained = time.time()
        kept = folder / "mosquitto.db"
        wait_until(lambda: kept.exists() and kept.stat().st_mtime > drained + 0.1, "the backlog is written")
        publish(source, range(2_000, 4_000))
        broker.end(signal.SIGKILL)
        broker.start()
        publish(source, range(4_000, 6_000))
        with subscription(broker) as client:
            client.connect(TIMEOUT)
            with Received(client) as received:
                received.wait_for(range(2_000))
                received.wait_for(range(4_000, 6_000))
