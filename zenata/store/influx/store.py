"""The store on a server: readings in an InfluxDB of version 1, 2 or 3.

InfluxDB has no transactions. An append that fails may leave a part, and the same append again completes it: equal points
are one point, and the entry of the ledger, which goes last, is entered once it is whole. InfluxDB lets the last of equal
readings stay, so the newest time of each series is held in memory, as the embedded store does, and what is not beyond it
is looked for before it is written.

Several processes may share a database. Each follows what the others append, a second behind; a reading that two of them
get is written twice as the same point.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, ReadingBatch, Selection, Series
from zenata.errors import StoreAwayError, StoreError
from zenata.store.base import Query, Table
from zenata.store.dead_letters import DeadLetter, Usage
from zenata.store.influx import dead_letters as influx_dead_letters
from zenata.store.influx.flavours import find_server
from zenata.store.influx.ledger import Journal
from zenata.store.influx.lines import DESCRIPTION, Encoder, Rows, check, series_line
from zenata.store.influx.read import Reader
from zenata.store.influx.server import Cut
from zenata.store.influx.sql import DEAD_LETTERS, ENTRIES, SERIES, identifier
from zenata.store.influx.write import Writer
from zenata.store.ledger import Ledger
from zenata.store.newest import NewestReadings
from zenata.store.plan import Columns, Planner, among, part
from zenata.store.retention import Retention

log = logging.getLogger(__name__)

_HISTORY = 10_000  # late readings, all of them new, that are taken for a piece of a history
_DESCRIBE_ROUNDS = 30  # of following, between two looks whether the descriptions of series are there
_FOLLOW_PERIOD = 1.0  # between two looks at what other writers appended [s]
_MANY = 10**9  # more dead letters than there are
_USUAL_PERIOD = 10_000_000  # of readings, for want of counting them [us]
_RECENT = 500_000  # readings that are known to be there without asking, some 6 MB
_LATE = 120 * 10**9  # how late a description may come to be seen [ns]


class InfluxStore:
    """Readings in an InfluxDB; see `zenata.store.base.Store`.

    Parameters
    ----------
    url : str
        ``influxdb://host:8086/bucket?org=ORG``, or ``influxdbs://`` for TLS.
    token : str or None
        What shows that we may; of a server of version 1 ``user:password``.

    Raises
    ------
    StoreError
        If the server does not let us in, or is none that we know. One that cannot be reached is tried again until it
        can be; until then appends, queries and `check` raise `StoreAwayError`.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url, self._token = url, token
        self._writing = threading.Lock()
        self._catalog = Catalog()
        self._ledger = Ledger()
        self._planner = Planner(self._catalog, self._ledger)
        self._encoder = Encoder()
        self._newest, self._points = NewestReadings(), NewestReadings()  # by series, and by point: what it has of any
        self._recent = deque[tuple[IndexArray, IntArray]]()  # stored last, as a broker sends them again
        self._described = 0  # the newest time of a description that was read [ns]
        self._usage = Usage({})
        self._failure: StoreError | None = None  # of the last append, if it failed
        self._connected = False
        self._closed = threading.Event()
        try:
            self._connect()
        except StoreAwayError as error:
            log.warning("%s; until it can be, nothing is stored or answered", error)
        self._follower = threading.Thread(target=self._follow, name="influx-follower", daemon=True)
        self._follower.start()

    @property
    def catalog(self) -> Catalog:
        """Every series the store holds."""
        return self._catalog

    @property
    def ledger(self) -> Ledger:
        """What became of every message."""
        return self._ledger

    def append(
        self, batch: ReadingBatch, dead_letters: Sequence[DeadLetter] = (), replayed: Sequence[DeadLetter] = ()
    ) -> int:
        """Store readings and dead letters; see `Store.append`. The same append again completes one that failed."""
        with self._writing:
            self._check_open()
            plan = self._planner.plan(batch, [one.bounded() for one in dead_letters], replayed)
            check(plan.new_series)
            self._encoder.learn(len(self._catalog), plan.new_series)
            found = plan.rows()
            rows, late, new_late = self._new_ones(found)
            try:
                rows = self._writer.write(plan, rows)
                influx_dead_letters.remove(self._server, replayed)
            except StoreError as error:
                self._failure = error
                raise
            self._failure = None
            self._planner.apply(plan)
            self._set_newest(rows)
            self._recent.append((rows.series, rows.time))
            while sum(len(one) for one, _ in self._recent) > _RECENT and len(self._recent) > 1:
                self._recent.popleft()
            self._usage.add(plan.dead_letters)
            self._maintain(int(found["time"][-1]) if new_late == late >= _HISTORY else None)
            return len(rows.series)

    def _maintain(self, history: int | None) -> None:
        """Fold the ledger and trim dead letters when there is much of them; what fails is tried again later.

        Parameters
        ----------
        history : int or None
            Time up to which a history has been written, if one is being [us].
        """
        try:
            if history is not None:
                self._find_gaps(history)
            if self._journal.is_full:
                self._journal.fold()
            if self._usage.is_exceeded and self._server.removes:
                self._trim(0, _MANY, self._usage.limit * 3 // 4)
        except StoreError as error:  # the append is durable all the same
            log.warning("the store is not maintained now: %s", error)

    def _trim(self, before: int, max_count: int, max_bytes: int) -> None:
        influx_dead_letters.trim(self._server, before, max_count, max_bytes)
        self._usage = influx_dead_letters.usage(self._server)

    def query(self, query: Query) -> Table:
        """Return the readings, or their aggregates, that a query means; see `Store.query`."""
        self._check_open()
        rows = self._reader.rows(query, self._catalog.select(query.selection))
        limited = part(rows, np.arange(len(rows["time"]))[: query.limit])
        columns = {name: limited[name] for name in query.aggregates or ("value", "seq")}
        more = len(rows["time"]) > query.limit
        return Table(catalog=self._catalog, series=limited["series"], time=limited["time"], columns=columns, more=more)

    def cost(self, query: Query) -> int:
        """Return about how many readings a query looks at, as if each series had one every ten seconds."""
        numbers = self._catalog.select(query.selection)
        _, newest, _, _ = self._newest.of(numbers)
        readings = int(np.clip((np.minimum(newest, query.end) - query.start) / _USUAL_PERIOD, 0, None).sum())
        return readings if query.aggregates else min(readings, 2 * query.limit)

    def check(self) -> None:
        """Raise if the server cannot be reached, or the last append failed; see `Store.check`."""
        self._check_open()
        if self._failure is not None:
            raise StoreError(str(self._failure))
        self._server.query([f"SELECT seq FROM {identifier(ENTRIES)} WHERE time = 0 LIMIT 1"])  # noqa: S608 - no input

    def values_at(self, series: IndexArray, time: IntArray) -> FloatArray:
        """Return the stored value of each (series, time); see `Store.values_at`."""
        self._check_open()
        return self._reader.values_at(series, time, ~self._newest.is_newer(series, time))

    def latest(self, selection: Selection) -> Table:
        """Return the newest reading of each series; see `Store.latest`. The server is not asked."""
        return self._newest.table(self._catalog, selection)

    def latest_in(self, selection: Selection, start: int, end: int) -> Table:
        """Return the newest reading of each series in a range of times; see `Store.latest_in`."""
        self._check_open()
        numbers = self._catalog.select(selection)
        rows = self._reader.newest_in(numbers, selection, start, end)
        order = np.argsort(rows["series"])
        series, time, value = (rows[name][order] for name in ("series", "time", "value"))
        return Table(catalog=self._catalog, series=series, time=time, columns={"value": value})

    def span_at(self, time: int) -> int:
        """Return 0; see `Store.span_at`."""
        return 0

    def dead_letters(
        self, *, topics: Sequence[str] = ("",), before: int | None = None, limit: int = 100, payloads: bool = False
    ) -> list[DeadLetter]:
        """Return the newest dead letters, newest first; see `Store.dead_letters`."""
        self._check_open()
        return influx_dead_letters.select(self._server, topics, before, limit, payloads=payloads)

    def forget(self, world: str) -> None:
        """Remove all of a world; see `Store.forget`. What fails is completed by the same again."""
        with self._writing:
            self._check_open()
            series = self._catalog.select(Selection(worlds=(world,)))
            kinds = {self._catalog[number].kind for number in series.tolist()}
            self._server.remove([Cut(measurement, ("world", world)) for measurement in (*sorted(kinds), DEAD_LETTERS)])
            self._remove_descriptions(world)
            self._journal.forget(world)
            self._leave(world)
            self._usage = influx_dead_letters.usage(self._server)

    def describe(self, series: Series) -> None:
        """Give a series its unit; see `Store.describe`. The latest description of a series holds."""
        number = self._catalog.find(series.world, series.sensor, series.property)
        if number is not None:
            with self._writing:
                self._check_open()
                self._server.insist([series_line(series, self._journal.writer, time.time_ns())])
                self._catalog.describe(number, series)

    def tidy(self, now: int, retention: Retention) -> None:
        """Remove dead letters that are old or too many. Readings stay as long as the database's retention says."""
        with self._writing:
            self._check_open()
            self._trim(now - retention.dead_letter_age, retention.max_dead_letters, self._usage.limit)

    def copy(self, path: Path, on_begin: Callable[[], object] = lambda: None) -> None:
        """Refuse, as a server has ways of its own; see `Store.copy`."""
        raise StoreError(f"the readings are in {self._url}; back them up as one does an InfluxDB")

    def close(self) -> None:
        """Write the accounts, and let go of the server."""
        self._closed.set()
        self._follower.join()
        with self._writing:
            if not self._connected:
                return
            try:
                self._journal.fold()
            except StoreError as error:  # the entries are there; the next to open reads some more of them
                log.warning("the accounts are not written: %s", error)
            self._writer.close()
            self._server.http.close()

    def _connect(self) -> None:
        """Find the server, and read what is held in memory of it."""
        self._server = server = find_server(self._url, self._token)
        self._reader = Reader(server, self._catalog)
        self._journal = Journal(server, self._ledger)
        try:
            self._read_series()
            self._read_newest(self._catalog.select(Selection()))
            self._usage = influx_dead_letters.usage(server)
            self._journal.load()
        except BaseException:
            server.http.close()
            raise
        self._writer = Writer(server, self._catalog, self._journal, self._encoder)
        self._connected = True

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoreError(f"the store {self._url} is closed")
        if not self._connected:
            raise StoreAwayError(f"InfluxDB at {self._url} was not reached yet; it is tried again every second")

    def _new_ones(self, found: Columns) -> tuple[Rows, int, int]:
        """Return the rows that are not there yet, how many had to be looked for, and how many of those were new."""
        series, time = found["series"], found["time"]
        point = self._encoder.point_of[series]
        whole = self._points.is_newer(point, time) | self._points.in_gap(point, time)  # nothing of the point is there
        late = ~(whole | self._newest.is_newer(series, time))
        new = np.ones(len(series), dtype=np.bool_)
        new[late] = ~self._there(series[late], time[late])
        rows = Rows(series, time, found["value"], found["seq"], ~whole).take(new)
        return rows, int(late.sum()), int((late & new).sum())

    def _there(self, series: IndexArray, time: IntArray) -> npt.NDArray[np.bool_]:
        """Return whether there is each reading, shape (n,), ascending by time; few ranges of times are looked at."""
        there = among(series, time, list(self._recent))
        unknown = np.flatnonzero(~there)
        for indices, stored in self._reader.near(series, time, unknown):
            there[indices] = among(series[indices], time[indices], [(stored["series"], stored["time"])])
        return there

    def _set_newest(self, rows: Rows) -> None:
        """Let the newest readings know of rows that are there now."""
        point = self._encoder.point_of[rows.series]
        in_gap = self._points.in_gap(point, rows.time)
        self._points.narrow_gaps(point[in_gap], rows.time[in_gap])
        beyond = self._newest.is_newer(rows.series, rows.time)
        self._newest.set(rows.series[beyond], rows.time[beyond], rows.value[beyond], rows.seq[beyond])
        beyond = self._points.is_newer(point, rows.time)
        self._points.set(point[beyond], rows.time[beyond], rows.value[beyond], rows.seq[beyond])

    def _find_gaps(self, after: int) -> None:
        """Find out how long each point has nothing behind a time [us]."""
        every = self._catalog.select(Selection())
        oldest = self._reader.oldest(every, after)
        point = self._encoder.point_of[oldest["series"]]
        before = np.full(len(self._catalog), np.iinfo(np.int64).max)
        np.minimum.at(before, point, oldest["time"])
        found = np.unique(point)
        self._points.open_gaps(found, after, before[found])

    def _read_series(self) -> None:
        """Take in series that have been described since the last time."""
        where = f"WHERE time > {self._described - _LATE}" if self._described else ""
        statement = f"SELECT {', '.join(DESCRIPTION)} FROM {identifier(SERIES)} {where}"  # noqa: S608 - no input
        (parts,) = self._server.query([statement])
        first = len(self._catalog)
        for moment, *words in (row for found in parts for row in found.values):
            series = Series(*words)
            number = self._catalog.intern(series)
            if series.unit:  # a unit stays, whatever another process described before it knew it
                self._catalog.describe(number, series)
            self._described = max(self._described, moment)
        self._encoder.learn(first, self._catalog.since(first))

    def _read_newest(self, numbers: IndexArray) -> None:
        """Take in the newest readings of some series."""
        if not len(numbers):
            return
        known, times, _, _ = self._newest.of(numbers)
        rows = self._reader.newest(numbers, int(times.min()) if len(known) == len(numbers) else None)
        rows = part(rows, np.argsort(rows["time"], kind="stable"))
        alone = np.zeros(len(rows["time"]), dtype=np.bool_)
        self._set_newest(Rows(rows["series"], rows["time"], rows["value"], rows["seq"], alone))

    def _follow(self) -> None:
        """Connect, then take in what other writers append, every second, until the store is closed."""
        rounds = 0
        while not self._closed.wait(_FOLLOW_PERIOD):
            try:
                with self._writing:
                    if not self._connected:
                        self._connect()
                        log.info("InfluxDB at %s is reached", self._server.http.base)
                    self._catch_up()
                    rounds += 1
                    if rounds % _DESCRIBE_ROUNDS == 0:
                        self._describe_again()
            except StoreError as error:
                log.info("what others have appended is not known: %s", error)

    def _describe_again(self) -> None:
        """Write the descriptions of series that the server does not have, as the bucket was made again."""
        (count,) = self._server.query([f"SELECT count(world) FROM {identifier(SERIES)}"])  # noqa: S608 - no input
        present = self._catalog.select(Selection())
        if sum(row[1] for part in count for row in part.values) >= len(present):
            return
        (found,) = self._server.query([f"SELECT world, sensor, property FROM {identifier(SERIES)}"])  # noqa: S608 - no input
        described = {tuple(row[1:]) for part in found for row in part.values}
        series = [self._catalog[number] for number in present.tolist()]
        missing = [one for one in series if (one.world, one.sensor, one.property) not in described]
        log.warning("descriptions of %d series were gone from InfluxDB, and are written again", len(missing))
        now = time.time_ns()
        self._server.insist([series_line(one, self._journal.writer, now + n) for n, one in enumerate(missing)])

    def _catch_up(self) -> None:
        entries = self._journal.follow()
        if not entries:
            return
        self._read_series()
        forgotten = [entry.forget for entry in entries if entry.forget]
        for world in forgotten:
            self._leave(world)
        if forgotten:  # one of them may have been made again
            self._read_series()
        touched = {name for entry in entries for name in entry.names}
        sensors = tuple(sensor for _, sensor in touched)
        numbers = self._catalog.select(Selection(sensors=sensors)) if sensors else np.empty(0, dtype=np.int32)
        chosen = [(one.world, one.sensor) in touched for one in map(self._catalog.__getitem__, numbers.tolist())]
        self._read_newest(numbers[np.array(chosen, dtype=np.bool_)])

    def _remove_descriptions(self, world: str) -> None:
        """Remove the descriptions of the series of a world, which are points next to each other."""
        (parts,) = self._server.query([f"SELECT world FROM {identifier(SERIES)}"])  # noqa: S608 - no input
        rows = sorted((moment, one) for found in parts for moment, one in found.values)
        cuts, begin = [], None
        for (moment, one), following in pairwise([*rows, (0, "")]):
            if one == world:
                begin = moment if begin is None else begin
                if following[1] != world:
                    cuts.append(Cut(SERIES, first=begin, last=moment))
                    begin = None
        self._server.remove(cuts)

    def _leave(self, world: str) -> None:
        """Remove the series of a world from memory."""
        series = self._catalog.select(Selection(worlds=(world,)))
        self._recent.clear()
        self._newest.forget(series)
        self._points.forget(self._encoder.point_of[series])
        self._planner.forget(series)
        self._catalog.remove(series)
