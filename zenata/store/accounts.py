"""What became of messages: the words of the ledger.

See `zenata.store.ledger`, which keeps the accounts.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import IndexArray, IntArray

FATES = ("stored", "rejected", "in_flight", "missing", "repeated")
"""What can become of a message; repetitions beside."""

Ranges = list[tuple[int, int]]
"""Ascending, both ends included, with gaps between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What is known of one sensor's messages.

    Parameters
    ----------
    world, sensor : str
    stored : int
        Messages whose readings are kept.
    rejected : int
        Messages that became dead letters.
    missing : int
        Messages that never came, though later ones did.
    repeated : int
        Times that a message came again; it changed nothing.
    gaps : tuple of (int, int)
        First and last number of each run of missing messages.
    """

    world: str
    sensor: str
    stored: int
    rejected: int
    missing: int
    repeated: int
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The sum of a world's accounts; `in_flight` are those that the world says it published and that have not come."""

    stored: int
    rejected: int
    in_flight: int
    missing: int
    repeated: int

    @property
    def published(self) -> int:
        """How many messages there were."""
        return self.stored + self.rejected + self.in_flight + self.missing


class Kept(NamedTuple):
    """An account as a store keeps it: what has come are the numbers up to `head`, and the ranges beyond."""

    world: str
    sensor: str
    head: int
    beyond: Ranges
    stored: int
    numbered: int
    unnumbered: int
    repeated: int


class Fate(IntEnum):
    """What became of a message."""

    STORED = 0
    REJECTED = 1
    MENDED = 2  # it was rejected, and is stored now


class Entries(NamedTuple):
    """Messages to enter, columns of shape (n,): `account`, `seq` (0 for one that told no number) and `fate`."""

    account: IndexArray
    seq: IntArray
    fate: npt.NDArray[np.uint8]

    def take(self, chosen: npt.NDArray[np.bool_]) -> "Entries":
        """Return some of them, by mask."""
        return Entries(self.account[chosen], self.seq[chosen], self.fate[chosen])

    def join(self, other: "Entries") -> "Entries":
        """Return these and others behind them."""
        return Entries(
            np.concatenate((self.account, other.account)),
            np.concatenate((self.seq, other.seq)),
            np.concatenate((self.fate, other.fate)),
        )
