"""Register of webhooks and their deliveries, in the control data.

A delivery is recorded with the state that it reports, in one transaction, and stays until it has arrived or was given
up. Whoever delivers claims it for a while; if that process is killed, the delivery is due again when the claim ends.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from api.webhooks.conditions import PassedOver
from api.webhooks.tables import DeliveryRow, StateRow, WebhookRevision, WebhookRow
from api.webhooks.webhook import (
    MAX_DROPPED,
    MAX_LOGGED,
    MAX_WAITING,
    MAX_WEBHOOKS,
    Delivery,
    State,
    Status,
    Webhook,
    WebhookError,
)
from zenata.city.clock import format_time
from zenata.control.audit import WEBHOOK_LATE, AuditEntry, audit_row

AT_ONCE = 8
"""Deliveries of one webhook under way at once. A default."""

AT_ONCE_OF_PILOT = 32
"""Deliveries of one pilot under way at once, by one process: the end of each is a commit, which those of others wait for. A default."""

_ROWS = 1000  # states stored at once
_NOTHING: Mapping[str, Collection[str]] = {}


class Webhooks:
    """The webhooks in a database. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.

    Attributes
    ----------
    on_pending : callable
        Called when this process has recorded deliveries, or made one due.
    changes : int
        How often this process has changed a webhook.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.on_pending: Callable[[], object] = lambda: None
        self.changes = 0

    def add(self, hook: Webhook) -> None:
        """Make a webhook.

        Raises
        ------
        WebhookError
            If the pilot has too many.
        """
        with self._changing() as session:
            count = session.scalar(select(func.count()).where(WebhookRow.pilot == hook.pilot)) or 0
            if count >= MAX_WEBHOOKS:
                raise WebhookError(f"there are {count} webhooks already, the most that a pilot may have", "limit")
            session.add(WebhookRow(**asdict(hook)))

    def webhook(self, pilot: str, id_: str) -> Webhook:
        """Return a pilot's webhook.

        Raises
        ------
        WebhookError
            If the pilot has none of that id, whoever else has.
        """
        with Session(self._engine) as session:
            return _row(session, pilot, id_).webhook

    def webhooks(self, pilot: str | None = None) -> list[Webhook]:
        """Return the webhooks of one pilot, or all, the oldest first."""
        chosen = select(WebhookRow).order_by(WebhookRow.made, WebhookRow.id)
        if pilot is not None:
            chosen = chosen.where(WebhookRow.pilot == pilot)
        with Session(self._engine) as session:
            return [row.webhook for row in session.scalars(chosen)]

    def change(self, pilot: str, id_: str, *, restart: int | None = None, **changes: Any) -> Webhook:  # noqa: ANN401 - the members of a Webhook
        """Change members of a webhook, and return it.

        Parameters
        ----------
        pilot, id_ : str
        restart : int or None
            When its condition starts again, as if it had just been made [us]; None to go on with it.
        **changes : Any

        Raises
        ------
        WebhookError
            If the pilot has none of that id.
        """
        with self._changing() as session:
            row = _row(session, pilot, id_)
            for name, value in changes.items():
                setattr(row, name, value)
            if restart is not None:
                row.seen, row.begun = None, restart
                session.execute(delete(StateRow).where(StateRow.webhook == id_))
            if not row.enabled:
                _drop_waiting(session, id_, row.reason or "the webhook was switched off")
            session.flush()
            return row.webhook

    def remove(self, pilot: str, id_: str) -> None:
        """Remove a webhook and its deliveries.

        Raises
        ------
        WebhookError
            If the pilot has none of that id.
        """
        with self._changing() as session:
            session.delete(_row(session, pilot, id_))

    def revision(self) -> int:
        """Return a number that rises with every change of a webhook."""
        with Session(self._engine) as session:
            return session.scalar(select(WebhookRevision.number)) or 0

    def states(self, id_: str) -> dict[str, State]:
        """Return the stored states of the condition of a webhook, by sensor or event."""
        with Session(self._engine) as session:
            rows = session.scalars(select(StateRow).where(StateRow.webhook == id_))
            return {row.key: row.state for row in rows}

    def record(self, hook: Webhook, states: Mapping[str, State], deliveries: Sequence[Delivery] = ()) -> int:
        """Store states of a condition and the deliveries that report them, together; a delivery that is there stays.

        Returns
        -------
        int
            How many deliveries are new. A webhook that was removed, switched off or restarted meanwhile takes none.
        """
        id_ = hook.id
        with Session(self._engine) as session, session.begin():
            # The first statement writes, so that of two at once one waits for the other.
            session.execute(update(WebhookRow).where(WebhookRow.id == id_).values(pilot=WebhookRow.pilot))
            row = session.get(WebhookRow, id_)
            if row is None or not row.enabled or row.begun != hook.begun:
                return 0
            _store(session, id_, states)
            known = set(
                session.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_([one.id for one in deliveries])))
            )
            new = [one for one in {one.id: one for one in deliveries}.values() if one.id not in known]
            room = max(MAX_WAITING - _count(session, id_, Status.PENDING), 0)
            for one in new[:room]:
                session.add(DeliveryRow(**asdict(one)))
            for one in new[room:][-MAX_DROPPED:]:
                session.add(DeliveryRow(**asdict(_dropped(one))))
            if len(new) > room:
                session.flush()
                _trim_dropped(session, id_)
        if new:
            self.on_pending()
        return len(new)

    def note_passed_over(self, hook: Webhook, readings: PassedOver, now: int) -> None:
        """Record in the audit log which late readings a condition has passed over; `now` is the time of day [us]."""
        times = {"oldest": format_time(readings.oldest), "newest": format_time(readings.newest)}
        detail = {"name": hook.name, "readings": readings.readings, **times}
        entry = AuditEntry(time=now, who=hook.pilot, what=WEBHOOK_LATE, target=hook.id, detail=detail)
        with Session(self._engine) as session, session.begin():
            session.add(audit_row(entry))

    def mark(self, seen: Mapping[str, tuple[int, int]]) -> None:
        """Store up to which observation time each condition was evaluated, by when it was begun [us].

        One that was restarted meanwhile stays unmarked.
        """
        with Session(self._engine) as session, session.begin():
            for id_, (begun, time) in sorted(seen.items()):
                same = (WebhookRow.id == id_, WebhookRow.begun == begun)
                session.execute(update(WebhookRow).where(*same).values(seen=time))

    def claim(
        self, now: int, until: int, busy: Mapping[str, Collection[str]] = _NOTHING
    ) -> list[tuple[Webhook, Delivery]]:
        """Take deliveries that are due at `now` for oneself `until` a time [us]: of each webhook and subject the oldest.

        One that is to be repeated holds up what came after it about the same subject, and nothing else.

        Parameters
        ----------
        now, until : int
        busy : mapping of str to collection of str
            Deliveries that are under way, by webhook: at most `AT_ONCE` of each, and `AT_ONCE_OF_PILOT` of a pilot.
        """
        is_due = (DeliveryRow.status == Status.PENDING, DeliveryRow.due <= now)
        claimed: list[tuple[Webhook, Delivery]] = []
        with Session(self._engine) as session:
            pilots = {row.id: row.pilot for row in session.execute(select(WebhookRow.id, WebhookRow.pilot))}
            longest = select(DeliveryRow.webhook).where(*is_due).group_by(DeliveryRow.webhook)
            due = session.scalars(longest.order_by(func.min(DeliveryRow.due), DeliveryRow.webhook)).all()
        room = Counter(dict.fromkeys(pilots.values(), AT_ONCE_OF_PILOT))
        for id_, ids in busy.items():
            room[pilots.get(id_, "")] -= len(ids)
        for id_ in due:
            pilot, under_way = pilots.get(id_, ""), busy.get(id_, ())
            if room[pilot] <= 0:
                continue
            with Session(self._engine) as session, session.begin():
                hook = session.get(WebhookRow, id_)
                for row in _next(session, id_, now, under_way)[: room[pilot]] if hook else ():
                    room[pilot] -= 1
                    mine = update(DeliveryRow).where(DeliveryRow.id == row.id, DeliveryRow.due == row.due)
                    found = row.delivery
                    if session.execute(mine.values(due=until).returning(DeliveryRow.id)).first() and hook:
                        claimed.append((hook.webhook, found))
        return claimed

    def next_due(self, now: int) -> int | None:
        """Return when after `now` the next delivery is due [us]; None if none is. Those due before wait for others."""
        pending = (DeliveryRow.status == Status.PENDING, DeliveryRow.due > now)
        with Session(self._engine) as session:
            return session.scalar(select(func.min(DeliveryRow.due)).where(*pending))

    def attempted(self, delivery: Delivery, *, disable: str = "") -> None:
        """Store the outcome of an attempt, in the delivery and in its webhook.

        Parameters
        ----------
        delivery : Delivery
            As it is after the attempt.
        disable : str
            Why the webhook is to be switched off; empty to leave it on.
        """
        with self._changing() if disable else self._writing() as session:
            row, hook = session.get(DeliveryRow, delivery.id), session.get(WebhookRow, delivery.webhook)
            if row is None or hook is None:
                return
            if row.status == Status.PENDING:
                for name in ("status", "attempts", "due", "tried", "took", "code", "error"):
                    setattr(row, name, getattr(delivery, name))
            if delivery.status is Status.DELIVERED:
                hook.failing = None
            elif hook.failing is None:
                hook.failing = delivery.tried
            if disable:
                hook.enabled, hook.reason = False, disable
                session.flush()
                _drop_waiting(session, hook.id, disable)

    def deliveries(self, id_: str, *, before: tuple[int, str] | None = None, limit: int = 100) -> list[Delivery]:
        """Return the newest deliveries of a webhook, newest first.

        Parameters
        ----------
        id_ : str
        before : tuple of (int, str), optional
            Only those behind this one, given by when it was made [us] and its id.
        limit : int
        """
        chosen = select(DeliveryRow).where(DeliveryRow.webhook == id_)
        if before is not None:
            made, last = before
            chosen = chosen.where((DeliveryRow.made < made) | ((DeliveryRow.made == made) & (DeliveryRow.id < last)))
        with Session(self._engine) as session:
            rows = session.scalars(chosen.order_by(DeliveryRow.made.desc(), DeliveryRow.id.desc()).limit(limit))
            return [row.delivery for row in rows]

    def retry(self, pilot: str, id_: str, delivery: str, now: int) -> Delivery:
        """Make a delivery due at once, whatever its outcome, and return it; it waits for no other.

        Raises
        ------
        WebhookError
            If the pilot has no such webhook, it has no such delivery, or is switched off.
        """
        with Session(self._engine) as session, session.begin():
            hook, row = _row(session, pilot, id_), session.get(DeliveryRow, delivery)
            if row is None or row.webhook != id_:
                raise WebhookError(f"there is no delivery {delivery[:80]!r} of this webhook", "delivery")
            if not hook.enabled:
                raise WebhookError("the webhook is switched off", "off")
            row.status, row.due, row.subject = Status.PENDING, now, ""
            session.flush()
            found = row.delivery
        self.on_pending()
        return found

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """Give a transaction that raises the revision: it begins by writing, so that of two at once one waits."""
        with self._writing() as session:
            session.execute(update(WebhookRevision).values(number=WebhookRevision.number + 1))
            yield session
        self.changes += 1

    def tidy(self, before: int) -> None:
        """Remove what was made before a time [us] and waits no longer, and of each webhook all but the newest `MAX_LOGGED`."""
        ended = DeliveryRow.status != Status.PENDING
        with Session(self._engine) as session, session.begin():
            session.execute(delete(DeliveryRow).where(DeliveryRow.made < before, ended))
        with Session(self._engine) as session:
            number = func.count().label("number")
            many = select(DeliveryRow.webhook).where(ended).group_by(DeliveryRow.webhook).having(number > MAX_LOGGED)
            hooks = session.scalars(many).all()
        for id_ in hooks:
            newest = select(DeliveryRow.made).where(DeliveryRow.webhook == id_, ended).order_by(DeliveryRow.made.desc())
            with Session(self._engine) as session, session.begin():
                oldest = session.scalar(newest.offset(MAX_LOGGED - 1).limit(1))
                session.execute(delete(DeliveryRow).where(DeliveryRow.webhook == id_, ended, DeliveryRow.made < oldest))


def _store(session: Session, id_: str, states: Mapping[str, State]) -> None:
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


def _row(session: Session, pilot: str, id_: str) -> WebhookRow:
    row = session.get(WebhookRow, id_)
    if row is None or row.pilot != pilot:
        raise WebhookError(f"there is no webhook {id_[:80]!r}", "unknown")
    return row


def _next(session: Session, id_: str, now: int, busy: Collection[str]) -> list[DeliveryRow]:
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


def _count(session: Session, id_: str, status: Status) -> int:
    chosen = select(func.count()).where(DeliveryRow.webhook == id_, DeliveryRow.status == status)
    return session.scalar(chosen) or 0


def _trim_dropped(session: Session, id_: str) -> None:
    """Remove the oldest dropped deliveries beyond `MAX_DROPPED`."""
    dropped = (DeliveryRow.webhook == id_, DeliveryRow.status == Status.DROPPED)
    newest = select(DeliveryRow.id).where(*dropped).order_by(DeliveryRow.made.desc(), DeliveryRow.id.desc())
    if old := session.scalars(newest.offset(MAX_DROPPED)).all():
        session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(old)))


def _dropped(one: Delivery) -> Delivery:
    why = f"{MAX_WAITING:,} deliveries of this webhook wait already"
    return replace(one, status=Status.DROPPED, due=None, error=why)


def _drop_waiting(session: Session, id_: str, reason: str) -> None:
    waiting = update(DeliveryRow).where(DeliveryRow.webhook == id_, DeliveryRow.status == Status.PENDING)
    session.execute(waiting.values(status=Status.DROPPED, due=None, error=reason))
