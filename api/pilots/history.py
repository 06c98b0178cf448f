"""History of what pilots do, by hour: kept in the control data, across restarts and of all processes of the API."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.pilots.activity import Activity, Hour
from api.pilots.alerts import Alert, Alerts, Finding
from api.pilots.tables import HourRow
from zenata.city.clock import SECOND, Clock
from zenata.errors import StoreError
from zenata.process.background import Background

log = logging.getLogger(__name__)

RETENTION = 400 * 86_400 * SECOND
"""How long an hour is kept [us]. A default: an edition of the programme, and the one before to compare."""

_INTERVAL = 10.0  # between two looks [s]
_TIDY = 3600.0  # between two removals of what is old [s]


class History:
    """The hours in a database. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Of the control data.
    activity : Activity
        Counts what is to be kept.
    clock : Clock
        The wall's.
    """

    def __init__(self, engine: Engine, activity: Activity, clock: Clock) -> None:
        self._engine, self._activity, self._clock = engine, activity, clock

    def store(self) -> None:
        """Store what was counted since the last time; what fails is stored the next time."""
        taken = self._activity.take_hours()
        try:
            with Session(self._engine) as session, session.begin():
                for (pilot, start), hour in sorted(taken.items()):
                    _add(session, pilot, start, hour)
        except BaseException:
            self._activity.give_back(taken)
            raise

    def between(self, pilots: Collection[str], start: int, end: int) -> dict[str, list[tuple[int, Hour]]]:
        """Return the hours of some pilots that begin in [start, end) [us], with their beginnings, ascending, by pilot."""
        chosen = select(HourRow).where(HourRow.pilot.in_(pilots), HourRow.start >= start, HourRow.start < end)
        found: dict[str, list[tuple[int, Hour]]] = {name: [] for name in pilots}
        with Session(self._engine) as session:
            for row in session.scalars(chosen.order_by(HourRow.start)):
                hour = Hour(row.answered, row.wrong, row.failed, row.refused, row.last)
                found[row.pilot].append((row.start, hour))
        return found

    def forget_old(self) -> None:
        """Remove hours that nobody asks for any more."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(HourRow).where(HourRow.start < self._clock.now() - RETENTION))


class Watch(Background):
    """Stores what pilots do, and raises and clears alerts, in a thread of its own while it is entered.

    Parameters
    ----------
    history : History
    alerts : Alerts
    find : callable
        Returns what somebody should look at now.
    deliver : callable
        Takes the alerts of the last day, to deliver them to webhooks.
    leads : callable
        Whether this process is the one of several that raises and clears them.
    """

    def __init__(
        self,
        history: History,
        alerts: Alerts,
        find: Callable[[], Sequence[Finding]],
        deliver: Callable[[Sequence[Alert]], None],
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._history, self._alerts, self._find, self._deliver, self._leads = history, alerts, find, deliver, leads
        super().__init__("watch on pilots")

    def _run(self) -> None:
        tidied = -_TIDY
        while not self._stop.wait(_INTERVAL):
            self._attempt(self._history.store, self._look)
            if time.monotonic() - tidied > _TIDY:
                tidied = time.monotonic()
                self._attempt(self._history.forget_old, self._alerts.forget_old)
        self._attempt(self._history.store)

    def _look(self) -> None:
        found = self._find()
        if self._leads():
            self._alerts.take(found)
            self._deliver(self._alerts.newest())

    def _attempt(self, *acts: Callable[[], object]) -> None:
        """Do something; where a database or the store is away, it is done later."""
        for act in acts:
            try:
                act()
            except (SQLAlchemyError, StoreError) as error:
                log.warning("what pilots do is stored later: %s", type(error).__name__)
            except Exception:
                log.exception("a look at the pilots failed; it is made again")


def _add(session: Session, pilot: str, start: int, hour: Hour) -> None:
    """Add to what is stored of an hour."""
    values = asdict(hour)
    counts = {name: getattr(HourRow, name) + values[name] for name in ("answered", "wrong", "failed", "refused")}
    row = update(HourRow).where(HourRow.pilot == pilot, HourRow.start == start).values(**counts, last=hour.last)
    if not session.execute(row).rowcount:  # type: ignore[attr-defined]  # an UPDATE returns a CursorResult
        session.add(HourRow(pilot=pilot, start=start, **values))
