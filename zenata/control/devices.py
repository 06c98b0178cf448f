"""Register of devices of pilots, in the control data.

What ingest looks up for each message is kept in memory; a number in the database, which rises with every change, shows
a process that another has made one.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Engine, String, UniqueConstraint, Update, func, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from zenata.control.database import Base
from zenata.control.device import MAX_DEVICES, Device, DeviceError, Seen, check_id

log = logging.getLogger(__name__)

LOOK, MISSED = 0.25, 0.01
"""How often another process's changes are looked for at most, and where a device is not known [s]."""


class DeviceRow(Base):
    """A device; members as in `zenata.control.device.Device`."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("pilot", "external", name="devices_external"),)

    pilot: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    codec: Mapped[str] = mapped_column(String(32))
    made: Mapped[int] = mapped_column(BigInteger)
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    district: Mapped[str] = mapped_column(String(63))
    external: Mapped[str | None] = mapped_column(String(64))
    offline_after: Mapped[int]
    seen: Mapped[int | None] = mapped_column(BigInteger)
    battery: Mapped[float | None]
    rssi: Mapped[float | None]
    snr: Mapped[float | None]
    messages: Mapped[int] = mapped_column(BigInteger)
    readings: Mapped[int] = mapped_column(BigInteger)
    left_out: Mapped[list[str]] = mapped_column(JSON)

    @property
    def device(self) -> Device:
        """The row as a value."""
        columns = {column.name: getattr(self, column.name) for column in self.__table__.columns}
        return Device(**columns | {"left_out": tuple(self.left_out)})


class DeviceRevision(Base):
    """One row whose number rises whenever a device is made, changed or removed."""

    __tablename__ = "device_revision"
    __table_args__ = (CheckConstraint("id = 1", name="device_revision_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class Devices:
    """The devices in a database. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Device] = {}
        self._external: dict[tuple[str, str], Device] = {}
        self._revision = -1
        self._looked = 0.0
        with Session(engine) as session:
            self._load(session)

    def add(self, device: Device) -> Device:
        """Make a device.

        Raises
        ------
        DeviceError
            If its id is none, another has it or its external id, or the pilot has too many.
        """
        check_id(device.id)
        device = replace(device, external=_lower(device.external))
        with self._changing() as session:
            count = session.scalar(select(func.count()).where(DeviceRow.pilot == device.pilot)) or 0
            if count >= MAX_DEVICES:
                raise DeviceError(f"there are {MAX_DEVICES} devices already, the most that a pilot may have", "limit")
            if session.get(DeviceRow, (device.pilot, device.id)) is not None:
                raise DeviceError(f"there is a device {device.id!r} already", "conflict")
            session.add(DeviceRow(**asdict(device) | {"left_out": list(device.left_out)}))
        return device

    def device(self, pilot: str, id_: str) -> Device | None:
        """Return one device as the database has it now."""
        with Session(self._engine) as session:
            row = session.get(DeviceRow, (pilot, id_))
            return row.device if row else None

    def devices(self, pilot: str | None = None) -> list[Device]:
        """Return the devices of one pilot, or all, as the database has them now, by pilot and id."""
        chosen = select(DeviceRow).order_by(DeviceRow.pilot, DeviceRow.id)
        if pilot is not None:
            chosen = chosen.where(DeviceRow.pilot == pilot)
        with Session(self._engine) as session:
            return [row.device for row in session.scalars(chosen)]

    def change(self, pilot: str, id_: str, **changes: Any) -> Device:  # noqa: ANN401 - the members of a Device
        """Change members of a device, and return it.

        Raises
        ------
        DeviceError
            If there is none of that id, or another has the external id.
        """
        if "external" in changes:
            changes["external"] = _lower(changes["external"])
        with self._changing() as session:
            row = _row(session, pilot, id_)
            for name, value in changes.items():
                setattr(row, name, value)
            session.flush()
            return row.device

    def remove(self, pilot: str, id_: str) -> None:
        """Remove a device. Its readings stay.

        Raises
        ------
        DeviceError
            If there is none of that id.
        """
        with self._changing() as session:
            session.delete(_row(session, pilot, id_))

    def find(self, pilot: str, name: str) -> Device | None:
        """Return a pilot's device by its id, or by what a network server calls it; from memory, but no older than `LOOK`.

        What changes with every message (`seen` and what follows it) may be older.
        """
        self._refresh(LOOK)
        return self._found(pilot, name) or (self._found(pilot, name) if self._refresh(MISSED) else None)

    def touch(self, seen: Mapping[tuple[str, str], Seen]) -> None:
        """Note what messages say of devices, by pilot and id. A database that cannot be written is no reason to stop."""
        try:
            with Session(self._engine) as session, session.begin():
                for (pilot, id_), one in sorted(seen.items()):
                    session.execute(_touched(pilot, id_, one))
        except SQLAlchemyError as error:
            log.warning("when devices were seen last is not noted: %s", type(error).__name__)

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """Give a transaction that raises the revision, and take in what it has changed."""
        try:
            with Session(self._engine) as session, session.begin():
                # The first statement writes, so that of two changes at once one waits for the other.
                session.execute(update(DeviceRevision).values(number=DeviceRevision.number + 1))
                yield session
        except IntegrityError as error:
            raise DeviceError("another of your devices has this external id", "conflict") from error
        with Session(self._engine) as session:
            self._load(session)

    def _found(self, pilot: str, name: str) -> Device | None:
        return self._known.get((pilot, name)) or self._external.get((pilot, name.lower()))

    def _refresh(self, pause: float) -> bool:
        """Take in what other processes have changed, unless that was just done; return whether there was something."""
        now = time.monotonic()
        if now - self._looked < pause:
            return False
        self._looked = now
        try:
            with Session(self._engine) as session:
                if session.scalar(select(DeviceRevision.number)) == self._revision:
                    return False
                self._load(session)
        except SQLAlchemyError as error:
            log.warning("devices are known as they were: %s", type(error).__name__)
            return False
        return True

    def _load(self, session: Session) -> None:
        revision = session.scalar(select(DeviceRevision.number)) or 0
        known = {(row.pilot, row.id): row.device for row in session.scalars(select(DeviceRow))}
        with self._lock:
            if revision >= self._revision:
                self._revision, self._known = revision, known
                self._external = {(one.pilot, one.external): one for one in known.values() if one.external}


def _row(session: Session, pilot: str, id_: str) -> DeviceRow:
    row = session.get(DeviceRow, (pilot, id_))
    if row is None:
        raise DeviceError(f"there is no device {id_[:80]!r}", "unknown")
    return row


def _touched(pilot: str, id_: str, seen: Seen) -> Update:
    """Return what notes that a device was seen; what it did not say of itself stays."""
    overwritten = {"battery": seen.reports_battery, "rssi": seen.reports_radio, "snr": seen.reports_radio}
    values = {name: getattr(seen, name) for name in overwritten}
    reported = {name: value for name, value in values.items() if value is not None or overwritten[name]}
    return (
        update(DeviceRow)
        .where(DeviceRow.pilot == pilot, DeviceRow.id == id_)
        .values(
            seen=seen.time,
            messages=DeviceRow.messages + seen.messages,
            readings=DeviceRow.readings + seen.readings,
            left_out=list(seen.left_out),
            **reported,
        )
    )


def _lower(external: str | None) -> str | None:
    return external.lower() if external else None
