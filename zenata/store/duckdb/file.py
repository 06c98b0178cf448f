"""Opens the file of an embedded store, and tells what is wrong with it."""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from zenata.errors import NoRoomError, StoreError
from zenata.store.duckdb.sql import SCHEMA

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "256MB",  # beyond it DuckDB spills to disk; the whole stack is to stay below 600 MB
    "threads": 2,
    "autoinstall_known_extensions": False,  # a store never asks the network for anything
    "autoload_known_extensions": False,
}

_LOCKED = re.compile(r"PID (\d+)")

_opened = itertools.count()


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a file, made, with its folder, if it is not there.

    Raises
    ------
    StoreError
        If it cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the store's folder {path.parent} cannot be made: {error.strerror}") from error
    # DuckDB would share a file within a process, but the marks of one store would not know of the other's readings.
    # It refuses when the configurations differ, and a name of its own makes each store's differ.
    with translated(path):
        if not path.exists():
            _make(path)
        return duckdb.connect(str(path), config=_CONFIG | {"custom_user_agent": f"zenata-{next(_opened)}"})


def _make(path: Path) -> None:
    """Make a new file in one step: DuckDB would leave a stub that it cannot read when killed just then."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with duckdb.connect(str(draft)) as connection:
        connection.execute(SCHEMA)
    with suppress(FileExistsError):  # another process was faster
        os.link(draft, path)
    draft.unlink()


def copy(connection: duckdb.DuckDBPyConnection, path: Path, on_begin: Callable[[], object]) -> None:
    """Write all that a connection sees at one moment into a new file; see `zenata.store.base.Store.copy`."""
    if path.exists():
        raise StoreError(f"{path} is there already")
    with translated(path), connection.cursor() as cursor:
        (name,) = cursor.execute("SELECT current_database()").fetchall()[0]
        quoted = str(path).replace("'", "''")
        cursor.execute(f"ATTACH '{quoted}' AS copied")
        try:
            cursor.execute("BEGIN")
            cursor.execute("FROM schema_version").fetchall()  # what a transaction sees is settled by its first look
            on_begin()
            cursor.execute(f'COPY FROM DATABASE "{name}" TO copied')
            cursor.execute("COMMIT")
        finally:
            with suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            cursor.execute("DETACH copied")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours, with a word on how to mend them."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        if locked := _LOCKED.search(str(error)):
            why = f"is in use by process {locked[1]}; one process at a time may write an embedded store"
        elif "with a different configuration" in text:
            why = "is open in this process already"
        elif "not a valid DuckDB database file" in text:
            why = "is not a DuckDB file; move it away or choose another"
        elif "No space left" in str(error) or "invalidated" in text:
            why = f"has no room: free some on the disk of {path.parent}, and it goes on by itself"
            raise NoRoomError(f"the store {path} {why}") from error
        elif "Permission denied" in text:
            why = "cannot be written; mend its rights or choose another"
        else:
            why = f"failed: {text}"
        raise StoreError(f"the store {path} {why}") from error
