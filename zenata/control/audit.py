"""Who did what: a log that only grows. The database itself refuses to change or remove a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from zenata.control.keys import Principal
from zenata.control.tables import AuditRow

_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What somebody did.

    Parameters
    ----------
    id : int
        Rises with time; 0 until it is kept.
    time : int
        [us since the Unix epoch]
    who : str
        A pilot, or ``shell`` for whoever runs commands where the city runs.
    what : str
        Such as ``pilot.suspend``, or a route that changes something.
    target : str
        What it was done to.
    detail : dict
        More about it; never a secret.
    """

    id: int = 0
    time: int
    who: str
    what: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)


By = Principal | str
"""Whoever does something: somebody with a key, or a word such as ``shell``."""


def deed_of(by: By, *, time: int, what: str, target: str, detail: Mapping[str, Any]) -> Deed:
    """Return what somebody did; of somebody with a key, with the key's name too."""
    if isinstance(by, Principal):
        return Deed(time=time, who=by.pilot, what=what, target=target, detail={"key": by.key, **detail})
    return Deed(time=time, who=by, what=what, target=target, detail=dict(detail))


def row_of(deed: Deed) -> AuditRow:
    """Return a deed as what is to be added to a session, so that it is kept if and only if what was done is."""
    return AuditRow(
        time=deed.time, who=deed.who, what=deed.what, target=deed.target[:_LONGEST], detail=dict(deed.detail)
    )


class Audit:
    """The log in a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, deed: Deed) -> None:
        """Keep what was done."""
        with Session(self._engine) as session, session.begin():
            session.add(row_of(deed))

    def deeds(self, *, who: str | None = None, before: int | None = None, limit: int = 1000) -> Sequence[Deed]:
        """Return what was done, newest first.

        Parameters
        ----------
        who : str or None
            Only by this one.
        before : int or None
            Only with an `id` below this.
        limit : int
        """
        chosen = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if who is not None:
            chosen = chosen.where(AuditRow.who == who)
        if before is not None:
            chosen = chosen.where(AuditRow.id < before)
        with Session(self._engine) as session:
            return [
                Deed(id=row.id, time=row.time, who=row.who, what=row.what, target=row.target, detail=row.detail)
                for row in session.scalars(chosen)
            ]
