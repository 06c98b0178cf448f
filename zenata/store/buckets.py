"""Buckets of aggregates: where they begin, in UTC or by the wall clock of a time zone.

A bucket begins at a multiple of its width. Multiples count from 1970-01-01T00:00, those of whole weeks from the Monday
after (ISO 8601), on the clock of the zone. With a zone, a width divides a day or is whole days, so that a day begins at
local midnight whatever its length: a day may have 23 or 25 hours, and of its four buckets of ``6h`` one has 5 or 7. A
bucket whose beginning the clock shows twice begins at the first. Widths that divide every offset of the zone, as an hour
does in Casablanca, are the same in every zone: the doubled hour has two buckets.

All engines compute the same boundaries, as they are computed here, by the pinned rules (`zenata.city.clock.load_zone`).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from math import gcd
from typing import NamedTuple

import numpy as np

from zenata.city.clock import SECOND, load_zone
from zenata.city.readings import IntArray

DAY = 86_400 * SECOND
WEEK = 7 * DAY

_zone = cache(load_zone)

_MONDAY = 4 * DAY  # 1970-01-05


class Run(NamedTuple):
    """Buckets of one width next to each other: they begin at `start`, `start` + `width`, ... before `end`, all in [us]."""

    start: int
    width: int
    end: int


def check_every(every: int, zone: str | None) -> None:
    """Refuse buckets that a time zone has no place for.

    Raises
    ------
    ValueError
        If the width [us] neither divides a day nor is whole days, or there is no such zone.
    """
    if zone is not None:
        _zone(zone)
        if DAY % every and every % DAY:
            raise ValueError("in a time zone, buckets divide a day or are whole days: 15m, 1h, 6h, 1d, 1w")


def bucket_runs(start: int, end: int, every: int, zone: str | None = None) -> list[Run]:
    """Return the buckets of a range of times, as few runs.

    Parameters
    ----------
    start, end : int
        The range, `end` excluded [us since the Unix epoch]. The first bucket may begin before it, the last end behind.
    every : int
        Width of the buckets [us].
    zone : str, optional
        Whose clock counts; UTC if there is none.

    Raises
    ------
    ValueError
        See `check_every`.
    """
    check_every(every, zone)
    origin = _MONDAY if every % WEEK == 0 else 0
    if zone is None:
        return [_even(start, end, every, origin)]
    changes, offsets = _offsets(zone, start - every - DAY, end + every + DAY)
    if not np.any((offsets - offsets[0]) % every):
        return [_even(start, end, every, origin - int(offsets[0]))]
    runs: list[Run] = []
    for begin, width, stop in _between(_begins(start, end, every, origin, changes, offsets), every):
        first = max(begin, begin + (start - begin) // width * width)
        last = min(stop, begin - (begin - end) // width * width)
        if first < last and runs and runs[-1].width == width:
            runs[-1] = Run(runs[-1].start, width, last)
        elif first < last:
            runs.append(Run(first, width, last))
    return runs


def _begins(
    start: int, end: int, every: int, origin: int, changes: IntArray, offsets: IntArray
) -> Iterator[tuple[int, int]]:
    """Yield when buckets of a zone begin from before a range to behind it, as the first of some and their number.

    Within each they are `every` apart. How many there are in all does not matter: a pilot may ask for ten thousand years.
    """
    first = (start - every - DAY - origin) // every * every + origin  # on the clock of the zone, as all beginnings here
    for index, offset in enumerate(offsets.tolist()):
        since = int(changes[index - 1]) if index else first - offset
        until = (int(changes[index]) if index < len(changes) else end + every + 2 * DAY) + offset
        if first < until and first - offset < since:  # the clock has left it out
            yield since, 1
            first += (since + offset - first) // every * every + every
        count = max(-((first - until) // every), 0)
        if count:
            yield first - offset, count
            first += count * every


def _between(begins: Iterable[tuple[int, int]], every: int) -> Iterator[Run]:
    """Yield runs from what `_begins` yields, but for the last bucket."""
    before = None
    for first, count in begins:
        if before is not None:
            yield Run(before, first - before, first)
        before = first + (count - 1) * every
        if count > 1:
            yield Run(first, every, before)


def buckets_of(time: IntArray, runs: list[Run]) -> IntArray:
    """Return the beginning of the bucket of each time, shape (n,) [us]."""
    starts, widths, _ = np.array(runs, dtype=np.int64).T
    run = np.searchsorted(starts, time, side="right") - 1
    return np.asarray(starts[run] + (time - starts[run]) // widths[run] * widths[run])


def grain(runs: list[Run]) -> int:
    """Return the widest span [us], counted from the epoch, of which every bucket holds whole ones."""
    return gcd(*(number for run in runs for number in (run.start, run.width)))


def _even(start: int, end: int, every: int, origin: int) -> Run:
    first = (start - origin) // every * every + origin
    return Run(first, every, max(end, first + every))


def _offsets(zone: str, start: int, end: int) -> tuple[IntArray, IntArray]:
    """Return the changes of a zone's offset in a range, shape (n,), and the offsets between them, shape (n + 1,) [us]."""
    years = range(_year_of(start), _year_of(end) + 1)
    changes = [change for year in years for change in _changes(zone, year)]
    first = _offset(zone, _new_year(years[0]))
    return (
        np.array([moment for moment, _ in changes], dtype=np.int64) * SECOND,
        np.array([first, *(offset for _, offset in changes)], dtype=np.int64) * SECOND,
    )


@cache
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return when the offset changes in a year of UTC, and to what [s]."""
    first, last = _new_year(year), _new_year(year + 1)
    days = range(first, last, DAY // SECOND)
    found = []
    for day in days:
        low, high = day, day + DAY // SECOND
        if (before := _offset(zone, low)) == _offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
        found.append((high, _offset(zone, high)))
    return tuple(found)


def _offset(zone: str, second: int) -> int:
    """Return the offset of a zone at a time [s]."""
    offset = datetime.fromtimestamp(second, tz=_zone(zone)).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _new_year(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _year_of(time: int) -> int:
    """Return the year of a time, or the nearest from 1970 to 2100: every reading is from these, and looking takes a while."""
    seconds = min(max(time // SECOND, _new_year(1970)), _new_year(2100))
    return datetime.fromtimestamp(seconds, tz=UTC).year
