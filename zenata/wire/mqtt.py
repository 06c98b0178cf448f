"""MQTT 3.1.1 clients: one that publishes without losing, one that acknowledges when told to.

The only module that knows paho.
"""

import logging
import random
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from zenata.errors import BrokerError
from zenata.wire.address import Address

log = logging.getLogger(__name__)

KEEP_ALIVE = 30
"""How long a connection may be silent before it counts as lost [s]."""

_MOST_BEFORE_READY = 100_000  # messages of a backlog that may come before the answer to our subscribing
_FIRST_RETRY, _LAST_RETRY = 0.1, 5.0  # pauses between attempts to reconnect [s]
_SLICE = 0.5  # the longest wait without looking round [s]


class Message(NamedTuple):
    """A received message. `connection` counts connections: only on its own can it be acknowledged.

    `again` is whether the broker may have sent it before (MQTT 3.1.1 section 3.3.1.1, DUP).
    """

    topic: str
    payload: bytes
    mid: int
    connection: int
    again: bool = False


class Publisher:
    """Publishes at QoS 1 with a bounded number of messages on their way; sends again after a lost connection.

    Parameters
    ----------
    address : Address
    client_id : str
    in_flight : int
        How many messages may wait for their acknowledgement; `publish` blocks beyond.
    filters : sequence of str
        What it also listens to while it is connected.
    on_message : callable
        Called with topic and payload of what comes, by the network's thread.
    """

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        in_flight: int = 1000,
        filters: Sequence[str] = (),
        on_message: Callable[[str, bytes], object] = lambda *_: None,
    ) -> None:
        self._address = address
        self._filters = [(filter_, 1) for filter_ in filters]
        self._room = threading.Condition()
        self._in_flight = in_flight
        self._waiting = 0
        self._cancelled = 0.0  # when, on the monotonic clock
        self._answered, self._gone = threading.Event(), threading.Event()
        self._refusal = ""
        self._client = _client(address, client_id=client_id, clean_session=True)
        self._client.max_inflight_messages_set(0)  # we count; paho would look through all in flight at each answer
        self._client.reconnect_delay_set(1, int(_LAST_RETRY))
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._listener = on_message

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, timeout: float) -> None:
        """Connect, trying for `timeout` [s].

        Raises
        ------
        BrokerError
            If the broker cannot be reached or refuses us.
        """
        deadline = time.monotonic() + timeout
        _open(self._client, self._address, timeout)
        self._client.loop_start()
        answered = self._answered.wait(max(deadline - time.monotonic(), 0))
        if self._refusal or not answered:
            self.close()
            raise _no_entry(self._address, self._refusal)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand over a message; block while too many are on their way.

        Raises
        ------
        BrokerError
            If it was cancelled, and there is still no room.
        """
        with self._room:
            while self._waiting >= self._in_flight:
                if self._cancelled and time.monotonic() > self._cancelled + _SLICE:
                    raise BrokerError("publishing was cancelled")
                self._room.wait(_SLICE)  # in slices: cancelled just before it, nobody would wake us
            self._waiting += 1
        self._client.publish(topic, payload, qos=1, retain=retain)

    def cancel(self) -> None:
        """Make `publish` give up soon where it finds no room; a signal handler may call it."""
        self._cancelled = time.monotonic()

    def drain(self, timeout: float) -> bool:
        """Wait until every message is acknowledged, at most `timeout` [s]; return whether that is so."""
        with self._room:
            return self._room.wait_for(lambda: self._waiting == 0, timeout)

    def close(self) -> None:
        """Disconnect and stop the network thread; a broker that reads nothing more is given up on."""
        sock = self._client.socket()
        self._gone.clear()
        self._client.disconnect()
        if isinstance(sock, socket.socket) and not self._gone.wait(_SLICE):
            with suppress(OSError):  # it went meanwhile
                sock.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else ""
        self._answered.set()
        if self._refusal:
            log.warning("the broker at %s refused us: %s", self._address, reason)
            return
        log.info("connected to the broker at %s", self._address)
        if self._filters:
            self._client.subscribe(self._filters)

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self._gone.set()
        if reason.is_failure:
            log.warning("lost the broker at %s (%s); connecting again", self._address, reason)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):  # of the topic, which is then none of ours
            self._listener(message.topic, bytes(message.payload))

    def _on_publish(self, *_: object) -> None:
        with self._room:
            self._waiting -= 1
            self._room.notify_all()


class Subscription:
    """A persistent session that receives at QoS 1 and acknowledges only when told to.

    It runs in the caller's thread: while the caller is busy nothing is read, the broker's window fills, and the
    broker keeps the rest. That is the back-pressure.

    Parameters
    ----------
    address : Address
    client_id : str
        Names the session: what was not acknowledged comes again to the next client of this name.
    filters : sequence of str
        MQTT topic filters.
    subscribed : bool
        Whether the broker has confirmed these filters to this session before. They are part of it (MQTT 3.1.1 section
        3.1.2.4), and to subscribe again would bring every retained message again. NATS would also count those that a
        killed client has not acknowledged against the session's window for ever: a few kills, and it is shut.
    on_subscribed : callable
        Called when the broker has confirmed them.
    """

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        filters: Sequence[str],
        subscribed: bool = False,
        on_subscribed: Callable[[], object] = lambda: None,
    ) -> None:
        self._address = address
        self._filters = [(filter_, 1) for filter_ in filters]
        self._subscribed, self._on_subscribed = subscribed, on_subscribed
        self._connection = 0
        self._inbox: list[Message] = []
        self._ready = False
        self._refusal = ""
        self._retry_at, self._retry_pause = 0.0, _FIRST_RETRY
        self._client = _client(address, client_id=client_id, clean_session=False, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        # With this callback set, paho queues acknowledgements instead of writing each by itself.
        self._client.on_socket_register_write = lambda *_: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ready(self) -> bool:
        """Whether the session is connected and subscribed."""
        return self._ready

    def connect(self, timeout: float) -> None:
        """Connect and subscribe, trying for `timeout` [s].

        Raises
        ------
        BrokerError
            If the broker cannot be reached or refuses us.
        """
        deadline = time.monotonic() + timeout
        _open(self._client, self._address, timeout)
        while not self._ready:
            if self._refusal or time.monotonic() > deadline:
                raise _no_entry(self._address, self._refusal)
            self._turn(0.1, _MOST_BEFORE_READY)

    def receive(self, *, limit: int, wait: float) -> list[Message]:
        """Return the messages that come within `wait` [s], or the first `limit` as soon as they are there."""
        deadline = time.monotonic() + wait
        while len(self._inbox) < limit:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._turn(left, limit)
        messages, self._inbox = self._inbox[:limit], self._inbox[limit:]
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker to forget messages. Those of a lost connection are left out: they come again."""
        for message in messages:
            if message.connection == self._connection:
                self._client.ack(message.mid, 1)
        self._client.loop_write()

    def close(self) -> None:
        """Disconnect; the session stays with the broker."""
        self._client.disconnect()
        self._client.loop_write()

    def _turn(self, timeout: float, limit: int = 1) -> None:
        """Wait for the network once, and do what it brings."""
        sock = self._client.socket()
        if sock is None:
            self._reconnect(timeout)
            return
        poll = select.poll()
        poll.register(sock, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0  # read from the wire, but not yet by us
        ready = poll.poll(0 if pending else timeout * 1000)
        if pending or (ready and ready[0][1] & ~select.POLLOUT):
            self._read(limit)
        if ready and ready[0][1] & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()

    def _read(self, limit: int) -> None:
        """Read packets until a turn brings no message: the socket is then empty, or held something else."""
        inbox = self._inbox
        while (before := len(inbox)) < limit:
            if self._client.loop_read() != paho.MQTT_ERR_SUCCESS or len(inbox) == before:
                return

    def _reconnect(self, timeout: float) -> None:
        wait = self._retry_at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, timeout))
            return
        self._retry_at = time.monotonic() + self._retry_pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        self._retry_pause = min(self._retry_pause * 2, _LAST_RETRY)
        try:
            self._client.reconnect()
        except OSError as error:
            log.debug("the broker at %s is still away: %s", self._address, error)

    def _on_connect(
        self, _client: object, _data: object, flags: paho.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._connection += 1
        if reason.is_failure:
            self._refusal = str(reason)
            log.warning("the broker at %s refused us: %s", self._address, reason)
            return
        if self._subscribed and flags.session_present:
            self._be_ready("resumed the session")
        else:
            self._client.subscribe(self._filters)

    def _on_subscribe(
        self, _client: object, _data: object, _mid: object, reasons: list[ReasonCode], _properties: object
    ) -> None:
        refused = [filter_ for (filter_, _), reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        if refused:
            self._refusal = f"we may not subscribe to {', '.join(refused)}"
            log.warning("the broker at %s: %s", self._address, self._refusal)
            return
        self._subscribed = True
        self._on_subscribed()
        self._be_ready("subscribed")

    def _be_ready(self, how: str) -> None:
        log.info("%s at the broker at %s", how, self._address)
        self._ready, self._refusal, self._retry_pause = True, "", _FIRST_RETRY

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self._ready = False
        self._connection += 1
        if reason.is_failure:
            log.warning("lost the broker at %s (%s); connecting again", self._address, reason)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"  # parsed nowhere, so it ends as a dead letter and not in a loop of redelivery
        self._inbox.append(Message(topic, bytes(message.payload), message.mid, self._connection, message.dup))


def _client(address: Address, *, client_id: str, clean_session: bool, manual_ack: bool = False) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean_session, manual_ack=manual_ack
    )
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set()
    client.on_socket_open = _send_at_once
    return client


def _send_at_once(_client: object, _data: object, sock: object) -> None:
    """Switch Nagle's algorithm off: small packets would wait for the answer to the one before, some 40 ms."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _open(client: paho.Client, address: Address, timeout: float) -> None:
    """Open the connection, trying again until `timeout` [s] has passed."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            client.connect(address.host, address.port, keepalive=KEEP_ALIVE)
        except OSError as error:
            if time.monotonic() + _FIRST_RETRY > deadline:
                raise BrokerError(f"the broker at {address} cannot be reached: {error}") from error
            time.sleep(_FIRST_RETRY)
        else:
            return


def _no_entry(address: Address, refusal: str) -> BrokerError:
    return BrokerError(f"the broker at {address} " + (f"refused us: {refusal}" if refusal else "does not answer"))
