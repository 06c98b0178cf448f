"""Subscriptions on both real brokers, which are also stopped, killed and started again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from tests.zenata.wire.mqtt.running import (
    TIMEOUT,
    numbers,
    publisher,
    send,
    started_again,
    subscription,
    take,
    wait_ready_again,
)
from zenata.errors import BrokerError
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import Subscription


def round_trip(client: Subscription) -> None:
    """Wait until the broker has taken what was sent: whoever resumes a session cuts off what is still under way."""
    client._ready = False
    client._subscribe()
    assert wait_ready_again(client) == []


def test_sessions_of_a_share_divide_the_messages(kind, broker):
    filters = ["$share/ingest/w-7/telemetry/#", "w-7/clock"]
    first, second = (Subscription(broker.address("ingest"), client_id=name, filters=filters) for name in ("a", "b"))
    with first, second:
        if kind == "nats":
            with pytest.raises(BrokerError, match="refused us: Unsupported protocol version"):
                first.connect(TIMEOUT)
            return
        first.connect(TIMEOUT)
        second.connect(TIMEOUT)
        send(broker, "w-7", numbers(0, 100))
        taken = [take(client, 50) for client in (first, second)]
        first.acknowledge(taken[0])
        second.acknowledge(taken[1])
        assert {message.payload for part in taken for message in part} == set(numbers(0, 100))


def test_a_subscription_that_waits_for_a_broker_gives_up_when_cancelled():
    port = free_ports(HOST, {"port": 0})["port"]
    with Subscription(Address(host=HOST, port=port), client_id="waiting", filters=["+/clock"]) as subscription:
        threading.Timer(0.3, subscription.cancel).start()
        with pytest.raises(BrokerError, match="cancelled"):
            subscription.connect(60)


def test_subscribing_is_confirmed_once_what_came_of_it_is_acknowledged(broker):
    """Until then a session is made anew: NATS would count what a killed client held against its window for ever."""
    with publisher(broker) as client:
        for number in range(20):
            client.publish(f"w-8/telemetry/a/b/{number}", b"retained", retain=True)
        assert client.drain(TIMEOUT)
    confirmed: list[str] = []
    for _ in range(3):
        with confirming(broker, "w-8", confirmed, subscribed=None) as client:
            held = settled(client, 20)
            client.acknowledge(held[1:])
            assert client.receive(limit=1, wait=0.2) == []
            assert not confirmed
            client._client.socket().shutdown(socket.SHUT_RDWR)
    send(broker, "w-8", [b"to a session that will be no more"])
    with confirming(broker, "w-8", confirmed, subscribed=None) as client:
        client.acknowledge(held)  # of another connection, so for nothing
        again = settled(client, 20)
        assert {message.payload for message in again} == {b"retained"}
        client.acknowledge(again)
        assert client.receive(limit=1, wait=0.2) == []
        assert confirmed == ["w-8"]
    send(broker, "w-8", [b"kept"])
    with confirming(broker, "w-8", confirmed, subscribed=True) as client:
        assert [message.payload for message in take(client, 1)] == [b"kept"]
        assert client.receive(limit=1, wait=0.2) == []
    assert confirmed == ["w-8"]


def test_a_session_is_resumed_once_whoever_looks_after_it_says_so(broker):
    answers = iter([BrokerError("not yet"), BrokerError("not yet"), None])

    def look() -> None:
        if error := next(answers):
            raise error

    with resuming(broker, look, subscribed=False) as client:
        client.connect(TIMEOUT)
    with resuming(broker, look, subscribed=True) as client:
        client.connect(TIMEOUT)
    assert next(answers, "all were asked") == "all were asked"


def test_who_has_lost_a_session_and_the_connection_too_subscribes_on_the_next_one(broker):
    """The broker then says that there is a session, but nobody has subscribed to anything in it."""
    lost: list[str] = []
    with Subscription(
        broker.address("ingest"),
        client_id="w-13",
        filters=["w-13/telemetry/#"],
        subscribed=True,
        on_lost=lambda: lost.append("it"),
    ) as client:
        subscribe = client._subscribe
        client._subscribe = lambda: client._client.socket().shutdown(socket.SHUT_RDWR)
        wait_until(lambda: client._turn(0.1) or (lost and not client._client.socket()), "it is lost", TIMEOUT, 0.0)
        client._subscribe = subscribe
        client.connect(TIMEOUT)
        send(broker, "w-13", [b"heard"])
        assert [message.payload for message in take(client, 1)] == [b"heard"]
    assert lost == ["it"]


def test_without_anything_retained_subscribing_is_confirmed_at_once(broker):
    confirmed: list[str] = []
    with confirming(broker, "w-9", confirmed, subscribed=None) as client:
        wait_until(lambda: confirmed or client.receive(limit=1, wait=0.05), "it is confirmed", TIMEOUT, 0.0)
        assert confirmed


def test_messages_at_qos_0_are_not_acknowledged_as_that_would_cost_the_connection(broker):
    """They have no packet identifier, and both brokers disconnect whoever acknowledges the identifier 0."""
    with subscription(broker, "w-10") as client, Client(broker, "simulators") as device:
        for number in range(3):
            device.publish("w-10/telemetry/a/b/c", [str(number)], qos=0)
            device.publish("w-10/telemetry/a/b/c", [f"then {number}"])
            messages = take(client, 2)
            assert [(message.payload.decode(), bool(message.mid)) for message in messages] == [
                (str(number), False),
                (f"then {number}", True),
            ]
            client.acknowledge(messages)
            assert client.receive(limit=1, wait=0.2) == []
            assert {message.connection for message in messages} == {1}
            assert client.ready


def settled(client: Subscription, count: int) -> list:
    """Receive until a connection has brought so many; before it, one may have to the session that was there."""
    messages: list = []
    while len([message for message in messages if message.connection == client._connection]) < count:
        messages += take(client, 1)
    return [message for message in messages if message.connection == client._connection]


def resuming(broker: Running, look, *, subscribed: bool) -> Subscription:
    """Return a session that somebody looks after."""
    return Subscription(
        broker.address("ingest"),
        client_id="w-12",
        filters=["w-12/telemetry/#"],
        subscribed=subscribed,
        before_resuming=look,
    )


@contextmanager
def confirming(broker: Running, name: str, confirmed: list[str], *, subscribed: bool | None) -> Iterator[Subscription]:
    with Subscription(
        broker.address("ingest"),
        client_id=name,
        filters=[f"{name}/telemetry/#"],
        subscribed=subscribed,
        on_subscribed=lambda: confirmed.append(name),
    ) as client:
        client.connect(TIMEOUT)
        yield client


def test_a_refused_filter_is_named(broker):
    filters = ["+/telemetry/#", "secrets/#"]
    with (
        Subscription(broker.address("ingest"), client_id="greedy", filters=filters) as client,
        pytest.raises(BrokerError, match=r"refused us: we may not subscribe to secrets/#$"),
    ):
        client.connect(TIMEOUT)
    assert not client.ready


def test_connecting_to_a_session_with_a_backlog(broker):
    """The backlog comes before the answer to subscribing, as much of it as the broker's window holds."""
    with subscription(broker, "w-1"):
        pass
    send(broker, "w-1", numbers(0, 6_000))
    with subscription(broker, "w-1") as client:
        assert client.ready
        messages = []
        while len(messages) < 6_000:
            messages += (batch := take(client, 1000))
            client.acknowledge(batch)
        assert [message.payload for message in messages] == numbers(0, 6_000)
        assert client.receive(limit=1, wait=0.1) == []


def test_receiving_ends_with_the_limit_or_the_time(broker):
    with subscription(broker, "w-2"):
        pass
    send(broker, "w-2", numbers(0, 30))
    with subscription(broker, "w-2") as client:
        batches = [client.receive(limit=10, wait=TIMEOUT) for _ in range(3)]
        assert [[message.payload for message in batch] for batch in batches] == [
            numbers(0, 10),
            numbers(10, 20),
            numbers(20, 30),
        ]
        client.acknowledge([message for batch in batches for message in batch])
        began = time.monotonic()
        assert client.receive(limit=10, wait=0.2) == []
        assert 0.2 <= time.monotonic() - began < 2
        send(broker, "w-2", [b"late"])
        (late,) = client.receive(limit=2, wait=0.3)
        assert (late.topic, late.payload) == ("w-2/telemetry/a/b/c", b"late")
        client.acknowledge([late])


def test_what_was_not_acknowledged_comes_again(broker):
    """On the next connection, and to the next client of the name; numbers of a lost connection mean nothing on it."""
    with subscription(broker, "w-3") as client:
        send(broker, "w-3", numbers(0, 30))
        lost = take(client, 30)
        client.acknowledge(lost[:10])
        round_trip(client)
        client._client.socket().shutdown(socket.SHUT_RDWR)
        again = take(client, 20)
        client.acknowledge(lost[10:])
        assert sorted(int(message.payload) for message in again) == list(range(10, 30))
        assert {message.connection for message in again}.isdisjoint(message.connection for message in lost)
        acknowledged = {int(message.payload) for message in again[:10]}
        client.acknowledge(again[:10])
        round_trip(client)
        client._client.socket().shutdown(socket.SHUT_RDWR)  # as a killed client does, which says no goodbye
    with subscription(broker, "w-3") as client:
        rest = take(client, 10)
        client.acknowledge(rest)
        assert {int(message.payload) for message in rest} == set(range(10, 30)) - acknowledged
        assert client.receive(limit=1, wait=0.1) == []


def test_what_is_sent_again_on_the_same_connection_comes_once(broker):
    """NATS sends again what is not acknowledged within 5 s, as where a store is slow."""
    with subscription(broker, "w-7") as client:
        send(broker, "w-7", numbers(0, 2))
        first = take(client, 2)
        assert client.receive(limit=1, wait=6.5) == []
        client.acknowledge(first)
        send(broker, "w-7", [b"2"])
        assert [message.payload for message in take(client, 1)] == [b"2"]


def test_a_subscription_is_back_by_itself_after_the_broker_was_killed(kind, tmp_path):
    with (
        running_broker(kind, tmp_path, standard_users(kind)) as broker,
        subscription(broker, "w-5") as client,
    ):
        send(broker, "w-5", [b"before"])
        client.acknowledge(take(client, 1))
        broker.process.kill()
        broker.process.wait()
        assert client.receive(limit=1, wait=0.3) == []
        assert not client.ready
        with started_again(broker):
            assert b"after" not in [message.payload for message in wait_ready_again(client)]
            send(broker, "w-5", [b"after"])
            assert take(client, 1)[0].payload == b"after"


def test_a_topic_that_is_no_utf8_stops_nothing(kind, broker):
    with subscription(broker, "w-6") as client:
        if not publish_raw(broker, b"w-6/telemetry/a/b/\xff\xfe"):
            pytest.skip(f"{kind} disconnects whoever publishes to such a topic")
        send(broker, "w-6", [b"good"])
        bad, good = take(client, 2)
        assert (bad.topic, bad.payload) == ("\ufffd", b"raw")
        assert good.payload == b"good"
        client.acknowledge([bad, good])


def publish_raw(broker: Running, topic: bytes) -> bool:
    """Publish by hand what paho would not; return whether the broker acknowledges it (MQTT 3.1.1, section 3.3)."""

    def text(content: bytes) -> bytes:
        return len(content).to_bytes(2, "big") + content

    def packet(first: int, body: bytes) -> bytes:
        assert len(body) < 128
        return bytes([first, len(body)]) + body

    user, secret = text(b"simulators"), text(password("simulators").encode())
    with socket.create_connection((broker.host, broker.mqtt_port), TIMEOUT) as connection:
        connection.sendall(packet(0x10, text(b"MQTT") + b"\x04\xc2\x00\x3c" + text(b"raw") + user + secret))
        assert connection.recv(4, socket.MSG_WAITALL) == b"\x20\x02\x00\x00"
        connection.sendall(packet(0x32, text(topic) + b"\x00\x01raw"))
        return connection.recv(4, socket.MSG_WAITALL) == b"\x40\x02\x00\x01"
