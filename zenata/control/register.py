"""Register of pilots and keys in the control data: every change writes its audit entry in the same transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from zenata.city.clock import SECOND, Clock
from zenata.control.audit import Actor, audit_entry, audit_row
from zenata.control.authenticator import Authenticator
from zenata.control.checks import check_change, check_key, check_name
from zenata.control.keys import ALL, MAIN, PREFIX_LENGTH, Key, Principal, Role, Scope, hash_key, new_key
from zenata.control.pilot import Pilot, PilotError, Quotas
from zenata.control.tables import AuditRow, KeyRow, PilotRow, RegisterRevision, WebSessionRow

_MINUTE = 60 * SECOND
_KEY_CHANGES = ("key.issue", "key.rotate", "key.revoke")  # in the audit log

MAX_KEYS = 50
"""Live keys of one pilot. A default."""

MAX_REVOKED = 1000
"""Revoked keys of one pilot that are remembered, the newest: every process reads all keys after each change. A default."""

KEY_CHANGES = 30
"""Keys that a pilot may issue, rotate and revoke in a minute: with each the broker takes in its users again. A default."""


class Register(Authenticator):
    """The pilots in a database, and their keys. Methods may be called from any thread.

    Parameters are those of `Authenticator`.

    Attributes
    ----------
    on_key : callable
        Called with the MQTT user and the key when this process has issued one.
    """

    def __init__(self, engine: Engine, *, quotas: Quotas | None = None, clock: Clock | None = None) -> None:
        super().__init__(engine, quotas=quotas, clock=clock)
        self.on_key: Callable[[str, str], object] = lambda *_: None

    def pilots(self) -> list[Pilot]:
        """Return all pilots by name, as the database has them now."""
        with Session(self.engine) as session:
            return [row.pilot for row in session.scalars(select(PilotRow).order_by(PilotRow.name))]

    def pilot(self, name: str) -> Pilot:
        """Return one pilot, as the database has it now.

        Raises
        ------
        PilotError
            If there is none of that name.
        """
        with Session(self.engine) as session:
            return _row(session, name).pilot

    def keys(self, pilot: str | None = None, prefix: str = "") -> list[Key]:
        """Return the keys of a pilot, or of all, that begin so; the live ones, and those that were, newest first."""
        chosen = select(KeyRow).order_by(KeyRow.id.desc())
        if pilot is not None:
            chosen = chosen.where(KeyRow.pilot == pilot)
        if prefix:
            chosen = chosen.where(KeyRow.prefix.startswith(prefix[:PREFIX_LENGTH], autoescape=True))
        with Session(self.engine) as session:
            found = [row.key for row in session.scalars(chosen)]
        return [key for key in found if key.prefix.startswith(prefix[:PREFIX_LENGTH])]  # SQLite ignores the case

    # Changing it; each raises `PilotError` where that cannot be

    def add(self, name: str, *, role: Role = Role.PILOT, by: Actor, **about: Any) -> Pilot:  # noqa: ANN401 - as of a Pilot
        """Make a pilot, who has no key yet; `about` holds members of `Pilot`."""
        check_name(name)
        check_change(about)
        values = {"contact": "", "theme": "", "edition": "", "reason": "", "quotas": {}, "actuators": []} | about
        values["quotas"] = _set_quotas(values["quotas"])
        with self.changing(by, "pilot.add", name, role=role, **about) as session:
            if session.get(PilotRow, name) is not None:
                raise PilotError(f"there is a pilot {name!r} already", "conflict")
            session.add(PilotRow(name=name, role=role.value, made=self._clock.now(), **values))
        return self.pilot(name)

    def change(self, name: str, *, by: Actor, **changes: Any) -> Pilot:  # noqa: ANN401 - the members of a Pilot
        """Change members of a pilot: contact, theme, edition, quotas, actuators. A quota of None is the default again."""
        check_change(changes)
        with self.changing(by, "pilot.change", name, **changes) as session:
            row = _row(session, name)
            if "quotas" in changes:
                changes["quotas"] = _set_quotas(row.quotas | changes["quotas"])
            for member, value in changes.items():
                setattr(row, member, value)
        return self.pilot(name)

    def suspend(self, name: str, *, by: Actor, reason: str) -> Pilot:
        """Make all keys of a pilot good for nothing, until it is resumed; connections are cut, and sessions and links end for good."""
        with self.changing(by, "pilot.suspend", name, reason=reason) as session:
            row = _row(session, name)
            self._keep_an_admin(session, row)
            row.suspended, row.reason = row.suspended or self._clock.now(), reason
            keys = select(KeyRow.id).where(KeyRow.pilot == name)
            session.execute(delete(WebSessionRow).where(WebSessionRow.key.in_(keys)))
        return self.pilot(name)

    def resume(self, name: str, *, by: Actor) -> Pilot:
        """Let a pilot go on."""
        with self.changing(by, "pilot.resume", name) as session:
            row = _row(session, name)
            row.suspended, row.reason = None, ""
        return self.pilot(name)

    def issue(
        self,
        pilot: str,
        *,
        name: str = MAIN,
        scopes: frozenset[Scope] = ALL,
        expires: int | None = None,
        by: Actor,
        key: str | None = None,
    ) -> str:
        """Give a pilot a key of a name that it has not yet, and return it; it cannot be had a second time.

        Parameters
        ----------
        pilot, name : str
        scopes : frozenset of Scope
        expires : int or None
            When [us since the Unix epoch].
        by : Principal or str
        key : str or None
            The key, if there is one already.
        """
        now = self._clock.now()
        check_key(name, scopes, expires, now)
        key = key or new_key()
        detail = {"prefix": key[:PREFIX_LENGTH], "scopes": _scope_text(scopes)}
        with self.changing(by, "key.issue", f"{pilot}/{name}", **detail) as session:
            new = hash_key(key, pilot=pilot, name=name, scopes=scopes, made=now, expires=expires)
            _row(session, pilot)
            old = _live(session, pilot, name)
            if old is not None and old.key.is_live(now):
                raise PilotError(f"{pilot} has a key {name!r} already: rotate it, or take another name", "conflict")
            if old is None and _count_live(session, pilot, now) >= MAX_KEYS:
                raise PilotError(
                    f"{pilot} has {MAX_KEYS} keys, the most that a pilot may have: revoke one first", "limit"
                )
            _put(session, new, old, now)
        self.on_key(new.user, key)
        return key

    def rotate(self, pilot: str, name: str, *, by: Actor) -> str:
        """Replace a key, which stops working at once, and return the new one as `issue` does."""
        key, now = new_key(), self._clock.now()
        with self.changing(by, "key.rotate", f"{pilot}/{name}", prefix=key[:PREFIX_LENGTH]) as session:
            old = _live_row(session, pilot, name)
            was = old.key
            check_key(name, was.scopes, was.expires, now)
            _put(
                session,
                hash_key(key, pilot=pilot, name=name, scopes=was.scopes, made=now, expires=was.expires),
                old,
                now,
            )
        self.on_key(was.user, key)
        return key

    def revoke(self, pilot: str, name: str, *, by: Actor) -> None:
        """Make a key good for nothing from now on."""
        with self.changing(by, "key.revoke", f"{pilot}/{name}") as session:
            row, now = _live_row(session, pilot, name), self._clock.now()
            if [one.id for one in _managing(session, now)] == [row.id]:
                raise PilotError("nobody could manage pilots without this key: rotate it, or issue another", "conflict")
            row.revoked = now
            _forget_revoked(session, pilot)

    @contextmanager
    def changing(self, by: Actor, what: str, target: str, **detail: object) -> Iterator[Session]:
        """Give a transaction that raises the revision and notes what is done, and take in what it has changed."""
        if what in _KEY_CHANGES:
            with Session(self.engine) as session:  # whoever is refused is to make nobody wait
                self._check_rate(session, by)
        with Session(self.engine) as session, session.begin():
            # The first statement writes, so that of two changes at once one waits for the other.
            session.execute(update(RegisterRevision).values(number=RegisterRevision.number + 1))
            if what in _KEY_CHANGES:
                self._check_rate(session, by)
            yield session
            session.add(audit_row(audit_entry(by, time=self._clock.now(), what=what, target=target, detail=detail)))
        self._load()

    def _check_rate(self, session: Session, by: Actor) -> None:
        if not isinstance(by, Principal) or by.role is Role.ADMIN:
            return
        recent = (
            AuditRow.what.in_(_KEY_CHANGES),  # not all that begins so: by these and the time the index finds them
            AuditRow.time > self._clock.now() - _MINUTE,
            AuditRow.who == by.pilot,
        )
        if (session.scalar(select(func.count()).select_from(AuditRow).where(*recent)) or 0) >= KEY_CHANGES:
            raise PilotError(f"a pilot changes up to {KEY_CHANGES} keys a minute: wait a minute", "rate")

    def _keep_an_admin(self, session: Session, row: PilotRow) -> None:
        """Refuse to suspend the last administrator with a key to manage pilots: nobody could resume it."""
        others = (key for key in _managing(session, self._clock.now()) if key.pilot != row.name)
        if row.role == Role.ADMIN.value and next(others, None) is None:
            raise PilotError(f"nobody but {row.name} has a key to manage pilots: nobody could resume it", "conflict")


def _set_quotas(quotas: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in quotas.items() if value is not None}


def _row(session: Session, name: str) -> PilotRow:
    row = session.get(PilotRow, name)
    if row is None:
        raise PilotError(f"there is no pilot {name[:80]!r}", "unknown")
    return row


def _live(session: Session, pilot: str, name: str) -> KeyRow | None:
    """Return the key of a name that is not revoked, if there is one."""
    chosen = select(KeyRow).where(KeyRow.pilot == pilot, KeyRow.name == name, KeyRow.revoked.is_(None))
    return session.scalars(chosen).first()


def _count_live(session: Session, pilot: str, now: int) -> int:
    chosen = select(KeyRow).where(KeyRow.pilot == pilot, KeyRow.revoked.is_(None))
    return sum(row.key.is_live(now) for row in session.scalars(chosen))


def _live_row(session: Session, pilot: str, name: str) -> KeyRow:
    _row(session, pilot)
    row = _live(session, pilot, name)
    if row is None:
        raise PilotError(f"{pilot} has no key {name[:80]!r}", "unknown")
    return row


def _managing(session: Session, now: int) -> list[KeyRow]:
    """Return the keys by which pilots can be managed: the live ones of administrators that may write."""
    chosen = select(KeyRow).join(PilotRow, PilotRow.name == KeyRow.pilot)
    chosen = chosen.where(PilotRow.role == Role.ADMIN.value, PilotRow.suspended.is_(None), KeyRow.revoked.is_(None))
    return [row for row in session.scalars(chosen) if row.key.is_live(now) and Scope.WRITE in row.key.scopes]


def _put(session: Session, new: Key, old: KeyRow | None, now: int) -> None:
    if old is not None:
        old.revoked = now
        _forget_revoked(session, new.pilot)
    values = {member: getattr(new, member) for member in ("pilot", "name", "prefix", "sha256", "bcrypt", "pbkdf2")}
    session.add(KeyRow(**values, scopes=_scope_text(new.scopes), made=new.made, expires=new.expires))


def _forget_revoked(session: Session, pilot: str) -> None:
    """Remove the oldest revoked keys of a pilot beyond `MAX_REVOKED`; the audit log has what they began with."""
    session.flush()
    chosen = select(KeyRow.id).where(KeyRow.pilot == pilot, KeyRow.revoked.is_not(None))
    old = chosen.order_by(KeyRow.revoked.desc(), KeyRow.id.desc()).offset(MAX_REVOKED)
    for removal in (delete(WebSessionRow).where(WebSessionRow.key.in_(old)), delete(KeyRow).where(KeyRow.id.in_(old))):
        session.execute(removal, execution_options={"synchronize_session": False})


def _scope_text(scopes: frozenset[Scope]) -> str:
    return " ".join(sorted(scopes))
