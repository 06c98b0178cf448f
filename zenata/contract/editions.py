"""Editions: the frozen set of seeds that one closes with, and the versions declared for it."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from .base import LINE, Body, Document, Time

EditionPhase: TypeAlias = Literal["unopened", "open", "frozen", "closed"]


class NewDeclaration(Body, frozen=True, kw_only=True):
    """The version of a service that is to run the frozen set of a challenge.

    Parameters
    ----------
    version : str
        What names it for good, such as a tag or the digest of an image; it stands in the receipt.
    name : str
        Shown on the final leaderboard; the pilot's if left out.
    """

    version: Annotated[str, LINE, Meta(min_length=1, max_length=200, examples=["v1.4.0"])]
    name: Annotated[str, LINE, Meta(max_length=64)] = ""


class Declaration(Document, frozen=True, kw_only=True):
    """A version that was declared.

    Parameters
    ----------
    challenge, pilot, name, version : str
    declared : datetime
    trial : str or None
        In which it runs the frozen set; null until that has begun.
    """

    challenge: str
    pilot: str
    name: str
    version: str
    declared: Time
    trial: str | None


class Edition(Document, frozen=True, kw_only=True):
    """An edition of the programme.

    Parameters
    ----------
    edition : str
    phase : str
        `unopened`: it has no frozen set; `open`: versions are declared; `frozen`: they run the frozen set, and nothing else
        counts; `closed`: leaderboards are final, and receipts show the seeds.
    opened, frozen, closed : datetime or None
    commitment : str or None
        SHA-256 of the seeds of the frozen set, in hex; receipts of its runs have the same.
    seeds : int
        How many seeds the frozen set has.
    declarations : list of Declaration
        One's own; for engineers and administrators all.
    """

    edition: str
    phase: EditionPhase
    opened: Time | None
    frozen: Time | None
    closed: Time | None
    commitment: str | None
    seeds: int
    declarations: list[Declaration]
