"""Answers that are dear, made at most once in a while for each pilot: who asks meanwhile has the one of before."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable


class Remembered:
    """Remembers the newest answer of each pilot. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._age = 1.0  # that an answer may have [s]
        self._made: dict[str, tuple[float, bytes]] = {}
        self._locks = defaultdict[str, threading.Lock](threading.Lock)

    def answer(self, pilot: str, make: Callable[[], bytes]) -> bytes:
        """Return an answer, made now unless there is one that is young enough; one at a time for each pilot."""
        with self._locks[pilot]:
            made, body = self._made.get(pilot, (0.0, b""))
            if not body or time.monotonic() - made > self._age:
                body = make()
                self._made[pilot] = time.monotonic(), body
            return body
