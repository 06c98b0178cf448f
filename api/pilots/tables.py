"""The tables of what pilots do, by hour, and of alerts, in the control data."""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from zenata.control.database import Base


class HourRow(Base):
    """Requests of a pilot in an hour, of all processes of the API; members as in `api.pilots.activity.Hour`."""

    __tablename__ = "activity_hours"

    pilot: Mapped[str] = mapped_column(String(32), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    answered: Mapped[int] = mapped_column(Integer)
    wrong: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(BigInteger)


class AlertRow(Base):
    """Something that somebody should look at, or should have; members as in `api.pilots.alerts.Alert`."""

    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    pilot: Mapped[str | None] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(300))
    detail: Mapped[str] = mapped_column(Text)
    raised: Mapped[int] = mapped_column(BigInteger, index=True)
    cleared: Mapped[int | None] = mapped_column(BigInteger, index=True)
    acknowledged: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str | None] = mapped_column(String(64))
