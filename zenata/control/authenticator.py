"""Authenticates keys, and answers from memory what every request asks about pilots and their quotas.

A number in the database, which rises with every change, shows a process that another has made one.
"""

import hmac
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from zenata.city.clock import Clock, WallClock
from zenata.control.keys import PREFIX_LENGTH, SESSION_PREFIX, Key, MqttUser, Principal, Role, Scope, digest
from zenata.control.pilot import Pilot, Quotas
from zenata.control.tables import KeyRow, PilotRow, RegisterRevision, WebSessionRow
from zenata.errors import StoreError
from zenata.process.background import Background

log = logging.getLogger(__name__)

LOOK = 0.25
"""How often a process that follows looks for changes by others [s]."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a process knows of the database."""

    revision: int = -1
    pilots: Mapping[str, Pilot] = field(default_factory=dict)
    keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)  # by prefix
    quotas: Mapping[str, Quotas] = field(default_factory=dict)
    sessions: Mapping[str, tuple[Key, int]] = field(default_factory=dict)  # by hash: of a key, until when [us]


class Authenticator(Background):
    """The pilots and keys of a database, as they were when it was last looked at.

    Methods may be called from any thread. Within its ``with`` block it follows what other processes change; otherwise
    `refresh` does.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    quotas : Quotas
        Of a pilot that has none of its own.
    clock : Clock
        The wall's.
    """

    def __init__(self, engine: Engine, *, quotas: Quotas | None = None, clock: Clock | None = None) -> None:
        self.engine = engine
        self._quotas = quotas or Quotas()
        self._clock = clock or WallClock()
        super().__init__("pilots", daemon=True)
        self._lock = threading.Lock()
        self._state = _State()
        self._load()

    def authenticate(self, key: str) -> Principal | None:
        """Return whom a key, or the session of a browser, speaks for; None if it is not valid (any more).

        The prefix, which is no secret, finds the candidates; the whole key is compared in constant time. A session is valid
        as long as the key that it was opened with.
        """
        found = self._find(key)
        if found is None or not found.is_live(self._clock.now()):
            return None
        pilot = self._state.pilots[found.pilot]
        if pilot.suspended is not None:
            return None
        return Principal(pilot=pilot.name, role=pilot.role, key=found.name, scopes=found.scopes, expires=found.expires)

    def knows(self, key: str) -> bool:
        """Return whether a key is of this sandbox, valid or not: whoever shows it does not guess."""
        return self._find(key) is not None

    def rejection(self, key: str) -> str:
        """Return why `authenticate` does not accept a key, for whoever has it."""
        found = self._find(key)
        if found is None and key.startswith(SESSION_PREFIX):
            return "of this session is not valid any more, as it has ended: log in again"
        if found is None:
            return "is none of this sandbox: send one of your keys as 'Authorization: Bearer zk_...'"
        if found.revoked is not None:
            return "was revoked: use another of yours"
        if not found.is_live(self._clock.now()):
            return "has expired: use another of yours"
        reason = self._state.pilots[found.pilot].reason
        return f"is of a pilot that is suspended ({reason}): ask whoever runs the sandbox"

    def session_end(self, secret: str) -> int | None:
        """Return when a session ends [us since the Unix epoch], or None if it is none."""
        found = self._state.sessions.get(digest(secret))
        return None if found is None else found[1]

    def quotas(self, pilot: str) -> Quotas:
        """Return what a pilot may use up; the default of one who is not known."""
        return self._state.quotas.get(pilot, self._quotas)

    def is_active(self, pilot: str) -> bool:
        """Return whether there is such a pilot, who is not suspended."""
        known = self._state.pilots.get(pilot)
        return known is not None and known.suspended is None

    def is_staff(self, pilot: str) -> bool:
        """Return whether a pilot is an engineer or an administrator, who is not suspended."""
        return self.is_active(pilot) and self._state.pilots[pilot].role in (Role.ADMIN, Role.ENGINEER)

    def may_command(self, pilot: str, sensor: str) -> bool:
        """Return whether a pilot was allowed this device of the shared city."""
        known = self._state.pilots.get(pilot)
        return known is not None and sensor in known.actuators

    def allowed(self, sensor: str) -> list[str]:
        """Return the pilots that were allowed this device of the shared city."""
        return sorted(pilot.name for pilot in self._state.pilots.values() if sensor in pilot.actuators)

    def users(self) -> tuple[MqttUser, ...]:
        """Return whom a broker is to let in: the live keys for MQTT of those who are not suspended."""
        state, now = self._state, self._clock.now()
        live = (key for keys in state.keys.values() for key in keys if Scope.MQTT in key.scopes and key.is_live(now))
        users = [_user(state.pilots[key.pilot], key) for key in live if state.pilots[key.pilot].suspended is None]
        return tuple(sorted(users))

    def refresh(self) -> None:
        """Take in what other processes have changed.

        Raises
        ------
        StoreError
            If the database cannot be read.
        """
        try:
            with Session(self.engine) as session:
                if session.scalar(select(RegisterRevision.number)) == self._state.revision:
                    return
            self._load()
        except SQLAlchemyError as error:
            raise StoreError(f"pilots and keys are known as they were: {type(error).__name__}") from error

    def _run(self) -> None:
        warned = False
        while not self._stop.wait(LOOK):
            try:
                self.refresh()
                warned = False
            except StoreError as error:
                if not warned:
                    log.warning("%s", error)
                warned = True

    def _load(self) -> None:
        with Session(self.engine) as session:
            revision = session.scalar(select(RegisterRevision.number)) or 0
            key_by_id = {row.id: row.key for row in session.scalars(select(KeyRow))}
            sessions = [
                (row.sha256, row.key, row.expires)
                for row in session.scalars(select(WebSessionRow).where(WebSessionRow.is_link.is_(False)))
            ]
            # After the keys: none of them may be of a pilot that came in between.
            pilots = {row.name: row.pilot for row in session.scalars(select(PilotRow))}
        by_prefix: defaultdict[str, list[Key]] = defaultdict(list)
        for key in key_by_id.values():
            by_prefix[key.prefix].append(key)
        quotas = {name: msgspec.structs.replace(self._quotas, **pilot.quotas) for name, pilot in pilots.items()}
        with self._lock:
            if revision >= self._state.revision:
                self._state = _State(
                    revision,
                    pilots,
                    dict(by_prefix),
                    quotas,
                    {hashed: (key_by_id[id_], end) for hashed, id_, end in sessions if id_ in key_by_id},
                )

    def _find(self, key: str) -> Key | None:
        hashed, found = digest(key), None
        if key.startswith(SESSION_PREFIX):
            of_key, end = self._state.sessions.get(hashed, (None, 0))
            return of_key if self._clock.now() < end else None
        for one in self._state.keys.get(key[:PREFIX_LENGTH], ()):
            if hmac.compare_digest(one.sha256, hashed):
                found = one
        return found


def _user(pilot: Pilot, key: Key) -> MqttUser:
    return MqttUser(
        key.user,
        pilot=pilot.name,
        role=pilot.role,
        reads=Scope.READ in key.scopes,
        writes=Scope.WRITE in key.scopes,
        actuators=pilot.actuators,
        bcrypt=key.bcrypt,
        pbkdf2=key.pbkdf2,
    )
