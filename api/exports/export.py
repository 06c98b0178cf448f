"""An export: its query, its progress, and the slices of time in which the query is read."""

import time
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from typing import Literal, Protocol, Self

import msgspec

from zenata.city.clock import SECOND
from zenata.city.readings import Selection
from zenata.errors import QueryTooHeavy, StoreBusyError
from zenata.store.base import Query, Table
from zenata.store.buckets import bucket_runs

ROWS = 200_000
"""The most rows of a page: what is in memory at once."""

_MAX_BUSY = 60  # times that a busy store is asked again

_FIRST, _LONGEST = 900 * SECOND, 30 * 86_400 * SECOND  # of slices [us]


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query; members as of `zenata.store.base.Query`, with worlds, sensors, ... as of `Selection`."""

    worlds: tuple[str, ...]
    sensors: tuple[str, ...]
    kinds: tuple[str, ...]
    districts: tuple[str, ...]
    properties: tuple[str, ...]
    start: int
    end: int
    aggregates: tuple[str, ...]
    every: int | None
    zone: str | None = None

    @classmethod
    def of(cls, query: Query) -> Self:
        """Return the query to be written down."""
        return cls(
            **asdict(query.selection),
            start=query.start,
            end=query.end,
            aggregates=query.aggregates,
            every=query.every,
            zone=query.zone,
        )

    @property
    def query(self) -> Query:
        """The query for the store."""
        members = msgspec.structs.asdict(self)
        selection = Selection(**{field.name: members.pop(field.name) for field in fields(Selection)})
        return Query(selection=selection, **members)


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export and how far it is.

    Parameters
    ----------
    id, pilot : str
    format : str
        A key of `api.exports.writers.WRITERS`.
    query : ExportQuery
    made : int
        [us since the Unix epoch]
    state : str
    written_until : int
        Time up to which all is written [us since the Unix epoch].
    rows, bytes : int
    finished : int or None
        [us since the Unix epoch]
    reason : str or None
        Why it failed.
    storage : int
        What the pilot's exports may come to [bytes].
    """

    id: str
    pilot: str
    format: str
    query: ExportQuery = msgspec.field(name="asked")  # the name in files of before
    made: int
    state: Literal["queued", "running", "done", "failed"] = "queued"
    written_until: int = msgspec.field(default=0, name="told")  # the name in files of before
    rows: int = 0
    bytes: int = 0
    finished: int | None = None
    reason: str | None = None
    storage: int = 2**63 - 1

    @property
    def progress(self) -> float:
        """How much of the range is written, 0 to 1."""
        return min(max((self.written_until - self.query.start) / (self.query.end - self.query.start), 0.0), 1.0)


class Queried(Protocol):
    """What an export asks of a store."""

    def query(self, query: Query) -> Table:
        """Return what the store answers; see `zenata.store.base.Store.query`."""
        ...


def pages(store: Queried, query: Query) -> Iterator[tuple[Table, int]]:
    """Yield the result of a query, piece by piece, and the time [us] up to which all has been read.

    Parameters
    ----------
    store : Queried
    query : Query
        Its `limit` and `after` are ignored.

    Raises
    ------
    StoreError
        If the store cannot be read. `QueryTooHeavy` only where the shortest slice is too heavy.
    """
    query = replace(query, limit=ROWS, after=None)
    if query.aggregates and query.every is None:  # one row a series, of the whole range
        yield from _slice(store, query)
        return
    width, begin = _FIRST, query.start
    while begin < query.end:
        end = min(_aligned(begin + width, query), query.end)
        try:
            count = 0
            for table, until in _slice(store, replace(query, start=begin, end=end)):
                count += len(table)
                yield table, until
        except QueryTooHeavy:
            if count or width == _FIRST:
                raise
            width = _FIRST
            continue
        if not count:
            width *= 2  # there may be nothing for centuries
        else:
            width = min(2 * width if count < ROWS // 4 else width, _LONGEST)
        begin = end


def _aligned(moment: int, query: Query) -> int:
    """Return the end of the bucket that a time is in, so that no slice cuts one in two."""
    if query.every is None:
        return moment
    bucket = bucket_runs(moment, moment + 1, query.every, query.zone)[0]
    return moment if bucket.start == moment else bucket.start + bucket.width


def _slice(store: Queried, query: Query) -> Iterator[tuple[Table, int]]:
    """Yield the pages of a slice."""
    busy = 0
    while True:
        try:
            table = store.query(query)
        except StoreBusyError:
            busy += 1
            if busy > _MAX_BUSY:
                raise
            time.sleep(1)  # an export is in no hurry
            continue
        if not table.more:
            yield table, query.end
            return
        last = (int(table.time[-1]), int(table.series[-1]))
        yield table, max(last[0], query.start)  # a bucket may begin before it
        query = replace(query, after=last)
