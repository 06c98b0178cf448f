"""Quotas of pilots' own devices: messages a second, and readings a day.

Counted in the memory of the process, so a restart begins at zero, and of several workers each counts its own.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from zenata.city.clock import SECOND
from zenata.errors import Rejected
from zenata.process.rate_limit import Bucket

BURST = 10.0
"""Messages that may come at once, in seconds of the rate: a gateway that was away sends what it kept. A default."""

EXCUSED = 3600.0
"""The longest outage of ours after which devices may send late what they could have sent meanwhile [s]. A default."""

_DAY = 86_400 * SECOND


class Limits(NamedTuple):
    """What one pilot's devices may send: messages a second in the long run, and readings a day of UTC."""

    messages_per_second: float
    points_per_day: int


@dataclass(slots=True)
class _Count:
    bucket: Bucket
    day: int = 0
    points: int = 0


class Quotas:
    """Counts what the devices of each pilot send. May be used from any thread.

    Parameters
    ----------
    limits : callable
        Returns those of a pilot.
    """

    def __init__(self, limits: Callable[[str], Limits]) -> None:
        self._limits = limits
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

    def message(self, pilot: str, now: int) -> None:
        """Count a message.

        Parameters
        ----------
        pilot : str
        now : int
            [us since the Unix epoch]

        Raises
        ------
        Rejected
            If it is too many.
        """
        rate = self._limits(pilot).messages_per_second
        with self._lock:
            wait = self._count(pilot, rate, now).bucket.take(rate, max(rate * BURST, 1.0), now / SECOND)
        if wait:
            reason = f"more than {rate:g} messages a second (quota messages_per_second)"
            raise Rejected("quota", reason, "messages_per_second", wait)

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
                count.day, count.points = now // _DAY, 0
            if count.points + points > limits.points_per_day:
                raise Rejected(
                    "quota",
                    f"more than {limits.points_per_day:,} readings a day of UTC (quota points_per_day)",
                    "points_per_day",
                    (_DAY - now % _DAY) / SECOND,
                )
            count.points += points

    def used(self, pilot: str, now: int) -> int:
        """Return how many readings of a pilot's devices were counted in this day of UTC."""
        with self._lock:
            count = self._counts.get(pilot)
            return count.points if count is not None and count.day == now // _DAY else 0

    def _count(self, pilot: str, rate: float, now: int) -> _Count:
        """Return the count of a pilot, made with a full bucket."""
        count = self._counts.get(pilot)
        if count is None:
            tokens = max(rate * BURST, 1.0) + rate * self._excused
            count = self._counts[pilot] = _Count(Bucket(tokens, now / SECOND))
        return count
