"""Queries: the parameters of /v1/readings as a query of the store, and cursors of its pages."""

import time
from dataclasses import dataclass

from api.http.context import Context
from api.http.cursors import Cursors
from api.http.formats import Format
from api.http.params import ReadingsParams
from api.http.problems import KINDS, Problem, invalid
from api.http.times import parse_moment
from api.readings.selection import check_names, select
from zenata.city.clock import SECOND, parse_duration
from zenata.control.keys import Principal
from zenata.store.base import AGGREGATES, Query, Table

DEFAULT_RANGE = 3600 * SECOND
"""How far before its end a query begins that does not say [us]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a query.

    Parameters
    ----------
    cursors : Cursors
    query : Query
        For the store.
    fingerprint : str
        The parameters that all pages of the query share.
    partial : bool
        Whether the request can do with a part of the result, as it pages.
    """

    cursors: Cursors
    query: Query
    fingerprint: str
    partial: bool

    def following(self, table: Table) -> str | None:
        """Return the cursor of the next page, or None if this is the last.

        The cursor holds the range as it was resolved for the first page: ``-1h`` means the same on every page.

        Raises
        ------
        Problem
            413 if rows are missing and the request did not ask for pages.
        """
        if not table.more:
            return None
        if not self.partial:
            detail = f"The result has more than {self.query.limit:,} rows. {KINDS['too-many-rows'].help}"
            raise Problem("too-many-rows", detail, limit=self.query.limit)
        last = (int(table.time[-1]), int(table.series[-1]))
        return self.cursors.encode((self.query.start, self.query.end, *last), self.fingerprint)


def to_page(context: Context, principal: Principal, params: ReadingsParams, format_: Format) -> Page:
    """Return the page a request means.

    Raises
    ------
    Problem
        404 or 422 for parameters that mean nothing.
    """
    selection = select(context, principal, params)
    check_names("agg", params.agg, AGGREGATES)
    every = _duration(params.every) if params.every is not None else None
    fingerprint = params.model_dump_json(exclude={"cursor", "limit", "format"})
    after = None
    if params.cursor is None:
        start, end = _range(context, params, selection.worlds)
    else:
        start, end, *after = context.cursors.decode(params.cursor, fingerprint, 4)
    query = Query(
        selection=selection,
        start=start,
        end=end,
        aggregates=params.agg or (("mean",) if every else ()),
        every=every,
        after=(after[0], after[1]) if after else None,
        limit=params.limit or format_.row_limit,
    )
    partial = params.limit is not None or after is not None
    return Page(cursors=context.cursors, query=query, fingerprint=fingerprint, partial=partial)


def _range(context: Context, params: ReadingsParams, worlds: tuple[str, ...]) -> tuple[int, int]:
    """Return the range of observation times [us] a request means."""
    newest = context.newest(worlds)
    # The end of a range is not part of it, so that now lies just behind the newest reading.
    now = time.time_ns() // 1000 if newest is None else newest + 1
    end = _moment("end", params.end, now) if params.end is not None else now
    start = _moment("start", params.start, now) if params.start is not None else end - DEFAULT_RANGE
    if start >= end:
        raise invalid("start", f"must be before end; start={params.start} and end={params.end or 'now'} are not")
    return start, end


def _moment(parameter: str, text: str, now: int) -> int:
    try:
        return parse_moment(text, now)
    except ValueError as error:
        raise invalid(parameter, str(error)) from None


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise invalid("every", str(error)) from None
