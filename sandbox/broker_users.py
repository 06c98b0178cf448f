"""Users of the broker, kept in step with pilots, keys and private worlds."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from sandbox.init import FIRST
from sandbox.settings import Settings
from zenata.broker.base import RESERVED, SWEEPER, SWEEPING, User, pilot_user, service_user
from zenata.broker.dynsec import ANSWERS, TOPIC, DynamicSecurity
from zenata.broker.monitor import BrokerMonitor
from zenata.broker.mosquitto import is_hash_of
from zenata.broker.nats import MonitorPort, Nats
from zenata.broker.reloads import Reloads, revoked
from zenata.broker.templates import write_folder
from zenata.control.authenticator import Authenticator
from zenata.control.keys import MqttUser
from zenata.control.register import Register
from zenata.errors import BrokerError, SetupError, ZenataError
from zenata.process.background import Background
from zenata.process.rate_limit import Bucket
from zenata.process.supervisor import Program
from zenata.process.tls import Certificate, certificate_of
from zenata.wire.address import Address, parse_url
from zenata.wire.mqtt import RequestClient
from zenata.worlds.folders import WorldFolders

log = logging.getLogger(__name__)

_SETTLED = 2.0  # age of a folder's last change from which on its time tells that there was no other [s]
_RELOADS, _RELOAD_PAUSE = 4.0, 3.0  # reloads of users at once, and in the long run one in so many seconds. Defaults
_INTERVAL = 0.3  # between two looks at the register [s]
_TIMEOUT = 10.0  # for a broker that a command changes [s]
_COMPARE = 30.0  # time after which a broker elsewhere is compared with the register though nothing has changed [s]


class PilotUsers:
    """The users that pilots have at a broker: by the register, with the rights to the worlds there are.

    Parameters
    ----------
    settings : Settings
    register : Authenticator
    hash_of : callable
        Takes from what the register has of a user the hash that the broker wants.
    owners : callable or None
        Returns the owner of each private world, where worlds are no folders of this machine.
    """

    def __init__(
        self,
        settings: Settings,
        register: Authenticator,
        hash_of: Callable[[MqttUser], str],
        owners: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._settings, self._register, self._hash_of, self._look_up = settings, register, hash_of, owners
        self._changed = 0.0
        self._owners: Mapping[str, str] = {}
        self._known: tuple[object, ...] = ()
        self.users: Sequence[User] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Look at register and worlds; return whether `users` are others than before."""
        self._register.refresh()
        known = (self._register.users(), self._worlds())
        if known == self._known:
            return False
        before, self.users = self.users, [self._user(entry) for entry in known[0] if _is_free(entry)]
        self._known = known
        return self.users != before

    @property
    def worlds(self) -> Collection[str]:
        """The private worlds that there were at the last look."""
        return self._owners.keys()

    def _worlds(self) -> Mapping[str, str]:
        """Return the owner of each private world."""
        if self._settings.join and self._look_up:
            self._owners = self._look_up()
            return self._owners
        folder = self._settings.worlds_dir
        changed = _changed(folder)
        if changed != self._changed or time.time() - changed <= _SETTLED:
            self._changed, self._owners = changed, WorldFolders(folder).owners()
        return self._owners

    def _user(self, entry: MqttUser) -> User:
        return pilot_user(
            entry.name,
            self._hash_of(entry),
            pilot=entry.pilot,
            role=entry.role,
            world=self._settings.world,
            reads=entry.reads,
            writes=entry.writes,
            actuators=entry.actuators,
            own=[world for world, owner in self._owners.items() if owner == entry.pilot],
        )


class EmbeddedUsers:
    """The users of the embedded broker: the services and the pilots.

    Parameters
    ----------
    settings : Settings
    register : Authenticator
    secrets : dict of str to str
        Password by service.
    ports : dict of str to int
        ``--mqtt-port`` and ``--ws-port``.
    certificate : Certificate or None
        What the broker shows; it gets a copy, and another when that is renewed.
    monitor_port : MonitorPort or None
        Where the broker answers its monitor.
    monitor : BrokerMonitor or None
        Who asks it there; open while we are entered.
    """

    def __init__(
        self,
        settings: Settings,
        register: Authenticator,
        secrets: dict[str, str],
        ports: dict[str, int],
        certificate: Certificate | None = None,
        monitor_port: MonitorPort | None = None,
        monitor: BrokerMonitor | None = None,
    ) -> None:
        self._settings, self.ports, self._original = settings, ports, certificate
        self._stamp: tuple[int, ...] = ()
        self.certificate = self._copied(certificate) if certificate else None
        self._nats = Nats(monitor=monitor_port)
        hashes = {name: self._nats.hash_password(secret) for name, secret in secrets.items()}
        self._services = [
            User(name=name, password_hash=hash_, rights=SWEEPING) if name == SWEEPER else service_user(name, hash_)
            for name, hash_ in hashes.items()
        ]
        self._pilots = PilotUsers(settings, register, lambda entry: entry.bcrypt)
        self._written: Sequence[User] = ()
        self._monitor, self._reloads = monitor, Reloads(monitor) if monitor else None
        self._rate, self._reloaded = Bucket(_RELOADS, time.monotonic()), 0.0
        self.excluded: Callable[[], Collection[str]] = frozenset
        """Pilots that are kept out for now."""

    def __enter__(self) -> Self:
        with suppress(BrokerError):  # then it is opened when it is needed
            if self._monitor:
                self._monitor.open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._monitor:
            self._monitor.close()

    def program(self) -> Program:
        """Write the broker's folder, and return how to run it."""
        users = self._allowed()
        args = self._nats.prepare(
            folder=self._settings.data_dir / "broker",
            host=self._settings.host,
            mqtt_port=self.ports["--mqtt-port"],
            ws_port=self.ports["--ws-port"],
            users=[*self._services, *users],
            certificate=self.certificate,
        )
        self._written = users
        return Program(name="broker", args=args)

    def renew(self) -> bool:
        """Write changed users and rights; return whether the broker is to reload them, by SIGHUP.

        What goes wrong is logged: the city goes on, and the next call tries again.
        """
        before = self._written
        try:
            self._pilots.refresh()
        except ZenataError as error:
            log.warning("who may use the broker is not known: %s", error)
        wanted = self._allowed()
        gone = revoked(before, wanted)
        if self._reloads and not self._reloads.is_settled() and not self._reloads.expel(gone):
            return False
        renewed = self._renew_certificate()
        try:
            if wanted != before and self._may_reload(revokes=bool(gone)):
                self.program()
                renewed = True
        except ZenataError as error:
            log.warning("the broker's users cannot be renewed: %s", error)
        if renewed and self._reloads:
            self._reloads.begin(before, self._written, self._pilots.worlds)
        return renewed

    def disconnect(self) -> None:
        """Disconnect whoever a renewal took away, or gave another key or fewer rights; see `Reloads`."""
        if self._reloads:
            self._reloads.disconnect()

    def _allowed(self) -> Sequence[User]:
        """Return the users of pilots that are not kept out; the name of a pilot holds no ``_``."""
        excluded = frozenset(self.excluded())
        return [user for user in self._pilots.users if user.name.partition("_")[0] not in excluded]

    def _may_reload(self, *, revokes: bool) -> bool:
        """Return whether to have the broker reload its users now: many changes in a row are taken together.

        While it reloads, the broker accepts no connection. Where somebody loses its access, a second after the last reload is enough.
        """
        now = time.monotonic()
        if self._rate.take(1 / _RELOAD_PAUSE, _RELOADS, now) and not (revokes and now - self._reloaded >= 1.0):
            return False
        self._reloaded = now
        return True

    def _renew_certificate(self) -> bool:
        """Copy the certificate if it has been renewed; return whether it has. One that is of no use is logged once."""
        before = self._original
        if before is None or before.stamp == self._stamp:
            return False
        try:
            if renewed := certificate_of(before.cert, before.key):
                self.certificate = self._copied(renewed)
        except ZenataError as error:
            self._stamp = before.stamp
            log.warning("the broker goes on with the certificate it has: %s", error)
            return False
        log.info("the certificate is renewed")
        return True

    def _copied(self, certificate: Certificate) -> Certificate:
        """Copy a certificate to where nobody else writes: a pair that does not fit would keep new users out, and old in."""
        self._stamp = certificate.stamp
        folder = self._settings.data_dir.absolute() / "tls"
        files = {"cert.pem": certificate.cert, "key.pem": certificate.key}
        try:
            write_folder(folder, {name: file.read_text() for name, file in files.items()})
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{certificate.cert} and {certificate.key} cannot be copied: {error}") from error
        return replace(certificate, cert=folder / "cert.pem", key=folder / "key.pem")


class MosquittoUsers(Background):
    """The users of pilots at a Mosquitto that somebody else runs, kept as the register has them until it is closed.

    It takes passwords only as they are, and the register has but hashes. So whoever issues a key must pass it on
    (`learn`), in this process; keys in the files of `FIRST` are known.

    Parameters
    ----------
    settings : Settings
    register : Register
    address : Address
        Of the broker, with a user who may manage users.
    owners : callable or None
        See `PilotUsers`.
    """

    def __init__(
        self,
        settings: Settings,
        register: Register,
        address: Address,
        owners: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._pilots = PilotUsers(settings, register, lambda entry: entry.pbkdf2, owners)
        self._files = [settings.data_dir / f"{name}.key" for name in FIRST]
        self._learned: dict[str, str] = {}
        self._unknown: list[str] = []
        self._due = 0.0  # when to compare with the broker again, on the monotonic clock
        self._requests = RequestClient(address, TOPIC, ANSWERS)
        self._broker = DynamicSecurity(self._requests.request, self._password_of)
        super().__init__("broker users", daemon=True)
        register.on_key = self.learn

    def __enter__(self) -> Self:
        return self  # `start` follows the register; a command connects, and changes users by itself

    def connect(self, timeout: float) -> None:
        """Connect, trying for `timeout` [s], and make the broker's users ours.

        Raises
        ------
        BrokerError
            If it cannot be reached, refuses us, or has not the plugin that manages users.
        """
        self._requests.connect(timeout)
        self.renew()

    def close(self) -> None:
        """Stop following the register; the users stay as they are."""
        super().close()
        self._requests.close()

    def learn(self, user: str, key: str) -> None:
        """Remember the key of a user until the broker has it."""
        self._learned[user] = key
        self._due = 0.0

    def renew(self) -> None:
        """Compare the broker's users with the register if that has changed, and now and then; mend what differs.

        Raises
        ------
        BrokerError
            If the broker does not answer; the next call tries again.
        """
        if not self._pilots.refresh() and time.monotonic() < self._due:
            return
        self._due = 0.0
        learned, users = dict(self._learned), self._pilots.users
        unknown = self._broker.renew(users)
        if self._learned == learned:  # else a key has just come that the broker does not have
            self._due = time.monotonic() + _COMPARE
        for user in {user.name for user in users} - set(unknown):
            if user in learned and learned[user] == self._learned[user]:
                del self._learned[user]
        for user in set(unknown) - set(self._unknown):
            log.warning("the broker does not know the key of %s, nor do we: rotate it to let it in by MQTT", user)
        self._unknown = unknown

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL):
            try:
                self.renew()
            except ZenataError as error:
                log.warning("%s; trying again", error)

    def _password_of(self, user: User) -> str | None:
        candidates = [self._learned.get(user.name, "")]
        for file in self._files:
            with suppress(OSError):
                candidates.append(file.read_text().strip())
        return next((key for key in candidates if is_hash_of(key, user.password_hash)), None)


@contextmanager
def following(settings: Settings, register: Register) -> Iterator[None]:
    """Let a Mosquitto elsewhere know what a command changes in this block; without ``broker_admin`` do nothing.

    Raises
    ------
    BrokerError
        If it cannot be managed; before the block, so that no key is issued that it would never know.
    """
    if not settings.broker_admin:
        yield
        return
    with MosquittoUsers(settings, register, parse_url(settings.broker_admin)) as remote:
        remote.connect(_TIMEOUT)
        yield
        remote.renew()


def _is_free(entry: MqttUser) -> bool:
    if entry.name in RESERVED:
        log.warning("the pilot %s has no MQTT user: that name is a service's", entry.pilot)
        return False
    return True


def _changed(folder: Path) -> float:
    """Return when something was last put into a folder or taken out [s since the Unix epoch]; 0 if it is not there."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0
