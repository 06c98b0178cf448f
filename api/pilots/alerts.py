"""Alerts: when each was raised and cleared, and who has acknowledged it; kept across restarts.

`api.pilots.monitoring` finds what somebody should look at now. Here a finding that is new raises an alert, and one that
is found no more clears it. Several servers of the API tell one another what each has found.
"""

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.pilots.tables import AlertRow
from zenata.city.clock import SECOND, Clock
from zenata.control.server_tables import lock

log = logging.getLogger(__name__)

DAY = 86_400 * SECOND

RETENTION = 90 * DAY
"""How long an alert is kept after it was cleared [us]. A default."""

SEVERITIES = {
    "not-ready": "critical",
    "not-stored": "critical",
    "broker-filling": "critical",
    "lost": "critical",
    "failed": "critical",
    "suspended": "info",
    "nearly-over": "info",
    "late": "info",
}
"""By kind; all others are warnings."""

_MAX_SUBJECT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that somebody should look at now.

    Parameters
    ----------
    pilot : str or None
        None where it is nobody's.
    kind : str
    detail : str
        What it is, in words; may change while it lasts.
    subject : str
        What tells it from others of the same pilot and kind.
    """

    pilot: str | None
    kind: str
    detail: str
    subject: str = ""

    @property
    def key(self) -> tuple[str | None, str, str]:
        """What stays the same while it lasts."""
        return self.pilot, self.kind, self.subject[:_MAX_SUBJECT]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A finding with its times [us since the Unix epoch], and who has acknowledged it."""

    id: str
    pilot: str | None
    kind: str
    detail: str
    raised: int
    cleared: int | None = None
    acknowledged: int | None = None
    acknowledged_by: str | None = None

    @property
    def severity(self) -> str:
        """``critical``, ``warning`` or ``info``."""
        return SEVERITIES.get(self.kind, "warning")


class Alerts:
    """The alerts in a database. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Of the control data.
    clock : Clock
        The wall's.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._lock = threading.Lock()

    def take(self, findings: Sequence[Finding], *, pilot: str | None = None) -> list[Alert]:
        """Raise what is new, clear what is found no more, and return the alerts that are open, newest first.

        While the database cannot be written, as on a full disk, alerts are raised anew by each call: a fault that keeps
        alerts from being written is what they are there to tell.

        Parameters
        ----------
        findings : sequence of Finding
            All that there is now.
        pilot : str, optional
            Whose findings they all are, if only one was looked at.
        """
        now, found = self._clock.now(), {one.key: one for one in findings}
        try:
            return self._take(dict(found), pilot, now)
        except SQLAlchemyError as error:
            log.warning("alerts cannot be written: %s", error)
            return [_alert(_row(finding, now)) for finding in found.values()]

    def _take(self, found: dict[tuple[str | None, str, str], Finding], pilot: str | None, now: int) -> list[Alert]:
        chosen = select(AlertRow).where(AlertRow.cleared.is_(None)).order_by(AlertRow.raised, AlertRow.id)
        if pilot is not None:
            chosen = chosen.where(AlertRow.pilot == pilot)
        with self._lock, Session(self._engine) as session, session.begin():
            lock(session, "alerts")
            open_alerts: list[Alert] = []
            for row in session.scalars(chosen):
                finding = found.pop((row.pilot, row.kind, row.subject), None)
                if finding is None:
                    row.cleared = now
                else:
                    open_alerts.append(replace(_alert(row), detail=finding.detail))
            for finding in found.values():
                row = _row(finding, now)
                session.add(row)
                open_alerts.append(_alert(row))
        return open_alerts[::-1]

    def between(self, start: int, end: int) -> list[Alert]:
        """Return the alerts that were open at some time in [start, end) [us], newest first."""
        chosen = select(AlertRow).where(AlertRow.raised < end, AlertRow.cleared.is_(None) | (AlertRow.cleared >= start))
        with Session(self._engine) as session:
            return [_alert(row) for row in session.scalars(chosen.order_by(AlertRow.raised.desc(), AlertRow.id))]

    def newest(self) -> list[Alert]:
        """Return the alerts that were open in the last day, newest first."""
        now = self._clock.now()
        return self.between(now - DAY, now + 1)

    def acknowledge(self, id_: str, *, by: str) -> Alert | None:
        """Note that somebody has seen an alert, and return it; None if there is none. Who was first stays."""
        with Session(self._engine) as session, session.begin():
            first = update(AlertRow).where(AlertRow.id == id_, AlertRow.acknowledged.is_(None))
            session.execute(first.values(acknowledged=self._clock.now(), acknowledged_by=by))
            row = session.get(AlertRow, id_)
            return None if row is None else _alert(row)

    def forget_old(self) -> None:
        """Remove what was cleared long ago."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(AlertRow).where(AlertRow.cleared < self._clock.now() - RETENTION))


def of_pilots(alerts: Collection[Alert], pilots: Collection[str] | None) -> list[Alert]:
    """Return the alerts of some pilots; None for all, those that are nobody's among them."""
    return [one for one in alerts if pilots is None or one.pilot in pilots]


def _row(finding: Finding, now: int) -> AlertRow:
    pilot, kind, subject = finding.key
    id_ = blake2b(f"{pilot} {kind} {subject} {now}".encode(), digest_size=8).hexdigest()
    return AlertRow(id=id_, pilot=pilot, kind=kind, subject=subject, detail=finding.detail, raised=now)


def _alert(row: AlertRow) -> Alert:
    return Alert(**{field.name: getattr(row, field.name) for field in fields(Alert)})
