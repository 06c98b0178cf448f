"""Publisher over MQTT that loses nothing: QoS 1, sent again after a lost connection."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from zenata.errors import BrokerError
from zenata.wire.address import Address
from zenata.wire.mqtt.connector import Connector

log = logging.getLogger(__name__)

_SLICE = 0.5  # the longest wait without looking round [s]


class Publisher:
    """Publishes at QoS 1 with a bounded number of messages on their way; sends again after a lost connection.

    Parameters
    ----------
    address : Address
        Of several hosts it takes whichever answers.
    client_id : str
    in_flight : int
        How many messages may wait for their acknowledgement; `publish` blocks beyond.
    filters : sequence of str
        What it also listens to while it is connected.
    on_message : callable
        Called with topic and payload of what comes, by the network's thread.
    only_retained : bool
        Whether it is called only with what the broker had retained before.
    """

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        in_flight: int = 1000,
        filters: Sequence[str] = (),
        on_message: Callable[[str, bytes], object] = lambda *_: None,
        only_retained: bool = False,
    ) -> None:
        self._address = address
        self._filters = [(filter_, 1) for filter_ in filters]
        self._room = threading.Condition()
        self._in_flight = in_flight
        self._waiting = 0
        self._cancelled = 0.0  # when, on the monotonic clock
        self._answered, self._closing = threading.Event(), threading.Event()
        self._queued, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._connector = Connector(paho.Client, address, client_id=client_id)
        self._client = self._connector.client
        self._client.max_inflight_messages_set(0)  # we count; paho would look through all in flight at each answer
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._listener, self._only_retained = on_message, only_retained

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
        self._thread.start()
        if not self._answered.wait(timeout) or self._connector.refused:
            self.close()
            raise self._connector.no_entry()

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
        if self._client.want_write():  # else it is sent already: paho does so in our thread
            self._wake()

    def cancel(self) -> None:
        """Make `publish` give up soon where it finds no room; a signal handler may call it."""
        self._cancelled = self._cancelled or time.monotonic()  # who asks again does not wait longer

    def drain(self, timeout: float) -> bool:
        """Wait until every message is acknowledged, at most `timeout` [s]; return whether that is so."""
        with self._room:
            return self._room.wait_for(lambda: self._waiting == 0, timeout)

    def close(self) -> None:
        """Disconnect and stop the network thread; a broker that reads nothing more is given up on."""
        self._closing.set()
        self._client.disconnect()
        self._wake()
        while self._thread.is_alive():
            self._thread.join(_SLICE)
            sock = self._client.socket()
            if isinstance(sock, socket.socket):
                with suppress(OSError):  # it went meanwhile
                    sock.shutdown(socket.SHUT_RDWR)
        self._queued.close()
        self._waking.close()

    def _run(self) -> None:
        while not self._closing.wait(self._connector.pause):
            self._connector.connect()
            while self._turn():
                pass

    def _turn(self) -> bool:
        """Wait for the network once, and do what it brings; return whether the connection still stands."""
        client = self._client
        if client.socket() is None:
            return False
        readable, _, queued = self._connector.wait(_SLICE, self._queued)
        if queued:
            self._queued.recv(10_000)
        results = [
            client.loop_read() if readable else paho.MQTT_ERR_SUCCESS,
            client.loop_write() if client.want_write() else paho.MQTT_ERR_SUCCESS,
            client.loop_misc(),
        ]
        return all(result == paho.MQTT_ERR_SUCCESS for result in results)

    def _wake(self) -> None:
        """Let the network's thread send what has been queued."""
        with suppress(OSError):  # it is to wake already, or was closed
            self._waking.send(b"0")

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if self._connector.answered(reason):
            log.info("connected to the broker at %s", self._address)
            if self._filters:
                self._client.subscribe(self._filters)
            self._answered.set()
        elif self._connector.refused:
            self._answered.set()

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self._connector.lost(reason)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if self._only_retained and not message.retain:
            return
        with suppress(UnicodeDecodeError):  # of the topic, which is then none of ours
            self._listener(message.topic, bytes(message.payload))

    def _on_publish(self, *_: object) -> None:
        with self._room:
            self._waiting -= 1
            self._room.notify_all()
