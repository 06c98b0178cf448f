"""Cluster index: worlds that several hosts share, in the key-value and object stores of a NATS cluster.

Keys of the bucket, each written under a fence of its own:

``owners.{world}``
    The owner of a world. A world is there from when this is written.
``markers.{world}``
    What keeps it from running; anybody may write it.
``worlds.{world}.lease``, ``.files.{name}``, ``.lines.{name}.{number}``
    Who runs it, and its record; only who runs it writes there (`zenata.worlds.lease`).
``hosts.{token}``
    A host, as it last reported itself.
``drained.{token}``
    That a host is to give its worlds up to others.
``moves.{world}``
    The token of the host that a world is to move to.
``making``, ``secret``
    Who makes a world now; what keys the draws of sealed worlds.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

import msgspec

from zenata.contract.hosts import Host
from zenata.errors import ControlError
from zenata.worlds.bucket import Bucket, Value
from zenata.worlds.connection import Away, BucketError, Conflict
from zenata.worlds.control import Handler, Reply, answer
from zenata.worlds.files import Files
from zenata.worlds.index import RECIPE, Draft, Marker, Owned, WorldIndex, is_name, new_name, unknown
from zenata.worlds.lease import LEASE, ClusterFiles, HeldFiles, Lease, claim, of_world

log = logging.getLogger(__name__)

HOSTS = "hosts"
"""Whom to ask to make worlds: any host."""

_SUBJECT = "zenata_control."
_FRESH = 0.2  # how long what was read of owners and markers is used again [s]
_LOOK = 0.1  # pause between two looks at who makes a world [s]
_SECRET_BYTES = 32
_CHANGING = frozenset({"create", "create-trial", "delete", "wake", "fork"})  # verbs after which there are other worlds


class _Marked(msgspec.Struct, frozen=True):
    marker: Marker | None = None
    reason: str = ""
    at: float = 0.0  # [s since the Unix epoch]


class _Ask(msgspec.Struct):
    verb: str
    arguments: dict[str, Any] = {}


class WorldCluster(WorldIndex):
    """The index of worlds of a cluster; see `zenata.worlds.index.WorldIndex`. The shared city is one of them.

    Parameters
    ----------
    bucket : Bucket
    """

    host = HOSTS

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._cached: dict[str, tuple[float, dict[str, Value]]] = {}
        self._lock = threading.Lock()

    @property
    def location(self) -> str:
        """The addresses of the cluster."""
        return self.bucket.location

    def close(self) -> None:
        """Let go of the cluster."""
        self.bucket.close()

    def names(self) -> list[str]:
        """Return the names of all private worlds; see `WorldIndex`."""
        return sorted(name for name in self._all("owners") if is_name(name))

    def all_names(self) -> list[str]:
        """Return the names of all worlds, the shared city among them once it is made."""
        return sorted(self._all("owners"))

    def running(self) -> list[str]:
        """Return the names of the worlds that should answer somewhere."""
        return [name for name in self.all_names() if self.marker(name) is None]

    def owned(self, name: str) -> Owned | None:
        """Return what is written of the owner of a world; None if there is none."""
        value = self._all("owners").get(name)
        return msgspec.json.decode(value.content, type=Owned) if value else None

    def check(self, name: str) -> None:
        """Raise unless there is a private world of this name."""
        if not is_name(name) or name not in self._all("owners") or self.marker(name) == "deleted":
            raise unknown(name)

    def files(self, name: str) -> Files:
        """Return the files of a world as they are now."""
        return ClusterFiles(self.bucket, name, [one for one in self.bucket.values(of_world(name)) if one.content])

    def deliver(self, name: str, file: str, content: bytes) -> None:
        """Leave a file for a world, as an object."""
        self.bucket.put_object(f"{name}/{file}", content)

    @contextmanager
    def draft(self, name: str | None = None) -> Iterator[Draft]:
        """Make a world, of this name or a new one, whole or not at all: its owner is written last.

        Raises
        ------
        Conflict
            If there is a world of this name.
        """
        with self._making():
            owners = self._read("owners")
            if f"owners.{name}" in {one.key for one in owners}:
                raise Conflict(f"there is a world {name}")
            name = name or new_name()
            files = HeldFiles(self.bucket, name, [], Lease(), self.bucket.last(of_world(name)))
            try:
                yield Draft(name=name, files=files, owners=self.owners(trials=False))
                recipe = msgspec.json.decode(files.read(RECIPE) or b"{}", type=Owned)
                files.release()
                last = max((one.sequence for one in owners), default=0)
                self.bucket.put(f"owners.{name}", msgspec.json.encode(recipe), ("owners.*", last))
            except BaseException:
                self.remove(name)
                raise
            self._cached.clear()

    def remove(self, name: str) -> None:
        """Remove a world that was claimed, with all it left."""
        for object_ in self.bucket.object_names(f"{name}/"):
            self.bucket.remove_object(object_)
        for filter_ in (of_world(name), f"markers.{name}", f"moves.{name}", f"owners.{name}"):
            self.bucket.purge(filter_)
        self._cached.clear()

    def marker(self, name: str) -> Marker | None:
        """Return what keeps a world from running, or None."""
        return self._marked(name).marker

    def mark(self, name: str, marker: Marker, reason: str = "") -> None:
        """Keep a world from running, and note the reason."""
        self._mark(name, _Marked(marker, reason, time.time()))

    def wake(self, name: str) -> None:
        """Let a world run that was asleep or had failed."""
        self.check(name)
        if self.marker(name):
            self._mark(name, _Marked())

    def stopped_for(self, name: str) -> float:
        """Return how long a world has been kept from running [s]; 0 if it runs."""
        marked = self._marked(name)
        return time.time() - marked.at if marked.marker else 0.0

    def failure(self, name: str) -> str | None:
        """Return the last message of a world that failed, or None."""
        marked = self._marked(name)
        return marked.reason if marked.marker == "failed" else None

    def answers(self, name: str) -> bool:
        """Return whether some host runs a world or is about to."""
        return self.marker(name) not in ("asleep", "failed")

    def ask_raw(self, name: str, verb: str, arguments: Mapping[str, Any], *, timeout: float) -> bytes:
        """Call whichever host has a world; see `WorldIndex`."""
        try:
            text = self.bucket.request(_SUBJECT + name, msgspec.json.encode(_Ask(verb, dict(arguments))), timeout)
            reply = msgspec.json.decode(text, type=Reply)
        except (Away, msgspec.DecodeError) as error:
            raise ControlError(f"the simulator of {name} does not answer: {error}", "away") from error
        except BucketError as error:
            raise ControlError(str(error), "invalid") from error
        finally:
            if verb in _CHANGING:
                self._cached.clear()
        if reply.error:
            raise ControlError(reply.error, reply.reason)
        return bytes(reply.result)

    @contextmanager
    def serving(self, name: str, handle: Handler) -> Iterator[None]:
        """Answer calls to a world, or to the hosts; see `zenata.worlds.control.ControlServer`."""

        def take(content: bytes) -> bytes:
            try:
                ask = msgspec.json.decode(content, type=_Ask)
            except msgspec.DecodeError as error:
                return msgspec.json.encode(Reply(error=f"not a request: {error}", reason="invalid"))
            return msgspec.json.encode(answer(ask.verb, ask.arguments, handle))

        end = self.bucket.serve(_SUBJECT + name, take)
        try:
            yield
        finally:
            end()

    def leases(self) -> dict[str, tuple[int, Lease]]:
        """Return the lease of each world, with the sequence number of its last sign of life."""
        found = {}
        for one in self.bucket.values("worlds.*.lease"):
            found[one.key.split(".")[1]] = (one.sequence, msgspec.json.decode(one.content, type=Lease))
        return found

    def take(self, name: str, may: Callable[[int, Lease], bool], holder: str, host: str) -> HeldFiles | None:
        """Claim a world; see `zenata.worlds.lease.claim`."""
        return claim(self.bucket, name, may, holder, host)

    def hosts(self) -> list[Host]:
        """Return the hosts, by name."""
        hosts = [msgspec.json.decode(one.content, type=Host) for one in self.bucket.values("hosts.*")]
        return sorted(hosts, key=lambda host: (host.name, host.since))

    def drain(self, host: str, *, drained: bool = True) -> None:
        """Have a host give its worlds up to others, one after the other, or take worlds again.

        It holds until the host is started again. A host that no other can follow keeps its worlds.

        Raises
        ------
        ControlError
            If there is no such host.
        """
        for token in self._tokens(host):
            if drained:
                self.bucket.put(f"drained.{token}", b"yes")
            else:
                self.bucket.purge(f"drained.{token}")

    def move(self, world: str, host: str) -> None:
        """Have a world move to a host, which takes it even where it has as many as it takes by itself.

        A host that is drained, or has ended by then, does not; the world stays where it is.

        Raises
        ------
        ControlError
            If there is no such world or host, or the host is drained.
        """
        if world not in self.all_names():
            raise ControlError(f"there is no world {world!r}", "unknown")
        tokens = self._tokens(host)
        if {one.key.removeprefix("drained.") for one in self.bucket.values("drained.*")}.issuperset(tokens):
            raise ControlError(f"the host {host} is drained: --resume {host} first", "conflict")
        self.bucket.put(f"moves.{world}", tokens[-1].encode())

    def _tokens(self, host: str) -> list[str]:
        """Return the tokens of a host, of which the last one reported itself last."""
        values = self.bucket.values("hosts.*")
        names = {one.key.removeprefix("hosts."): msgspec.json.decode(one.content, type=Host).name for one in values}
        tokens = [token for token, name in names.items() if name == host]
        if not tokens:
            known = ", ".join(sorted(set(names.values()))) or "none"
            raise ControlError(f"there is no host {host!r}; there are: {known}", "unknown")
        return tokens

    def secret(self) -> bytes:
        """Return the secret that keys the draws of sealed worlds; it is made once for the whole cluster."""
        while not (values := self.bucket.values("secret")):
            try:
                self.bucket.put("secret", token_hex(_SECRET_BYTES).encode(), ("secret", 0))
            except Conflict:
                time.sleep(_LOOK)  # the replica that was read lags
        return bytes.fromhex(values[0].content.decode())

    @contextmanager
    def _making(self) -> Iterator[None]:
        """Make worlds one after the other, so that their number cannot exceed a limit."""
        mine, seen, since = token_hex(8).encode(), -1, time.monotonic()
        while True:
            value = next(iter(self.bucket.values("making")), None)
            last = value.sequence if value else 0
            if last != seen:
                seen, since = last, time.monotonic()
            if value is None or not value.content or time.monotonic() - since > LEASE:
                try:
                    sequence = self.bucket.put("making", mine, ("making", last))
                    break
                except Conflict:
                    continue
            time.sleep(_LOOK)
        try:
            yield
        finally:
            try:
                self.bucket.put("making", b"", ("making", sequence))
            except Conflict:
                log.warning("making a world took longer than %.0f s", LEASE)

    def _mark(self, name: str, marked: _Marked) -> None:
        self.bucket.put(f"markers.{name}", msgspec.json.encode(marked))
        self._cached.clear()

    def _marked(self, name: str) -> _Marked:
        value = self._all("markers").get(name)
        return msgspec.json.decode(value.content, type=_Marked) if value else _Marked()

    def _all(self, kind: str) -> dict[str, Value]:
        """Return the values of a kind by world, as they were a moment ago."""
        with self._lock:
            now = time.monotonic()
            at, values = self._cached.get(kind, (0.0, {}))
            if not at or now - at > _FRESH:
                values = {one.key.removeprefix(f"{kind}."): one for one in self._read(kind)}
                self._cached[kind] = (now, values)
        return values

    def _read(self, kind: str) -> list[Value]:
        return self.bucket.values(f"{kind}.*")
