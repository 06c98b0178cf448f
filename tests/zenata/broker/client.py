"""An MQTT client for tests that tells what really arrived."""

import socket
import threading
from collections.abc import Callable, Sequence
from typing import Self

import paho.mqtt.client as paho

from tests.zenata.broker.running import Running, password

TIMEOUT = 60.0  # far beyond what anything here takes [s]


class Client:
    """A connected client: `with Client(broker, "demo") as client`.

    Parameters
    ----------
    session : str
        Id of a persistent session; empty for a clean one.
    acknowledge : bool
        Whether messages are acknowledged.
    will : tuple of str
        Topic and payload of what the broker is to say when the client vanishes.
    """

    def __init__(
        self,
        broker: Running,
        user: str | None,
        *,
        session="",
        acknowledge=True,
        secret=None,
        transport="tcp",
        will: tuple[str, str] | None = None,
    ):
        self.messages: list[paho.MQTTMessage] = []
        self.refusal = ""
        self.session_present = False
        self._broker, self._changed = broker, threading.Condition()
        self._connected = self._closed = False
        self._granted: dict[int, bool] = {}
        self._published: set[int] = set()
        self._paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=session,
            clean_session=not session,
            manual_ack=not acknowledge,
            transport=transport,
            reconnect_on_failure=False,
        )
        if user:
            self._paho.username_pw_set(user, password(user) if secret is None else secret)
        if will:
            self._paho.will_set(*will, qos=1)
        self._paho.max_inflight_messages_set(1000)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_publish = self._on_publish
        self._paho.on_message = self._on_message
        self._port = broker.mqtt_port if transport == "tcp" else broker.ws_port
        if transport == "tcp":
            self._paho.on_socket_open = self._without_delay
        else:
            self._paho.ws_set_options(path="/mqtt")

    def __enter__(self) -> Self:
        self._paho.connect(self._broker.host, self._port)
        self._paho.loop_start()
        self._wait(lambda: self._connected or self._closed)
        return self

    def __exit__(self, *_):
        self._paho.disconnect()
        self._paho.loop_stop()
        # paho leaves these two to the garbage collector, and its select(2) takes no descriptor above 1,023: hundreds of
        # clients later one of them stood still, without a word.
        self._paho._reset_sockets(sockpair_only=True)

    @property
    def connected(self) -> bool:
        return self._connected and not self._closed

    @property
    def topics(self) -> set[str]:
        return {message.topic for message in self.messages}

    def subscribe(self, topic_filter: str, qos: int = 1) -> bool:
        """Subscribe and return whether the broker says that it was granted."""
        mid = self._paho.subscribe(topic_filter, qos)[1]
        self._wait(lambda: mid in self._granted or self._closed)
        return self._granted.get(mid, False)

    def publish(self, topic: str, payloads: Sequence[str] = ("",), *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait until the broker has taken it all, or has closed the connection."""
        mids = {self._paho.publish(topic, payload, qos, retain).mid for payload in payloads}
        self._wait(lambda: mids <= self._published or self._closed)
        if qos == 0:
            self.subscribe("round-trip", 0)  # packets are taken in order, and this one is answered

    def retain(self, topics: Sequence[str]) -> None:
        """Publish a retained message on each, and wait until the broker has taken all."""
        mids = {self._paho.publish(topic, "1", 1, retain=True).mid for topic in topics}
        self._wait(lambda: mids <= self._published or self._closed)

    def wait_for(self, *payloads: str) -> None:
        """Wait until these have arrived."""
        self._wait(lambda: set(payloads) <= {message.payload.decode() for message in self.messages})

    def wait_for_count(self, count: int) -> None:
        self._wait(lambda: len(self.messages) >= count)

    def vanish(self) -> None:
        """Close the connection without a word, as a killed client does."""
        self._paho.socket().shutdown(socket.SHUT_RDWR)
        self._wait(lambda: self._closed)

    def wait_closed(self) -> None:
        self._wait(lambda: self._closed)

    def hears(self, payload: str, timeout: float) -> bool:
        """Return whether a payload comes in time [s]."""
        with self._changed:
            return self._changed.wait_for(
                lambda: payload in {message.payload.decode() for message in self.messages}, timeout
            )

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT), (
                f"waited in vain; connected: {self._connected}, closed: {self._closed}, messages: {len(self.messages)}"
            )

    def _without_delay(self, _client, _data, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(self, _client, _data, flags, reason, _properties):
        with self._changed:
            self._connected, self.session_present = not reason.is_failure, flags.session_present
            self.refusal = str(reason) if reason.is_failure else ""
            self._changed.notify_all()

    def _on_disconnect(self, *_):
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _on_subscribe(self, _client, _data, mid, reasons, _properties):
        with self._changed:
            self._granted[mid] = not any(reason.is_failure for reason in reasons)
            self._changed.notify_all()

    def _on_publish(self, _client, _data, mid, _reason, _properties):
        with self._changed:
            self._published.add(mid)
            self._changed.notify_all()

    def _on_message(self, _client, _data, message):
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
