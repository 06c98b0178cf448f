"""The embedded store: one DuckDB file, one writing process.

Readings are appended to a table without an index, which would cost more than everything else together. Instead the
newest time of each series is held in memory: a reading behind it may be a repetition and is looked for in the table,
one beyond it cannot be. A history, which is all behind, shows by its first batch to be new; how far the gap reaches that
it is written into is then held in memory too.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from zenata.city.model import OWN, PRIVATE
from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, ReadingBatch, Selection, Series
from zenata.errors import StoreError
from zenata.store.base import Query, Table
from zenata.store.buckets import grain
from zenata.store.dead_letters import DeadLetter, Usage
from zenata.store.duckdb import dead_letters as duckdb_dead_letters
from zenata.store.duckdb.estimate import Estimates
from zenata.store.duckdb.file import DuckDBFile, copy
from zenata.store.duckdb.gate import Gate
from zenata.store.duckdb.ids import SeriesIds
from zenata.store.duckdb.ledger import LedgerTables
from zenata.store.duckdb.read import Reader
from zenata.store.duckdb.readings import insert_missing_readings, insert_readings, select_values
from zenata.store.duckdb.recent import RecentReadings
from zenata.store.duckdb.rollups import TABLES as ROLLUPS
from zenata.store.duckdb.rollups import horizons, roll_up
from zenata.store.duckdb.upgrade import upgrade
from zenata.store.ledger import Ledger
from zenata.store.newest import NewestReadings
from zenata.store.plan import AppendPlan, Columns, Planner, part
from zenata.store.retention import WIDTHS, Retention, check

log = logging.getLogger(__name__)

_HISTORY = 10_000
"""Late readings, all of them new, that are taken for a piece of a history."""


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
        self._failure: StoreError | None = None  # of the last append, if it failed
        self._gate = Gate()
        self._usage = Usage({})
        self._catalog = Catalog()
        self._ids = SeriesIds(np.empty(0, dtype=np.int32))
        self._file = DuckDBFile(path, self._load)
        self._file.open()

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
        with self._file.held():
            plan = self._planner.plan(batch, [one.bounded() for one in dead_letters], replayed)
            try:
                new = self._write(plan)
            except StoreError as error:
                self._failure = error
                if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                    raise
                with self._gate.closed():  # queries have the memory; readings that are refused cost more than they
                    new = self._write(plan)
            self._failure = None
            self._maintain()
            return new

    def _write(self, plan: AppendPlan) -> int:
        """Write a plan, and apply it; return how many readings were new."""
        rows = plan.rows()
        newer = self._newest.is_newer(rows["series"], rows["time"])
        in_gap = self._newest.in_gap(rows["series"], rows["time"])
        fresh, late = part(rows, newer | in_gap), part(rows, ~(newer | in_gap))
        ids = self._ids.extended(self._ids.next(len(plan.new_series)))
        entries = plan.entries(self.ledger)
        with self._file.transaction() as connection:
            self._insert_series(connection, plan.new_series)
            insert_readings(connection, fresh | {"series": ids.of(fresh["series"])})
            new_late = insert_missing_readings(connection, late | {"series": ids.of(late["series"])})
            duckdb_dead_letters.insert(connection, plan.dead_letters)
            duckdb_dead_letters.delete(connection, plan.replayed)
            self._ledger.insert(connection, entries)
        self._ledger.enter(entries)
        self._ids = ids
        self._planner.apply(plan)
        newest, narrowed = part(rows, newer), part(rows, in_gap)
        self._newest.set(newest["series"], newest["time"], newest["value"], newest["seq"])
        self._newest.narrow_gaps(narrowed["series"], narrowed["time"])
        self._recent.write(rows, newer)
        self._estimates.add(fresh)
        self._usage.add(plan.dead_letters)
        if new_late:
            self._estimates.add(late)
        if new_late == len(late["series"]) >= _HISTORY:
            with suppress(StoreError):  # it only saves time
                self._find_gaps(int(late["time"][-1]))
        return len(fresh["series"]) + new_late

    def query(self, query: Query) -> Table:
        """Return the readings, or their aggregates, of a query; see `Store.query`."""
        numbers = self._catalog.select(query.selection)
        rolled = query.start < self._horizons[0] and bool(len(self._shared(numbers)))
        if rolled:
            check(query.start, query.every and grain(query.runs()), query.aggregates, self._horizons)
        behind = query
        if query.after and 0 <= query.after[1] < len(self._catalog):
            (id_,) = self._ids.of(np.array([query.after[1]])).tolist()
            behind = replace(query, after=(query.after[0], id_))
        recent = self._recent  # it is another once the file has been opened again, and counts its writes anew
        rows = None if rolled else recent.find(query, numbers)
        if rows is None:
            since = recent.writes
            rows = self._reader.rows(behind, numbers, self._ids.of(numbers), rolled=rolled)
            rows["series"] = self._ids.numbers(rows["series"])
            if not rolled:
                series, times, _, _ = self._newest.of(numbers)
                newest = dict(zip(series.tolist(), times.tolist(), strict=True))
                recent.remember(query, numbers, newest, rows, since)
        page = slice(query.limit)
        return Table(
            catalog=self._catalog,
            series=rows["series"][page],
            time=rows["moment"][page].astype(np.int64),
            columns={
                name: rows[name][page].astype(np.int64 if name in {"seq", "count"} else np.float64)
                for name in query.aggregates or ("value", "seq")
            },
            more=len(rows["series"]) > query.limit,
        )

    def cost(self, query: Query) -> int:
        """Return about how many readings a query looks at; see `Store.cost`. No disk is touched."""
        return self._reader.cost(query, self._catalog.select(query.selection))

    def values_at(self, series: IndexArray, time: IntArray) -> FloatArray:
        """Return the stored value of each (series, time); see `Store.values_at`."""
        found, late = np.full(len(series), np.nan), np.argsort(time, kind="stable")
        late = late[~(self._newest.is_newer(series, time) | self._newest.in_gap(series, time))[late]]
        if len(late):
            with self._file.reading() as cursor:
                found[late] = select_values(cursor, self._ids.of(series[late]), time[late])
        return found

    def latest(self, selection: Selection) -> Table:
        """Return the newest reading of each series; see `Store.latest`. No disk is touched."""
        return self._newest.table(self._catalog, selection)

    def latest_in(self, selection: Selection, start: int, end: int) -> Table:
        """Return the newest reading of each series in a range of times; see `Store.latest_in`."""
        numbers = self._catalog.select(selection)
        rolled = start < self._horizons[0] and bool(len(self._shared(numbers)))
        rows = self._reader.newest(numbers, self._ids.of(numbers), start, end, rolled=rolled)
        found = self._ids.numbers(rows["series"])
        order = np.argsort(found)
        time, value = rows["moment"][order].astype(np.int64), rows["value"][order].astype(np.float64)
        return Table(catalog=self._catalog, series=found[order], time=time, columns={"value": value})

    def span_at(self, time: int) -> int:
        """Return of how long spans there is one row; see `Store.span_at`."""
        return max((width for width, until in zip(WIDTHS, self._horizons, strict=True) if time < until), default=0)

    def check(self) -> None:
        """Raise if the store cannot be read, or the last append failed; see `Store.check`."""
        if self._failure is not None:
            raise StoreError(str(self._failure))
        with self._file.reading() as cursor:
            cursor.execute("SELECT version FROM schema_version").fetchall()

    def dead_letters(
        self, *, topics: Sequence[str] = ("",), before: int | None = None, limit: int = 100, payloads: bool = False
    ) -> list[DeadLetter]:
        """Return the newest dead letters, newest first; see `Store.dead_letters`."""
        with self._file.reading() as cursor:
            return duckdb_dead_letters.select(cursor, topics, before, limit, payloads=payloads)

    def tidy(self, now: int, retention: Retention) -> None:
        """Roll up what is old; see `Store.tidy`."""
        with self._file.held():
            self._trim(now - retention.dead_letter_age, retention.max_dead_letters, self._usage.limit)
        series, newest, _, _ = self._newest.of(self._shared(self._catalog.select(Selection())))
        if len(series):
            roll_up(self._file.turn, retention.horizons(int(newest.max())), self._ids.of(series), newest)
        with self._file.reading() as cursor:
            self._horizons = horizons(cursor)

    def forget(self, world: str) -> None:
        """Delete a world; see `Store.forget`."""
        with self._file.held():
            series = self._catalog.select(Selection(worlds=(world,)))
            ids = [self._ids.of(series).tolist()]
            with self._file.transaction() as connection:
                for table in ("readings", *ROLLUPS):
                    connection.execute(f"DELETE FROM {table} WHERE series IN (SELECT unnest($1::INTEGER[]))", ids)  # noqa: S608 - no input
                connection.execute("DELETE FROM series WHERE world = $1", [world])
                duckdb_dead_letters.delete_owner(connection, world)
                self._ledger.fold(connection, without=world)
            self.ledger.forget(world)
            self._planner.forget(series)
            self._catalog.remove(series)
            self._newest.forget(series)
            self._recent.forget(series)
            self._estimates.forget(series)
            self._usage = duckdb_dead_letters.usage(self._file.writer)

    def describe(self, series: Series) -> None:
        """Give a series its unit; see `Store.describe`."""
        number = self._catalog.find(series.world, series.sensor, series.property)
        if number is not None:
            with self._file.turn() as connection:
                connection.execute(
                    "UPDATE series SET unit = $1 WHERE world = $2 AND sensor = $3 AND property = $4",
                    [series.unit, series.world, series.sensor, series.property],
                )
            self._catalog.describe(number, series)

    def copy(self, path: Path, on_begin: Callable[[], object] = lambda: None) -> None:
        """Write a snapshot into a new file; see `Store.copy`."""
        copy(self._file.database, path, on_begin)

    def close(self) -> None:
        """Write what is pending, and close the file."""
        with self._file.closing():
            if self._ledger.entries:
                with self._file.transaction() as connection:
                    self._ledger.fold(connection)

    def _load(self) -> None:
        """Read what is held in memory of the file; numbers of series stay if it was open before."""
        upgrade(self._file.database, self._file.path)
        self._load_series()
        self._load_readings()
        self._reader = Reader(self._file.reading, self._estimates, self._gate)
        self._ledger = LedgerTables(Ledger())
        self._ledger.load(self._file.writer)
        self._planner = Planner(self._catalog, self.ledger)
        self._horizons = horizons(self._file.writer)
        self._usage = duckdb_dead_letters.usage(self._file.writer)

    def _load_series(self) -> None:
        """Read series that are not in the catalog yet, and leave out those that are not in the file any more."""
        columns = "id, world, sensor, property, kind, district, unit, owner"
        rows = self._file.writer.execute(f"SELECT {columns} FROM series ORDER BY id").fetchall()  # noqa: S608 - no input
        ids = np.array([row[0] for row in rows], dtype=np.int32)
        numbers = np.arange(len(self._catalog), dtype=np.int32)
        self._catalog.remove(numbers[~np.isin(self._ids.of(numbers), ids)])
        new = ids > self._ids.last
        for row in rows[len(rows) - int(new.sum()) :]:
            self._catalog.intern(Series(*row[1:]))
        self._ids = self._ids.extended(ids[new])

    def _load_readings(self) -> None:
        """Read the newest reading of each series, and how many it has."""
        self._newest, self._estimates, self._recent = NewestReadings(), Estimates(), RecentReadings()
        found = self._fetch(
            "SELECT series, epoch_us(max(time)) AS time, arg_max(value, time) AS value, arg_max(seq, time) AS seq, "
            "count(*) AS count, epoch_us(min(time)) AS oldest FROM readings GROUP BY series"
        )
        series = self._ids.numbers(found["series"])
        self._newest.set(series, found["time"], found["value"], found["seq"])
        self._estimates.set(series, found["count"], found["oldest"], found["time"])

    def _insert_series(self, connection: duckdb.DuckDBPyConnection, series: Sequence[Series]) -> None:
        if series:
            names = ("world", "sensor", "property", "kind", "district", "unit", "owner")
            rows: Columns = {"id": self._ids.next(len(series))}
            rows |= {name: np.array([getattr(one, name) for one in series], dtype=object) for name in names}
            connection.execute("INSERT INTO series SELECT * FROM rows")

    def _find_gaps(self, after: int) -> None:
        """Find out how long each series has no reading behind a time [us]."""
        next_ = self._fetch(
            "SELECT series, epoch_us(min(time)) AS time FROM readings "  # noqa: S608 - no input
            f"WHERE time > make_timestamp({after}) GROUP BY series"
        )
        self._newest.open_gaps(self._ids.numbers(next_["series"]), after, next_["time"])

    def _maintain(self) -> None:
        """Fold the ledger and trim dead letters when there is much of them; what fails is tried again later."""
        try:
            if self._ledger.is_full:
                with self._file.transaction() as connection:
                    self._ledger.fold(connection)
            if self._usage.is_exceeded:
                self._trim(0, sys.maxsize, self._usage.limit * 3 // 4)
        except StoreError as error:  # the append is durable all the same
            log.warning("the store is not maintained now: %s", error)

    def _trim(self, before: int, max_count: int, max_bytes: int) -> None:
        """Delete dead letters; see `zenata.store.duckdb.dead_letters.trim`."""
        with self._file.transaction() as connection:
            duckdb_dead_letters.trim(connection, before, max_count, max_bytes)
        self._usage = duckdb_dead_letters.usage(self._file.writer)

    def _shared(self, numbers: IndexArray) -> IndexArray:
        """Return those of some series that are of the shared city: of no private world, and of no pilot's devices."""
        shared = [not self._catalog[number].world.startswith((PRIVATE, OWN)) for number in numbers.tolist()]
        return numbers[np.array(shared, dtype=np.bool_)]

    def _fetch(self, sql: str) -> Columns:
        """Run a query of our own."""
        with self._file.reading() as cursor:
            return cursor.execute(sql).fetchnumpy()
