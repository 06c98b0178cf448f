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
        What its pilot calls it, such as a tag; it stands in the receipt, as the digest does.
    digest : str
        SHA-256 of what the operator is to run: of a container image, or of one file, such as an archive.
    name : str
        Shown on the final leaderboard; the pilot's if left out.
    """

    version: Annotated[str, LINE, Meta(min_length=1, max_length=120, examples=["v1.4.0"])]
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$", examples=["sha256:" + 64 * "a"])]
    name: Annotated[str, LINE, Meta(max_length=64)] = ""


class Declaration(Document, frozen=True, kw_only=True):
    """A version that was declared.

    Parameters
    ----------
    challenge, pilot, name, version, digest : str
    declared : datetime
    trial : str or None
        In which it runs the frozen set; null until that has begun.
    player : str or None
        The pilot that plays it, whose keys administrators make; the trial is the declaring pilot's when the edition is closed.
    """

    challenge: str
    pilot: str
    name: str
    version: str
    digest: str
    declared: Time
    trial: str | None
    player: str | None


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
