"""Database of control data: pilots, keys, devices, webhooks and budgets (readings are in the store).

SQLite by default, PostgreSQL by URL. Its tables are made and changed by the revisions in ``migrations/versions``, which
`open_database` applies.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from zenata.errors import SetupError

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_TIMEOUT = 30.0  # for another process that writes [s]
_PAUSE = 0.02  # between two attempts [s]
_WAITS = {  # how soon PostgreSQL on a machine that has gone is taken for away, unless the URL says (libpq, section 34.1.2)
    "connect_timeout": 10,  # [s]
    "keepalives_idle": 10,  # [s]
    "keepalives_interval": 5,  # [s]
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # [ms]
}
_LOCK = 0x7A656E61746131  # of PostgreSQL, by which one process at a time migrates: any number that is ours


class Base(DeclarativeBase):
    """Base of all tables of control data."""


def open_database(url: str) -> Engine:
    """Open a database and bring its tables up to date; several processes may do so at once.

    Parameters
    ----------
    url : str
        As SQLAlchemy has it: ``sqlite:////path/control.db`` or ``postgresql+psycopg://user:password@host/name``. The
        file and its folder are made if they are not there.

    Raises
    ------
    SetupError
        If it cannot be opened, or is of a later version.
    """
    try:
        parsed = make_url(url)
        shown = parsed.render_as_string(hide_password=True)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database:
                _make_private(Path(parsed.database))
            engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _LOCK_TIMEOUT})
            event.listen(engine, "connect", _prepare_sqlite)
        else:
            waits = {name: value for name, value in _WAITS.items() if name not in parsed.query}
            connecting = waits if parsed.get_driver_name() == "psycopg" else {}
            engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True, connect_args=connecting)
    except (ArgumentError, ImportError) as error:
        reason = str(error)
        if isinstance(error, ModuleNotFoundError) and "psycopg" in (error.name or ""):
            reason = "the driver is missing: pip install 'zenata-sandbox[postgresql]', URL postgresql+psycopg://..."
        raise SetupError(f"the control data cannot be opened: {reason}") from error
    except OSError as error:
        raise SetupError(f"{shown} cannot be made: {error.strerror}") from error
    try:
        with engine.begin() as connection:
            _migrate(connection)
    except SetupError as error:
        engine.dispose()
        raise SetupError(f"the control data in {shown} {error}") from error
    except SQLAlchemyError as error:
        engine.dispose()
        raise SetupError(f"the control data in {shown} cannot be opened: {_reason(error)}") from error
    return engine


def holds_tables(file: Path) -> bool:
    """Return whether a file of SQLite has our tables; of one that cannot be read, that is for `open_database` to say."""
    if file.is_dir():
        return True
    if not file.exists() or not file.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(file, timeout=_LOCK_TIMEOUT)) as connection:
            return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall())
    except sqlite3.Error:
        return True


def _make_private(file: Path) -> None:
    """Make a file that only its owner may read, if it is not there; the files that SQLite puts beside it follow it.

    One that is there is not opened: closing it again would drop the locks by which other connections of this process hold
    it (sqlite.org, "How To Corrupt An SQLite Database File", section 2.2), and whoever closes it next removes their log.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _migrate(connection: Connection) -> None:
    """Apply the revisions that are not there yet, while no other process does.

    Raises
    ------
    SetupError
        If the tables are of a later version.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(text("BEGIN IMMEDIATE"))
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if _revision(connection) == max(file.stem for file in _MIGRATIONS.glob("versions/*.py")):
        return
    from alembic import command  # takes 0.3 s, in every process, and is needed after an update alone
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SetupError(f"are of a later version: update zenata ({error})") from error


def _revision(connection: Connection) -> str | None:
    """Return the newest revision that was applied; None if none was."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def copy_file(source: Path, target: Path) -> None:
    """Copy a database of SQLite that others may be using, as it is at one moment.

    Raises
    ------
    SetupError
        If it cannot be read or written.
    """
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(source, timeout=_LOCK_TIMEOUT)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
        target.chmod(0o600)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"{source} cannot be copied: {error}") from error


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Readers and a writer at once; what references a row goes with it; and REPLACE too asks the triggers of the audit log.
    cursor = connection.cursor()
    _to_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _to_wal(cursor: DBAPICursor) -> None:
    """Set a database to write-ahead logging. SQLite does not wait for others that do so too, so this retries."""
    deadline = time.monotonic() + _LOCK_TIMEOUT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _reason(error: SQLAlchemyError) -> str:
    """Return the first line of what the database itself says: it has no secrets, unlike what SQLAlchemy adds."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]
