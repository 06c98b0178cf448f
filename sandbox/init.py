"""`zenata init`: the folder that docker-compose.yml mounts, with every secret in it, made once."""

import os
import shutil
from pathlib import Path
from secrets import token_hex, token_urlsafe

from sqlalchemy import Engine

from sandbox.settings import Settings
from zenata.broker.base import ADMINISTRATOR, SERVICES, User, pilot_user, service_user
from zenata.broker.dynsec import MANAGING
from zenata.broker.mosquitto import PLUGIN, Mosquitto, config_files
from zenata.broker.templates import write_folder
from zenata.control.database import holds_tables, open_database
from zenata.control.keys import KEY, Role, new_key
from zenata.control.pilot import Quotas
from zenata.control.register import Register
from zenata.errors import SetupError
from zenata.process.files import write_private

PILOT = "demo"
"""The pilot of a fresh data directory."""

FIRST = {"admin": Role.ADMIN, PILOT: Role.PILOT}
"""Role by name of those who have a key in a fresh data directory, in a file ``{name}.key``."""

SHELL = "shell"
"""Who the audit log says it was, when it was whoever runs commands where the city runs."""

_RESTORE = "Restore a backup into another directory with `zenata restore FILE --data-dir OTHER` and put its folder `control` here"
_NOBODY = 10001  # who the containers run as when root makes the folder: they are never root themselves
_BROKER_FOLDER = "/mosquitto/data"  # where docker-compose.yml mounts the folder `mosquitto`
_BROKER_PLUGIN = f"/usr/lib/{PLUGIN}"  # in the image of Mosquitto


def open_control_data(settings: Settings) -> Engine:
    """Open the control data, which must not be new where a city has run.

    Raises
    ------
    SetupError
        If they cannot be opened, or are gone or empty though there are keys and worlds.
    """
    file = settings.control_file
    if settings.control_url is None and not holds_tables(file):
        keys = [name for name in FIRST if (settings.data_dir / f"{name}.key").exists()]
        worlds = any(settings.worlds_dir.glob("*/world.json"))
        if keys and worlds:
            raise SetupError(
                f"the control data {file} are {'empty' if file.exists() else 'gone'}, and with them all pilots, keys, "
                f"devices and webhooks, though there are worlds in {settings.worlds_dir}. {_RESTORE}; to go on with "
                f"new control data and new keys instead, delete {' and '.join(f'{name}.key' for name in keys)}"
            )
    try:
        return open_database(settings.database_url)
    except SetupError as error:
        if settings.control_url is None and file.is_file() and "cannot be opened" in str(error):
            raise SetupError(f"{error}. {_RESTORE}") from error
        raise


def open_register(settings: Settings, engine: Engine | None = None) -> Register:
    """Return the pilots of a data directory, whose quotas are the settings' where they have none of their own.

    Raises
    ------
    SetupError
        If the control data cannot be opened.
    """
    quotas = Quotas(
        requests_per_minute=settings.request_rate,
        messages_per_second=settings.device_rate,
        points_per_day=settings.device_points,
        worlds=settings.worlds_of_one,
        storage=settings.export_bytes,
    )
    return Register(engine or open_control_data(settings), quotas=quotas)


def first_keys(register: Register, folder: Path) -> None:
    """Make the first pilots, if they are not there, each with a key in a file: one for SAZ, one to try things out.

    A file whose pilot is not there gives it its key: the control data are new, and those who have the key go on.

    Raises
    ------
    SetupError
        If a file can be neither read nor written.
    """
    known = {pilot.name for pilot in register.pilots()}
    for name, role in FIRST.items():
        if name in known:
            continue
        file = folder / f"{name}.key"
        try:
            secret = read_key(file) if file.exists() else new_key()
            register.add(name, role=role, by=SHELL)
            register.issue(name, by=SHELL, key=secret)
            keep_key(folder, name, secret)
        except OSError as error:
            raise SetupError(f"{file} cannot be read or written: {error.strerror}") from error


def read_key(file: Path) -> str:
    """Return the key in a file.

    Raises
    ------
    SetupError
        If it cannot be read, or holds no key.
    """
    try:
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}") from error
    if not KEY.fullmatch(key):
        raise SetupError(
            f"{file} holds no key (a key is `zk_` and 43 letters, digits, `-` and `_`): put the key back, or delete the "
            f"file and make another with `zenata key rotate {file.stem}`"
        )
    return key


def keep_key(folder: Path, pilot: str, key: str) -> None:
    """Write the main key of one of the `FIRST` into its file, which only its owner may read."""
    write_private(folder / f"{pilot}.key", key + "\n")


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
    write_folder(draft, {f"{name}.env": _lines(variables) for name, variables in files.items()})
    for name in ("influxdb", "city", "city/control", "ingest"):
        (draft / name).mkdir(mode=0o700)
    city = Settings(data_dir=draft / "city", control_url=None)
    engine = open_database(city.database_url)
    try:
        register = open_register(city, engine)
        first_keys(register, city.data_dir)
        write_folder(draft / "mosquitto", _broker_files(passwords, register))
    finally:
        engine.dispose()


def _lines(variables: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def _broker_files(passwords: dict[str, str], register: Register) -> dict[str, str]:
    """Return the files of the broker by name, given the password of each service, and the keys of the pilots."""
    hash_of = Mosquitto().hash_password
    users = [service_user(name, hash_of(passwords[name])) for name in SERVICES]
    users.append(User(name=ADMINISTRATOR, password_hash=hash_of(passwords[ADMINISTRATOR]), rights=MANAGING))
    users += [pilot_user(one.name, one.pbkdf2, pilot=one.pilot, role=one.role) for one in register.users()]
    return config_files(_BROKER_FOLDER, "0.0.0.0", 1883, 9001, _BROKER_PLUGIN, users)  # noqa: S104 - in a container
