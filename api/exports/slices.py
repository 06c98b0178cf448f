"""A long query, asked in slices of time."""

from collections.abc import Iterator
from dataclasses import replace

from zenata.city.clock import SECOND
from zenata.errors import QueryTooHeavy
from zenata.store.base import Query, Store, Table

ROWS = 200_000
"""The most rows of a page: what is in memory at once."""

_FIRST, _LONGEST = 900 * SECOND, 30 * 86_400 * SECOND  # of slices [us]


def pages(store: Store, query: Query) -> Iterator[tuple[Table, int]]:
    """Yield what a query means, piece by piece, and the time [us] up to which all has been told.

    Parameters
    ----------
    store : Store
    query : Query
        Its `limit` and `after` say nothing here.

    Raises
    ------
    StoreError
        If the store cannot be asked. `QueryTooHeavy` only where the shortest slice is too heavy.
    """
    query = replace(query, limit=ROWS, after=None)
    if query.aggregates and query.every is None:  # one row a series, of the whole range
        yield from _slice(store, query)
        return
    width, begin = _FIRST, query.start
    while begin < query.end:
        end = min(_aligned(begin + width, query.every), query.end)
        try:
            count = 0
            for table, told in _slice(store, replace(query, start=begin, end=end)):
                count += len(table)
                yield table, told
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


def _aligned(time: int, every: int | None) -> int:
    """Return the end of the bucket that a time is in, so that no slice cuts one in two."""
    return -(-time // every) * every if every else time


def _slice(store: Store, query: Query) -> Iterator[tuple[Table, int]]:
    """Yield the pages of a slice."""
    while True:
        table = store.query(query)
        if not table.more:
            yield table, query.end
            return
        last = (int(table.time[-1]), int(table.series[-1]))
        yield table, max(last[0], query.start)  # a bucket may begin before it
        query = replace(query, after=last)
