"""How long work takes."""

import statistics
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return how long work took [s], and its result."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def median_time(work: Callable[[], object], repetitions: int = 20) -> float:
    """Return the median time [s] of work that was done once before."""
    work()
    return statistics.median(timed(work)[0] for _ in range(repetitions))
