"""The keys of pilots, hashed at rest in one small file.

A key is 256 random bits, so nobody can search for it: one round of SHA-256 keeps it as safe as a slow hash would, and
a request is checked in microseconds. The bcrypt hash beside it is for brokers, which compare passwords that way; its
cost is the lowest bcrypt allows, for the same reason (a high cost only slows down the guessing of *weak* secrets).

References
----------
NIST SP 800-63B section 5.1.2 (look-up secrets of 112 bits and more need no slow hash).
"""

import hmac
import os
import re
import secrets
import tempfile
import threading
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from typing import NamedTuple

import bcrypt
import msgspec

from zenata.errors import SetupError

PREFIX_LENGTH = 9
"""How many characters of a key are kept in clear, to find and to name it: ``zk_`` and 36 of its 256 bits."""

_BCRYPT_COST = 4
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Role(StrEnum):
    """What a pilot may do: everything, watch everything, use the sandbox, or read the public city."""

    ADMIN = "admin"
    ENGINEER = "engineer"
    PILOT = "pilot"
    GUEST = "guest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who a key speaks for.

    Parameters
    ----------
    pilot : str
        Name of the pilot; also its MQTT user name.
    role : Role
    """

    pilot: str
    role: Role


class KeyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a key.

    Parameters
    ----------
    pilot : str
    role : Role
    prefix : str
        Its first `PREFIX_LENGTH` characters.
    sha256 : str
        Hash for HTTP [hexadecimal].
    bcrypt : str
        Hash for NATS, in the ``$2a$`` form, which every bcrypt reads.
    pbkdf2 : str
        Hash for Mosquitto, as in its password files.
    """

    pilot: str
    role: Role
    prefix: str
    sha256: str
    bcrypt: str
    pbkdf2: str = ""

    @property
    def principal(self) -> Principal:
        """Who the key speaks for."""
        return Principal(pilot=self.pilot, role=self.role)


class MqttUser(NamedTuple):
    """Somebody whom a broker is to let in.

    Parameters
    ----------
    name : str
        Of the user.
    pilot : str
    role : Role
    bcrypt, pbkdf2 : str
        Hashes of its key, as NATS and Mosquitto want them; empty if the key is older than the hash.
    """

    name: str
    pilot: str
    role: Role
    bcrypt: str
    pbkdf2: str


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[KeyEntry]


class KeyRing:
    """The keys in one file; a file that is not there holds none.

    Parameters
    ----------
    path : Path
        The file; written with mode 600.

    Raises
    ------
    SetupError
        If the file cannot be read or is not a key file.

    Attributes
    ----------
    on_key : callable
        Called with the pilot and the key when this process has issued one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.on_key: Callable[[str, str], object] = lambda *_: None
        self._entries = _read(path)
        self._by_prefix = _index(self._entries)

    @property
    def entries(self) -> tuple[KeyEntry, ...]:
        """Every key as kept, in the order they were issued."""
        return self._entries

    def refresh(self) -> None:
        """Read the file again, as another process may have issued keys."""
        entries = _read(self._path)
        self._entries, self._by_prefix = entries, _index(entries)

    def users(self) -> tuple[MqttUser, ...]:
        """Return whom a broker is to let in: each pilot, by the newest of its keys."""
        newest = {entry.pilot: entry for entry in self._entries}
        return tuple(
            MqttUser(name, pilot=name, role=entry.role, bcrypt=entry.bcrypt, pbkdf2=entry.pbkdf2)
            for name, entry in newest.items()
        )

    @property
    def principals(self) -> tuple[Principal, ...]:
        """Whom the keys speak for, each once, in the order they were issued."""
        return tuple(dict.fromkeys(entry.principal for entry in self._entries))

    def issue(self, pilot: str, role: Role) -> str:
        """Make a key for a pilot and keep its hashes.

        Returns
        -------
        str
            The key, ``zk_`` and 43 characters. It cannot be had a second time.

        Raises
        ------
        SetupError
            If `pilot` is no name for a pilot, or the file cannot be written.
        """
        if not _NAME.fullmatch(pilot):
            raise SetupError(
                f"{pilot!r} cannot name a pilot: use up to 32 of a-z, 0-9 and '-', beginning with a letter"
            )
        key = "zk_" + secrets.token_urlsafe(32)
        entry = KeyEntry(
            pilot=pilot,
            role=role,
            prefix=key[:PREFIX_LENGTH],
            sha256=_digest(key),
            bcrypt=bcrypt.hashpw(key.encode(), bcrypt.gensalt(_BCRYPT_COST, prefix=b"2a")).decode(),
            pbkdf2=_pbkdf2(key),
        )
        with self._lock:
            entries = (*self._entries, entry)
            _write(self._path, entries)
            self._entries, self._by_prefix = entries, _index(entries)
        self.on_key(pilot, key)
        return key

    def check(self, key: str) -> Principal | None:
        """Return whom a key speaks for, or None if it is not one of ours.

        The prefix, which is no secret, finds the candidates; the whole key is compared in constant time.
        """
        digest = _digest(key)
        for entry in self._by_prefix.get(key[:PREFIX_LENGTH], ()):
            if hmac.compare_digest(entry.sha256, digest):
                return entry.principal
        return None


def _pbkdf2(key: str) -> str:
    """Return the hash that Mosquitto takes, with the rounds of its own mosquitto_passwd."""
    salt = secrets.token_bytes(12)
    digest = pbkdf2_hmac("sha512", key.encode(), salt, 101)
    return f"$7$101${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _index(entries: tuple[KeyEntry, ...]) -> dict[str, list[KeyEntry]]:
    index: defaultdict[str, list[KeyEntry]] = defaultdict(list)
    for entry in entries:
        index[entry.prefix].append(entry)
    return dict(index)


def _read(path: Path) -> tuple[KeyEntry, ...]:
    try:
        return tuple(msgspec.json.decode(path.read_bytes(), type=_KeyFile).keys)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} is not a key file ({error}): restore it, or delete it to make new keys") from error


def _write(path: Path, entries: tuple[KeyEntry, ...]) -> None:
    """Replace the file in one step, so that a crash leaves either the old or the new one."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 600 from the first byte
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(_KeyFile(list(entries)))))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
