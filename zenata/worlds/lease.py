"""Lease of a world in a cluster: its files, of which each write is refused once another host has taken the world over.

All keys of a world have one history, and each write names the last write of that history (its fence). Taking a world over
is a write too, so whoever held it before cannot write any more, however late it finds that out.
"""

import contextlib
import threading
from collections.abc import Callable
from secrets import token_hex

import msgspec

from zenata.errors import ZenataError
from zenata.worlds.bucket import Bucket, Value
from zenata.worlds.connection import BucketError, Conflict

LEASE = 10.0
"""How long a host may not be heard of before others take its worlds over [s]. A default."""

HEARTBEAT = 2.0
"""Time between two signs of life of a world that is held [s]."""

_ATTEMPTS = 20  # to claim a world whose holder writes at the same time
_PART = 500_000  # of lines that are written at once [bytes]
_OBJECTS = (".npz",)  # what is too large for a key
_POINTER = b"object:"


class LeaseLostError(ZenataError):
    """Another host has the world now, or none can be reached; this process must end without writing."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a world.

    Parameters
    ----------
    holder : str
        Token of the host; empty if the world was given up.
    host : str
        Its name.
    epoch : int
        Counts the times that the world was claimed.
    """

    holder: str = ""
    host: str = ""
    epoch: int = 0


def lease_key(world: str) -> str:
    """Return the key of the lease of a world."""
    return f"worlds.{world}.lease"


def of_world(world: str) -> str:
    """Return the filter of all keys of a world."""
    return f"worlds.{world}.>"


def object_named_by(content: bytes) -> str | None:
    """Return the name of the object that a key leads to, or None if it holds what it holds itself."""
    return content.removeprefix(_POINTER).decode() if content.startswith(_POINTER) else None


class ClusterFiles:
    """The files of a world in a cluster, as they were when they were read; see `zenata.worlds.files.Files`.

    Parameters
    ----------
    bucket : Bucket
    world : str
    values : iterable of Value
        All keys of the world.
    """

    def __init__(self, bucket: Bucket, world: str, values: list[Value]) -> None:
        self._bucket, self._world = bucket, world
        self._contents: dict[str, bytes] = {}
        self._lines: dict[str, list[bytes]] = {}
        self._parts: dict[str, int] = {}
        for value in values:
            if value.key.startswith(files := f"worlds.{world}.files."):
                self._contents[value.key.removeprefix(files)] = value.content
            elif value.key.startswith(lines := f"worlds.{world}.lines."):
                name, _, number = value.key.removeprefix(lines).rpartition(".")
                self._lines.setdefault(name, []).append(value.content)
                self._parts[name] = int(number)

    def location(self, name: str = "") -> str:
        """Return the bucket and the key."""
        return f"{self._world}/{name}".rstrip("/") + f" at {self._bucket.location}"

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; one that was delivered is looked up each time."""
        if name in self._lines:
            return b"".join(self._lines[name])
        content = self._contents.get(name)
        if content is None:
            return self._bucket.object(f"{self._world}/{name}") if name.endswith(".json") else None
        object_ = object_named_by(content)
        return content if object_ is None else self._bucket.object(object_)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder."""
        prefix = f"{folder}/"
        return sorted(name.removeprefix(prefix) for name in self._contents if name.startswith(prefix))

    def write(self, name: str, content: bytes) -> None:
        """Write a file; a large one as an object, to which the key then leads."""
        replaced = object_named_by(self._contents.get(name, b""))
        if name.endswith(_OBJECTS):
            object_ = f"{self._world}/{name}.{token_hex(8)}"
            self._bucket.put_object(object_, content)
            content = _POINTER + object_.encode()
        self._put(f"files.{name}", content)
        self._contents[name] = content
        if replaced is not None:
            self._bucket.remove_object(replaced)

    def write_secret(self, name: str, content: bytes) -> None:
        """Write a file that is not there: all of the bucket is for services alone."""
        if name not in self._contents:
            self.write(name, content)

    def overwrite(self, name: str, content: bytes) -> None:
        """Write a few bytes."""
        self.write(name, content)

    def append(self, name: str, lines: bytes, *, durable: bool = True) -> None:
        """Add lines, as keys of their own."""
        while lines:
            end = len(lines) if len(lines) <= _PART else lines.rindex(b"\n", 0, _PART) + 1
            part, lines = lines[:end], lines[end:]
            number = self._parts.get(name, 0) + 1
            self._put(f"lines.{name}.{number}", part)
            self._parts[name] = number
            self._lines.setdefault(name, []).append(part)

    def remove(self, name: str) -> None:
        """Remove a file."""
        content = self._contents.pop(name, None)
        if content is not None:
            self._put(f"files.{name}", b"")
            if object_ := object_named_by(content):
                self._bucket.remove_object(object_)

    def _put(self, key: str, content: bytes) -> None:
        raise LeaseLostError(f"the world {self._world} is not held here: {key} cannot be written")


class HeldFiles(ClusterFiles):
    """The files of a world that this process holds.

    Parameters
    ----------
    bucket, world, values
        See `ClusterFiles`.
    lease : Lease
    sequence : int
        Of the write that claimed it.

    Attributes
    ----------
    on_lost : callable
        Called by the thread that gives signs of life when another host has the world.
    """

    def __init__(self, bucket: Bucket, world: str, values: list[Value], lease: Lease, sequence: int) -> None:
        super().__init__(bucket, world, values)
        self.lease, self.sequence = lease, sequence
        self.on_lost: Callable[[], None] = lambda: None
        self._lock, self._lost = threading.Lock(), ""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self) -> None:
        """Give signs of life until it is released; `on_lost` is called if the world is lost."""

        def beat() -> None:
            while not self._ended.wait(HEARTBEAT):
                try:
                    self.renew()
                except LeaseLostError:
                    self.on_lost()
                    return

        self._thread = threading.Thread(target=beat, name="lease", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give the world up, so that others need not wait."""
        self._ended.set()
        if self._thread:
            self._thread.join()
        with contextlib.suppress(LeaseLostError):
            self._put("lease", msgspec.json.encode(Lease(epoch=self.lease.epoch)))
        self._lost = "the world was given up"

    def renew(self) -> None:
        """Give a sign of life."""
        self._put("lease", msgspec.json.encode(self.lease))

    def _put(self, key: str, content: bytes) -> None:
        with self._lock:
            if self._lost:
                raise LeaseLostError(self._lost)
            try:
                self.sequence = self._bucket.put(
                    f"worlds.{self._world}.{key}", content, (of_world(self._world), self.sequence)
                )
            except BucketError as error:
                reason = "another host has it now" if isinstance(error, Conflict) else str(error)
                self._lost = f"the world {self._world} is not held any more: {reason}"
                raise LeaseLostError(self._lost) from error


def claim(bucket: Bucket, world: str, may: Callable[[int, Lease], bool], holder: str, host: str) -> HeldFiles | None:
    """Take a world, and read its files; None if somebody else holds it.

    Parameters
    ----------
    bucket : Bucket
    world : str
    may : callable
        Takes the sequence number of the last sign of life, and who holds it; returns whether it may be taken.
    holder, host : str
        See `Lease`.
    """
    for _ in range(_ATTEMPTS):
        values = bucket.values(of_world(world))
        last = values[-1].sequence if values else 0
        before = next((value for value in values if value.key == lease_key(world)), None)
        lease = msgspec.json.decode(before.content, type=Lease) if before else Lease()
        if before is None or not may(before.sequence, lease):
            return None
        mine = Lease(holder=holder, host=host, epoch=lease.epoch + 1)
        try:
            sequence = bucket.put(lease_key(world), msgspec.json.encode(mine), (of_world(world), last))
        except Conflict:
            continue
        return HeldFiles(bucket, world, [value for value in values if value.content], mine, sequence)
    return None
