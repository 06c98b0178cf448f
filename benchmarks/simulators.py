"""A simulated day of the real city: how long a tick takes, and writing what its sensors say."""

import time
from functools import partial

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import median_time, timed
from simulators.host.encoder import Encoder
from simulators.world.emission import Emission
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND, parse_time
from zenata.city.model import City
from zenata.city.pack import load_city

_DAY = 86_400 * SECOND // TICK  # [ticks]

_COARSE = 900 * SECOND
"""Length of the ticks that a past is filled with [us]."""

_WEEK = 7 * 86_400 * SECOND // _COARSE  # [ticks]


def run() -> list[Row]:
    """Measure; the baseline of a tick is one pass of arithmetic and a sort over an array of all sensors.

    The day is the last of a month, so that the tick at which the next month's weather is made can be told apart.
    """
    city = load_city("zenata")
    construction, world = timed(lambda: World(city, seed=1, start=parse_time("2026-07-31T00:00:00Z")))
    encoder = Encoder(city, "zenata")
    steps, own, encodings, messages = [], [], [], 0
    for _ in range(_DAY):
        used = time.thread_time()
        step, emission = timed(world.step)
        own.append(time.thread_time() - used)
        encoding, _ = timed(partial(_encode, encoder, emission))
        steps.append(step)
        encodings.append(encoding)
        messages += len(emission.sensors)
    month, _ = timed(world.step)
    coarse = [timed(partial(world.step, _COARSE))[0] for _ in range(_WEEK)]
    bare, p99 = _bare(city), float(np.percentile(steps, 99))
    return [
        Row(
            f"tick of 10 s of {len(city.sensors):,} sensors over a day",
            "p50 ~ 2 ms, p99 < 5 ms",
            f"{_spread(steps)} ({_spread(own)} on the processor)",
            f"{bare * 1e3:.2f} ms (one exp and one sort)",
            f"p99: {p99 / bare:.0f}",
        ),
        Row("tick at which a month's weather is made", "", f"{month * 1e3:.2f} ms"),
        Row("tick of 15 minutes over a week", "p50 <= 6.5 ms", _spread(coarse)),
        Row("construction of the world", "", f"{construction:.2f} s"),
        Row(
            f"encoding the messages of a tick ({messages / _DAY:.0f} on average), p99",
            "",
            f"{np.percentile(encodings, 99) * 1e3:.2f} ms ({sum(encodings) / messages * 1e6:.1f} us a message)",
        ),
    ]


def _spread(seconds: list[float]) -> str:
    """Return how long most, nearly all and the longest of some times [s] are."""
    p50, p99, longest = np.percentile(seconds, [50, 99, 100]) * 1e3
    return f"p50 {p50:.2f}, p99 {p99:.2f}, max {longest:.2f} ms"


def _encode(encoder: Encoder, emission: Emission) -> None:
    for _ in encoder.telemetry(emission):
        pass


def _bare(city: City) -> float:
    """Return the median time [s] of the least that a tick of arrays could do."""
    values = np.random.default_rng(1).normal(size=len(city.sensors))
    return median_time(lambda: np.sort(np.exp(values)), 1000)
