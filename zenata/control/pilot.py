"""Pilots, their quotas and budget entries; plain values."""

from dataclasses import dataclass, field

import msgspec

from zenata.control.keys import Role
from zenata.errors import ReasonError


class PilotError(ReasonError):
    """Something about pilots cannot be made or changed as requested.

    Reasons: ``invalid``: the request is not valid; ``conflict``: it cannot be as things are; ``limit``: it is too much;
    ``unknown``: there is no such pilot or key; ``rate``: it is too often.
    """


class Quotas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pilot may use up. The defaults are chosen, not measured.

    Parameters
    ----------
    requests_per_minute : int
        Over HTTP, in the long run; so many at once, too.
    messages_per_second : float
        That its devices send, in the long run.
    points_per_day : int
        Readings that its devices have in a day of UTC.
    worlds : int
        Private worlds at once.
    storage : int
        Size of its exports [bytes].
    """

    requests_per_minute: int = 6000
    messages_per_second: float = 100.0
    points_per_day: int = 5_000_000
    worlds: int = 4
    storage: int = 5_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Pilot:
    """Somebody who uses the sandbox: a startup, or people of SAZ.

    Parameters
    ----------
    name : str
    role : Role
    contact, theme, edition : str
        Whom to write to; what the pilot is about; the edition of the programme that it came with.
    made : int
        [us since the Unix epoch]
    suspended : int or None
        Since when none of its keys is good for anything [us since the Unix epoch].
    reason : str
        Why.
    quotas : dict
        Those members of `Quotas` that it has of its own.
    actuators : tuple of str
        Devices of the shared city that it may command.
    """

    name: str
    role: Role
    contact: str = ""
    theme: str = ""
    edition: str = ""
    made: int
    suspended: int | None = None
    reason: str = ""
    quotas: dict[str, float] = field(default_factory=dict)
    actuators: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a pilot's budget.

    Parameters
    ----------
    date : str
        Day that it is of, as ``2026-11-23``.
    centimes : int
        Hundredths of a dirham; below zero for what was spent.
    note, by : str
        What it is for, and who entered it.
    """

    date: str
    centimes: int
    note: str
    by: str
