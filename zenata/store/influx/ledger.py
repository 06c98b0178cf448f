"""The ledger in an InfluxDB, which also tells the processes that share one of each other's appends.

Every append writes one entry, with what became of its messages, under the name of its writer. Now and then the accounts
are written whole, with the time of the last entry of each writer that is in them; only the entries behind it are read
when a store is opened. An entry, or the accounts, is JSON, packed, cut into points that follow each other by a nanosecond.
"""

import secrets
import time
import zlib
from base64 import b64decode, b64encode
from typing import NamedTuple

import msgspec
import numpy as np

from zenata.city.readings import IndexArray
from zenata.store.influx.server import Cut, Server
from zenata.store.influx.sql import ENTRIES, LEDGER, identifier
from zenata.store.ledger import AccountState, Entries, Ledger

_PIECE = 60_000  # of a packed text in one field; InfluxDB Cloud takes 64 KiB [characters]
_FOLD = 1_000_000  # entries after which the accounts are written; some minutes of a busy city
_LATE = 15 * 10**9  # how late an entry may be seen, for its retries and for clocks that differ [ns]
_RETENTION = 3600 * 10**9  # how long entries stay once they are in the accounts, and no writer needs them [ns]


class Entry(msgspec.Struct, omit_defaults=True):
    """What one append did, or which world was forgotten.

    `names` are the accounts touched; `account` counts in them, and has as many as `seq` and `fate`.
    """

    names: list[tuple[str, str]] = []
    account: list[int] = []
    seq: list[int] = []
    fate: list[int] = []
    forget: str = ""


class _Accounts(msgspec.Struct):
    """All accounts, and the time of the last entry of each writer that is in them [ns]."""

    kept: list[AccountState]
    seen: dict[str, int]


class Lines(NamedTuple):
    """An entry as lines, and its time [ns]."""

    text: list[str]
    moment: int


class Journal:
    """A ledger, and what of it a server has. One thread at a time may use it, but for `ledger`."""

    def __init__(self, server: Server, ledger: Ledger) -> None:
        self.ledger = ledger
        self.writer = secrets.token_hex(6)
        self._server = server
        self._seen: dict[str, int] = {}
        self._unfolded = 0
        self._last = 0
        self._followed = time.time_ns()

    def load(self) -> None:
        """Read the accounts, and enter what has come since."""
        since, accounts = 0, _Accounts([], {})
        for _, moment, data in _complete(self._server, LEDGER, "ORDER BY time DESC LIMIT 1000")[:1]:
            accounts = msgspec.json.decode(data, type=_Accounts)
            since = max(moment - _RETENTION, min(accounts.seen.values(), default=0))
        entries = _complete(self._server, ENTRIES, f"WHERE time > {since} ORDER BY time DESC")
        self.ledger.restore(accounts.kept)
        self._seen = accounts.seen
        for writer, moment, data in reversed(entries):
            self._take(writer, moment, msgspec.json.decode(data, type=Entry))

    def follow(self) -> list[Entry]:
        """Enter what other writers have appended since, and return it."""
        now = time.time_ns()
        where = f"WHERE time > {self._followed - _LATE} AND writer != '{self.writer}' ORDER BY time DESC"
        fresh = []
        for writer, moment, data in reversed(_complete(self._server, ENTRIES, where)):
            if moment > self._seen.get(writer, 0):
                fresh.append(msgspec.json.decode(data, type=Entry))
                self._take(writer, moment, fresh[-1])
        self._followed = now
        return fresh

    def lines(self, entries: Entries, touched: IndexArray) -> Lines:
        """Return entries as lines, naming all accounts that were touched."""
        names = self.ledger.names(0)
        named = np.zeros(len(names), dtype=np.bool_)
        named[entries.account] = named[touched] = True
        numbers = np.flatnonzero(named)
        entry = Entry(
            names=[names[number] for number in numbers.tolist()],
            account=np.searchsorted(numbers, entries.account).tolist(),
            seq=entries.seq.tolist(),
            fate=entries.fate.tolist(),
        )
        return self._packed(ENTRIES, entry)

    def enter(self, entries: Entries, moment: int) -> None:
        """Enter what has been written."""
        self.ledger.enter(entries)
        self._seen[self.writer] = moment
        self._unfolded += len(entries.seq)

    def forget(self, world: str) -> None:
        """Close the accounts of a world, here and with the other writers."""
        lines = self._packed(ENTRIES, Entry(forget=world))
        self._server.insist(lines.text)
        self.ledger.forget(world)
        self._seen[self.writer] = lines.moment
        self.fold()

    @property
    def is_full(self) -> bool:
        """Whether there are so many entries that the accounts should be written."""
        return self._unfolded >= _FOLD

    def fold(self) -> None:
        """Write the accounts, and remove what they replace, if anything has come since."""
        if self.writer not in self._seen:
            return
        oldest = time.time_ns() - _RETENTION
        seen = {writer: moment for writer, moment in self._seen.items() if moment > oldest}
        lines = self._packed(LEDGER, _Accounts(self.ledger.states(), seen))
        self._server.insist(lines.text)
        self._unfolded = 0
        if self._server.removes:
            self._server.remove([Cut(LEDGER, last=lines.moment - 1), Cut(ENTRIES, last=oldest)])

    def _take(self, writer: str, moment: int, entry: Entry) -> None:
        if moment <= self._seen.get(writer, 0):
            return
        self._seen[writer] = moment
        if entry.forget:
            self.ledger.forget(entry.forget)
        numbers = np.array([self.ledger.number(*name) for name in entry.names], dtype=np.int32)
        account = numbers[np.array(entry.account, dtype=np.int64)]
        fate = np.array(entry.fate, dtype=np.uint8)
        self.ledger.enter(Entries(account, np.array(entry.seq, dtype=np.int64), fate))
        self._unfolded += len(fate)

    def _packed(self, measurement: str, content: msgspec.Struct) -> Lines:
        data = b64encode(zlib.compress(msgspec.json.encode(content), 1)).decode()
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
        moment = self._tick(len(pieces))
        return Lines(
            [
                f'{measurement},writer={self.writer} part={part}i,parts={len(pieces)}i,data="{piece}" {moment + part}'
                for part, piece in enumerate(pieces)
            ],
            moment,
        )

    def _tick(self, count: int) -> int:
        """Return the first of some times [ns] that this writer never gave out."""
        first = max(time.time_ns(), self._last + 1)
        self._last = first + count - 1
        return first


def _complete(server: Server, measurement: str, where: str) -> list[tuple[str, int, bytes]]:
    """Return (writer, time [ns], content) of what is complete, newest first; a killed writer leaves parts."""
    statement = f"SELECT part, parts, data, writer::tag FROM {identifier(measurement)} {where}"  # noqa: S608 - no input
    (series,) = server.query([statement])
    pieces: dict[tuple[str, int], dict[int, str]] = {}
    counts: dict[tuple[str, int], int] = {}
    for found in series:
        for moment, part, parts, data, writer in found.values:
            pieces.setdefault((writer, moment - part), {})[part] = data
            counts[writer, moment - part] = parts
    return [
        (writer, moment, zlib.decompress(b64decode("".join(piece for _, piece in sorted(of.items())))))
        for (writer, moment), of in sorted(pieces.items(), key=lambda item: -item[0][1])
        if len(of) == counts[writer, moment]
    ]
