"""A simulated day of the real city: how long a tick takes, and writing what its sensors say."""

import time
from functools import partial

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import median_time, timed
from simulators.publish import Encoder
from simulators.world import TICK, Emission, World
from zenata.city.clock import SECOND, parse_time
from zenata.city.model import City
from zenata.city.pack import load_city

_COARSE = 672
"""A week."""

_DAY = 86_400 * SECOND // TICK  # [ticks]


def run() -> list[Row]:
    """Measure; the baseline of a tick is one pass of arithmetic and a sort over an array of all sensors."""
    city = load_city("zenata")
    construction, world = timed(lambda: World(city, seed=1, start=parse_time("2026-07-01T00:00:00Z")))
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
    bare = _bare(city)
    p50, p99, longest = np.percentile(steps, [50, 99, 100]) * 1e3
    return [
        Row(
            f"tick of {len(city.sensors):,} sensors over a day, p99",
            "< 5 ms",
            f"{p99:.2f} ms (p50 {p50:.2f}, max {longest:.2f}; {np.percentile(own, 99) * 1e3:.2f} on the processor)",
            f"{bare * 1e3:.2f} ms (one exp and one sort)",
            f"{p99 / 1e3 / bare:.0f}",
        ),
        Row(f"tick of 15 minutes, mean of {_COARSE}", "", f"{_coarse(world) * 1e3:.2f} ms"),
        Row("construction of the world", "", f"{construction:.2f} s"),
        Row(
            f"encoding the messages of a tick ({messages / _DAY:.0f} on average), p99",
            "",
            f"{np.percentile(encodings, 99) * 1e3:.2f} ms ({sum(encodings) / messages * 1e6:.1f} us a message)",
        ),
    ]


def _coarse(world: World) -> float:
    """Return the mean time [s] of ticks as a past is filled with."""
    took, _ = timed(lambda: [world.step(900 * SECOND) for _ in range(_COARSE)])
    return took / _COARSE


def _encode(encoder: Encoder, emission: Emission) -> None:
    for _ in encoder.telemetry(emission):
        pass


def _bare(city: City) -> float:
    """Return the median time [s] of the least that a tick of arrays could do."""
    values = np.random.default_rng(1).normal(size=len(city.sensors))
    return median_time(lambda: np.sort(np.exp(values)), 1000)
