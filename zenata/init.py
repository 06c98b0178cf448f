"""`zenata init`: the folder that docker-compose.yml mounts, with every secret in it, made once."""

import os
import shutil
from pathlib import Path
from secrets import token_hex, token_urlsafe

from zenata.broker.base import ADMINISTRATOR, SERVICES, User, pilot_user, service_user
from zenata.broker.dynsec import MANAGING
from zenata.broker.files import write_private
from zenata.broker.mosquitto import PLUGIN, Mosquitto, config_files
from zenata.errors import SetupError
from zenata.pilots.keys import KeyRing, Role

PILOT = "demo"
"""The pilot of a fresh data directory."""

FIRST = {"admin": Role.ADMIN, PILOT: Role.PILOT}
"""Role by name of those who have a key in a fresh data directory, in a file ``{name}.key``."""

_NOBODY = 10001  # who the containers run as when root makes the folder: they are never root themselves
_BROKER_FOLDER = "/mosquitto/data"  # where docker-compose.yml mounts the folder `mosquitto`
_BROKER_PLUGIN = f"/usr/lib/{PLUGIN}"  # in the image of Mosquitto


def first_keys(folder: Path) -> KeyRing:
    """Return the keys of a data directory, made if they are not there: one for SAZ, one for the demo pilot."""
    keys = KeyRing(folder / "keys.json")
    for name, role in FIRST.items():
        file = folder / f"{name}.key"
        if not file.exists():
            secret = keys.issue(name, role)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(secret + "\n")
    return keys


def init(folder: Path) -> bool:
    """Make the folder, whole or not at all; return False, having touched nothing, if it is there already.

    ============== ================================================================================
    ``.env``       what docker-compose.yml asks for: where the folder is, and whose it is
    ``*.env``      the secrets of each service, as environment variables
    ``mosquitto/`` configuration, first users and rights of the broker, which keeps its sessions there too
    ``influxdb/``  the readings
    ``city/``      data directory of simulators and API: keys, worlds
    ``ingest/``    data directory of ingest: the name of its session
    ============== ================================================================================

    Raises
    ------
    SetupError
        If it cannot be made.
    """
    if folder.exists():
        return False
    folder = folder.absolute()
    draft = folder.with_name(f"{folder.name}.{token_hex(4)}.new")
    owner = (os.getuid(), os.getgid()) if os.getuid() else (_NOBODY, _NOBODY)
    try:
        _fill(draft, folder, owner)
        if not os.getuid():
            for path in (draft, *draft.rglob("*")):
                os.chown(path, *owner)
        draft.rename(folder)
    except OSError as error:
        raise SetupError(f"{folder} cannot be made: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _fill(draft: Path, folder: Path, owner: tuple[int, int]) -> None:
    """Write a folder that is to be known by another name."""
    passwords = {name: token_urlsafe(32) for name in SERVICES}
    token = token_urlsafe(32)
    files = {
        name: {"ZENATA_BROKER": f"mqtt://{name}:{password}@mosquitto:1883", "ZENATA_INFLUX_TOKEN": token}
        for name, password in passwords.items()
    }
    files["influxdb"] = {
        "DOCKER_INFLUXDB_INIT_PASSWORD": token_urlsafe(32),
        "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN": token,
    }
    files[""] = {"ZENATA_COMPOSE": str(folder), "ZENATA_UID": str(owner[0]), "ZENATA_GID": str(owner[1])}
    passwords[ADMINISTRATOR] = token_urlsafe(32)
    files["access"] = {"ZENATA_BROKER_ADMIN": f"mqtt://{ADMINISTRATOR}:{passwords[ADMINISTRATOR]}@mosquitto:1883"}
    write_private(draft, {f"{name}.env": _lines(variables) for name, variables in files.items()})
    for name in ("influxdb", "city", "city/control", "ingest"):
        (draft / name).mkdir(mode=0o700)
    keys = first_keys(draft / "city")
    write_private(draft / "mosquitto", _broker_files(passwords, keys))


def _lines(variables: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def _broker_files(passwords: dict[str, str], keys: KeyRing) -> dict[str, str]:
    """Return the files of the broker by name, given the password of each service, and the keys of the pilots."""
    hash_of = Mosquitto().hash_password
    users = [service_user(name, hash_of(passwords[name])) for name in SERVICES]
    users.append(User(name=ADMINISTRATOR, password_hash=hash_of(passwords[ADMINISTRATOR]), rights=MANAGING))
    users += [pilot_user(one.name, one.pbkdf2, pilot=one.pilot, role=one.role) for one in keys.users()]
    return config_files(_BROKER_FOLDER, "0.0.0.0", 1883, 9001, _BROKER_PLUGIN, users)  # noqa: S104 - in a container
