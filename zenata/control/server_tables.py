"""Tables by which several servers of the API on one database know of one another, and a lock on a row of them."""

from sqlalchemy import BigInteger, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from zenata.control.database import Base


class ServerRow(Base):
    """A server of the API.

    `beat` rises while it lives; `counts` are totals since its start by name, `notes` what it lets the others know, both JSON;
    `batch` is the number of its newest row in `server_batches`.
    """

    __tablename__ = "servers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    beat: Mapped[int] = mapped_column(BigInteger)
    batch: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)


class BatchRow(Base):
    """Readings that a server has stored, for the streams and webhooks of the others."""

    __tablename__ = "server_batches"

    server: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class LeaseRow(Base):
    """Something that one server at a time holds, ``leader``, or that a transaction locks, ``alerts`` and ``trials``."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    beat: Mapped[int] = mapped_column(BigInteger)


class ValueRow(Base):
    """A value that all servers have: a secret, or what a session of the broker has confirmed."""

    __tablename__ = "shared_values"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


def lock(session: Session, name: str) -> None:
    """Let one transaction at a time, of all servers, go on from here: SQLite knows no locks of rows, and has one server."""
    session.execute(select(LeaseRow.name).where(LeaseRow.name == name).with_for_update())
