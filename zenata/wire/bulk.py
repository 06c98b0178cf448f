"""Bulk protocol: readings in great numbers to the process that owns the store, past the broker, as columns over loopback.

Either side sends messages of MessagePack, each behind its length: first the token of the socket, then batches. Each batch
is answered when it is durable, or with what is wrong. The same socket lets the store be copied while it is in use.
"""

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.errors import StoreError
from zenata.process import endpoint

T = TypeVar("T")

MAX_MESSAGE = 1 << 28
"""Bytes of a message."""

_LENGTH = struct.Struct("<Q")
_ANSWER = 60.0  # the longest that storing a batch may take [s]
_COPYING = 3600.0  # the longest that copying the store may take [s]
_PAUSE = 0.2  # before the socket is tried again [s]


class Hello(msgspec.Struct, frozen=True):
    """The first message of a connection."""

    token: str


class Batch(msgspec.Struct, frozen=True, tag=True):
    """Readings: the series that the connection has not named before, and little-endian columns.

    Parameters
    ----------
    newcomers : list of Series
        They are numbered on from those before.
    series : bytes
        Of int32.
    time, seq : bytes
        Of int64.
    value : bytes
        Of float64.
    """

    newcomers: list[Series]
    series: bytes
    time: bytes
    value: bytes
    seq: bytes


class Copy(msgspec.Struct, frozen=True, tag=True):
    """Asks for a copy of the store in a new file; answered when its moment is past, and again when it is there."""

    path: str


class Answer(msgspec.Struct, frozen=True):
    """How many readings were new, or what is wrong."""

    new: int = 0
    error: str = ""


def send(connection: socket.socket, message: msgspec.Struct) -> None:
    """Send a message."""
    body = msgspec.msgpack.encode(message)
    connection.sendall(_LENGTH.pack(len(body)))
    connection.sendall(body)


def receive(connection: socket.socket, longest: int = MAX_MESSAGE) -> bytearray | None:
    """Receive a message of at most so many bytes, not yet decoded; None when the other side has gone.

    Raises
    ------
    OSError
        If it is too long, or takes too long.
    """
    head = _read(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > longest:
        raise OSError(f"a message of {length:,} bytes")
    return _read(connection, length)


def pack(batch: ReadingBatch, known: int) -> Batch:
    """Return readings as a message to a side that knows the first so many series of their catalog."""
    return Batch(
        newcomers=batch.catalog.since(known),
        series=batch.series.astype("<i4", copy=False).tobytes(),
        time=batch.time.astype("<i8", copy=False).tobytes(),
        value=batch.value.astype("<f8", copy=False).tobytes(),
        seq=batch.seq.astype("<i8", copy=False).tobytes(),
    )


def unpack(message: Batch, catalog: Catalog) -> ReadingBatch:
    """Return the readings of a message, given the catalog of what its connection has named; it grows.

    Raises
    ------
    StoreError
        If the columns do not fit each other or the catalog.
    """
    for series in message.newcomers:
        catalog.intern(series)
    try:
        batch = ReadingBatch(
            catalog=catalog,
            series=np.frombuffer(message.series, "<i4"),
            time=np.frombuffer(message.time, "<i8"),
            value=np.frombuffer(message.value, "<f8"),
            seq=np.frombuffer(message.seq, "<i8"),
        )
    except ValueError as error:
        raise StoreError(f"a column of readings is not whole: {error}") from error
    same = len(batch.series) == len(batch.time) == len(batch.value) == len(batch.seq)
    if not same or (len(batch) and not 0 <= batch.series.min() <= batch.series.max() < len(catalog)):
        raise StoreError("the columns of the readings do not fit each other")
    return batch


class BulkClient:
    """Client of a bulk server. When the connection closes later, as when the other process restarts, it is tried again.

    Parameters
    ----------
    file : Path
        Of the socket.
    patience : float
        How long the socket may be closed later on [s].

    Raises
    ------
    StoreError
        If nobody opens now.
    """

    def __init__(self, file: Path, patience: float = 60.0) -> None:
        self._file = file
        self._patience = patience
        self._catalog: Catalog | None = None
        self._known = 0  # series of the catalog that the other side knows
        self._connection: socket.socket | None = None
        self._insist(self._connect, 0.0)

    def append(self, batch: ReadingBatch) -> int:
        """Keep readings; durable when it returns the number of those that were new.

        Raises
        ------
        StoreError
            If they cannot be kept.
        """
        answer = self._insist(lambda: self._exchange(batch), self._patience)
        if answer.error:
            raise StoreError(answer.error)
        return answer.new

    def copy(self, path: Path, on_begin: Callable[[], object] = lambda: None) -> None:
        """Let the store be copied into a new file; see `zenata.store.base.Store.copy`.

        Raises
        ------
        StoreError
            If it cannot be.
        """
        answer = self._insist(lambda: self._copied(path, on_begin), 0.0)
        if answer.error:
            raise StoreError(answer.error)

    def close(self) -> None:
        """Go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, batch: ReadingBatch) -> Answer:
        if batch.catalog is not self._catalog:
            self.close()  # what the other side knows has another numbering
        connection = self._connection or self._connect()
        size = len(batch.catalog)
        send(connection, pack(batch, self._known))
        answer = _answer(connection)
        self._catalog, self._known = batch.catalog, size
        return answer

    def _copied(self, path: Path, on_begin: Callable[[], object]) -> Answer:
        connection = self._connection or self._connect()
        connection.settimeout(_COPYING)
        send(connection, Copy(str(path.absolute())))
        begun = _answer(connection)
        if begun.error:
            return begun
        on_begin()
        return _answer(connection)

    def _connect(self) -> socket.socket:
        self.close()
        self._known = 0
        there = endpoint.read(self._file)
        connection = socket.create_connection((endpoint.HOST, there.port), _ANSWER)
        try:
            send(connection, Hello(there.token))
            if error := _answer(connection).error:
                raise StoreError(error)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _insist(self, act: Callable[[], T], patience: float) -> T:
        deadline = time.monotonic() + patience
        while True:
            try:
                return act()
            except (OSError, EOFError, msgspec.DecodeError) as error:
                self.close()
                if time.monotonic() > deadline:
                    raise StoreError(f"the process that keeps the store does not answer: {error}") from error
                time.sleep(_PAUSE)


def _answer(connection: socket.socket) -> Answer:
    body = receive(connection)
    if body is None:
        raise EOFError("it has gone")
    return msgspec.msgpack.decode(body, type=Answer)


def _read(connection: socket.socket, length: int) -> bytearray | None:
    """Return so many bytes; None when the other side has gone."""
    body = bytearray(length)
    view, got = memoryview(body), 0
    while got < length:
        count = connection.recv_into(view[got:])
        if not count:
            return None
        got += count
    return body
