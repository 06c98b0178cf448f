"""Queries: the parameters of /v1/readings as a query of the store, and what the answer says of it.

Relative times count from the newest reading of the worlds that are meant: a world's clock need not be the wall's.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from api.http.context import Context
from api.http.cursors import Cursors
from api.http.formats import Format
from api.http.params import RangeParams, ReadingsParams
from api.http.problems import KINDS as PROBLEMS
from api.http.problems import Problem, invalid
from api.readings.selection import check_names, select
from zenata.city.clock import SECOND, WallClock, format_time, is_relative, parse_duration, parse_moment, parse_time
from zenata.city.kinds import KINDS
from zenata.control.keys import Principal
from zenata.store.base import AGGREGATES, Query, Table
from zenata.store.buckets import DAY, check_every

DEFAULT_RANGE = 3600 * SECOND
"""How far before its end a query begins that does not say [us]."""

_FIRST = parse_time(
    "0001-01-01T00:00:01Z"
)  # a start that can still be written; a relative one counts from just before it
_LONGEST = 31 * DAY  # what is older is mostly rolled up [us]
_DEVICE_PERIOD = 60  # of a pilot's device, which may say anything [s]. A guess
_GAP = 10  # the note names the first reading if more than this part of the range before it is empty


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a query.

    Parameters
    ----------
    cursors : Cursors
    query : Query
        For the store.
    start : int
        As it was asked for [us since the Unix epoch].
    newest : callable
        Returns the newest observation time of the worlds [us since the Unix epoch], or None if they have no readings.
    fingerprint : str
        The parameters that all pages of the query share.
    partial : bool
        Whether the request can do with a part of the result, as it pages.
    """

    cursors: Cursors
    query: Query
    start: int
    newest: Callable[[], int | None]
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
            detail = f"The result has more than {self.query.limit:,} rows. {PROBLEMS['too-many-rows'].help}"
            raise Problem("too-many-rows", detail, limit=self.query.limit)
        last = (int(table.time[-1]), int(table.series[-1]))
        return self.cursors.encode((self.query.start, self.query.end, *last), self.fingerprint)

    def labelled(self, table: Table) -> Table:
        """Return the table with the start that was asked for as the time of a bucket over the whole range.

        A relative range begins just behind its start, so that two in a row share no reading.
        """
        if not self.query.aggregates or self.query.every is not None:
            return table
        return replace(table, time=np.full_like(table.time, self.start))

    def about(self, table: Table) -> dict[str, Any]:
        """Return what the answer says of itself: its range, the time zone of its buckets, and what to know of it."""
        about: dict[str, Any] = {"start": format_time(self.start), "end": format_time(self.query.end)}
        if self.query.every is not None:
            about["zone"] = self.query.zone or "UTC"
        if note := self._note(table):
            about["note"] = note
        return about

    def headers(self, about: dict[str, Any]) -> dict[str, str]:
        """Return the headers that say the same as `about`, for every format."""
        return {f"Zenata-{name.capitalize()}": text for name, text in about.items()}

    def _note(self, table: Table) -> str | None:
        if self.query.after is not None:
            return None
        if not len(table):
            newest = self.newest()
            said = "has none yet" if newest is None else f"has its newest at {format_time(newest)}"
            return f"No readings of these series in this range; their world {said}."
        if self.query.aggregates and self.query.every is None:
            return None
        first = int(table.time[0])
        if (first - self.start) * _GAP > self.query.end - self.start and first - self.start > (self.query.every or 0):
            return f"There are no readings before {format_time(first)} in this range."
        return None


def cost(context: Context, query: Query) -> int:
    """Return about how many readings a query makes the store read, from the periods of the kinds."""
    catalog = context.store.catalog
    numbers = catalog.select(query.selection).tolist()
    kinds = Counter(catalog[number].kind for number in numbers)
    seconds = min(query.end - query.start, _LONGEST) / SECOND
    rows = sum(
        count * seconds / (KINDS[kind].period if kind in KINDS else _DEVICE_PERIOD) for kind, count in kinds.items()
    )
    return int(rows if query.aggregates else min(rows, query.limit))


def to_page(context: Context, principal: Principal, params: ReadingsParams, format_: Format) -> Page:
    """Return the page a request means.

    Raises
    ------
    Problem
        404 or 422 for parameters that mean nothing.
    """
    selection = select(context, principal, params)
    check_names("agg", params.agg, AGGREGATES)
    every, zone = _buckets(context, params)
    fingerprint = params.model_dump_json(exclude={"cursor", "limit", "format", "shape"})
    after = None
    newest = partial(context.newest, selection.worlds)
    if params.cursor is None:
        start, end, label = _range(params, newest)
    else:
        start, end, *after = context.cursors.decode(params.cursor, fingerprint, 4)
        label = start
    query = Query(
        selection=selection,
        start=start,
        end=end,
        aggregates=params.agg or (("mean",) if every else ()),
        every=every,
        zone=zone,
        after=(after[0], after[1]) if after else None,
        limit=params.limit or format_.row_limit,
    )
    return Page(
        cursors=context.cursors,
        query=query,
        start=label,
        newest=newest,
        fingerprint=fingerprint,
        partial=params.limit is not None or after is not None,
    )


def _buckets(context: Context, params: RangeParams) -> tuple[int | None, str | None]:
    """Return the width of the buckets [us], and the zone by whose clock they begin: the city's, for days and weeks."""
    if params.every is None:
        if params.tz is not None:
            raise invalid("tz", "needs every: it is the zone by whose clock buckets begin, as in every=1d")
        return None, None
    try:
        every = parse_duration(params.every)
    except ValueError as error:
        raise invalid("every", str(error)) from None
    zone = params.tz if params.tz is not None else context.city.timezone if every % DAY == 0 else None
    try:
        check_every(every, zone)
    except ValueError as error:
        raise invalid("every" if "buckets" in str(error) else "tz", str(error)) from None
    return every, None if zone in {"UTC", "Etc/UTC"} else zone


def _range(params: RangeParams, newest: Callable[[], int | None]) -> tuple[int, int, int]:
    """Return the range of observation times that a request means, and its start as it was asked for [us]."""
    needs_now = any(text is None or is_relative(text) for text in (params.start, params.end))
    found = newest() if needs_now else None  # of a whole world it may take longer than the readings of a series
    now = WallClock().now() if found is None else found
    # The end of a range is not part of it. So a time from now lies just behind it: now includes the newest reading.
    end = now + 1 if params.end is None else _moment("end", params.end, now)
    start = max(end - DEFAULT_RANGE, _FIRST) if params.start is None else _moment("start", params.start, now)
    if start >= end:
        given = f"start={params.start or 'an hour before end'} and end={params.end or format_time(now)} are not"
        found = newest()
        clock = (
            ""
            if found is None
            else f"; relative times and the default end are from the newest reading, at {format_time(found)}"
        )
        raise invalid("start", f"must be before end; {given}{clock}")
    relative = params.start is None or is_relative(params.start)
    return start, end, start - 1 if relative else start


def _moment(parameter: str, text: str, now: int) -> int:
    try:
        return parse_moment(text, now) + is_relative(text)
    except ValueError as error:
        raise invalid(parameter, str(error)) from None
