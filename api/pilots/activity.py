"""Activity: counts the requests of each pilot, since the process started and by hour."""

import threading
from collections import deque
from dataclasses import dataclass, field

from zenata.city.clock import SECOND, Clock

_MAX_ADDRESSES = 20
"""Newest addresses of a pilot that are remembered."""

_TIMES = 1000
"""Newest answers of a pilot that its percentile is of."""


@dataclass(slots=True)
class Requests:
    """Requests of a pilot.

    Parameters
    ----------
    open : int
        Requests under way, streams among them.
    answered : int
    wrong : int
        Answered with 4xx, as something was wrong with them.
    failed : int
        Answered with 5xx, as something was wrong here.
    over : dict of str to tuple
        How often it was refused, and when last [us since the Unix epoch], by the name of the quota.
    last : int or None
        Of the last request [us since the Unix epoch].
    times : deque of float
        Times to the first byte of the newest answers [s].
    addresses : deque of str
        Where its newest requests came from.
    """

    open: int = 0
    answered: int = 0
    wrong: int = 0
    failed: int = 0
    over: dict[str, tuple[int, int]] = field(default_factory=dict)
    last: int | None = None
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMES))
    addresses: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_ADDRESSES))

    @property
    def p95(self) -> float | None:
        """Time to the first byte that 95 % of the newest answers kept to [s]."""
        times = sorted(self.times)
        return times[-(-len(times) * 95 // 100) - 1] if times else None


HOUR = 3600 * SECOND


@dataclass(slots=True)
class Hour:
    """Requests of a pilot in an hour.

    Parameters
    ----------
    answered : int
    wrong, failed : int
        Answered with 4xx, and with 5xx.
    refused : int
        For a quota.
    last : int
        Of the last request [us since the Unix epoch].
    """

    answered: int = 0
    wrong: int = 0
    failed: int = 0
    refused: int = 0
    last: int = 0


Hours = dict[tuple[str, int], Hour]
"""By pilot and beginning of the hour [us since the Unix epoch]."""


class Activity:
    """Counts requests by pilot. Only names of pilots count, so there are no more entries than pilots.

    Parameters
    ----------
    clock : Clock
        The wall's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pilots: dict[str, Requests] = {}
        self._hours: Hours = {}

    def answered(self, pilot: str, status: int, seconds: float, address: str = "") -> None:
        """Count an answer that begins, the time to its first byte [s], and where it was asked from."""
        with self._lock:
            counts = self._pilots.setdefault(pilot, Requests())
            counts.open += 1
            counts.answered += 1
            counts.wrong += 400 <= status < 500  # RFC 9110 section 15.5
            counts.failed += status >= 500  # RFC 9110 section 15.6
            counts.times.append(seconds)
            counts.last = now = self._clock.now()
            hour = self._hours.setdefault((pilot, now // HOUR * HOUR), Hour())
            hour.answered += 1
            hour.wrong += 400 <= status < 500
            hour.failed += status >= 500
            hour.last = now
            if address and address not in counts.addresses:
                counts.addresses.append(address)

    def ended(self, pilot: str) -> None:
        """Count an answer as ended."""
        with self._lock:
            self._pilots[pilot].open -= 1

    def refused(self, pilot: str, quota: str) -> None:
        """Count a refusal for a quota."""
        with self._lock:
            over = self._pilots.setdefault(pilot, Requests()).over
            now = self._clock.now()
            over[quota] = (over.get(quota, (0, 0))[0] + 1, now)
            self._hours.setdefault((pilot, now // HOUR * HOUR), Hour(last=now)).refused += 1

    def take_hours(self) -> Hours:
        """Return what was counted by hour since the last call."""
        with self._lock:
            taken, self._hours = self._hours, {}
            return taken

    def give_back(self, hours: Hours) -> None:
        """Count again what was taken, as it could not be stored."""
        with self._lock:
            for key, hour in hours.items():
                here = self._hours.setdefault(key, Hour())
                here.answered, here.wrong = here.answered + hour.answered, here.wrong + hour.wrong
                here.failed, here.refused = here.failed + hour.failed, here.refused + hour.refused
                here.last = max(here.last, hour.last)

    def pilots_at(self, address: str) -> set[str]:
        """Return the pilots whose requests came from an address."""
        with self._lock:
            return {pilot for pilot, counts in self._pilots.items() if address in counts.addresses}

    def of(self, pilot: str) -> Requests:
        """Return the counts of a pilot; they go on counting."""
        with self._lock:
            return self._pilots.get(pilot) or Requests()
