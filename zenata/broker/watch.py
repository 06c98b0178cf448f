"""How the embedded broker is, and who is connected: what NATS tells its system account, asked by its own protocol.

References
----------
NATS, "Client protocol" and "System events" (docs.nats.io): a request to ``$SYS.REQ.SERVER.PING.CONNZ`` is answered with
what the monitoring endpoint ``/connz`` would say. Those endpoints know no users, so they stay switched off.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from zenata.city.clock import parse_time
from zenata.errors import BrokerError

T = TypeVar("T")

WATCHER = "watcher"
"""The user of the system account."""

QUESTION, ANSWER = "$SYS.REQ.SERVER.PING", "_INBOX.watcher"
"""What the subjects that it asks begin with, and where it is answered; it may use no others."""

_MOST = 65_536  # connections, more than it lets in
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


class _Limits(msgspec.Struct):
    max_storage: int


class _Kept(msgspec.Struct):
    storage: int
    config: _Limits


class _Answer(msgspec.Struct, Generic[T]):
    data: T


class Watcher:
    """Asks a NATS how it is.

    Parameters
    ----------
    url : str
        ``nats://watcher:password@host:port``, where NATS speaks its own protocol.
    """

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._place = where.hostname, where.port
        self._who = {"user": unquote(where.username or ""), "pass": unquote(where.password or ""), "verbose": False}

    def connections(self) -> Sequence[Connection]:
        """Return who is connected now, by MQTT and by MQTT over WebSocket.

        Raises
        ------
        BrokerError
            If it does not answer, or does not let us ask.
        """
        found = self._ask("CONNZ", {"auth": True, "acc": "$G", "limit": _MOST}, _Clients).connections
        return [
            Connection(
                user=one.authorized_user,
                client=one.mqtt_client,
                address=one.ip,
                since=parse_time(one.start),
                sent=one.in_msgs,
            )
            for one in found
        ]

    def filled(self) -> float:
        """Return how much of the disk that it may use for sessions and what waits for them it uses, 0 to 1.

        Raises
        ------
        BrokerError
            As above.
        """
        kept = self._ask("JSZ", {}, _Kept)
        return kept.storage / max(kept.config.max_storage, 1)

    def _ask(self, what: str, options: Mapping[str, object], type_: type[T]) -> T:
        try:
            with socket.create_connection(self._place, _PATIENCE) as sock:
                return msgspec.json.decode(self._answer(sock, what, _text(options)), type=_Answer[type_]).data  # type: ignore[valid-type]
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            raise BrokerError(f"the broker does not tell how it is: {error}") from error

    def _answer(self, sock: socket.socket, what: str, options: str) -> bytes:
        """Send a request behind the greeting, and return the body of the answer."""
        asked = f"PUB {QUESTION}.{what} {ANSWER} {len(options)}\r\n{options}\r\n"
        sock.sendall(f"CONNECT {_text(self._who)}\r\nSUB {ANSWER} 1\r\n{asked}".encode())
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
