"""How a world is used."""

import time
from collections import deque
from itertools import pairwise

from zenata.city.clock import SECOND

_SPAN = 5.0  # over which the measured pace is taken at least [s]
_LOOK = 0.25  # pause between two looks at the world's time [s]


class Activity:
    """How long ago anybody used a world, and how fast it has gone lately; any thread may use it."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque()  # when it had gone on, and to which time

    @property
    def idle(self) -> float:
        """How long ago it was used [s]."""
        return time.monotonic() - self._last

    def touch(self) -> None:
        """Note that somebody uses it."""
        self._last = time.monotonic()

    def see(self, moment: int) -> None:
        """Note the world's time [us since the Unix epoch]; called several times a second."""
        now = time.monotonic()
        if not self._seen or (moment != self._seen[-1][1] and now - self._seen[-1][0] > _LOOK):
            self._seen.append((now, moment))
        while len(self._seen) > 2 and now - self._seen[1][0] > _SPAN:
            self._seen.popleft()

    def forget(self) -> None:
        """Forget how fast the world has gone: it goes on at another pace."""
        self._seen.clear()

    @property
    def pace(self) -> float:
        """World seconds per second over the last seconds, or from tick to tick if ticks are further apart."""
        seen = list(self._seen)
        if len(seen) < 2:
            return 0.0
        (began, first), (ended, last) = seen[0], seen[-1]
        now = time.monotonic()
        late = now - ended > 1.5 * max(after - before for (before, _), (after, _) in pairwise(seen))
        return (last - first) / SECOND / ((now if late else ended) - began)
