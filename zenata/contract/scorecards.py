"""Scorecards: whether a pilot may go to the street, and what says so."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from .base import LINE, Body, Document, Time

CheckVerdict: TypeAlias = Literal["passed", "failed", "unknown", "waived"]


class NewException(Body, frozen=True, kw_only=True):
    """Why a check of a pilot's scorecard is waived.

    Parameters
    ----------
    name : str
        Who answers for it: a person.
    reason : str
    """

    name: Annotated[str, LINE, Meta(min_length=1, max_length=100)]
    reason: Annotated[str, LINE, Meta(min_length=1, max_length=500)]


class CheckException(Document, frozen=True, kw_only=True):
    """An exception to a check; it stands in the audit log.

    Parameters
    ----------
    time : datetime
    by : str
        The pilot whose key granted it.
    name, reason : str
    """

    time: Time
    by: str
    name: str
    reason: str


class Check(Document, frozen=True, kw_only=True):
    """A line of a scorecard.

    Parameters
    ----------
    check : str
        `reference:` and a challenge, `commands`, `freshness`, `error-budget` or `findings`.
    verdict : str
        `passed`; `failed`; `unknown` where nothing says so yet; `waived` where it is one of these two, and an exception was made.
    detail : str
        What was found, and what is asked for.
    evidence : list of str
        Paths of what says so, such as receipts.
    exception : CheckException or None
    details : dict of str
        `detail` by language: en, fr, ar.
    """

    check: str
    verdict: CheckVerdict
    detail: str
    evidence: list[str]
    exception: CheckException | None
    details: dict[str, str] = field(default_factory=dict)


class Scorecard(Document, frozen=True, kw_only=True):
    """Whether a pilot may go to the street: all checks are passed or waived.

    Parameters
    ----------
    pilot, edition : str
    made : datetime
    ready : bool
    challenges : list of str
        In which it has to be above the reference.
    checks : list of Check
    """

    pilot: str
    edition: str
    made: Time
    ready: bool
    challenges: list[str]
    checks: list[Check]
