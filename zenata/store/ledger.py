"""The ledger of messages: one account for each sensor of each world.

A sensor numbers its messages from 1. The account knows which numbers have come, and what became of them:

    published = stored + rejected + in flight + missing

What is above the highest number that came is still in flight; what is below it and never came is missing. A message
that was rejected and had no number stands for a missing one, or, where none is missing, for one more published.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zenata.city.readings import IndexArray, IntArray, ReadingBatch
from zenata.store.dead_letters import DeadLetter

FATES = ("stored", "rejected", "in_flight", "missing", "repeated")
"""The terms of a balance; repeated messages are counted beside."""

Ranges = list[tuple[int, int]]
"""Ascending, both ends included, with gaps between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account of one sensor's messages.

    Parameters
    ----------
    world, sensor : str
    stored : int
        Messages whose readings are stored.
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
    """The sum of a world's accounts; `in_flight` are messages that the world has announced and that have not come."""

    stored: int
    rejected: int
    in_flight: int
    missing: int
    repeated: int

    @property
    def published(self) -> int:
        """How many messages there were."""
        return self.stored + self.rejected + self.in_flight + self.missing


class AccountState(NamedTuple):
    """An account as stores write it: the numbers up to `head` have come, and the ranges `beyond` it."""

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
    REPLAYED = 2  # rejected before, stored now


class Entries(NamedTuple):
    """Messages to enter, columns of shape (n,): `account`, `seq` (0 for one without a number) and `fate`."""

    account: IndexArray
    seq: IntArray
    fate: npt.NDArray[np.uint8]

    def take(self, chosen: npt.NDArray[np.bool_]) -> "Entries":
        """Return the entries of a mask."""
        return Entries(self.account[chosen], self.seq[chosen], self.fate[chosen])

    def join(self, other: "Entries") -> "Entries":
        """Return these entries, then others."""
        return Entries(
            np.concatenate((self.account, other.account)),
            np.concatenate((self.seq, other.seq)),
            np.concatenate((self.fate, other.fate)),
        )


_COLUMNS = ("head", "highest", "stored", "numbered", "unnumbered", "repeated")
_CAPACITY = 1024  # accounts at first; doubled when full


class Ledger:
    """The accounts. One thread at a time may settle; any may read meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: list[tuple[str, str]] = []
        self._of_world: dict[str, list[int]] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._beyond: dict[int, Ranges] = {}  # of the accounts that miss some
        self._announced: dict[str, int] = {}
        self._data: dict[str, IntArray] = {name: np.zeros(_CAPACITY, dtype=np.int64) for name in _COLUMNS}

    def number(self, world: str, sensor: str) -> int:
        """Return the number of an account, opened if there is none."""
        number = self._numbers.get((world, sensor))
        if number is None:
            with self._lock:
                number = len(self._names)
                if number == len(self._data["head"]):
                    self._data = {name: np.concatenate((column, 0 * column)) for name, column in self._data.items()}
                self._names.append((world, sensor))
                self._numbers[world, sensor] = number
                self._of_world.setdefault(world, []).append(number)
        return number

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self._names)

    def names(self, first: int) -> list[tuple[str, str]]:
        """Return world and sensor of the accounts numbered `first` and above, in order."""
        return self._names[first:]

    def announce(self, world: str, messages: int) -> None:
        """Set how many messages a world says it has published."""
        self._announced[world] = messages

    def entries(
        self,
        batch: ReadingBatch,
        account: IndexArray,
        dead_letters: Sequence[DeadLetter],
        replayed: Sequence[DeadLetter],
    ) -> Entries:
        """Return what is to be entered when a batch and dead letters are stored.

        Parameters
        ----------
        batch : ReadingBatch
        account : ndarray of int32, shape (n,)
            Of each of its readings.
        dead_letters : sequence of DeadLetter
        replayed : sequence of DeadLetter
            Those that the batch was made of, if it was.
        """
        stored = _messages(batch, account)
        rejected, moved = self._of(dead_letters, Fate.REJECTED), self._of(replayed, Fate.REPLAYED)
        if replayed:
            same = set(zip(moved.account.tolist(), moved.seq.tolist(), strict=True))
            pairs = zip(stored.account.tolist(), stored.seq.tolist(), strict=True)
            stored = stored.take(np.array([pair not in same for pair in pairs], dtype=np.bool_))
        return stored.join(rejected).join(moved)

    def _of(self, dead_letters: Sequence[DeadLetter], fate: Fate) -> Entries:
        known = [dead_letter for dead_letter in dead_letters if dead_letter.is_numbered]
        numbers = [self.number(dead_letter.world, dead_letter.sensor) for dead_letter in known]
        return Entries(
            np.array(numbers, dtype=np.int32),
            np.array([dead_letter.seq for dead_letter in known], dtype=np.int64),
            np.full(len(known), fate, dtype=np.uint8),
        )

    def enter(self, entries: Entries) -> None:
        """Enter messages. One whose number has come before is a repetition.

        Entering the same again changes nothing but the count of repetitions, so a batch may be entered again after
        a kill.
        """
        data = self._data
        numbered = entries.seq > 0
        for fate, name in ((Fate.STORED, "stored"), (Fate.REJECTED, "numbered")):
            chosen = (entries.fate == fate) & numbered
            if chosen.any():
                self._settle(entries.account[chosen], entries.seq[chosen], name)
        with self._lock:
            np.add.at(data["unnumbered"], entries.account[(entries.fate == Fate.REJECTED) & ~numbered], 1)
            replayed = entries.fate == Fate.REPLAYED
            np.subtract.at(data["unnumbered"], entries.account[replayed & ~numbered], 1)
            np.subtract.at(data["numbered"], entries.account[replayed & numbered], 1)
            np.add.at(data["stored"], entries.account[replayed & numbered], 1)

    def _settle(self, account: IndexArray, seq: IntArray, column: str) -> None:
        """Count messages, shape (n,), with numbers from 1, in a column."""
        order = np.lexsort((seq, account))
        account, seq = account[order], seq[order]
        all_ = np.unique(account, return_counts=True)[1]
        other = differs(account, seq)
        account, seq = account[other], seq[other]
        first = np.flatnonzero(differs(account))
        count = np.diff(np.append(first, len(account)))
        who, low, high = account[first], seq[first], seq[first + count - 1]
        data = self._data
        with self._lock:
            in_order = (low == data["highest"][who] + 1) & (low == data["head"][who] + 1) & (high - low + 1 == count)
            data["head"][who[in_order]] = data["highest"][who[in_order]] = high[in_order]
            new = np.where(in_order, count, 0)
            for index in np.flatnonzero(~in_order).tolist():
                new[index] = self._unite(int(who[index]), seq[first[index] : first[index] + count[index]].tolist())
            data[column][who] += new
            data["repeated"][who] += all_ - new

    def balance(self, world: str) -> Balance:
        """Return the sum of the accounts of a world."""
        with self._lock:
            chosen = np.array(self._of_world.get(world, []), dtype=np.int64)
            highest, stored, rejected, missing, repeated = self._sums(chosen)
            in_flight = max(self._announced.get(world, 0) - highest, 0)
        return Balance(stored=stored, rejected=rejected, in_flight=in_flight, missing=missing, repeated=repeated)

    def worlds(self) -> list[str]:
        """Return the worlds that have messages, or announced some."""
        with self._lock:
            known = self._data["highest"][: len(self._names)] + self._data["unnumbered"][: len(self._names)]
            return sorted({self._names[number][0] for number in np.flatnonzero(known)} | set(self._announced))

    def accounts(self, world: str) -> list[Account]:
        """Return the accounts of a world, by sensor."""
        with self._lock:
            chosen = sorted((sensor, number) for number, (of, sensor) in enumerate(self._names) if of == world)
            return [self._account(number) for _, number in chosen]

    def states(self) -> list[AccountState]:
        """Return the states of all accounts, by number."""
        with self._lock:
            names = ("head", "stored", "numbered", "unnumbered", "repeated")
            rows = zip(*(self._data[name].tolist() for name in names), strict=True)
            return [
                AccountState(world, sensor, head, list(self._beyond.get(number, ())), *counts)
                for number, ((world, sensor), (head, *counts)) in enumerate(zip(self._names, rows, strict=False))
            ]

    def restore(self, states: Iterable[AccountState]) -> None:
        """Set accounts to stored states."""
        for one in states:
            number = self.number(one.world, one.sensor)
            highest = one.beyond[-1][1] if one.beyond else one.head
            for name, value in zip(_COLUMNS, (one.head, highest, *one[4:]), strict=True):
                self._data[name][number] = value
            self._beyond.pop(number, None)
            if one.beyond:
                self._beyond[number] = [(low, high) for low, high in one.beyond]

    def forget(self, world: str) -> None:
        """Close the accounts of a world; the others get new numbers, in the same order."""
        with self._lock:
            self._announced.pop(world, None)
            stay = [number for number, (of, _) in enumerate(self._names) if of != world]
            self._beyond = {new: self._beyond[old] for new, old in enumerate(stay) if old in self._beyond}
            self._names = [self._names[number] for number in stay]
            self._numbers = {name: number for number, name in enumerate(self._names)}
            self._of_world = {}
            for number, (of, _) in enumerate(self._names):
                self._of_world.setdefault(of, []).append(number)
            for name, column in self._data.items():
                self._data[name] = np.zeros_like(column)
                self._data[name][: len(stay)] = column[stay]

    def _sums(self, chosen: npt.NDArray[np.int64]) -> tuple[int, ...]:
        """Return highest, stored, rejected, missing and repeated, in all."""
        highest, stored, numbered, unnumbered, repeated = (self._data[name][chosen] for name in _COLUMNS[1:])
        missing = np.maximum(highest - stored - numbered - unnumbered, 0)
        rejected = numbered + unnumbered
        return tuple(int(column.sum()) for column in (highest, stored, rejected, missing, repeated))

    def _account(self, number: int) -> Account:
        _, stored, rejected, missing, repeated = self._sums(np.array([number]))
        ends = [int(self._data["head"][number])]
        gaps = []
        for low, high in self._beyond.get(number, ()):
            gaps.append((ends[-1] + 1, low - 1))
            ends.append(high)
        world, sensor = self._names[number]
        return Account(
            world=world,
            sensor=sensor,
            stored=stored,
            rejected=rejected,
            missing=missing,
            repeated=repeated,
            gaps=tuple(gaps),
        )

    def _unite(self, number: int, seqs: Sequence[int]) -> int:
        """Enter numbers where there are gaps, or will be; return how many had not come before."""
        head, ranges, new = int(self._data["head"][number]), self._beyond.get(number, []), 0
        for seq in seqs:
            index = bisect_right(ranges, (seq, seq))
            before, behind = ranges[index - 1 : index], ranges[index : index + 1]
            if seq <= head or (before and seq <= before[0][1]) or (behind and seq >= behind[0][0]):
                continue
            new += 1
            low = before[0][0] if before and before[0][1] == seq - 1 else seq
            high = behind[0][1] if behind and behind[0][0] == seq + 1 else seq
            ranges[index - (low < seq) : index + (high > seq)] = [(low, high)]
            if ranges[0][0] == head + 1:
                head = ranges.pop(0)[1]
        self._data["head"][number] = head
        self._data["highest"][number] = ranges[-1][1] if ranges else head
        self._beyond.pop(number, None)
        if ranges:
            self._beyond[number] = ranges
        return new


def _messages(batch: ReadingBatch, account: IndexArray) -> Entries:
    """Return the messages that the readings of a batch came in, each once, however many readings it had.

    One that came more than once, so that readings of it are there more than once, is there as often.
    """
    numbered = np.flatnonzero(batch.seq)
    account, seq = account[numbered], batch.seq[numbered]
    series, time = batch.series[numbered], batch.time[numbered]
    order = np.lexsort((time, series, seq, account))
    account, seq, series, time = account[order], seq[order], series[order], time[order]
    own = differs(account, seq)
    first = np.flatnonzero(own)[np.cumsum(own) - 1]
    again = (series == series[first]) & (time == time[first])
    chosen = own | again
    return Entries(account[chosen], seq[chosen], np.full(chosen.sum(), Fate.STORED, dtype=np.uint8))


def differs(*columns: IndexArray | IntArray) -> npt.NDArray[np.bool_]:
    """Return whether each row of columns of shape (n,) is another than the one before it."""
    found = np.zeros(len(columns[0]), dtype=np.bool_)
    found[:1] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found
