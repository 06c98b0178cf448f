"""Log of the embedded broker: what it says there and nowhere else, such as a client it refused or a disk it cannot write.

NATS 2.15 writes a line of each, with the number of the connection and the MQTT client id.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CLIENT = re.compile(r'\[ERR\] (?P<address>\S+):\d+ - mid:(?P<number>\d+) - "(?P<client>.*?)" - (?P<reason>.*)')
_WRITE_ERROR = re.compile(r"\[ERR\] .*critical write error", re.IGNORECASE)
_STUCK = re.compile(r"\[ERR\] .*timeout after .*request type")
_MAX_BYTES = 1 << 20  # read at once; of a log that grows faster the rest is passed over

_HELP = (
    (
        "invalid character in client ID",
        "the client id holds a character that the broker refuses ('.', '*', '>' or a space): use letters, digits, '-' and '_'",
    ),
    (
        "character not supported for MQTT topics",
        "a topic holds a space, which the broker refuses, and it ends the connection: use letters, digits, '-' and '_'",
    ),
    ("unacceptable protocol version of 5", "the client speaks MQTT 5: set it to MQTT 3.1.1"),
    ("older protocol", "the client speaks MQTT 3.1: set it to MQTT 3.1.1"),
    ("maximum payload exceeded", "a message is larger than 1 MiB, which ends the connection: send smaller ones"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A client that the broker refused or cut off for what it sent.

    Parameters
    ----------
    number : int
        Of the connection.
    client : str
        Its MQTT client id; empty where the broker had not read it yet.
    address : str
    reason : str
        What is wrong, and what to do.
    """

    number: int
    client: str
    address: str
    reason: str


class WriteError:
    """The broker could not write, and keeps refusing messages until it is started again."""


class Stuck:
    """The storage of the broker has not answered for seconds: it has damaged files, or the machine is very slow."""


def parse(line: str) -> Refusal | WriteError | Stuck | None:
    """Return what a line of the log says that somebody has to know; None for any other line."""
    if _WRITE_ERROR.search(line):
        return WriteError()
    if _STUCK.search(line):
        return Stuck()
    if (match := _CLIENT.search(line)) is None:
        return None
    for beginning, reason in _HELP:
        if beginning in match["reason"]:
            address = match["address"].strip("[]")
            return Refusal(number=int(match["number"]), client=match["client"], address=address, reason=reason)
    return None


class LogTail:
    """The lines that are added to a file.

    Parameters
    ----------
    file : Path
        It may be replaced by a new one. What it has now is left out.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._inode, self._position, self._rest = 0, 0, b""
        with suppress(OSError):
            about = file.stat()
            self._inode, self._position = about.st_ino, about.st_size

    def lines(self) -> Iterator[str]:
        """Yield the complete lines that were added since the last call."""
        try:
            about = self._file.stat()
            if about.st_ino != self._inode or about.st_size < self._position:
                self._inode, self._position, self._rest = about.st_ino, 0, b""
            if about.st_size - self._position > _MAX_BYTES:
                self._position, self._rest = about.st_size - _MAX_BYTES, b""
            with self._file.open("rb") as file:
                file.seek(self._position)
                added = file.read(_MAX_BYTES)
        except OSError:
            return
        self._position += len(added)
        *complete, self._rest = (self._rest + added).split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")
