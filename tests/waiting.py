"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

PATIENCE = 120.0  # far beyond what anything here takes, also on a slow machine [s]


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE, pause: float = 0.15) -> None:
    """Wait for something to become true, with a pause between looks, and fail if it never does [s]."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(pause)  # each look costs both sides some milliseconds of processor
