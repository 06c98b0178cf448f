"""Readiness: what is not ready, found out at most once a second however often anybody asks, ten times while it is not."""

import asyncio
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from zenata.errors import StoreError

FRESH = 1.0
"""How long an answer counts [s]: asking is open to strangers, and looks into the store. A default."""

NOT_READY_FRESH = 0.1
"""The same of an answer that says what is not ready [s]: whoever starts a city waits for the next one. A default."""


class Readiness:
    """Finds out what is not ready. Used from one event loop alone.

    Parameters
    ----------
    ready : callable
        Returns what is not ready yet, in words; works in a thread.
    check : callable
        Raises StoreError unless the store can be read; works in a thread.
    """

    def __init__(self, ready: Callable[[], list[str]], check: Callable[[], object]) -> None:
        self._ready, self._check = ready, check
        self._found: asyncio.Task[list[str]] | None = None
        self._begun = 0.0

    async def reasons(self) -> list[str]:
        """Return what is not ready, in words; empty when all is."""
        found = self._found
        if found is None or (found.done() and time.monotonic() - self._begun >= _fresh(found)):
            self._begun = time.monotonic()
            found = self._found = asyncio.create_task(run_in_threadpool(self._look))
        return await asyncio.shield(found)  # whoever hangs up leaves the others waiting for it

    def _look(self) -> list[str]:
        reasons = self._ready()
        try:
            self._check()
        except StoreError:
            reasons = [*reasons, "the store cannot be read"]
        return reasons


def _fresh(found: asyncio.Task[list[str]]) -> float:
    """Return how long the answer of a look counts [s]."""
    failed = found.cancelled() or found.exception() is not None
    return NOT_READY_FRESH if failed or found.result() else FRESH
