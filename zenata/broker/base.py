"""Brokers: the interface of those that can be run here, their users, and the rights of each role.

A broker here is a program to be run by somebody else: its `prepare` (`zenata.broker.nats.Nats`, `zenata.broker.mosquitto.Mosquitto`) writes its folder and returns its arguments.
"""

import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from zenata.errors import BrokerError, SetupError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,64}")  # of a pilot 32, "_", of a key 32

# MQTT 3.1.1, section 3.1: CONNECT with a clean session, 5 s of keep-alive, no client id and no user.
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00"
_CONNACK = b"\x20\x02"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """The MQTT topic filters somebody may publish and subscribe to.

    A subscription is granted if its filter is within these: ``zenata/#`` does not give ``+/telemetry/#``.
    """

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()

    def beyond(self, others: "Rights") -> set[str]:
        """Return the filters that are not, word for word, among some others."""
        return (set(self.publish) - set(others.publish)) | (set(self.subscribe) - set(others.subscribe))


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who may connect.

    Parameters
    ----------
    name : str
        Letters, digits, ``-`` and ``_``, so that it can stand in a topic and in a configuration file.
    password_hash : str
        As `Broker.hash_password` of the broker that is to know the user makes it.
    rights : Rights

    Raises
    ------
    SetupError
        If the name is no such word.
    """

    name: str
    password_hash: str = field(repr=False)
    rights: Rights

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SetupError(f"user name {self.name[:80]!r} is not a word of letters, digits, '-' and '_'")


SERVICES: Mapping[str, Rights] = {
    "simulators": Rights(
        publish=("+/telemetry/#", "+/packs/#", "+/clock", "+/events", "+/responses/#", "truth/#"),
        subscribe=("+/commands/#",),
    ),
    "ingest": Rights(
        subscribe=(
            *("+/telemetry/#", "+/packs/#", "+/clock", "+/events", "+/commands/#", "pilots/#", "truth/#"),
            # What several divide among them, where a broker can: Mosquitto asks for a right to share.
            *("$share/ingest/+/telemetry/#", "$share/ingest/+/packs/#", "$share/ingest/pilots/#"),
        ),
    ),
}
"""The services that connect to the broker, and their rights."""

ADMINISTRATOR = "broker"
"""The user of whoever manages the users of a broker, where that is a client of its own."""

MONITOR = "watcher"
"""The user that reads the monitoring of an embedded broker."""

KEEPER = f"{MONITOR}_keeper"
"""The user that looks after the sessions of an embedded broker; no pilot can have it, as none is called `MONITOR`."""

SWEEPER = "sweeper"
"""The user that removes what pilots have retained too much of at an embedded broker."""

SWEEPING = Rights(publish=("pilots/#", "+/commands/#"), subscribe=("pilots/#", "+/commands/#"))
"""Its rights: all topics on which pilots may publish."""

HOSTS = "hosts"
"""The user by which machines share worlds (`zenata simulate --join`), at a NATS that several may reach."""

RESERVED = frozenset({*SERVICES, ADMINISTRATOR, MONITOR, SWEEPER, HOSTS})
"""Names that no pilot may have."""

_PUBLIC = ("telemetry/#", "packs/#", "clock", "events")  # what may be read of a world
_EVERYTHING = (*(f"+/{part}" for part in (*_PUBLIC, "responses/#", "commands/#")), "pilots/#", "truth/#")


def rights(
    role: str,
    pilot: str,
    world: str,
    own: Sequence[str] = (),
    actuators: Sequence[str] = (),
    *,
    reads: bool = True,
    writes: bool = True,
) -> Rights:
    """Return the rights of a role, one of ``guest``, ``pilot``, ``engineer`` and ``admin``.

    A guest reads the live city; a pilot its own worlds too, which it commands, and it has ``pilots/{pilot}/`` for itself.
    Responses of devices of the live city show who commands them, so only those may read them who command them. Engineers read everything and command their own worlds, administrators command all.

    Parameters
    ----------
    role, pilot : str
    world : str
        The shared live city.
    own : sequence of str
        The private worlds of the pilot.
    actuators : sequence of str
        Devices of the live city that a pilot may command.
    reads, writes : bool
        Whether the key may subscribe, and publish.
    """
    if not (reads and writes):
        full = rights(role, pilot, world, own, actuators)
        return Rights(publish=full.publish if writes else (), subscribe=full.subscribe if reads else ())
    own_commands = tuple(f"{one}/commands/#" for one in own)
    if role == "admin":
        return Rights(publish=("+/commands/#",), subscribe=_EVERYTHING)
    if role == "engineer":
        return Rights(publish=own_commands, subscribe=_EVERYTHING)
    if role == "guest":
        return Rights(subscribe=tuple(f"{world}/{part}" for part in _PUBLIC))
    mine = f"pilots/{pilot}/#"
    readable = (f"{one}/{part}" for one in (world, *own) for part in _PUBLIC)
    commanded = (f"{world}/commands/+/{actuator}" for actuator in actuators)
    answers = (*(f"{one}/responses/#" for one in own), *(f"{world}/responses/+/{actuator}" for actuator in actuators))
    return Rights(publish=(mine, *own_commands, *commanded), subscribe=(*readable, *answers, mine))


def service_user(name: str, password_hash: str) -> User:
    """Return the user of one of the `SERVICES`."""
    return User(name=name, password_hash=password_hash, rights=SERVICES[name])


def pilot_user(
    name: str,
    password_hash: str,
    *,
    pilot: str | None = None,
    role: str = "pilot",
    world: str = "zenata",
    own: Sequence[str] = (),
    actuators: Sequence[str] = (),
    reads: bool = True,
    writes: bool = True,
) -> User:
    """Return the user of a pilot.

    Parameters
    ----------
    name, password_hash : str
        See `User`.
    pilot : str or None
        The pilot, if its name is another than the user's.
    role, world, own, actuators, reads, writes
        See `rights`.

    Raises
    ------
    SetupError
        If the name is not a word, or is that of a service.
    """
    if name in RESERVED:
        raise SetupError(f"a pilot cannot be called {name!r}: that is the name of a service")
    granted = rights(role, pilot or name, world, own, actuators, reads=reads, writes=writes)
    return User(name=name, password_hash=password_hash, rights=granted)


def wait_ready(host: str, port: int, timeout: float, tls: ssl.SSLContext | None = None, *, answer: float = 0.0) -> None:
    """Wait until MQTT is answered at a port, at most `timeout` [s]. A refusal is an answer; `tls` is to connect with.

    Whatever takes a connection may take `answer` [s] to answer, if that is longer: NATS answers nobody while it takes in users.

    Raises
    ------
    BrokerError
        If nothing answers in time, or something that is no MQTT broker does.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            first = _ask(host, port, max(deadline - time.monotonic(), 0.01), tls, answer)
        except OSError as error:
            if time.monotonic() >= deadline or isinstance(error, ssl.SSLCertVerificationError):
                raise BrokerError(f"no broker answers at {host}:{port}: {error}") from error
            time.sleep(0.02)
        else:
            if first != _CONNACK:
                raise BrokerError(f"what answers at {host}:{port} is no MQTT broker")
            return


def _ask(host: str, port: int, timeout: float, tls: ssl.SSLContext | None, longest: float) -> bytes:
    """Return the first bytes of the answer to a CONNECT; both brokers refuse it politely."""
    with ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection((host, port), timeout))
        connection.settimeout(max(timeout, longest))
        if tls:
            connection = stack.enter_context(tls.wrap_socket(connection, server_hostname=host))
        connection.sendall(_CONNECT)
        answer = b""
        while len(answer) < len(_CONNACK):
            part = connection.recv(len(_CONNACK) - len(answer))
            if not part:
                raise ConnectionError("it closed the connection without an answer")
            answer += part
        return answer
