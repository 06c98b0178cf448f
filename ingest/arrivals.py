"""Arrival times: each message without a time of its own gets one, and keeps it when the broker delivers it again.

A reading is identified by its series and its time. What a device sends without a time is dated when it comes, so that
date must be distinct, ascending, and the same again after a kill. `ArrivalClock` gives the dates. `ArrivalLog` writes
them to a file before the readings are stored, by packet identifier and digest of the message: a redelivery (DUP, MQTT
3.1.1 section 3.3.1.1) has the same of both (section 4.4), gets the same date, and the store drops it as a repetition.
See decision 0021 for what this holds against, and what it cannot.
"""

import os
import struct
import threading
import zlib
from collections import OrderedDict
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO

import msgspec

from ingest.delivery_order import OrderState
from zenata.city.clock import SECOND, Clock
from zenata.errors import SetupError, StoreError
from zenata.process.files import replaced
from zenata.wire.mqtt import Message

STEP = 10
"""Between two arrival times [us]. The last digit tells who gave it, so that no two processes give the same."""

OVER_HTTP, OVER_MQTT = 1, 2
"""Last digits of arrival times; further workers of ingest count on. None is 0, so none is a whole millisecond."""

_MAX_LEAD = 600 * SECOND  # how far dates may run ahead of a clock that was set back, so as to keep ascending [us]
_MAX_RECORDS = 20_000  # several times what a broker has under way to one session
_RECENT = 3 * SECOND  # how long before its end a killed broker may have forgotten an acknowledgement [us]
_MAX_FILE = 4_000_000  # [bytes]; then it is rewritten
_HEAD = struct.Struct("<II")  # length and CRC-32 of what follows


class ArrivalClock:
    """Gives times that ascend strictly. May be used from any thread.

    Parameters
    ----------
    clock : Clock
    digit : int
        The last digit of its times [us], 1 to 9; each process that dates messages has its own.
    """

    def __init__(self, clock: Clock, digit: int = OVER_HTTP) -> None:
        self._clock = clock
        self._digit = digit
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        """Return the time of the clock itself [us since the Unix epoch]."""
        return self._clock.now()

    def next(self) -> int:
        """Return a time that was never given [us since the Unix epoch]: now, or soon after if now was given."""
        with self._lock:
            now = self._clock.now()
            time = now - now % STEP + self._digit
            if time <= self._last < now + _MAX_LEAD:
                time = self._last + STEP
            self._last = time
            return time

    def reserve(self, last: int) -> None:
        """Let no time up to `last` be given from now on [us since the Unix epoch]."""
        with self._lock:
            last += (self._digit - last) % STEP
            self._last = max(self._last, last)


class _Record(msgspec.Struct, array_like=True, frozen=True):
    """The date of a message."""

    packet: int
    digest: bytes
    arrival: int


class _Frame(msgspec.Struct, array_like=True, frozen=True):
    """What is written at once."""

    records: list[_Record]
    order: OrderState | None


class ArrivalLog:
    """Dates the messages of one session of a broker, durably. Used by one thread.

    Parameters
    ----------
    clock : ArrivalClock
    path : Path, optional
        File of the dates; without one they do not outlive the process.

    Raises
    ------
    SetupError
        If the file cannot be read.
    """

    def __init__(self, clock: ArrivalClock, path: Path | None = None) -> None:
        self.order: OrderState | None = None
        """What is known of the order of deliveries; see `ingest.delivery_order`."""
        self.clock = clock
        self._path = path
        self._file: IO[bytes] | None = None
        self._is_torn = False  # whether a frame may be there in part, behind which none would be read
        self._records: OrderedDict[int, _Record] = OrderedDict()
        self._newest: dict[bytes, _Record] = {}  # by digest
        self._unwritten: list[_Record] = []
        self._earlier: dict[bytes, list[_Record]] = {}  # by digest, of before a broker was started again
        if path is not None:
            self._load(path)

    @property
    def newest(self) -> int | None:
        """When the last message that is known was dated [us since the Unix epoch]; None if none is."""
        return max((record.arrival for record in self._records.values()), default=None)

    def renumbered(self) -> None:
        """Let messages dated last be recognised by their digests alone: their broker was started again."""
        newest = self.newest or 0
        self._earlier = {}
        for record in self._records.values():
            if record.arrival > newest - _RECENT:
                self._earlier.setdefault(record.digest, []).append(record)

    def was_dated(self, message: Message) -> bool:
        """Return whether a message is the redelivery of one that was dated, under the same number."""
        record = self._records.get(message.mid)
        return message.again and record is not None and record.digest == _digest(message)

    def date(self, message: Message, *, is_numbered_anew: bool = False) -> tuple[int, bool]:
        """Return when a message came [us since the Unix epoch], and whether it was dated before.

        Parameters
        ----------
        message : Message
        is_numbered_anew : bool
            Whether one that is delivered again has another number than it was dated under, if it has not the same.
        """
        digest = _digest(message)
        if message.again:
            record = self._records.get(message.mid)
            earlier = self._earlier.get(digest, [])
            if record is not None and record.digest == digest:
                if record in earlier:
                    earlier.remove(record)
                return record.arrival, True
            if earlier:
                arrival = earlier.pop(0).arrival
                self._put(_Record(message.mid, digest, arrival))
                return arrival, True
            if is_numbered_anew and (dated := self._newest.get(digest)):
                self._put(_Record(message.mid, digest, dated.arrival))
                return dated.arrival, True
        arrival = self.clock.next()
        self._put(_Record(message.mid, digest, arrival))
        return arrival, False

    def write(self) -> None:
        """Make the dates given so far durable.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        if self._unwritten:
            self._append(_Frame(self._unwritten, self.order), durable=True)
            self._unwritten = []

    def note(self, order: OrderState | None) -> None:
        """Write what is known of the order of deliveries, if it has changed."""
        if order != self.order:
            self.order = order
            with suppress(StoreError):  # it only spares waiting; the next frame has it too
                self._append(_Frame([], order), durable=False)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk has refused is written once more as it is closed
                self._file.close()
            self._file = None

    def _put(self, record: _Record) -> None:
        if former := self._records.pop(record.packet, None):
            self._drop(former)
        self._records[record.packet] = self._newest[record.digest] = record
        while len(self._records) > _MAX_RECORDS:
            self._drop(self._records.popitem(last=False)[1])
        self._unwritten.append(record)

    def _drop(self, record: _Record) -> None:
        if self._newest.get(record.digest) is record:
            del self._newest[record.digest]

    def _load(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}") from error
        at = 0
        while at + _HEAD.size <= len(data):
            length, crc = _HEAD.unpack_from(data, at)
            body = data[at + _HEAD.size : at + _HEAD.size + length]
            if len(body) < length or zlib.crc32(body) != crc:
                break  # whoever wrote it was killed meanwhile
            frame = msgspec.msgpack.decode(body, type=_Frame)
            self.order = frame.order or self.order
            for record in frame.records:
                self._put(record)
            at += _HEAD.size + length
        self._unwritten = []
        for record in self._records.values():
            self.clock.reserve(record.arrival)
        self._compact(path)

    def _append(self, frame: _Frame, *, durable: bool) -> None:
        if self._path is None:
            return
        try:
            if self._is_torn:
                self._compact(self._path)
                return  # it has all of the frame
            if self._file is None:
                self._file = self._path.open("ab")
            self._file.write(_packed(frame))
            self._file.flush()
            if durable:
                os.fdatasync(self._file.fileno())
            if self._file.tell() > _MAX_FILE:
                self._compact(self._path)
        except OSError as error:
            self._is_torn = True
            self.close()
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error
        except SetupError as error:
            raise StoreError(str(error)) from error

    def _compact(self, path: Path) -> None:
        """Rewrite the file with what is still known."""
        self.close()
        with replaced(path) as file:
            file.write(_packed(_Frame(list(self._records.values()), self.order)))
        self._is_torn = False


def _packed(frame: _Frame) -> bytes:
    body = msgspec.msgpack.encode(frame)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _digest(message: Message) -> bytes:
    return blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=16).digest()
