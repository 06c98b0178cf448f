"""Protocol of NATS, and how it names sessions of MQTT, as far as its monitoring needs them.

References
----------
NATS, "Client protocol" (docs.nats.io).
"""

import itertools
import socket
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex
from string import ascii_lowercase, ascii_uppercase, digits
from urllib.parse import unquote, urlsplit

import msgspec

ANSWER = "_INBOX.watcher"
"""What the subjects begin with on which it is answered."""

_DIGITS = digits + ascii_uppercase + ascii_lowercase
_TIMEOUT = 2.0  # the longest an answer may take [s]


class NatsConnection:
    """A connection by the protocol of NATS. What comes unasked, such as its PINGs, is passed over (see nats.conf)."""

    def __init__(self, address: tuple[str | None, int | None], login: Mapping[str, object]) -> None:
        self._inbox, self._numbers = f"{ANSWER}.{token_hex(8)}", itertools.count()
        self._socket = socket.create_connection(address, _TIMEOUT)
        self._answers = self._socket.makefile("rb")
        self._socket.sendall(f"CONNECT {as_text(login)}\r\nSUB {self._inbox}.* 1\r\n".encode())

    def ask(self, subject: str, body: str) -> bytes:
        """Return the body of the answer."""
        inbox = f"{self._inbox}.{next(self._numbers)}"
        self._socket.sendall(f"PUB {subject} {inbox} {len(body.encode())}\r\n{body}\r\n".encode())
        for line in self._answers:
            match line.split():
                case [b"MSG", to, *_, size]:
                    answer = self._answers.read(int(size) + 2)[:-2]
                    if to == inbox.encode():
                        return answer
                case [b"-ERR", *_]:
                    raise PermissionError(line.decode(errors="replace").strip())
        raise ConnectionResetError("it closed the connection")

    def close(self) -> None:
        """Close it."""
        self._answers.close()
        self._socket.close()


def login_of(url: str) -> tuple[tuple[str | None, int | None], dict[str, object]]:
    """Return host and port of a URL, ``nats://user:password@host:port``, and how to log in there."""
    where = urlsplit(url)
    login = {"user": unquote(where.username or ""), "pass": unquote(where.password or ""), "verbose": False}
    return (where.hostname, where.port), login


def as_text(document: Mapping[str, object]) -> str:
    """Return a document as JSON."""
    return msgspec.json.encode(document).decode()


def session_name(client: str) -> str:
    """Return the name of the session of an MQTT client id, as NATS has it: eight digits of a hash."""
    return "".join(_DIGITS[byte % len(_DIGITS)] for byte in sha256(client.encode()).digest()[:8])
