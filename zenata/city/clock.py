"""Time, injected: whole microseconds since the Unix epoch, and RFC 3339 text at the edges."""

import time
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000_000
"""One second [us]."""


class Clock(Protocol):
    """What tells the time of a world and waits for it."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        ...

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
        ...


class ScaledClock:
    """A clock that starts at `start` and runs `speed` times as fast as the wall.

    Parameters
    ----------
    start : int
        What it shows now [us since the Unix epoch].
    speed : float
        World seconds per wall second.
    """

    def __init__(self, *, start: int, speed: float = 1.0) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic_ns()

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return self._start + int((time.monotonic_ns() - self._origin) / 1000 * self._speed)

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
        wait = (moment - self.now()) / SECOND / self._speed
        if wait > 0:
            time.sleep(min(wait, timeout))
        return wait <= timeout


class WallClock:
    """The time of day."""

    def now(self) -> int:
        """Return the time [us since the Unix epoch]."""
        return time.time_ns() // 1000

    def wait_until(self, moment: int, timeout: float) -> bool:
        """Sleep until `moment` [us], at most `timeout` [s] of real time; return whether the moment has come."""
        wait = (moment - self.now()) / SECOND
        if wait > 0:
            time.sleep(min(wait, timeout))
        return wait <= timeout


def parse_time(text: str) -> int:
    """Read an RFC 3339 time; without an offset it is UTC.

    Returns
    -------
    int
        [us since the Unix epoch]

    Raises
    ------
    ValueError
        If `text` is not a time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds


def format_time(moment: int) -> str:
    """Write a time [us since the Unix epoch] as RFC 3339 in UTC, with decimals only where there are any."""
    seconds, micros = divmod(moment, SECOND)
    text = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if micros:
        text += f".{micros:06d}".rstrip("0")
    return text + "Z"
