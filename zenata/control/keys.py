"""Keys: how they are made, hashed, and whom they authenticate.

A key is 256 random bits, so nobody can search for it: one round of SHA-256 keeps it as safe as a slow hash would, and
a request is checked in microseconds. The hashes beside it are for brokers, which compare passwords their own way; their
cost is the lowest there is, for the same reason (a high cost only slows down the guessing of *weak* secrets).

References
----------
NIST SP 800-63B section 5.1.2 (look-up secrets of 112 bits and more need no slow hash).
"""

import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256
from typing import NamedTuple

import bcrypt

from zenata.contract.pilots import Role as Role
from zenata.contract.pilots import Scope as Scope

PREFIX_LENGTH = 9
"""How many characters of a key are stored in clear, to find and to name it: ``zk_`` and 36 of its 256 bits."""

MAIN = "main"
"""The first key of a pilot: at a broker, its user has the pilot's own name."""

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
"""Names of pilots, and of their keys."""

KEY = re.compile(r"zk_[A-Za-z0-9_-]{43}")
"""What a key looks like."""

SESSION_PREFIX, LINK_PREFIX = "zs_", "zl_"
"""How the secrets of a browser's session, and of a link that makes one, begin."""

_BCRYPT_COST = 4
_ROUNDS = 101  # of PBKDF2, as mosquitto_passwd has it


ALL = frozenset(Scope)


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who a key speaks for.

    Parameters
    ----------
    pilot : str
        Name of the pilot.
    role : Role
    key : str
        Name of the key.
    scopes : frozenset of Scope
    expires : int or None
        From when on the key is good for nothing [us since the Unix epoch].
    """

    pilot: str
    role: Role
    key: str = MAIN
    scopes: frozenset[Scope] = ALL
    expires: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What is stored of a key: hashes and metadata.

    Parameters
    ----------
    pilot, name : str
    prefix : str
        Its first `PREFIX_LENGTH` characters.
    sha256 : str
        Hash for HTTP [hexadecimal].
    bcrypt : str
        Hash for NATS, in the ``$2a$`` form, which every bcrypt reads.
    pbkdf2 : str
        Hash for Mosquitto, as in its password files.
    scopes : frozenset of Scope
    made : int
        [us since the Unix epoch]
    expires, revoked : int or None
        From when on it is good for nothing [us since the Unix epoch].
    """

    pilot: str
    name: str
    prefix: str
    sha256: str
    bcrypt: str
    pbkdf2: str
    scopes: frozenset[Scope]
    made: int
    expires: int | None = None
    revoked: int | None = None

    def is_live(self, now: int) -> bool:
        """Return whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def state(self, now: int) -> str:
        """Return whether it is ``live``, ``expired`` or ``revoked``; `now` in us since the Unix epoch."""
        return "revoked" if self.revoked is not None else "live" if self.is_live(now) else "expired"

    @property
    def user(self) -> str:
        """The name of its user at a broker, which keeps one password a user; ``_`` is in no name of a pilot."""
        return self.pilot if self.name == MAIN else f"{self.pilot}_{self.name}"


class MqttUser(NamedTuple):
    """Somebody whom a broker is to let in.

    Parameters
    ----------
    name : str
        Of the user.
    pilot : str
    role : Role
    reads, writes : bool
        Whether it may subscribe, and publish.
    actuators : tuple of str
        Devices of the shared city that it may command.
    bcrypt, pbkdf2 : str
        Hashes of its key, as NATS and Mosquitto want them.
    """

    name: str
    pilot: str
    role: Role
    reads: bool
    writes: bool
    actuators: tuple[str, ...]
    bcrypt: str
    pbkdf2: str


def new_key() -> str:
    """Return a key, ``zk_`` and 43 characters."""
    return new_secret("zk_")


def new_secret(prefix: str) -> str:
    """Return 256 random bits as text behind a prefix."""
    return prefix + secrets.token_urlsafe(32)


def hash_key(
    key: str, *, pilot: str, name: str = MAIN, scopes: frozenset[Scope] = ALL, made: int, expires: int | None = None
) -> Key:
    """Return the hashes and metadata that are stored of a key; see `Key`."""
    return Key(
        pilot=pilot,
        name=name,
        prefix=key[:PREFIX_LENGTH],
        sha256=digest(key),
        bcrypt=bcrypt.hashpw(key.encode(), bcrypt.gensalt(_BCRYPT_COST, prefix=b"2a")).decode(),
        pbkdf2=_pbkdf2(key),
        scopes=scopes,
        made=made,
        expires=expires,
    )


def digest(key: str) -> str:
    """Return the hash that authenticates a key over HTTP [hexadecimal]."""
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _pbkdf2(key: str) -> str:
    salt = secrets.token_bytes(12)
    hashed = pbkdf2_hmac("sha512", key.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(hashed).decode()}"
