"""Sessions of browsers: opened with a key or a one-time link, and valid as long as the key behind them.

Only hashes of their secrets are stored. Whatever ends the key (its revocation, rotation or expiry) ends its sessions, as
`zenata.control.authenticator.Authenticator` checks both; the suspension of a pilot removes its sessions and links.
"""

from typing import Any

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from zenata.city.clock import SECOND, Clock, WallClock
from zenata.control.audit import Actor
from zenata.control.keys import LINK_PREFIX, MAIN, SESSION_PREFIX, Scope, digest, new_secret
from zenata.control.pilot import PilotError
from zenata.control.register import Register
from zenata.control.tables import KeyRow, PilotRow, WebSessionRow

LIFETIME, LONG_LIFETIME = 12 * 3600 * SECOND, 30 * 86_400 * SECOND
"""How long a session lasts, and one on a device that is to be remembered [us]. Defaults."""

LINK_LIFETIME = 900 * SECOND
"""How long a link may be used, once [us]. A default."""

MAX_SESSIONS = 100
"""Sessions of one key; the oldest end first. A default."""


class WebSessions:
    """Opens and ends sessions of browsers. Methods may be called from any thread.

    Parameters
    ----------
    register : Register
        The pilots and their keys.
    clock : Clock
        The wall's.
    """

    def __init__(self, register: Register, clock: Clock | None = None) -> None:
        self._register = register
        self._clock = clock or WallClock()

    def make_link(self, pilot: str, *, by: Actor) -> str:
        """Return the secret of a link by which a browser logs in as a pilot, once.

        Raises
        ------
        PilotError
            If there is no such pilot, it is suspended, or none of its keys may read.
        """
        self._register.pilot(pilot)  # it is there
        with self._register.changing(by, "session.link", pilot) as session:
            key = self._reading_key(session, pilot)
            return self._add(session, key.id, pilot, LINK_PREFIX, LINK_LIFETIME)

    def open(self, secret: str, *, remember: bool = False) -> str | None:
        """Return the secret of a new session, or None if a key or link is not valid; a link is used up by this.

        Parameters
        ----------
        secret : str
            A key, or what `make_link` returned.
        remember : bool
            Whether the session is to last longer.
        """
        found = self._key_behind(secret)
        if found is None:
            return None
        id_, pilot = found
        try:
            with self._register.changing(pilot, "session.open", pilot) as session:
                if secret.startswith(LINK_PREFIX):
                    _use_up(session, secret)
                self._forget_old(session, id_)
                return self._add(session, id_, pilot, SESSION_PREFIX, LONG_LIFETIME if remember else LIFETIME)
        except PilotError:
            return None

    def close(self, secret: str) -> None:
        """End a session."""
        principal = self._register.authenticate(secret)
        if principal is not None:
            with self._register.changing(principal, "session.close", principal.pilot) as session:
                session.execute(delete(WebSessionRow).where(WebSessionRow.sha256 == digest(secret)))

    def _key_behind(self, secret: str) -> tuple[int, str] | None:
        """Return the key that a key or link stands for, and its pilot, if both are valid now."""
        now, hashed = self._clock.now(), digest(secret)
        chosen = select(KeyRow).where(KeyRow.sha256 == hashed)
        if secret.startswith(LINK_PREFIX):
            links = select(WebSessionRow.key).where(
                WebSessionRow.sha256 == hashed, WebSessionRow.is_link, WebSessionRow.expires > now
            )
            chosen = select(KeyRow).where(KeyRow.id.in_(links))
        with Session(self._register.engine) as session:
            row = session.scalars(chosen).first()
            valid = row is not None and row.key.is_live(now) and self._register.is_active(row.pilot)
            return (row.id, row.pilot) if row is not None and valid else None

    def _reading_key(self, session: Session, pilot: str) -> KeyRow:
        """Return the key of a pilot that a link is to stand for: the main one, if that may read, or another."""
        rows = session.scalars(select(KeyRow).where(KeyRow.pilot == pilot, KeyRow.revoked.is_(None))).all()
        fit = [row for row in rows if row.key.is_live(self._clock.now()) and Scope.READ in row.key.scopes]
        if not fit:
            raise PilotError(f"{pilot} has no key that may read: issue one", "conflict")
        return min(fit, key=lambda row: (row.name != MAIN, Scope.WRITE not in row.key.scopes, row.id))

    def _forget_old(self, session: Session, key: int) -> None:
        """Remove what has expired, and the oldest sessions of a key beyond `MAX_SESSIONS`."""
        session.execute(delete(WebSessionRow).where(WebSessionRow.expires <= self._clock.now()))
        newest = select(WebSessionRow.sha256).where(WebSessionRow.key == key, WebSessionRow.is_link.is_(False))
        surplus = session.scalars(newest.order_by(WebSessionRow.made.desc()).offset(MAX_SESSIONS - 1)).all()
        session.execute(delete(WebSessionRow).where(WebSessionRow.sha256.in_(surplus)))

    def _add(self, session: Session, key: int, pilot: str, prefix: str, lifetime: int) -> str:
        about = session.get(PilotRow, pilot)
        if (
            about is None or about.suspended is not None
        ):  # looked at again: it may just have been, which ended those before
            raise PilotError(f"{pilot} is suspended", "conflict")
        secret, now = new_secret(prefix), self._clock.now()
        row = WebSessionRow(
            sha256=digest(secret), key=key, made=now, expires=now + lifetime, is_link=prefix == LINK_PREFIX
        )
        session.add(row)
        return secret


def _use_up(session: Session, link: str) -> None:
    """Remove a link; of two who use it at once, one fails.

    Raises
    ------
    PilotError
        If it is not there any more.
    """
    removed: CursorResult[Any] = session.execute(delete(WebSessionRow).where(WebSessionRow.sha256 == digest(link)))  # type: ignore[assignment]  # a DELETE returns one
    if not removed.rowcount:
        raise PilotError("the link was used already", "conflict")
