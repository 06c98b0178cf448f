"""Publishers on both real brokers, which are also stopped, killed and started again."""

import os
import resource
import signal
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.waiting import beside
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import HOST, password, running_broker, standard_users
from tests.zenata.wire.mqtt.running import (
    TIMEOUT,
    numbers,
    publisher,
    started_again,
    stopped,
)
from zenata.errors import BrokerAwayError, BrokerError
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher, Subscription


def test_what_is_published_has_arrived_once_after_draining(broker):
    with Client(broker, "demo") as demo:
        demo.subscribe("zenata/telemetry/#")
        with publisher(broker, in_flight=50) as client:
            for payload in numbers(0, 2000):
                client.publish("zenata/telemetry/a/b/c", payload)
            assert client.drain(TIMEOUT)
        demo.wait_for_count(2000)
        demo.subscribe("zenata/clock")  # a round trip: what is under way twice has come by then
    assert [message.payload for message in demo.messages] == numbers(0, 2000)


def test_a_publisher_waits_at_its_limit_until_the_broker_goes_on(broker):
    handed_over = []

    def publish() -> None:
        for number in range(20):
            client.publish("zenata/telemetry/a/b/c", b"%d" % number)
            handed_over.append(number)

    thread = threading.Thread(target=publish)
    with publisher(broker, in_flight=5) as client:
        with stopped(broker):
            thread.start()
            thread.join(0.3)
            assert (thread.is_alive(), len(handed_over)) == (True, 5)
            assert not client.drain(0.05)
        thread.join(TIMEOUT)
        assert client.drain(TIMEOUT)
    assert len(handed_over) == 20


def test_what_a_killed_broker_did_not_acknowledge_is_sent_again_and_publishing_goes_on(kind, tmp_path):
    """Messages on topics of their own, retained, so that who comes later sees what arrived."""
    with running_broker(kind, tmp_path, standard_users(kind)) as broker, publisher(broker) as client:

        def publish(start: int, end: int) -> None:
            for number in range(start, end):
                client.publish(f"zenata/telemetry/a/b/{number}", b"%d" % number, retain=True)

        with stopped(broker):
            publish(0, 800)
            broker.process.kill()
        publish(800, 1000)  # as many as may be on their way
        with started_again(broker):
            publish(1000, 1500)
            assert client.drain(TIMEOUT)
            with Client(broker, "demo") as demo:
                demo.subscribe("zenata/telemetry/#")
                demo.wait_for_count(1500)
    assert sorted(int(message.payload) for message in demo.messages) == list(range(1500))


def test_cancelling_releases_a_publisher_that_waits(broker):
    failures = []

    def publish() -> None:
        try:
            while True:
                client.publish("zenata/telemetry/a/b/c", b"x")
        except BrokerError as error:
            failures.append(str(error))

    thread = threading.Thread(target=publish)
    with publisher(broker, in_flight=5) as client, stopped(broker):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        client.cancel()
        thread.join(TIMEOUT)
        assert not client.drain(0.05)
    assert failures == ["publishing was cancelled"]


def test_a_signal_handler_may_cancel(broker):
    with publisher(broker, in_flight=5) as client:
        before = signal.signal(signal.SIGALRM, lambda *_: client.cancel())
        try:
            with stopped(broker):
                for _ in range(5):
                    client.publish("zenata/telemetry/a/b/c", b"x")
                signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)  # again, should the first find us not yet waiting
                with pytest.raises(BrokerError, match="cancelled"):
                    client.publish("zenata/telemetry/a/b/c", b"x")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)  # or it would end the process, should it come after the next line
            signal.signal(signal.SIGALRM, before)


def test_a_publisher_closes_although_the_broker_reads_nothing(broker):
    with publisher(broker) as client, stopped(broker):
        for _ in range(100):
            client.publish("zenata/telemetry/a/b/c", b"x" * 1_000_000)  # more than the buffers between hold
        began = time.monotonic()
        client.close()
        assert time.monotonic() - began < 5


def test_a_process_with_thousands_of_open_files_publishes(broker):
    """A server of the API with as many streams has descriptors beyond the 1,023 that select(2) takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    with ExitStack() as files:
        for _ in range(1100):
            files.enter_context(Path(os.devnull).open())
        with publisher(broker) as client:
            client.publish("zenata/telemetry/a/b/c", b"x")
            assert client.drain(TIMEOUT)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_another_node_is_taken_when_one_is_away(broker):
    away = free_ports(HOST, {"port": 0})["port"]
    where = Address(
        host=HOST,
        port=away,
        others=((HOST, broker.mqtt_port),),
        username="simulators",
        password=password("simulators"),
    )
    with Publisher(where, client_id="mover") as client:
        client.connect(TIMEOUT)
        client.publish("zenata/telemetry/a/b/c", b"x")
        assert client.drain(TIMEOUT)


@pytest.mark.parametrize("kind", [Publisher, Subscription])
def test_a_broker_that_reloads_its_users_refuses_for_a_moment_only(kind):
    """NATS refuses some who connect meanwhile with "Not authorized"; a world whose connection met that had failed."""
    filters = {"filters": ["+/telemetry/#"]} if kind is Subscription else {}
    with socket.create_server((HOST, 0)) as server:

        def answer() -> None:
            for reason in (5, 5, 0):  # MQTT 3.1.1, section 3.2.2.3
                connection, _ = server.accept()
                connection.recv(1000)
                connection.sendall(bytes((0x20, 2, 0, reason)))
                if reason:
                    connection.close()
            if filters:
                packet = connection.recv(1000)
                connection.sendall(bytes((0x90, 3, *packet[2:4], 1)))
            connection.recv(1000)
            connection.close()

        where = Address(host=HOST, port=server.getsockname()[1], username="simulators", password="secret")
        with beside(answer), kind(where, client_id="simulators-1", **filters) as client:
            client.connect(TIMEOUT)


@pytest.mark.parametrize("client", ["publisher", "subscription"])
class TestNoEntry:
    """What cannot connect says so in one line, in time."""

    def test_wrong_password(self, broker, client):
        message = self.failure(client, broker.address("ingest", "guess"))
        assert message == f"the broker at mqtt://{HOST}:{broker.mqtt_port} refused us: Not authorized"

    def test_nobody_there(self, client):
        port = free_ports(HOST, {"port": 0})["port"]
        message = self.failure(client, Address(host=HOST, port=port), 0.3, BrokerAwayError)
        assert message.startswith(f"the broker at mqtt://{HOST}:{port} cannot be reached: ")
        assert "refused" in message

    def test_no_answer(self, client):
        with socket.create_server((HOST, 0)) as server:
            port = server.getsockname()[1]
            message = self.failure(client, Address(host=HOST, port=port), 0.3, BrokerAwayError)
        assert message == f"the broker at mqtt://{HOST}:{port} does not answer"

    def failure(
        self, client: str, where: Address, timeout: float = TIMEOUT, kind: type[BrokerError] = BrokerError
    ) -> str:
        """Return why it cannot connect; a service that waits for one that is only away is not given up on."""
        made = (
            Publisher(where, client_id="stranger")
            if client == "publisher"
            else Subscription(where, client_id="stranger", filters=["+/telemetry/#"])
        )
        began = time.monotonic()
        with made, pytest.raises(BrokerError) as failure:
            made.connect(timeout)
        assert time.monotonic() - began < timeout + 3
        assert type(failure.value) is kind
        assert "\n" not in str(failure.value)
        return str(failure.value)
