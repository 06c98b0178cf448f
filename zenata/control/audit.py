"""Audit log: who did what. It only grows; the database itself refuses to change or remove an entry."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from zenata.control.keys import Principal
from zenata.control.tables import AuditRow

BROKER_CUT_OFF = "broker.cut-off"
"""What the embedded broker's guard did to a pilot that sent far beyond its quota."""

BROKER_REFUSED = "broker.refused"
"""What the embedded broker did to a client, whose id is the target; by ``broker`` where it showed no key before."""

BROKER_LOST = "broker.lost"
"""What an audit entry calls messages that the broker has acknowledged and no longer has, as its files were damaged."""

BROKER_REMOVED = "broker.removed"
"""Retained messages of a pilot, or commands of its world that is the target, were removed, as they were too many."""

WEBHOOK_LATE = "webhook.late"
"""Late readings came for the webhook that is the target of which nobody can say any more whether they cross its level."""

WEBHOOK_DROPPED = "webhook.dropped"
"""Deliveries of the webhook that is the target were dropped, as too many wait."""

WEBHOOK_FULL = "webhook.full"
"""The webhook that is the target does not look at all of its sensors, as its pilot has room for no more."""

BACKFILL = "world.backfill"
"""A backfill was begun; the detail has how many `readings` it makes, which count against the day's quota."""

_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """An entry of the audit log.

    Parameters
    ----------
    id : int
        Rises with time; 0 until it is stored.
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


Actor = Principal | str
"""Who does something: the principal of a key, or a word such as ``shell``."""


def audit_entry(by: Actor, *, time: int, what: str, target: str, detail: Mapping[str, Any]) -> AuditEntry:
    """Return the entry of an action; of a principal, with the name of its key."""
    if isinstance(by, Principal):
        return AuditEntry(time=time, who=by.pilot, what=what, target=target, detail={"key": by.key, **detail})
    return AuditEntry(time=time, who=by, what=what, target=target, detail=dict(detail))


def audit_row(entry: AuditEntry) -> AuditRow:
    """Return the row of an entry: added to the session of the change, it is stored if and only if the change is."""
    return AuditRow(
        time=entry.time, who=entry.who, what=entry.what, target=entry.target[:_LONGEST], detail=dict(entry.detail)
    )


class Audit:
    """The audit log in a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, entry: AuditEntry) -> None:
        """Store an entry."""
        with Session(self._engine) as session, session.begin():
            session.add(audit_row(entry))

    def backfilled(self, pilot: str, since: int) -> int:
        """Return how many readings a pilot's backfills make that were begun at `since` [us since the Unix epoch] or later.

        From the log, and not from the worlds: a world that is deleted gives nothing back.
        """
        entries = self.entries(who=pilot, what=(BACKFILL,), since=since, limit=100_000)
        return sum(int(entry.detail.get("readings", 0)) for entry in entries)

    def entries(
        self,
        *,
        who: str | None = None,
        what: Collection[str] = (),
        since: int | None = None,
        before: int | None = None,
        limit: int = 1000,
    ) -> Sequence[AuditEntry]:
        """Return entries, newest first.

        Parameters
        ----------
        who : str or None
            Only by this one.
        what : collection of str
            Only these actions; all if empty.
        since : int or None
            Only from this time on [us since the Unix epoch].
        before : int or None
            Only with an `id` below this.
        limit : int
        """
        chosen = select(AuditRow).limit(limit)
        if who is not None:
            chosen = chosen.where(AuditRow.who == who)
        if what:
            chosen = chosen.where(AuditRow.what.in_(what))
        if since is not None:  # in the order of the times, so that SQLite looks for these and not through all entries
            chosen = chosen.where(AuditRow.time >= since).order_by(AuditRow.time.desc())
        if before is not None:
            chosen = chosen.where(AuditRow.id < before)
        chosen = chosen.order_by(AuditRow.id.desc())
        with Session(self._engine) as session:
            return [
                AuditEntry(id=row.id, time=row.time, who=row.who, what=row.what, target=row.target, detail=row.detail)
                for row in session.scalars(chosen)
            ]
