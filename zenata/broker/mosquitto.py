"""Mosquitto as the broker: that of the system, such as Debian's package `mosquitto`."""

import base64
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from zenata.broker.base import Command, User
from zenata.broker.files import render, write_private
from zenata.errors import SetupError

_PBKDF2 = re.compile(r"\$7\$\d+\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*")
_ITERATIONS = 101  # what mosquitto_passwd takes; more protects passwords that can be guessed, not 256 random bits
_SALT_BYTES = 12  # what Mosquitto 2.0 expects


class Mosquitto:
    """For those who run Mosquitto already; the second broker of every test."""

    def hash_password(self, password: str) -> str:
        """Return the PBKDF2 hash of a password, written as in Mosquitto's password file."""
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
        return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"

    def prepare(self, *, folder: Path, host: str, mqtt_port: int, ws_port: int, users: Sequence[User]) -> Command:
        """Write ``mosquitto.conf``, ``users`` and ``acl``; see `Broker.prepare`."""
        folder = folder.absolute()
        config = render("mosquitto/mosquitto.conf", host=host, mqtt_port=mqtt_port, ws_port=ws_port, folder=str(folder))
        write_private(folder, {"mosquitto.conf": config, **self.user_files(users)})
        return Command(args=(program(), "-c", str(folder / "mosquitto.conf")))

    def user_files(self, users: Sequence[User]) -> dict[str, str]:
        """Return the text of ``users`` and ``acl``, by these names."""
        return {
            "users": "".join(_password_line(user) for user in users),
            "acl": "".join(line + "\n" for user in users for line in _acl_lines(user)),
        }


def _password_line(user: User) -> str:
    if not _PBKDF2.fullmatch(user.password_hash):
        raise SetupError(f"Mosquitto needs a $7$ hash for the user {user.name!r}")
    return f"{user.name}:{user.password_hash}\n"


def _acl_lines(user: User) -> Iterator[str]:
    """Yield the rights of a user. What has no line is denied."""
    yield f"user {user.name}"
    yield from (f"topic write {topic_filter}" for topic_filter in user.rights.publish)
    yield from (f"topic read {topic_filter}" for topic_filter in user.rights.subscribe)


def program() -> str:
    """Return the path of ``mosquitto``, which Debian keeps where not every user's path leads."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SetupError("mosquitto is not installed: install the Debian package mosquitto")
    return found
