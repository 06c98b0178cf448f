"""Mosquitto as the broker: that of the system, such as Debian's package `mosquitto`."""

import base64
import hashlib
import hmac
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from zenata.broker.base import User
from zenata.broker.dynsec import configuration
from zenata.broker.templates import plain, render, write_folder
from zenata.errors import SetupError
from zenata.process.tls import Certificate

PLUGIN = "mosquitto_dynamic_security.so"

_ITERATIONS = 101  # what mosquitto_passwd takes; more protects passwords that can be guessed, not 256 random bits
_SALT_BYTES = 12  # what Mosquitto 2.0 expects


class Mosquitto:
    """For those who run Mosquitto already; the second broker of every test."""

    def hash_password(self, password: str) -> str:
        """Return the PBKDF2 hash of a password, written as in Mosquitto's password file."""
        return _hash(password, secrets.token_bytes(_SALT_BYTES))

    def prepare(
        self,
        *,
        folder: Path,
        host: str,
        mqtt_port: int,
        ws_port: int,
        users: Sequence[User],
        certificate: Certificate | None = None,
    ) -> tuple[str, ...]:
        """Write ``mosquitto.conf`` and ``dynamic-security.json``; see `zenata.broker.nats.Nats.prepare`.

        Once it runs, its users are changed by `zenata.broker.dynsec.DynamicSecurity`.
        """
        folder = folder.absolute()
        files = config_files(str(folder), host, mqtt_port, ws_port, plugin(), users, certificate)
        write_folder(folder, files)
        return program(), "-c", str(folder / "mosquitto.conf")


def config_files(
    folder: str,
    host: str,
    mqtt_port: int,
    ws_port: int,
    plugin: str,
    users: Sequence[User],
    certificate: Certificate | None = None,
) -> dict[str, str]:
    """Return the text of each file of a folder, by name; `folder` and `plugin` are where Mosquitto will find them."""
    config = render(
        "mosquitto/mosquitto.conf",
        lines={"tls": _tls(certificate)},
        host=host,
        mqtt_port=mqtt_port,
        ws_port=ws_port,
        folder=folder,
        plugin=plugin,
    )
    return {"mosquitto.conf": config, "dynamic-security.json": configuration(users)}


def is_hash_of(password: str, hash_: str) -> bool:
    """Return whether a hash that `Mosquitto.hash_password` made is that of a password."""
    salt = base64.b64decode(hash_.split("$")[3])
    return hmac.compare_digest(_hash(password, salt), hash_)


def _tls(certificate: Certificate | None) -> str:
    if certificate is None:
        return "# without TLS"
    return f"certfile {plain('tls_cert', certificate.cert)}\nkeyfile {plain('tls_key', certificate.key)}"


def _hash(password: str, salt: bytes) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def program() -> str:
    """Return the path of ``mosquitto``, which Debian keeps where not every user's path leads."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SetupError("mosquitto is not installed: install the Debian package mosquitto")
    return found


def plugin() -> str:
    """Return the path of the plugin that keeps Mosquitto's users."""
    for folder in (Path("/usr/lib"), Path("/usr/local/lib")):
        for found in (folder / PLUGIN, *folder.glob(f"*/{PLUGIN}")):
            if found.exists():
                return str(found)
    raise SetupError(f"{PLUGIN} is not installed: it comes with the Debian package mosquitto")
