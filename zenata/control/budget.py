"""Budgets of pilots: dated grants and expenses."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from zenata.city.clock import WallClock
from zenata.contract.pilots import MAX_GRANTS
from zenata.control.audit import Actor, audit_entry, audit_row
from zenata.control.pilot import Entry, PilotError
from zenata.control.tables import EntryRow, PilotRow

_MAX_NOTE = 500
_INVALID_AMOUNT = "an amount is dirhams with up to two decimals, and not zero"


class Budget:
    """The budgets in a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, pilot: str, amount: Decimal, *, day: str, note: str = "", by: Actor) -> Entry:
        """Enter a grant, or below zero an expense.

        Parameters
        ----------
        pilot : str
        amount : Decimal
            [DH]
        day : str
            As ``2026-11-23``.
        note : str
        by : Principal or str
            What it is for, and who enters it.

        Raises
        ------
        PilotError
            If there is no such pilot, the day is none, grants would be too much, or more would be spent than was granted.
        """
        centimes = _centimes(amount)
        _check(day, note)
        detail = {"dh": str(amount), "date": day, "note": note}
        entry = audit_entry(by, time=WallClock().now(), what="budget.enter", target=pilot, detail=detail)
        row = EntryRow(pilot=pilot, date=day, centimes=centimes, note=note, by=entry.who)
        with Session(self._engine) as session, session.begin():
            # Locked until the end, so that two entries at once cannot both have the last dirham.
            if session.get(PilotRow, pilot, with_for_update=True) is None:
                raise PilotError(f"there is no pilot {pilot[:80]!r}", "unknown")
            session.add(audit_row(entry))
            session.add(row)
            session.flush()
            _check_sums(session, pilot)
            return row.entry

    def entries(self, pilot: str) -> list[Entry]:
        """Return the lines of a pilot's budget, by date."""
        chosen = select(EntryRow).where(EntryRow.pilot == pilot).order_by(EntryRow.date, EntryRow.id)
        with Session(self._engine) as session:
            return [row.entry for row in session.scalars(chosen)]


def _centimes(amount: Decimal) -> int:
    if not amount.is_finite() or not amount:
        raise PilotError(_INVALID_AMOUNT, "invalid")
    if abs(amount) > MAX_GRANTS:
        raise PilotError(f"an amount is up to {MAX_GRANTS:,} DH", "limit")
    centimes = amount * 100
    if centimes != centimes.to_integral_value():
        raise PilotError(_INVALID_AMOUNT, "invalid")
    return int(centimes)


def _check(day: str, note: str) -> None:
    try:
        written = date.fromisoformat(day).isoformat()
    except ValueError:
        written = ""
    if written != day:
        raise PilotError(f"{day[:80]!r} is no day: write it like 2026-11-23", "invalid")
    if len(note) > _MAX_NOTE:
        raise PilotError(f"a note has up to {_MAX_NOTE} characters", "invalid")


def _check_sums(session: Session, pilot: str) -> None:
    def total(*which: object) -> int:
        return session.scalar(select(func.sum(EntryRow.centimes)).where(EntryRow.pilot == pilot, *which)) or 0  # type: ignore[arg-type]

    if total(EntryRow.centimes > 0) > MAX_GRANTS * 100:
        raise PilotError(f"the grants to a pilot come to {MAX_GRANTS:,} DH at most", "limit")
    if (left := total()) < 0:
        raise PilotError(f"that is {-left / 100:,.2f} DH more than was granted", "limit")
