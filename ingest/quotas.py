"""Quotas of pilots' own devices: messages a second, and readings a day.

Counted in the memory of the process, so a restart begins at zero, and of several workers each counts its own. Several
servers of the API, which take telemetry over HTTP, share them.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from zenata.city.clock import SECOND
from zenata.errors import Rejected
from zenata.process.rate_limit import Bucket

BURST = 10.0
"""Messages that may come at once, in seconds of the rate: a gateway that was away sends what it kept. A default."""

EXCUSED = 3600.0
"""The longest outage of ours after which devices may send late what they could have sent meanwhile [s]. A default."""

BYTES_PER_MESSAGE = 8192
"""Bytes from which on a message counts as several: a megabyte of members takes as long to read as many messages do. A default, and that
of the embedded broker's guard; a pack of a gateway has some 2,000."""

_DAY = 86_400 * SECOND


class Limits(NamedTuple):
    """What one pilot's devices may send: messages a second in the long run, and readings a day of UTC."""

    messages_per_second: float
    points_per_day: int


class Peers(Protocol):
    """Other processes that count for the same pilots; `zenata.control.peers.Peers` is one."""

    @property
    def count(self) -> int:
        """How many there are, this one among them."""
        ...

    def add(self, name: str, number: float = 1) -> None:
        """Count something that the others take into account."""
        ...

    def others(self, name: str) -> float:
        """Return what the others have counted so far."""
        ...


@dataclass(slots=True)
class _Count:
    bucket: Bucket
    day: int = 0
    points: int = 0
    others: float = 0.0  # points that other processes had counted when the day began


class Quotas:
    """Counts what the devices of each pilot send. May be used from any thread.

    Parameters
    ----------
    limits : callable
        Returns those of a pilot.
    peers : Peers or None
        With whom they are shared: of the rate each has an equal part, and readings of a day are counted together.
    """

    def __init__(self, limits: Callable[[str], Limits], peers: Peers | None = None) -> None:
        self._limits, self._peers = limits, peers
        self._counts: dict[str, _Count] = {}
        self._excused = 0.0
        self._lock = threading.Lock()

    def excuse(self, outage: float) -> None:
        """Allow beyond the rate, once, what the broker has taken while ingest was away for so long [s]."""
        with self._lock:
            outage = min(outage, EXCUSED)
            self._excused = max(self._excused, outage)  # of those who have sent nothing yet
            for pilot, count in self._counts.items():
                count.bucket.tokens += outage * self._limits(pilot).messages_per_second

    def message(self, pilot: str, now: int, size: int = 0) -> None:
        """Count a message, a long one as several; that may go beyond what is left, and those behind it wait for it.

        Parameters
        ----------
        pilot : str
        now : int
            [us since the Unix epoch]
        size : int
            [bytes]

        Raises
        ------
        Rejected
            If it is too many.
        """
        whole = self._limits(pilot).messages_per_second
        rate = whole / self._peers.count if self._peers else whole
        with self._lock:
            bucket = self._count(pilot, rate, now).bucket
            wait = bucket.take(rate, max(rate * BURST, 1.0), now / SECOND)
            if not wait:
                bucket.tokens -= max(-(-size // BYTES_PER_MESSAGE) - 1, 0)
        if wait:
            raise Rejected(
                "quota",
                f"more than {whole:g} messages a second (quota messages_per_second); "
                f"a message counts once for every {BYTES_PER_MESSAGE // 1024} KiB or part of it",
                "messages_per_second",
                wait,
            )

    def points(self, pilot: str, points: int, now: int) -> None:
        """Count readings.

        Raises
        ------
        Rejected
            If they are too many.
        """
        limits = self._limits(pilot)
        with self._lock:
            count = self._count(pilot, limits.messages_per_second, now)
            if now // _DAY != count.day:
                count.day, count.points, count.others = now // _DAY, 0, self._others(pilot)
            if count.points + self._others(pilot) - count.others + points > limits.points_per_day:
                raise Rejected(
                    "quota",
                    f"more than {limits.points_per_day:,} readings a day of UTC (quota points_per_day)",
                    "points_per_day",
                    (_DAY - now % _DAY) / SECOND,
                )
            count.points += points
            if self._peers:
                self._peers.add(f"points:{pilot}", points)

    def used(self, pilot: str, now: int) -> int:
        """Return how many readings of a pilot's devices were counted in this day of UTC."""
        with self._lock:
            count = self._counts.get(pilot)
            if count is None or count.day != now // _DAY:
                return 0
            return count.points + int(self._others(pilot) - count.others)

    def _others(self, pilot: str) -> float:
        return self._peers.others(f"points:{pilot}") if self._peers else 0.0

    def _count(self, pilot: str, rate: float, now: int) -> _Count:
        """Return the count of a pilot, made with a full bucket."""
        count = self._counts.get(pilot)
        if count is None:
            tokens = max(rate * BURST, 1.0) + rate * self._excused
            count = self._counts[pilot] = _Count(Bucket(tokens, now / SECOND))
        return count
