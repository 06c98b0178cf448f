"""Placement of worlds: a host of a cluster claims worlds that nobody runs, the one with the least measured load first."""

import logging
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from secrets import token_hex

import msgspec

from zenata.contract.hosts import Host
from zenata.process.load import MachineLoad
from zenata.worlds.bucket import Bucket
from zenata.worlds.cluster import WorldCluster
from zenata.worlds.lease import HEARTBEAT, LEASE, HeldFiles, Lease, LeaseLostError

log = logging.getLogger(__name__)

WORLDS_PER_CORE = 50
"""Most worlds that a host runs, per core. A default: two cores ran a hundred worlds of one kind at speed 1."""

_TURN = 1.0  # how much longer each host waits than the one with the next less load, before it claims a world [s]
_REPORT = 1.0  # between two reports of a host about itself [s]
_START = 60.0  # how long a process may take to take a world over from its host [s]
_FORGOTTEN = 3600.0  # after which a host that does not report itself is not listed any more [s]


class HostedWorlds(WorldCluster):
    """The index of worlds as a host has it: it claims worlds, and knows which are its own.

    Parameters
    ----------
    bucket : Bucket
    name : str
        Of the host.
    clock : callable
        The monotonic clock [s].
    load : callable
        Returns the share of the machine's processors that was busy lately.
    """

    def __init__(
        self,
        bucket: Bucket,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(bucket)
        self.token, self.name = token_hex(8), name
        self._clock, self._load = clock, load or MachineLoad()
        self._cores = os.cpu_count() or 1
        self._since = datetime.now(UTC)
        self._seen: dict[str, tuple[int, float]] = {}  # last sign of life by key, and when we first saw it
        self._free: dict[str, float] = {}  # since when a world is free
        self._claimed: dict[str, tuple[HeldFiles, float]] = {}  # what no process of ours has taken over yet
        self._mine: set[str] = set()
        self._leaving: str | None = None  # the world that is given up, until another host has it
        self._reported = -_REPORT

    def to_run(self) -> set[str]:
        """Return the worlds that this host is to run, after it has claimed one that nobody runs if it is its turn."""
        now = self._clock()
        leases = self.leases()
        wanted = {name for name in self.all_names() if self.marker(name) is None}
        self._mine = {name for name, (_, lease) in leases.items() if lease.holder == self.token}
        self._take_over(leases, now)
        self._free = {
            name: self._free.get(name, now)
            for name, (sequence, lease) in leases.items()
            if name in wanted and name not in self._mine and self._is_free(name, sequence, lease, now)
        }
        drained = self._all("drained").keys()
        others = self._others(now, drained)
        is_drained = self.token in drained and bool(others)
        moves = self._moves(others.keys() | (set() if is_drained else {self.token}))
        rank, room = self._rank(others.values()), 0 if is_drained else WORLDS_PER_CORE * self._cores - len(self._mine)
        for name, since in sorted(self._free.items(), key=lambda one: one[1]):
            here = room > 0 and now - since >= rank * _TURN if name not in moves else moves[name] == self.token
            if here and self._claim(name, leases[name][0], now):
                self._mine.add(name)
                self._free.pop(name)
                break
        self._report(now)
        self._leaving = self._given_up(leases) if is_drained else None
        away = {name for name, token in moves.items() if token != self.token}
        return self._mine & wanted - {self._leaving} - away

    def claim(self, name: str) -> bool:
        """Return whether a world that does not run is ours to change now."""
        found = self.leases().get(name)
        if found is None:
            return True  # half removed already
        sequence, lease = found
        if lease.holder == self.token or self._is_free(name, sequence, lease, self._clock()):
            return self._claim(name, sequence, self._clock())
        return False

    def remove(self, name: str) -> None:
        """Remove a world that was claimed."""
        self._claimed.pop(name, None)
        super().remove(name)

    def leave(self) -> None:
        """Give up what no process of ours has taken over, and leave the list of hosts."""
        for files, _ in self._claimed.values():
            files.release()
        for kind in ("hosts", "drained"):
            self.bucket.purge(f"{kind}.{self.token}")

    def _moves(self, able: Collection[str]) -> dict[str, str]:
        """Return the tokens of the hosts that worlds are to move to; forget a move that is done, or that is to none of those able."""
        moves = {name: value.content.decode() for name, value in self._all("moves").items()}
        for name in self._mine & moves.keys():
            if moves[name] == self.token or moves[name] not in able:
                self.bucket.purge(f"moves.{name}")
        return {name: token for name, token in moves.items() if token in able}

    def _given_up(self, leases: Mapping[str, tuple[int, Lease]]) -> str | None:
        """Return the world that a drained host gives up now: the next one once another host has the one before it."""
        leaving = self._leaving
        if leaving is not None and (leaving in self._mine or (leaving in leases and not leases[leaving][1].holder)):
            return leaving
        name = min(self._mine, default=None)
        if name is not None:
            log.info("world %s is given up to another host", name)
        return name

    def _claim(self, name: str, seen: int, now: float) -> bool:
        files = self.take(name, lambda sequence, _: sequence == seen, self.token, self.name)
        if files is None:
            return False
        self._claimed[name] = files, now
        log.info("claimed world %s, for the %d. time", name, files.lease.epoch)
        return True

    def _take_over(self, leases: dict[str, tuple[int, Lease]], now: float) -> None:
        """Keep what was claimed until its process does that itself; let go of what it does not take over in time."""
        for name, (files, since) in list(self._claimed.items()):
            sequence, lease = leases.get(name, (0, Lease()))
            if lease.epoch > files.lease.epoch or lease.holder != self.token or now - since > _START:
                del self._claimed[name]
            elif now - self._age(f"worlds.{name}", sequence, now) > HEARTBEAT:
                try:
                    files.renew()
                except LeaseLostError:
                    del self._claimed[name]

    def _age(self, key: str, sequence: int, now: float) -> float:
        """Return when we first saw a sign of life [s]."""
        if self._seen.get(key, (0, 0.0))[0] != sequence:
            self._seen[key] = sequence, now
        return self._seen[key][1]

    def _is_free(self, name: str, sequence: int, lease: Lease, now: float) -> bool:
        """Return whether nobody runs a world: its holder gave it up, or gave no sign of life for the time of a lease."""
        silent = now - self._age(f"worlds.{name}", sequence, now)
        return not lease.holder or silent > LEASE

    def _others(self, now: float, drained: Collection[str]) -> dict[str, tuple[float, float]]:
        """Return the burden of every other live host that takes worlds, by its token."""
        return {
            token: _burden(msgspec.json.decode(one.content, type=Host))
            for one in self.bucket.values("hosts.*")
            if now - self._age(one.key, one.sequence, now) <= LEASE
            and (token := one.key.removeprefix("hosts.")) != self.token
            and token not in drained
        }

    def _rank(self, others: Iterable[tuple[float, float]]) -> int:
        """Return how many of some hosts have less to do than this one."""
        mine = _burden(self._host())
        return sum(one < mine for one in others)

    def _host(self) -> Host:
        return Host(
            name=self.name,
            since=self._since,
            seen=datetime.now(UTC),
            cores=self._cores,
            load=round(self._load(), 3),
            worlds=sorted(self._mine),
        )

    def _report(self, now: float) -> None:
        if now - self._reported < _REPORT:
            return
        self._reported = now
        self.bucket.put(f"hosts.{self.token}", msgspec.json.encode(self._host()))
        for one in self.bucket.values("hosts.*"):
            host = msgspec.json.decode(one.content, type=Host)
            if (datetime.now(UTC) - host.seen).total_seconds() > _FORGOTTEN:
                self.bucket.purge(one.key)
                self.bucket.purge(f"drained.{one.key.removeprefix('hosts.')}")


def _burden(host: Host) -> tuple[float, float]:
    """Return by what hosts are compared: load, in tenths as it is never the same twice, then worlds for each core."""
    return round(host.load, 1), len(host.worlds) / host.cores
