"""What the register of webhooks does to rows, within a transaction that somebody else has begun."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from api.webhooks.tables import DeliveryRow, StateRow
from api.webhooks.webhook import AT_ONCE, MAX_DROPPED, MAX_WAITING, Delivery, State, Status, Webhook
from zenata.control.audit import AuditEntry, audit_row
from zenata.control.tables import AuditRow

_ROWS = 1000  # states stored at once


def store_states(session: Session, id_: str, states: Mapping[str, State]) -> None:
    """Store states all at once: there may be thousands of a webhook."""
    rows = [{"webhook": id_, "key": key, **asdict(state)} for key, state in states.items()]
    for begin in range(0, len(rows), _ROWS):
        some = rows[begin : begin + _ROWS]
        keys = select(StateRow.key).where(StateRow.webhook == id_, StateRow.key.in_([row["key"] for row in some]))
        there = set(session.scalars(keys))
        if old := [row for row in some if row["key"] in there]:
            session.execute(update(StateRow), old)
        if new := [row for row in some if row["key"] not in there]:
            session.execute(insert(StateRow), new)


def due_of(session: Session, id_: str, now: int, busy: Collection[str]) -> list[DeliveryRow]:
    """Return the deliveries of a webhook that may be made now: of each subject the oldest, if it is due."""
    pending = (DeliveryRow.webhook == id_, DeliveryRow.status == Status.PENDING)
    chosen = select(DeliveryRow.id, DeliveryRow.subject, DeliveryRow.due).where(*pending)
    subjects, due = set[str](), list[tuple[int, str]]()
    for one, subject, moment in session.execute(chosen.order_by(DeliveryRow.made, DeliveryRow.id)):
        if subject and subject in subjects:
            continue
        subjects.add(subject)
        if (moment or 0) <= now and one not in busy:
            due.append((moment or 0, one))
    ids = [one for _, one in sorted(due)][: max(AT_ONCE - len(busy), 0)]
    # Still due: on PostgreSQL another process may have claimed one since the query before.
    still_due = select(DeliveryRow).where(DeliveryRow.id.in_(ids), *pending, DeliveryRow.due <= now)
    rows = {row.id: row for row in session.scalars(still_due)}
    return [rows[one] for one in ids if one in rows]


def count_of(session: Session, id_: str, status: Status) -> int:
    """Return how many deliveries of a webhook have a status."""
    chosen = select(func.count()).where(DeliveryRow.webhook == id_, DeliveryRow.status == status)
    return session.scalar(chosen) or 0


def trim_dropped(session: Session, id_: str) -> None:
    """Remove the oldest dropped deliveries beyond `MAX_DROPPED`."""
    dropped = (DeliveryRow.webhook == id_, DeliveryRow.status == Status.DROPPED)
    newest = select(DeliveryRow.id).where(*dropped).order_by(DeliveryRow.made.desc(), DeliveryRow.id.desc())
    if old := session.scalars(newest.offset(MAX_DROPPED)).all():
        session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(old)))


def audit_entry_of(hook: Webhook, what: str, now: int, **detail: object) -> AuditRow:
    """Return the audit entry of something that a webhook did not do at a time of day [us]."""
    about = {"name": hook.name, **detail}
    return audit_row(AuditEntry(time=now, who=hook.pilot, what=what, target=hook.id, detail=about))


def as_dropped(one: Delivery) -> Delivery:
    """Return a delivery as it is logged that finds no room."""
    why = f"{MAX_WAITING:,} deliveries of this webhook wait already"
    return replace(one, status=Status.DROPPED, due=None, error=why)


def drop_waiting(session: Session, id_: str, reason: str) -> None:
    """Drop what waits for a webhook."""
    waiting = update(DeliveryRow).where(DeliveryRow.webhook == id_, DeliveryRow.status == Status.PENDING)
    session.execute(waiting.values(status=Status.DROPPED, due=None, error=reason))
