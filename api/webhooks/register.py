"""The webhooks of all pilots and what they are to be told, in the control data.

A delivery is there from the moment that what it tells is noted, in one transaction, until it has arrived or was given
up. Whoever delivers claims it for a while; if that process is killed, the delivery is due again when the claim ends.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from api.webhooks.tables import DeliveryRow, StateRow, WebhookRevision, WebhookRow
from api.webhooks.webhook import MAX_WAITING, MAX_WEBHOOKS, Delivery, State, Status, Webhook, WebhookError


class Webhooks:
    """The webhooks in a database. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, hook: Webhook) -> None:
        """Make a webhook.

        Raises
        ------
        WebhookError
            If the pilot has too many.
        """
        with Session(self._engine) as session, session.begin():
            _raise_revision(session)
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

    def change(self, pilot: str, id_: str, *, anew: int | None = None, **changes: Any) -> Webhook:  # noqa: ANN401 - the members of a Webhook
        """Change members of a webhook, and return it.

        Parameters
        ----------
        pilot, id_ : str
        anew : int or None
            When its condition is begun anew, as if it had just been made [us]; None to go on with it.
        **changes : Any

        Raises
        ------
        WebhookError
            If the pilot has none of that id.
        """
        with Session(self._engine) as session, session.begin():
            _raise_revision(session)
            row = _row(session, pilot, id_)
            for name, value in changes.items():
                setattr(row, name, value)
            if anew is not None:
                row.seen, row.begun = None, anew
                session.execute(delete(StateRow).where(StateRow.webhook == id_))
            if not row.enabled:
                _drop_waiting(session, id_, row.reason or "the webhook was switched off")
            session.flush()
            return row.webhook

    def remove(self, pilot: str, id_: str) -> None:
        """Remove a webhook, and what it was to be told.

        Raises
        ------
        WebhookError
            If the pilot has none of that id.
        """
        with Session(self._engine) as session, session.begin():
            _raise_revision(session)
            session.delete(_row(session, pilot, id_))

    def revision(self) -> int:
        """Return a number that rises with every change of a webhook."""
        with Session(self._engine) as session:
            return session.scalar(select(WebhookRevision.number)) or 0

    def states(self, id_: str) -> dict[str, State]:
        """Return how the condition of a webhook is, by sensor or event, as far as that was kept."""
        with Session(self._engine) as session:
            rows = session.scalars(select(StateRow).where(StateRow.webhook == id_))
            return {row.key: row.state for row in rows}

    def record(self, hook: Webhook, states: Mapping[str, State], deliveries: Sequence[Delivery] = ()) -> int:
        """Keep how a condition is, and what is to be told of it, together; what is there already stays once.

        Returns
        -------
        int
            How many deliveries are new. A webhook that was removed, switched off or begun anew meanwhile takes none.
        """
        id_ = hook.id
        with Session(self._engine) as session, session.begin():
            # The first statement writes, so that of two at once one waits for the other.
            session.execute(update(WebhookRow).where(WebhookRow.id == id_).values(pilot=WebhookRow.pilot))
            row = session.get(WebhookRow, id_)
            if row is None or not row.enabled or row.begun != hook.begun:
                return 0
            for key, state in states.items():
                session.merge(StateRow(webhook=id_, key=key, **asdict(state)))
            known = set(
                session.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_([one.id for one in deliveries])))
            )
            new = [one for one in {one.id: one for one in deliveries}.values() if one.id not in known]
            waiting = _waiting(session, id_)
            for place, one in enumerate(new):
                session.add(DeliveryRow(**asdict(one if waiting + place < MAX_WAITING else _dropped(one))))
            return len(new)

    def mark(self, seen: Mapping[str, tuple[int, int]]) -> None:
        """Keep when each condition was begun that has been looked at, and up to which observation time [us].

        One that was begun anew meanwhile stays unmarked.
        """
        with Session(self._engine) as session, session.begin():
            for id_, (begun, time) in sorted(seen.items()):
                same = (WebhookRow.id == id_, WebhookRow.begun == begun)
                session.execute(update(WebhookRow).where(*same).values(seen=time))

    def claim(self, now: int, until: int, busy: Collection[str] = ()) -> list[tuple[Webhook, Delivery]]:
        """Take the oldest delivery of each webhook, if it is due at `now`, for oneself `until` a time [us].

        One that is to be repeated holds up what came after it, so that a receiver is told in the order of events.

        Parameters
        ----------
        now, until : int
        busy : collection of str
            Webhooks to leave out.
        """
        due = (DeliveryRow.status == Status.PENDING, DeliveryRow.due <= now)
        claimed = []
        with Session(self._engine) as session:
            waiting = session.scalars(select(DeliveryRow.webhook).where(*due).distinct()).all()
        for id_ in sorted(set(waiting) - set(busy)):
            pending = select(DeliveryRow).where(due[0], DeliveryRow.webhook == id_)
            oldest = pending.order_by(DeliveryRow.made, DeliveryRow.id).limit(1)
            with Session(self._engine) as session, session.begin():
                row, hook = session.scalar(oldest), session.get(WebhookRow, id_)
                if row is None or hook is None or (row.due or 0) > now:
                    continue
                mine = update(DeliveryRow).where(DeliveryRow.id == row.id, DeliveryRow.due == row.due)
                found = row.delivery
                if session.execute(mine.values(due=until).returning(DeliveryRow.id)).first():
                    claimed.append((hook.webhook, found))
        return claimed

    def attempted(self, delivery: Delivery, *, disable: str = "") -> None:
        """Keep what became of an attempt, in the delivery and in its webhook.

        Parameters
        ----------
        delivery : Delivery
            As it is after the attempt.
        disable : str
            Why the webhook is to be switched off; empty to leave it on.
        """
        with Session(self._engine) as session, session.begin():
            if disable:
                _raise_revision(session)
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
            Only those behind this one, told by when it was made [us] and its id.
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
        """Make a delivery due at once, whatever has become of it, and return it.

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
            row.status, row.due = Status.PENDING, now
            session.flush()
            return row.delivery

    def tidy(self, before: int) -> None:
        """Remove what was made before a time [us] and waits no longer."""
        old = (DeliveryRow.made < before, DeliveryRow.status != Status.PENDING)
        with Session(self._engine) as session, session.begin():
            session.execute(delete(DeliveryRow).where(*old))


def _row(session: Session, pilot: str, id_: str) -> WebhookRow:
    row = session.get(WebhookRow, id_)
    if row is None or row.pilot != pilot:
        raise WebhookError(f"there is no webhook {id_[:80]!r}", "unknown")
    return row


def _raise_revision(session: Session) -> None:
    """Begin by writing, so that of two changes at once one waits for the other."""
    session.execute(update(WebhookRevision).values(number=WebhookRevision.number + 1))


def _waiting(session: Session, id_: str) -> int:
    chosen = select(func.count()).where(DeliveryRow.webhook == id_, DeliveryRow.status == Status.PENDING)
    return session.scalar(chosen) or 0


def _dropped(one: Delivery) -> Delivery:
    why = f"{MAX_WAITING:,} deliveries of this webhook wait already"
    return replace(one, status=Status.DROPPED, due=None, error=why)


def _drop_waiting(session: Session, id_: str, reason: str) -> None:
    waiting = update(DeliveryRow).where(DeliveryRow.webhook == id_, DeliveryRow.status == Status.PENDING)
    session.execute(waiting.values(status=Status.DROPPED, due=None, error=reason))
