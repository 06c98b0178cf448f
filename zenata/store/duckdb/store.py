"""The embedded store: one DuckDB file, one writing process.

Readings are appended to a table without an index, which would cost more than everything else together. Instead the
newest time of each series is held in memory: a reading behind it may be a repetition and is looked for in the table,
one beyond it cannot be. A history, which is all behind, shows by its first batch to be new; how far the gap reaches that
it is written into is then held in memory too.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb
import numpy as np

from zenata.city.model import OWN, PRIVATE
from zenata.city.readings import Catalog, IndexArray, ReadingBatch, Selection, Series
from zenata.errors import QueryTooHeavy, StoreError
from zenata.store.base import Query, Table
from zenata.store.buckets import grain
from zenata.store.dead_letters import DeadLetter
from zenata.store.duckdb import dead_letters as duckdb_dead_letters
from zenata.store.duckdb.file import connect, copy, translated
from zenata.store.duckdb.ledger import LedgerTables
from zenata.store.duckdb.readings import insert_missing_readings, insert_readings
from zenata.store.duckdb.rollups import horizons, roll_up
from zenata.store.duckdb.sql import SCHEMA_VERSION, select
from zenata.store.ledger import Entries, Ledger
from zenata.store.newest import NewestReadings
from zenata.store.plan import AppendPlan, Columns, Planner, part
from zenata.store.retention import Retention, check

_HISTORY = 10_000
"""Late readings, all of them new, that are taken for a piece of a history."""

PATIENCE = 30.0
"""The longest a query may take [s]; a quantile over everything must not keep the processor from the others."""


class DuckDBStore:
    """Readings in a DuckDB file; see `zenata.store.base.Store`.

    Parameters
    ----------
    path : Path
        The file; made, with its folder, if it is not there.

    Raises
    ------
    StoreError
        If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._catalog = Catalog()
        self._lost = False  # whether DuckDB has given up the file
        self._open()

    @property
    def catalog(self) -> Catalog:
        """Every series the store holds."""
        return self._catalog

    @property
    def ledger(self) -> Ledger:
        """What became of every message."""
        return self._ledger.ledger

    def append(
        self, batch: ReadingBatch, dead_letters: Sequence[DeadLetter] = (), replayed: Sequence[DeadLetter] = ()
    ) -> int:
        """Store readings and dead letters, all or none; see `Store.append`."""
        with self._writing:
            self._reopen_if_lost()
            plan = self._planner.plan(batch, dead_letters, replayed)
            rows = plan.rows()
            newer = self._newest.is_newer(rows["series"], rows["time"])
            in_gap = self._newest.in_gap(rows["series"], rows["time"])
            late = part(rows, ~(newer | in_gap))
            entries = plan.entries(self.ledger)
            with self._transaction() as connection:
                self._insert_series(plan.new_series)
                insert_readings(connection, part(rows, newer | in_gap))
                new_late = insert_missing_readings(connection, late)
                duckdb_dead_letters.insert(connection, dead_letters)
                duckdb_dead_letters.delete(connection, replayed)
                self._ledger.insert(connection, entries)
            self._apply(plan, entries, part(rows, newer), part(rows, in_gap))
            if new_late == len(late["series"]) >= _HISTORY:
                self._find_gaps(int(late["time"][-1]))
            if self._ledger.is_full:
                with self._transaction() as connection:
                    self._ledger.fold(connection)
            return len(rows["series"]) - len(late["series"]) + new_late

    def _apply(self, plan: AppendPlan, entries: Entries, newer: Columns, in_gap: Columns) -> None:
        """Bring the memory up to date with what is durable now."""
        self._ledger.enter(entries)
        self._planner.apply(plan)
        self._newest.set(newer["series"], newer["time"], newer["value"], newer["seq"])
        self._newest.narrow_gaps(in_gap["series"], in_gap["time"])

    def query(self, query: Query) -> Table:
        """Return the readings, or their aggregates, that a query means; see `Store.query`."""
        numbers = self._catalog.select(query.selection)
        rolled = query.start < self._horizons[0] and bool(len(self._shared(numbers)))
        if rolled:
            check(query.start, query.every and grain(query.runs()), query.aggregates, self._horizons)
        rows = self._fetch(select(query, numbers, rolled=rolled), patience=PATIENCE, wanted={"series": numbers})
        kept = slice(query.limit)
        return Table(
            catalog=self._catalog,
            series=rows["series"][kept].astype(np.int32),
            time=rows["moment"][kept].astype(np.int64),
            columns={
                name: rows[name][kept].astype(np.int64 if name in {"seq", "count"} else np.float64)
                for name in query.aggregates or ("value", "seq")
            },
            more=len(rows["series"]) > query.limit,
        )

    def latest(self, selection: Selection) -> Table:
        """Return the newest reading of each series; see `Store.latest`. No disk is touched."""
        numbers, times, values, seqs = self._newest.of(self._catalog.select(selection))
        return Table(catalog=self._catalog, series=numbers, time=times, columns={"value": values, "seq": seqs})

    def dead_letters(
        self, *, topics: Sequence[str] = ("",), before: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        """Return the newest dead letters, newest first; see `Store.dead_letters`."""
        with self._reading() as cursor:
            return duckdb_dead_letters.select(cursor, topics, before, limit)

    def tidy(self, now: int, retention: Retention) -> None:
        """Roll up what is old; see `Store.tidy`."""
        with self._turn() as connection:
            duckdb_dead_letters.trim(connection, now - retention.dead_letter_age, retention.max_dead_letters)
        series, newest, _, _ = self._newest.of(self._shared(self._catalog.select(Selection())))
        if len(series):
            roll_up(self._turn, retention.horizons(int(newest.max())), series, newest)
        with self._reading() as cursor:
            self._horizons = horizons(cursor)

    def forget(self, world: str) -> None:
        """Remove all of a world; see `Store.forget`."""
        with self._writing:
            self._reopen_if_lost()
            series = self._catalog.select(Selection(worlds=(world,)))
            with self._transaction() as connection:
                connection.execute("DELETE FROM readings WHERE series IN (SELECT unnest($1))", [series.tolist()])
                connection.execute("DELETE FROM dead_letters WHERE starts_with(topic, $1)", [f"{world}/"])
                self._ledger.fold(connection, without=world)
            self.ledger.forget(world)
            self._newest.forget(series)

    def copy(self, path: Path, on_begin: Callable[[], object] = lambda: None) -> None:
        """Write all there is at one moment into a new file; see `Store.copy`."""
        copy(self._connection, path, on_begin)

    def close(self) -> None:
        """Write out what is left and let go of the file."""
        with self._writing, translated(self._path), closing(self._connection):
            if self._ledger.entries:
                with self._transaction() as connection:
                    self._ledger.fold(connection)

    def _open(self) -> None:
        self._connection = connect(self._path)
        try:
            with translated(self._path):
                self._check()
                self._newest = self._load()
                self._ledger = LedgerTables(Ledger())
                self._ledger.load(self._connection)
                self._planner = Planner(self._catalog, self.ledger)
                self._horizons = horizons(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def _reopen_if_lost(self) -> None:
        """Open the file anew where DuckDB has given it up, as it does when the disk is full at a checkpoint."""
        if self._lost:
            with suppress(duckdb.Error):
                self._connection.close()
            self._lost = False  # else opening would wait for itself
            try:
                self._open()
            except BaseException:
                self._lost = True
                raise

    def _check(self) -> None:
        """Refuse tables that are not ours, or of a later version."""
        tables = self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        if ("schema_version",) not in tables:
            raise StoreError(f"{self._path} is a DuckDB file of something else; choose another")
        version = self._connection.execute("SELECT version FROM schema_version").fetchall()[0][0]
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by another version (schema {version}, this one knows {SCHEMA_VERSION})"
            )

    def _load(self) -> NewestReadings:
        """Read the series, and the newest reading of each."""
        rows = self._connection.execute(
            "SELECT world, sensor, property, kind, district, unit, owner FROM series ORDER BY id"
        ).fetchall()
        for row in rows:
            self._catalog.intern(Series(*row))
        newest = NewestReadings()
        found = self._fetch(
            "SELECT series, epoch_us(max(time)) AS time, arg_max(value, time) AS value, arg_max(seq, time) AS seq "
            "FROM readings GROUP BY series"
        )
        newest.set(found["series"], found["time"], found["value"], found["seq"])
        return newest

    def _insert_series(self, newcomers: Sequence[Series]) -> None:
        if newcomers:
            names = ("world", "sensor", "property", "kind", "district", "unit", "owner")
            rows: Columns = {"id": np.arange(len(newcomers), dtype=np.int32) + len(self._catalog)}
            rows |= {name: np.array([getattr(series, name) for series in newcomers], dtype=object) for name in names}
            self._connection.execute("INSERT INTO series SELECT * FROM rows")

    def _find_gaps(self, after: int) -> None:
        """Find out how long each series has no reading behind a time [us]."""
        next_ = self._fetch(
            "SELECT series, epoch_us(min(time)) AS time FROM readings "  # noqa: S608 - no input
            f"WHERE time > make_timestamp({after}) GROUP BY series"
        )
        self._newest.open_gaps(next_["series"], after, next_["time"])

    @contextmanager
    def _turn(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Have the file for a transaction."""
        with self._writing:
            self._reopen_if_lost()
            with self._transaction() as connection:
                yield connection

    def _shared(self, numbers: IndexArray) -> IndexArray:
        """Return those of some series that are of the shared city: of no private world, and of no pilot's devices."""
        shared = [not self._catalog[number].world.startswith((PRIVATE, OWN)) for number in numbers.tolist()]
        return numbers[np.array(shared, dtype=np.bool_)]

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Commit what is done inside, or undo it; DuckDB syncs its write-ahead log at each commit."""
        with translated(self._path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except duckdb.FatalException as error:
                self._lost = True
                if "COMMIT succeeded and is durable" not in str(error):
                    raise
            except BaseException:
                with suppress(duckdb.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Have a connection of its own, beside any writing."""
        if self._lost:
            with self._writing:
                self._reopen_if_lost()
        with translated(self._path), self._connection.cursor() as cursor:
            yield cursor

    def _fetch(self, sql: str, *, patience: float = threading.TIMEOUT_MAX, **tables: Columns) -> Columns:
        """Run a query beside any writing, for at most `patience` [s]."""
        with self._reading() as cursor:
            for name, columns in tables.items():
                cursor.register(name, columns)
            alarm = threading.Timer(patience, cursor.interrupt)
            alarm.start()
            try:
                return cursor.execute(sql).fetchnumpy()
            except (duckdb.OutOfMemoryException, duckdb.InterruptException) as error:
                raise QueryTooHeavy("ask for fewer series, or a shorter range of times") from error
            finally:
                alarm.cancel()
                alarm.join()
