"""Random numbers that depend on the seed, on what they are for and on the tick, and on nothing else.

A counter-based generator (Philox, doi:10.1145/2063384.2063405) is opened again for every tick, so that the numbers do
not depend on how a run was cut into pieces, on where it started or on what other domains drew.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, Philox
from numpy.random.bit_generator import ISeedSequence

from zenata.city.readings import FloatArray, IntArray


class Stream(IntEnum):
    """Purposes of draws. A number, once assigned, is never assigned to another purpose: it is part of every replay."""

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
    CLOUD = 16
    CHARGER = 20
    METER = 21
    POWER = 22
    CROWD = 30
    BUS = 31
    WASTE = 32
    WATER = 40
    EVENT = 50
    FAULT = 51
    DEMAND = 60
    ABSENCE = 61
    WALK = 62


def draws(seed: int, stream: Stream, number: int = 0) -> Generator:
    """Return the generator of a stream at a tick (or day, or whatever the stream is numbered by).

    Parameters
    ----------
    seed : int
        Of the world, from 0 to 2**64 - 1; a `SealedSeed` draws what nobody can repeat without its secret.
    stream : Stream
        What the draws are for.
    number : int
        Which of the stream's generators; two numbers share no draws (each may draw 2**128 blocks). May be negative.
    """
    if isinstance(seed, SealedSeed):
        return Generator(Philox(_Key(seed.key(stream, number)), counter=_FIRST))  # type: ignore[arg-type] # as below
    counter = np.zeros(4, dtype=np.uint64)
    counter[2] = number % 2**64
    return Generator(Philox(_plain_key(seed, stream), counter=counter))  # type: ignore[arg-type] # stubs know fewer seeds


class SealedSeed(int):
    """A seed whose draws nobody can repeat without a secret.

    It is what worlds are made of whose future nobody may compute: the shared city, and graded trials. Every generator
    has a key of its own, of 128 bits, by BLAKE2b (RFC 7693) keyed with the secret. So all draws of one generator, if
    they could be read back from the sensors, would say nothing of any other, and no plain seed makes the same city.

    Parameters
    ----------
    seed : int
    secret : bytes
        At least 16 random ones, at most 64.
    """

    _secret: bytes

    def __new__(cls, seed: int, secret: bytes) -> Self:  # noqa: D102 - the class describes it
        if not 16 <= len(secret) <= 64:
            raise ValueError(f"a secret has 16 to 64 bytes, not {len(secret)}")
        sealed = super().__new__(cls, seed)
        sealed._secret = secret
        return sealed

    def __eq__(self, other: object) -> bool:
        """Return whether another seed draws the same; the plain seed of the same number does not."""
        return isinstance(other, SealedSeed) and (int(self), self._secret) == (int(other), other._secret)

    def __ne__(self, other: object) -> bool:
        """Return the contrary; `int` has its own."""
        return not self == other

    def __hash__(self) -> int:
        """Return a hash that distinguishes it from the plain seed in a cache."""
        return hash((int(self), self._secret))

    def key(self, stream: Stream, number: int) -> npt.NDArray[np.uint64]:
        """Return the key of one generator, shape (2,)."""
        message = struct.pack("<QqQ", self, number, stream)
        return np.frombuffer(blake2b(message, digest_size=16, key=self._secret).digest(), dtype="<u8")


_FIRST = np.zeros(4, dtype=np.uint64)


class _Key(ISeedSequence):
    """The key of a generator; from anything else Philox would make one by itself, or ask the system for entropy first."""

    def __init__(self, key: npt.NDArray[np.uint64]) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: npt.DTypeLike = np.uint64) -> npt.NDArray[np.uint64]:
        return self._key


@lru_cache(maxsize=1024)
def _plain_key(seed: int, stream: Stream) -> _Key:
    return _Key(np.array([seed, stream], dtype=np.uint64))  # a list would round large seeds


def arrivals(upto: FloatArray, factor: float, steps: int, rng: Generator) -> FloatArray:
    """Return how many come to each of some places in each of some steps, shape (steps, n): independent Poisson numbers.

    Their sum is drawn first, then the place of each: the same distribution, with few draws where few come.

    Parameters
    ----------
    upto : ndarray, shape (n,)
        Mean numbers of a step but for `factor`, summed up from the first place on.
    factor : float
        The same in worlds that are to draw the same.
    steps : int
    rng : Generator
    """
    count = rng.poisson(upto[-1] * factor, steps)
    place = np.searchsorted(upto, rng.random(count.sum()) * upto[-1], side="right")
    place += np.repeat(np.arange(steps) * len(upto), count)
    return np.bincount(place, minlength=steps * len(upto)).reshape(steps, len(upto)).astype(np.float64)


LARGE = 25.0
"""Mean from which on numbers follow from their first three moments: wrong by one in a hundred cases at most."""

BLOCK = 16
"""Numbers that are looked at together in search of one."""


def poisson(uniform: FloatArray, mean: FloatArray) -> FloatArray:
    """Return whole numbers with Poisson distributions, shape (n,), by inversion: one draw makes one number.

    So what is drawn does not depend on the means, and worlds that differ in one place draw the same in all others; a
    generator's own `poisson` takes more draws the greater the mean is.

    Parameters
    ----------
    uniform : ndarray, shape (n,)
        In [0, 1).
    mean : ndarray, shape (n,)
        Not negative.
    """
    large = mean >= LARGE
    number = _search(np.where(large, -1.0, uniform), np.exp(-mean), lambda step: mean / (step + 1))
    if large.any():
        number[large] = _quantile(uniform[large], mean[large], mean[large], np.sqrt(1 / mean[large]))
    return number


def binomial(uniform: FloatArray, count: FloatArray, share: FloatArray) -> FloatArray:
    """Return how many of some are chosen, whole numbers with binomial distributions, shape (n,), as `poisson` does.

    Parameters
    ----------
    uniform : ndarray, shape (n,)
        In [0, 1).
    count : ndarray, shape (n,)
        How many there are, whole.
    share : ndarray, shape (n,)
        Chance of each.
    """
    rare = np.minimum(share, 1 - share)
    odds, mean = rare / (1 - rare), count * rare
    large = mean >= LARGE
    none = (1 - rare) ** count
    number = _search(np.where(large, -1.0, uniform), none, lambda step: (count - step) / (step + 1) * odds)
    if large.any():
        variance = (mean * (1 - rare))[large]
        number[large] = _quantile(uniform[large], mean[large], variance, (1 - 2 * rare[large]) / np.sqrt(variance))
    number = np.minimum(number, count)
    return np.where(share > rare, count - number, number)


def _search(uniform: FloatArray, none: FloatArray, ratio: Callable[[IntArray], FloatArray]) -> FloatArray:
    """Return the numbers up to which distributions add up to `uniform`, going up from 0.

    Parameters
    ----------
    uniform : ndarray, shape (n,)
    none : ndarray, shape (n,)
        Chance of 0.
    ratio : callable
        The chance of one more than each of some numbers, shape (k, 1), over that of the number, shape (k, n).
    """
    number, chance, rest = np.zeros(len(uniform)), none, uniform - none
    for first in range(0, int(10 * LARGE), BLOCK):
        if not (rest >= 0).any():
            break
        chances, rests = np.empty((2, BLOCK + 1, len(uniform)))
        chances[0], chances[1:] = chance, ratio(np.arange(first, first + BLOCK)[:, None])
        np.multiply.accumulate(chances, out=chances)
        rests[0], rests[1:] = rest, chances[1:]
        np.subtract.accumulate(rests, out=rests)
        number += (rests[:-1] >= 0).sum(axis=0)
        chance, rest = chances[-1], rests[-1]
    return number


def _quantile(uniform: FloatArray, mean: FloatArray, variance: FloatArray, skewness: FloatArray) -> FloatArray:
    """Return integers with three prescribed moments, by the expansion of Cornish and Fisher (1938)."""
    normal = NormalDist()
    deviate = np.array([normal.inv_cdf(max(chance, 1e-16)) for chance in uniform.tolist()])
    spread = np.sqrt(variance - 1 / 12)  # rounding adds the rest
    return np.asarray(np.maximum(np.round(mean + spread * (deviate + skewness * (deviate**2 - 1) / 6)), 0.0))
