"""Work in other threads, and waiting for what another thread or process does."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 120.0  # far beyond what anything here takes, also on a slow machine [s]


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE, pause: float = 0.15) -> None:
    """Wait for something to become true, with a pause between looks, and fail if it never does [s]."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(pause)  # each look costs both sides some milliseconds of processor


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Make calls at the same time, each in a thread; return what they return."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [made.result() for made in [pool.submit(call) for call in calls]]


@contextmanager
def beside(act: Callable[[], object]) -> Iterator[threading.Thread]:
    """Do something in a thread while inside; it has to end by itself soon after."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive(), "waited in vain: the thread ends"
