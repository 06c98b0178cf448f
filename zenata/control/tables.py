"""The tables of pilots, keys, budgets and the audit log."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from zenata.control.database import Base
from zenata.control.keys import Key, Role, Scope
from zenata.control.pilot import Entry, Pilot

ROW = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself only what it calls INTEGER


class PilotRow(Base):
    """A pilot; members as in `zenata.control.pilot.Pilot`."""

    __tablename__ = "pilots"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    contact: Mapped[str] = mapped_column(String(200))
    theme: Mapped[str] = mapped_column(String(200))
    edition: Mapped[str] = mapped_column(String(80))
    made: Mapped[int] = mapped_column(BigInteger)
    suspended: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(500))
    quotas: Mapped[dict[str, float]] = mapped_column(JSON)
    actuators: Mapped[list[str]] = mapped_column(JSON)

    @property
    def pilot(self) -> Pilot:
        """The row as a value."""
        values = {column.name: getattr(self, column.name) for column in self.__table__.columns}
        return Pilot(**values | {"role": Role(self.role), "actuators": tuple(self.actuators)})


class KeyRow(Base):
    """A key, also one that is revoked: whoever finds it somewhere wants to know whose it was."""

    __tablename__ = "keys"
    __table_args__ = (Index("keys_prefix", "prefix"),)

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilots.name"), index=True)
    name: Mapped[str] = mapped_column(String(32))
    prefix: Mapped[str] = mapped_column(String(9))
    sha256: Mapped[str] = mapped_column(String(64))
    bcrypt: Mapped[str] = mapped_column(String(60))
    pbkdf2: Mapped[str] = mapped_column(String(150))
    scopes: Mapped[str] = mapped_column(String(40))
    made: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    revoked: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def key(self) -> Key:
        """The row as a value."""
        values = {column.name: getattr(self, column.name) for column in self.__table__.columns if column.name != "id"}
        return Key(**values | {"scopes": frozenset(map(Scope, self.scopes.split()))})


class WebSessionRow(Base):
    """A session of a browser, or a link that makes one; see `zenata.control.web_sessions`."""

    __tablename__ = "web_sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[int] = mapped_column(ForeignKey("keys.id"), index=True)
    made: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int] = mapped_column(BigInteger)
    is_link: Mapped[bool] = mapped_column(Boolean)


class EntryRow(Base):
    """A line of a budget; members as in `zenata.control.pilot.Entry`."""

    __tablename__ = "budget"

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilots.name"), index=True)
    date: Mapped[str] = mapped_column(String(10))
    centimes: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(String(32))

    @property
    def entry(self) -> Entry:
        """The row as a value."""
        return Entry(date=self.date, centimes=self.centimes, note=self.note, by=self.by)


class AuditRow(Base):
    """An audit entry; members as in `zenata.control.audit.AuditEntry`. The database refuses to change or remove one."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_what_time", "what", "time"),
        Index("ix_audit_who_what_time", "who", "what", "time"),
    )

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(64), index=True)
    what: Mapped[str] = mapped_column(String(120))
    target: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class RegisterRevision(Base):
    """One row whose number rises whenever pilots or keys change."""

    __tablename__ = "register_revision"
    __table_args__ = (CheckConstraint("id = 1", name="register_revision_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
