"""Register of webhooks and their deliveries, in the control data.

A delivery is recorded with the state that it reports, in one transaction, and stays until it has arrived or was given
up. Whoever delivers claims it for a while; if that process is killed, the delivery is due again when the claim ends.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Lock
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.webhooks.conditions import PassedOver
from api.webhooks.rows import as_dropped, audit_entry_of, count_of, drop_waiting, due_of, store_states, trim_dropped
from api.webhooks.tables import DeliveryRow, StateRow, WebhookRevision, WebhookRow
from api.webhooks.webhook import (
    AT_ONCE_OF_PILOT,
    MAX_DROPPED,
    MAX_LOGGED,
    MAX_SENSORS,
    MAX_WAITING,
    MAX_WEBHOOKS,
    Delivery,
    State,
    Status,
    Webhook,
    WebhookError,
)
from zenata.city.clock import format_time
from zenata.control.audit import WEBHOOK_DROPPED, WEBHOOK_FULL, WEBHOOK_LATE

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
        self._lock = Lock()
        self._dropped: dict[str, tuple[Webhook, int]] = {}  # by webhook, how many since `note_dropped`

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
                row.reason = "" if row.enabled else row.reason
                session.execute(delete(StateRow).where(StateRow.webhook == id_))
            if not row.enabled:
                drop_waiting(session, id_, row.reason or "the webhook was switched off")
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
            store_states(session, id_, states)
            known = set(
                session.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_([one.id for one in deliveries])))
            )
            new = [one for one in {one.id: one for one in deliveries}.values() if one.id not in known]
            room = max(MAX_WAITING - count_of(session, id_, Status.PENDING), 0)
            for one in new[:room]:
                session.add(DeliveryRow(**asdict(one)))
            for one in new[room:][-MAX_DROPPED:]:
                session.add(DeliveryRow(**asdict(as_dropped(one))))
            if len(new) > room:
                session.flush()
                trim_dropped(session, id_)
        if len(new) > room:
            self._count_dropped({id_: (hook, len(new) - room)})
        if new:
            self.on_pending()
        return len(new)

    def note_passed_over(self, hook: Webhook, readings: PassedOver, now: int) -> None:
        """Record in the audit log which late readings a condition has passed over; `now` is the time of day [us]."""
        times = {"oldest": format_time(readings.oldest), "newest": format_time(readings.newest)}
        with self._writing() as session:
            session.add(audit_entry_of(hook, WEBHOOK_LATE, now, readings=readings.readings, **times))

    def note_left_out(self, hook: Webhook, sensors: int, now: int) -> None:
        """Record in the audit log, and as the reason in the webhook, that its pilot has no room for more sensors."""
        with self._writing() as session:
            reason = f"{sensors:,} sensors are not looked at: your webhooks look at {MAX_SENSORS:,} in all"
            session.execute(update(WebhookRow).where(WebhookRow.id == hook.id).values(reason=reason))
            session.add(audit_entry_of(hook, WEBHOOK_FULL, now, sensors=sensors))

    def note_dropped(self, now: int) -> None:
        """Record in the audit log how many deliveries were dropped since this was last called, as too many wait."""
        with self._lock:
            dropped, self._dropped = self._dropped, {}
        if not dropped:
            return
        try:
            with self._writing() as session:
                session.add_all(
                    audit_entry_of(hook, WEBHOOK_DROPPED, now, deliveries=number) for hook, number in dropped.values()
                )
        except SQLAlchemyError:
            self._count_dropped(dropped)
            raise

    def _count_dropped(self, dropped: Mapping[str, tuple[Webhook, int]]) -> None:
        with self._lock:
            for id_, (hook, number) in dropped.items():
                self._dropped[id_] = hook, number + self._dropped.get(id_, (hook, 0))[1]

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
                for row in due_of(session, id_, now, under_way)[: room[pilot]] if hook else ():
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
                drop_waiting(session, hook.id, disable)

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


def _row(session: Session, pilot: str, id_: str) -> WebhookRow:
    row = session.get(WebhookRow, id_)
    if row is None or row.pilot != pilot:
        raise WebhookError(f"there is no webhook {id_[:80]!r}", "unknown")
    return row
