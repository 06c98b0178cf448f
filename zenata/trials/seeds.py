"""Seeds of trials: what the world of a seed draws from, and the commitment that is published before they are shown.

A seed is a number and a secret of 32 bytes. Worlds of trials are sealed (docs/decisions/0034-sealed-worlds.md): the number
alone makes no world. The secret of a practice seed follows from its number, so that anybody may compute the world once the
number is known; that of a graded seed is random, and is shown when its edition is closed.
"""

import secrets
from collections.abc import Sequence
from hashlib import blake2b, sha256

import msgspec
import numpy as np
from numpy.random import Generator

from zenata.city.clock import SECOND, parse_time

MAX_NUMBER = 2**63 - 1
"""The largest number of a seed."""

SECRET_BYTES = 32

_PRACTICE = b"zenata practice seed"
_FIRST_DAY = parse_time("2026-01-01T00:00:00Z")
_DAYS = 365
_DAY = 86_400 * SECOND


class Seed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a world of a trial draws from.

    Parameters
    ----------
    number : int
        From 0 to `MAX_NUMBER`.
    secret : str
        32 bytes in hex.
    variant : str
        Under which other conditions its world runs (`zenata.trials.variants`); empty for none.
    """

    number: int
    secret: str
    variant: str = ""

    @property
    def key(self) -> bytes:
        """The secret as bytes."""
        return bytes.fromhex(self.secret)


def practice_seed(number: int, variant: str = "") -> Seed:
    """Return the practice seed of a number; its secret follows from the number, in all variants."""
    secret = blake2b(number.to_bytes(8, "little"), digest_size=32, key=_PRACTICE).hexdigest()
    return Seed(number=number, secret=secret, variant=variant)


def random_number() -> int:
    """Return the number of a new practice seed, which nobody guesses."""
    return secrets.randbelow(MAX_NUMBER)


def graded_seed() -> Seed:
    """Return a new seed that nobody can compute."""
    return Seed(number=random_number(), secret=secrets.token_hex(SECRET_BYTES))


def commitment_of(seeds: Sequence[Seed]) -> str:
    """Return the SHA-256, in hex, of seeds as JSON: published before a trial, it shows later that none was changed."""
    return sha256(msgspec.json.encode(seeds)).hexdigest()


def generator(challenge: str, seed: Seed) -> Generator:
    """Return the generator of what is hidden in the world of a seed: its first day, and its events."""
    message = f"{challenge} {seed.number}".encode()
    key = blake2b(message, digest_size=16, key=seed.key).digest()
    return Generator(np.random.Philox(key=np.frombuffer(key, dtype="<u8")))


def first_day(rng: Generator) -> int:
    """Draw the first moment of a world, midnight UTC of a day of 2026 [us since the Unix epoch]."""
    return _FIRST_DAY + int(rng.integers(_DAYS)) * _DAY
