"""Clients of a running broker, and a broker that hangs, is killed or is started again."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.zenata.broker.running import Running
from zenata.broker.base import wait_ready
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 60.0  # far beyond what anything here takes, NATS' five seconds before it sends again included [s]


@contextmanager
def publisher(broker: Running, in_flight: int = 1000) -> Iterator[Publisher]:
    with Publisher(broker.address("simulators"), client_id=f"publisher-{in_flight}", in_flight=in_flight) as client:
        client.connect(TIMEOUT)
        yield client


@contextmanager
def subscription(broker: Running, name: str) -> Iterator[Subscription]:
    """A session for the telemetry of the world called like it."""
    with Subscription(broker.address("ingest"), client_id=name, filters=[f"{name}/telemetry/#"]) as client:
        client.connect(TIMEOUT)
        yield client


@contextmanager
def stopped(broker: Running) -> Iterator[None]:
    """Let the broker hang, as a swapping machine would; all of its threads, which the kernel stops one after the other."""
    broker.process.send_signal(signal.SIGSTOP)
    threads = [psutil.Process(thread.id) for thread in psutil.Process(broker.process.pid).threads()]
    while any(thread.status() != psutil.STATUS_STOPPED for thread in threads):
        time.sleep(0.001)
    try:
        yield
    finally:
        broker.process.send_signal(signal.SIGCONT)


@contextmanager
def started_again(broker: Running) -> Iterator[None]:
    """Run a broker that has ended once more, on the same folder and ports."""
    broker.process.wait(TIMEOUT)
    with subprocess.Popen(broker.process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_ready(broker.host, broker.mqtt_port, TIMEOUT)
            yield
        finally:
            process.kill()


def send(broker: Running, world: str, payloads: list[bytes]) -> None:
    with publisher(broker) as client:
        for payload in payloads:
            client.publish(f"{world}/telemetry/a/b/c", payload)
        assert client.drain(TIMEOUT)


def numbers(start: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, end)]


def take(client: Subscription, count: int) -> list:
    """Receive until `count` messages are there."""
    messages: list = []
    deadline = time.monotonic() + TIMEOUT
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
        messages += client.receive(limit=count - len(messages), wait=0.1)
    return messages


def wait_ready_again(client: Subscription) -> list:
    """Wait until a subscription is back; return what it received meanwhile."""
    messages: list = []
    deadline = time.monotonic() + TIMEOUT
    while not client.ready:
        assert time.monotonic() < deadline
        messages += client.receive(limit=1000, wait=0.05)
    return messages
