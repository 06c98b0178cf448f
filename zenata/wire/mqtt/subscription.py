"""Subscription over MQTT: a persistent session whose messages are acknowledged by the caller."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from zenata.errors import BrokerError
from zenata.wire.address import Address
from zenata.wire.mqtt.connector import Connector
from zenata.wire.mqtt.reader import Reader

log = logging.getLogger(__name__)

SHARED = "$share/"
"""What the filter of a shared subscription begins with (MQTT 5, section 4.8.2)."""

_FENCE = "no/such/filter"
"""What we unsubscribe from, to know when the broker has sent everything that came of subscribing."""

_DUP, _RETAIN = 0x08, 0x01  # flags of a message (MQTT 3.1.1, section 3.3.1)
_MAX_BEFORE_READY = 100_000  # messages of a backlog that may come before the answer to our subscribing


class Message(msgspec.Struct, frozen=True, gc=False):
    """A received message. `connection` counts connections: only on its own can it be acknowledged.

    `mid` is its packet identifier, or 0 at QoS 0. `again` is whether the broker may have sent it before (MQTT 3.1.1 section 3.3.1.1, DUP).
    """

    topic: str
    payload: bytes
    mid: int
    connection: int
    again: bool = False


class Subscription:
    """A persistent session that receives at QoS 1 and acknowledges only on request.

    It runs in the caller's thread: while the caller is busy nothing is read, the broker's window fills, and the
    broker keeps the rest. That is the back-pressure.

    Parameters
    ----------
    address : Address
    client_id : str
        Names the session: what was not acknowledged comes again to the next client of this name.
    filters : sequence of str
        MQTT topic filters. If some are ``$share/{name}/...``, each of these messages comes to one session of that name.
    subscribed : bool or None
        Whether the broker has confirmed these filters to this session before; None if it has confirmed none. They are
        part of the session (MQTT 3.1.1 section 3.1.2.4), and to subscribe again would bring every retained message
        again. A session in which nothing was confirmed is forgotten first: NATS counts the retained messages that a
        killed client has not acknowledged against the session's window for ever, and a few kills would shut it.
    on_subscribed : callable
        Called when the broker has confirmed them, and every retained message that came of it is acknowledged.
    on_lost : callable
        Called when the broker no longer has the session: what waited in it does not come any more.
    before_resuming : callable
        Called before each connection that is to resume the session. Where it raises `BrokerError` we try again later.
    """

    def __init__(
        self,
        address: Address,
        *,
        client_id: str,
        filters: Sequence[str],
        subscribed: bool | None = False,
        on_subscribed: Callable[[], object] = lambda: None,
        on_lost: Callable[[], object] = lambda: None,
        before_resuming: Callable[[], object] = lambda: None,
    ) -> None:
        self._address = address
        self._filters = list(filters)
        self._shares = any(filter_.startswith(SHARED) for filter_ in filters)
        self._subscribed, self._on_subscribed, self._on_lost = subscribed, on_subscribed, on_lost
        self._before_resuming = before_resuming
        self._connection = 0
        self._inbox: list[Message] = []
        self._delivered: set[int] = set()  # packet identifiers that came by this connection, and are not acknowledged
        self._fenced = False
        self._unsettled: set[int] | None = None
        self._ready = self._cancelled = False
        self._connector = Connector(Reader, address, client_id=client_id, persistent=True, mqtt5=self._shares)
        self._client = self._connector.client
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_fence
        self._client.on_disconnect = self._on_disconnect
        self._client.take = self._take

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
            If the broker cannot be reached or refuses us, or it was cancelled.
        """
        deadline = time.monotonic() + timeout
        while not self._ready:
            if self._cancelled:
                raise BrokerError("connecting was cancelled")
            if self._connector.refused or time.monotonic() > deadline:
                raise self._connector.no_entry()
            self._turn(0.1, _MAX_BEFORE_READY)

    def cancel(self) -> None:
        """Make `connect` give up soon; any thread may call it."""
        self._cancelled = True

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
        mids = [message.mid for message in messages if message.connection == self._connection and message.mid]
        self._client.acknowledge(mids)
        self._delivered.difference_update(mids)  # the broker may give the numbers to other messages
        if self._unsettled:
            self._unsettled.difference_update(mids)
        self._client.loop_write()
        self._settle()

    def close(self) -> None:
        """Disconnect; the session stays with the broker."""
        self._client.disconnect()
        self._client.loop_write()

    def _turn(self, timeout: float, limit: int = 1) -> None:
        """Wait for the network once, and do what it brings."""
        if self._client.socket() is None:
            if self._connector.pause:
                time.sleep(min(self._connector.pause, timeout))
            elif self._subscribed:
                self._connector.connect(self._before_resuming)
            else:
                self._connector.connect()
            return
        readable, writable, _ = self._connector.wait(timeout)
        if readable:
            self._read(limit)
        if writable:
            self._client.loop_write()
        self._client.loop_misc()

    def _read(self, limit: int) -> None:
        """Read until nothing comes any more, or there are so many messages."""
        while len(self._inbox) < limit and self._client.read():
            pass

    def _on_connect(
        self, _client: object, _data: object, flags: paho.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._connection += 1
        if not self._connector.answered(reason):
            return
        # Mosquitto 2.0 forgets the shared part of a session when it starts again, and does not say so.
        if self._subscribed and flags.session_present and not self._shares:
            self._be_ready("resumed the session")
        elif self._subscribed is None and flags.session_present:
            self._connector.forget_session()
        else:
            if self._subscribed and not flags.session_present:
                log.error("the broker at %s has lost our session, and what waited in it", self._address)
                self._subscribed = False  # until it is confirmed again: this connection may break before
                self._on_lost()
            self._subscribe()

    def _subscribe(self) -> None:
        self._unsettled, self._fenced = set(), False
        if self._shares:
            self._client.subscribe([(filter_, SubscribeOptions(qos=1)) for filter_ in self._filters])
        else:
            self._client.subscribe([(filter_, 1) for filter_ in self._filters])

    def _on_subscribe(
        self, _client: object, _data: object, _mid: object, reasons: list[ReasonCode], _properties: object
    ) -> None:
        refused = [filter_ for filter_, reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        if refused:
            self._connector.refuse(f"we may not subscribe to {', '.join(refused)}")
            return
        self._client.unsubscribe(_FENCE)
        self._be_ready("subscribed")

    def _on_fence(self, *_: object) -> None:
        self._fenced = True
        self._settle()

    def _settle(self) -> None:
        """Note that we have subscribed, once nothing that came of it could be left behind."""
        if self._fenced and not self._unsettled:
            self._fenced, self._unsettled = False, None
            self._subscribed = True
            self._on_subscribed()

    def _be_ready(self, how: str) -> None:
        log.info("%s at the broker at %s", how, self._address)
        self._ready = True

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        self._ready = self._fenced = False
        self._unsettled = None
        self._delivered.clear()
        self._client.forget()
        self._connection += 1
        self._connector.lost(reason)

    def _take(self, flags: int, topic: bytes, mid: int, payload: bytes) -> None:
        """Take a message, with the first byte of its packet."""
        if mid:
            if flags & _DUP and mid in self._delivered:
                return  # NATS sends again on the same connection what it waits for; we have it
            self._delivered.add(mid)
            if self._unsettled is not None and flags & _RETAIN:
                self._unsettled.add(mid)
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            name = "\ufffd"  # parsed nowhere, so it ends as a dead letter and not in a loop of redelivery
        self._inbox.append(Message(name, payload, mid, self._connection, flags & _DUP != 0))
