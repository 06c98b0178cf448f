"""The ledger of messages, and dead letters."""

from typing import Literal

from .base import Document, Time, Titles


class Balance(Document, frozen=True, kw_only=True):
    """A balance: `published` is the sum of `stored`, `rejected`, `in_flight` and `missing`.

    Parameters
    ----------
    repeated : int
        Messages that came once more, and were counted once.
    """

    published: int
    stored: int
    rejected: int
    in_flight: int
    missing: int
    repeated: int


class WorldBalance(Balance, frozen=True, kw_only=True):
    """The balance of a world.

    Parameters
    ----------
    world : str
    pilot : str
        Its owner; empty for the shared city.
    """

    world: str
    pilot: str


class PilotBalance(Balance, frozen=True, kw_only=True):
    """The balance of all worlds of a pilot."""

    pilot: str


class Ledger(Document, frozen=True, kw_only=True):
    """What became of every message, by world and by pilot."""

    items: list[WorldBalance]
    pilots: list[PilotBalance]
    next: None


class SensorAccount(Document, frozen=True, kw_only=True):
    """What became of one sensor's messages.

    Parameters
    ----------
    gaps : list
        First and last number of each run of missing messages.
    """

    world: str
    sensor: str
    stored: int
    rejected: int
    missing: int
    repeated: int
    gaps: list[tuple[int, int]]


class DeadLetter(Document, frozen=True, kw_only=True):
    """A message that could not become readings.

    Parameters
    ----------
    received : datetime
    topic : str
    sensor : str or None
    seq : int or None
    code, reason : str
        What is wrong with it, as a word and in words.
    reasons : Titles
        The reason by language.
    size : int
        Of the payload as it came [bytes].
    digest : str or None
        SHA-256 in hex of the whole payload, of which only the beginning is stored; None if all is.
    payload : str or None
        Text, or base64; None unless it was asked for.
    encoding : str or None
        Of `payload`.
    """

    received: Time
    topic: str
    sensor: str | None
    seq: int | None
    code: str
    reason: str
    reasons: Titles
    size: int
    digest: str | None
    payload: str | None
    encoding: Literal["utf-8", "base64"] | None


class ReplayResult(Document, frozen=True, kw_only=True):
    """How many dead letters became readings, and how many are still dead."""

    mended: int
    dead: int
