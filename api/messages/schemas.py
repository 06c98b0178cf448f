"""The JSON documents about what became of messages."""

from typing import Annotated, Literal

from pydantic import Field

from api.city.schemas import Document


class BalanceDocument(Document):
    """A balance: `published` is the sum of `stored`, `rejected`, `in_flight` and `missing`."""

    published: int
    stored: int
    rejected: int
    in_flight: int
    missing: int
    repeated: int


class WorldBalance(BalanceDocument):
    """The balance of a world, and whose it is; empty for the shared city."""

    world: str
    pilot: str


class PilotBalance(BalanceDocument):
    """The balance of all worlds of a pilot."""

    pilot: str


class LedgerDocument(Document):
    """What became of every message."""

    items: list[WorldBalance]
    pilots: list[PilotBalance]
    next: None


class AccountDocument(Document):
    """What became of one sensor's messages; `gaps` are first and last number of each run of missing ones."""

    world: str
    sensor: str
    stored: int
    rejected: int
    missing: int
    repeated: int
    gaps: list[Annotated[list[int], Field(min_length=2, max_length=2)]]


class AccountPage(Document):
    """The accounts of a world, by sensor."""

    items: list[AccountDocument]
    next: str | None


class LetterDocument(Document):
    """A message that could not become readings; `payload` is text, or base64 where it is none."""

    received: str
    topic: str
    sensor: str | None
    seq: int | None
    code: str
    reason: str
    payload: str
    encoding: Literal["utf-8", "base64"]


class LetterPage(Document):
    """Dead letters, newest first."""

    items: list[LetterDocument]
    next: str | None


class ReplayDocument(Document):
    """How many dead letters became readings, and how many are still dead."""

    mended: int
    dead: int
