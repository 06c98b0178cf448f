"""Who is connected to the embedded broker: what NATS tells its system account, asked by its own protocol.

References
----------
NATS, "Client protocol" and "System events" (docs.nats.io): a request to ``$SYS.REQ.SERVER.PING.CONNZ`` is answered with
what the monitoring endpoint ``/connz`` would say. That endpoint knows no users, so it stays switched off.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import msgspec

from zenata.city.clock import parse_time
from zenata.errors import BrokerError

WATCHER = "watcher"
"""The user of the system account."""

QUESTION, ANSWER = "$SYS.REQ.SERVER.PING.CONNZ", "_INBOX.connections"
"""Subjects; it may use no others."""

_REQUEST = {"auth": True, "acc": "$G", "limit": 65_536}
_PATIENCE = 2.0  # the longest an answer may take [s]


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A client of the broker.

    Parameters
    ----------
    user : str
    client : str
        Its MQTT client id.
    address : str
        Where it comes from.
    since : int
        [us since the Unix epoch]
    sent : int
        Messages that came from it. NATS does not count those that went to an MQTT client.
    """

    user: str
    client: str
    address: str
    since: int
    sent: int


class _Client(msgspec.Struct):
    start: str
    authorized_user: str = ""
    mqtt_client: str = ""
    ip: str = ""
    in_msgs: int = 0


class _Clients(msgspec.Struct):
    connections: list[_Client]


class _Answer(msgspec.Struct):
    data: _Clients


def connections(url: str) -> Sequence[Connection]:
    """Return who is connected now, by MQTT and by MQTT over WebSocket.

    Parameters
    ----------
    url : str
        ``nats://watcher:password@host:port``, where NATS speaks its own protocol.

    Raises
    ------
    BrokerError
        If it does not answer, or does not let us ask.
    """
    where = urlsplit(url)
    who = {"user": unquote(where.username or ""), "pass": unquote(where.password or ""), "verbose": False}
    try:
        with socket.create_connection((where.hostname, where.port), _PATIENCE) as sock:
            answer = msgspec.json.decode(_ask(sock, who), type=_Answer)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise BrokerError(f"the broker does not tell who is connected: {error}") from error
    return [
        Connection(
            user=one.authorized_user,
            client=one.mqtt_client,
            address=one.ip,
            since=parse_time(one.start),
            sent=one.in_msgs,
        )
        for one in answer.data.connections
    ]


def _ask(sock: socket.socket, who: Mapping[str, object]) -> bytes:
    """Send the request behind the greeting, and return the body of the answer."""
    request = _text(_REQUEST)
    sock.sendall(
        f"CONNECT {_text(who)}\r\nSUB {ANSWER} 1\r\nPUB {QUESTION} {ANSWER} {len(request)}\r\n{request}\r\n".encode()
    )
    with sock.makefile("rb") as said:
        for line in said:
            match line.split():
                case [b"MSG", *_, size]:
                    return said.read(int(size))
                case [b"-ERR", *_]:
                    raise ConnectionRefusedError(line.decode(errors="replace").strip())
    raise ConnectionResetError("it closed the connection")


def _text(document: Mapping[str, object]) -> str:
    return msgspec.json.encode(document).decode()
