"""Monitoring of the embedded broker: its connections, disk and sessions, by the system account of NATS, in its own protocol.

While it takes in new users NATS accepts no connection, for a second and more where many messages are retained. So this
connection stays open, and whoever must be disconnected at once is disconnected by it.

References
----------
NATS, "System events" and "JetStream wire API" (docs.nats.io): a request to ``$SYS.REQ.SERVER.PING.CONNZ`` is answered with what
the monitoring endpoint ``/connz`` would say. Those endpoints know no users, so they stay switched off.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from zenata.broker.protocol import NatsConnection, as_text, login_of
from zenata.city.clock import parse_time
from zenata.errors import BrokerError

T = TypeVar("T")

REQUESTS = tuple(f"$SYS.REQ.SERVER.{what}" for what in ("PING.CONNZ", "PING.JSZ", "PING.VARZ", "*.KICK"))
"""The subjects that it may publish to, and no others."""

MESSAGES = "$MQTT_msgs"
"""The stream of what waits for sessions."""

_MAX_CONNECTIONS = 65_536  # connections, more than it lets in
_REFUSED = "Authentication Failure"  # the reason of a connection that never came in, whatever user it named
_CLOSED = 512  # of those closed last that are looked at
_SLOW = 256  # connections for which most waits that are looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A client of the broker.

    Parameters
    ----------
    number : int
        Of the connection, another for each.
    user : str
        Empty where it was refused.
    client : str
        Its MQTT client id.
    address, port : str, int
        Where it comes from.
    since : int
        [us since the Unix epoch]
    messages, size : int
        That came from it [bytes]. NATS does not count those that went to an MQTT client.
    is_open : bool
    waiting : int
        What it has not read yet, in the broker's memory [bytes].
    subscriptions : int
        That it has now, of any QoS; NATS counts up to four for one at QoS 1.
    received : int
        All bytes that came from it, as `zenata.broker.received` knows them; 0 is unknown. NATS counts those of payloads.
    """

    number: int
    user: str
    client: str
    address: str
    since: int
    messages: int
    size: int
    is_open: bool = True
    waiting: int = 0
    subscriptions: int = 0
    port: int = 0
    received: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Messages at QoS 1 of the broker.

    Parameters
    ----------
    newest : int
        The number of the newest one, counted from 1 since there is a broker in this folder.
    waiting : int
        That some session has not acknowledged yet.
    """

    newest: int
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """What keeps messages for a session, by one of its subscriptions.

    Parameters
    ----------
    name : str
    session : str
        As `zenata.broker.protocol.session_name` has it.
    filter : str
        Which messages, as a subject of NATS.
    is_taken : bool
        Whether a client takes them now.
    """

    name: str
    session: str
    filter: str
    is_taken: bool


class _Client(msgspec.Struct):
    cid: int
    start: str
    authorized_user: str = ""
    mqtt_client: str = ""
    ip: str = ""
    port: int = 0
    in_msgs: int = 0
    in_bytes: int = 0
    pending_bytes: int = 0
    subscriptions: int = 0
    reason: str = ""


class _Clients(msgspec.Struct):
    connections: list[_Client]


class _Limits(msgspec.Struct):
    max_storage: int


class _State(msgspec.Struct):
    messages: int
    last_seq: int


class _Filter(msgspec.Struct):
    filter_subject: str = ""


class _Consumer(msgspec.Struct):
    name: str
    config: _Filter
    push_bound: bool = False


class _Stream(msgspec.Struct):
    name: str
    state: _State
    consumer_detail: list[_Consumer] = []


class _Account(msgspec.Struct):
    stream_detail: list[_Stream] = []


class _Storage(msgspec.Struct):
    storage: int
    config: _Limits
    account_details: list[_Account] = []


class _Server(msgspec.Struct):
    id: str


class _Answer(msgspec.Struct, Generic[T]):
    server: _Server
    data: T


class _About(msgspec.Struct):
    config_load_time: str


class BrokerMonitor:
    """A client of the monitoring of NATS. Methods may be called from any thread.

    Each raises `BrokerError` if the broker does not answer, or does not let us ask.

    Parameters
    ----------
    url : str
        ``nats://watcher:password@host:port``, where NATS speaks its own protocol.
    """

    def __init__(self, url: str) -> None:
        self._address, self._login = login_of(url)
        self._connection: NatsConnection | None = None
        self._lock = threading.Lock()

    def connections(self, *, closed: bool = False) -> list[Connection]:
        """Return who is connected now, by MQTT and by MQTT over WebSocket, and if `closed` before them who was last, as they went."""
        found = [(one, True) for one in self._clients().data.connections]
        if closed:
            options = {"auth": True, "limit": _CLOSED, "state": 1, "sort": "stop"}
            answer = self._ask("PING.CONNZ", options, _Answer[_Clients])
            gone = [(one, False) for one in answer.data.connections if one.reason != _REFUSED]
            found = gone[::-1] + found  # NATS names those closed last first
        return [_connection(one, is_open) for one, is_open in found]

    def slow_readers(self) -> list[Connection]:
        """Return the connections for which most waits."""
        options = {"sort": "pending", "limit": _SLOW}
        return [_connection(one, True) for one in self._clients(**options).data.connections if one.pending_bytes]

    def kick(self, numbers: Collection[int]) -> None:
        """Close connections by their numbers."""
        server = self._clients().server.id
        for number in numbers:  # one that has just gone is answered as well
            self._ask(f"{server}.KICK", {"cid": number}, dict)

    def disconnect(self, users: Mapping[str, int], until: int | None = None) -> int:
        """Disconnect whoever has connected as one of these users at a time or later; return how many were.

        Parameters
        ----------
        users : mapping of str to int
            That time, by user [us since the Unix epoch].
        until : int or None
            The last time of connections that are to go; None is no such time.
        """
        numbers = [
            one.number
            for one in self.connections()
            if one.user in users and users[one.user] <= one.since and (until is None or one.since <= until)
        ]
        if numbers:
            self.kick(numbers)
        return len(numbers)

    def open(self) -> None:
        """Connect, if it is not connected yet."""
        if self._connection is None:
            self.disk_usage()

    def loaded(self) -> int:
        """Return when it had last taken in its users and all else of its configuration [us since the Unix epoch]."""
        return parse_time(self._ask("PING.VARZ", {}, _Answer[_About]).data.config_load_time)

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            self._drop()

    def disk_usage(self) -> float:
        """Return how much of the disk that it may use for sessions and what waits for them it uses, 0 to 1."""
        jetstream = self._ask("PING.JSZ", {}, _Answer[_Storage]).data
        return jetstream.storage / max(jetstream.config.max_storage, 1)

    def stored(self) -> Stored:
        """Return how many messages it has had and has; none before its first MQTT client."""
        found = self._messages()
        return Stored(newest=found.state.last_seq, waiting=found.state.messages)

    def consumers(self) -> list[Consumer]:
        """Return what keeps messages for sessions."""
        return [
            Consumer(
                name=one.name,
                session=one.name.partition("_")[0],
                filter=one.config.filter_subject,
                is_taken=one.push_bound,
            )
            for one in self._messages(consumer=True, config=True).consumer_detail
        ]

    def _messages(self, **more: bool) -> _Stream:
        """Return the stream of messages at QoS 1; an empty one before the first MQTT client."""
        about = self._ask("PING.JSZ", {"accounts": True, "streams": True, **more}, _Answer[_Storage]).data
        streams = (stream for account in about.account_details for stream in account.stream_detail)
        nothing = _Stream(name=MESSAGES, state=_State(messages=0, last_seq=0))
        return next((stream for stream in streams if stream.name == MESSAGES), nothing)

    def _clients(self, **more: object) -> _Answer[_Clients]:
        options = {"auth": True, "acc": "$G", "limit": _MAX_CONNECTIONS, **more}
        return self._ask("PING.CONNZ", options, _Answer[_Clients])

    def _ask(self, what: str, options: Mapping[str, object], type_: type[T]) -> T:
        with self._lock:
            try:
                return msgspec.json.decode(self._answer(f"$SYS.REQ.SERVER.{what}", as_text(options)), type=type_)
            except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
                self._drop()
                raise BrokerError(f"the broker's monitoring does not answer: {error}") from error

    def _answer(self, subject: str, body: str) -> bytes:
        """Ask by the connection there is, or by another if it was lost since, as when the broker started again."""
        if self._connection is not None:
            try:
                return self._connection.ask(subject, body)
            except (ConnectionError, BrokenPipeError):
                self._drop()
        self._connection = NatsConnection(self._address, self._login)
        return self._connection.ask(subject, body)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connection(one: _Client, is_open: bool) -> Connection:
    return Connection(
        number=one.cid,
        user=one.authorized_user,
        client=one.mqtt_client,
        address=one.ip,
        port=one.port,
        since=parse_time(one.start),
        messages=one.in_msgs,
        size=one.in_bytes,
        is_open=is_open,
        waiting=one.pending_bytes,
        subscriptions=one.subscriptions,
    )
