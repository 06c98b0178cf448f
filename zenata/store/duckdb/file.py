"""The file of an embedded store: one connection that writes, others that read beside it, and what is wrong in plain words."""

import contextlib
import itertools
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from zenata.errors import NoRoomError, StoreError
from zenata.store.duckdb.sql import SCHEMA

log = logging.getLogger(__name__)

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "256MB",  # beyond it DuckDB spills to disk; the whole stack is to stay below 600 MB
    "threads": 2,
    "autoinstall_known_extensions": False,  # a store never asks the network for anything
    "autoload_known_extensions": False,
}

_LOCKED = re.compile(r"PID (\d+)")

_opened = itertools.count()


class DuckDBFile:
    """A file; once it is open, any thread may read, and who writes holds it first.

    Parameters
    ----------
    path : Path
        Made, with its folder, if it is not there.
    on_open : callable
        Called when it was opened, also again; what it raises closes the file.

    Attributes
    ----------
    database, writer : duckdb.DuckDBPyConnection
        What `copy` and cursors are made of, and the connection of whoever holds the file.
    """

    database: duckdb.DuckDBPyConnection
    writer: duckdb.DuckDBPyConnection

    def __init__(self, path: Path, on_open: Callable[[], object]) -> None:
        self.path, self._on_open = path, on_open
        self._writing = threading.Lock()
        self._lost = False  # whether DuckDB has given the file up

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the file for transactions."""
        with self._writing:
            self._reopen_if_lost()
            yield

    @contextmanager
    def turn(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Have the file for one transaction."""
        with self.held(), self.transaction() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Commit what is done inside, or undo it; DuckDB syncs its write-ahead log at each commit."""
        with translated(self.path):
            try:
                self.writer.execute("BEGIN")
            except duckdb.TransactionException:  # the one before could not be ended
                self._renew_writer()
                self.writer.execute("BEGIN")
            try:
                yield self.writer
                self.writer.execute("COMMIT")
            except duckdb.FatalException as error:
                self._lost = True
                if "COMMIT succeeded and is durable" not in str(error):
                    raise
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Have a connection of its own, beside any writing."""
        if self._lost:
            with self.held():
                pass
        with translated(self.path), self.database.cursor() as cursor:
            yield cursor

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Do what is left to be written, and close the file."""
        with (
            self._writing,
            translated(self.path),
            contextlib.closing(self.database),
            contextlib.closing(self.writer),
        ):
            yield

    def open(self) -> None:
        """Open it.

        Raises
        ------
        StoreError
            If it cannot be opened.
        """
        self.database = connect(self.path)
        self.writer = self.database.cursor()
        try:
            with translated(self.path):
                self._on_open()
        except BaseException:
            self.writer.close()
            self.database.close()
            raise

    def _reopen_if_lost(self) -> None:
        """Open the file again where DuckDB has given it up, as it does when the disk is full at a checkpoint."""
        if self._lost:
            with suppress(duckdb.Error):
                self.writer.close()
                self.database.close()
            self._lost = False  # else opening would wait for itself
            try:
                self.open()
            except BaseException:
                self._lost = True
                raise

    def _roll_back(self) -> None:
        """Undo the transaction, if need be by giving up its connection: it would be aborted for ever."""
        try:
            self.writer.execute("ROLLBACK")
        except duckdb.Error:
            if not self._lost:
                self._renew_writer()

    def _renew_writer(self) -> None:
        """Go on with a new connection, which ends the transaction of the old one."""
        log.warning("the store's writer goes on with a new connection, as it could not end a transaction")
        with suppress(duckdb.Error):
            self.writer.close()
        self.writer = self.database.cursor()


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
