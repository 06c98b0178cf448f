"""Who may use the embedded broker, as private worlds come and go."""

import time
from pathlib import Path

from simulators.worlds import owners_of
from zenata.broker.base import User, pilot_user, service_user
from zenata.broker.nats import Nats
from zenata.pilots.keys import KeyRing, Role
from zenata.settings import Settings
from zenata.supervisor import Program

_SETTLED = 2.0  # age of a folder's last change from which on its time tells that there was no other [s]


class Access:
    """The users of the embedded broker: the services, and the pilots, each with the worlds it owns.

    Parameters
    ----------
    settings : Settings
    keys : KeyRing
    secrets : dict of str to str
        Password by service.
    ports : dict of str to int
        ``--mqtt-port`` and ``--ws-port``.
    """

    def __init__(self, settings: Settings, keys: KeyRing, secrets: dict[str, str], ports: dict[str, int]) -> None:
        self._settings, self._ports = settings, ports
        self._nats = Nats()
        self._services = [service_user(name, self._nats.hash_password(secret)) for name, secret in secrets.items()]
        self._pilots = {entry.pilot: entry.bcrypt for entry in keys.entries if entry.role is Role.PILOT}
        self._owners = owners_of(settings.worlds_dir)
        self._changed = 0.0

    def program(self) -> Program:
        """Write the broker's folder, and return how to run it."""
        command = self._nats.prepare(
            folder=self._settings.data_dir / "broker",
            host=self._settings.host,
            mqtt_port=self._ports["--mqtt-port"],
            ws_port=self._ports["--ws-port"],
            users=[*self._services, *map(self._pilot, self._pilots)],
        )
        return Program(name="broker", args=command.args, env=command.env)

    def renew(self) -> bool:
        """Write the rights anew if worlds came or went; return whether the broker is to take them."""
        changed = _changed(self._settings.worlds_dir)
        if changed == self._changed and time.time() - changed > _SETTLED:
            return False
        self._changed = changed
        owners = owners_of(self._settings.worlds_dir)
        if owners == self._owners:
            return False
        self._owners = owners
        self.program()
        return True

    def _pilot(self, name: str) -> User:
        own = [world for world, owner in self._owners.items() if owner == name]
        return pilot_user(name, self._pilots[name], self._settings.world, own)


def _changed(folder: Path) -> float:
    """Return when something was last put into a folder or taken out [s since the Unix epoch]; 0 if it is not there."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0
