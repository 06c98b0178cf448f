"""Random numbers that depend on the seed, on what they are for and on the tick, and on nothing else.

A counter-based generator (Philox, doi:10.1145/2063384.2063405) is opened anew for every tick, so that the numbers do
not depend on how a run was cut into pieces, on where it started or on what other domains drew.
"""

from enum import IntEnum

import numpy as np
from numpy.random import Generator, Philox


class Stream(IntEnum):
    """What draws are for. A number, once given, is never given to something else: it is part of every replay."""

    SAMPLING = 1
    MEASUREMENT = 2
    NOISE = 3
    RADIO = 4
    WEATHER = 10
    TRAFFIC = 11
    PARKING = 12
    AIR = 13
    STREETLIGHT = 14
    PV = 15
    CHARGER = 20
    METER = 21
    POWER = 22
    CROWD = 30
    BUS = 31
    WASTE = 32
    WATER = 40


def draws(seed: int, stream: Stream, number: int = 0) -> Generator:
    """Return the generator of a stream at a tick (or day, or whatever the stream is numbered by).

    Parameters
    ----------
    seed : int
        Of the world, from 0 to 2**64 - 1.
    stream : Stream
        What the draws are for.
    number : int
        Which of the stream's generators; two numbers share no draws (each may draw 2**128 blocks). May be negative.
    """
    key = np.array([seed, stream], dtype=np.uint64)  # a list would round large seeds
    return Generator(Philox(key=key, counter=np.array([0, 0, number % 2**64, 0], dtype=np.uint64)))
