"""Retention: how long a store has raw readings, rollups and dead letters.

Readings of the shared city thin out with age: at first they are stored as they came, then every quarter of an hour of a
series becomes one row of count, sum, extremes, first and last, and later every hour. Mean, min, max, sum, count, first
and last over such spans come out as they would from the readings. Private worlds are not thinned out; they vanish.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zenata.city.clock import SECOND, format_time
from zenata.errors import QueryTooFine

DAY = 86_400 * SECOND

WIDTHS = (900 * SECOND, 3600 * SECOND)
"""Spans that readings are rolled up to [us], each a multiple of the one before."""

ROLLED = frozenset({"mean", "min", "max", "sum", "count", "first", "last"})
"""Aggregates that rollups can answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Ages at which readings are rolled up and dead letters go.

    The age of readings counts from the newest of the shared city, that of dead letters from now.

    Parameters
    ----------
    raw : int
        Age at which readings are rolled up to quarters of an hour [us].
    quarters : int
        Age at which these are rolled up to hours, which stay [us].
    dead_letter_age : int
        Age at which dead letters go [us].
    max_dead_letters : int
        How many dead letters each world and each pilot may have; the oldest go first.
    """

    raw: int = 90 * DAY
    quarters: int = 730 * DAY
    dead_letter_age: int = 30 * DAY
    max_dead_letters: int = 100_000

    def horizons(self, newest: int) -> tuple[int, ...]:
        """Return the times [us] before which readings are to be rolled up to each of `WIDTHS`."""
        return tuple((newest - age) // WIDTHS[-1] * WIDTHS[-1] for age in (self.raw, self.quarters))


def check(start: int, width: int | None, aggregates: Sequence[str], horizons: Sequence[int]) -> None:
    """Refuse queries that rollups cannot answer.

    Parameters
    ----------
    start, aggregates
        As in `zenata.store.base.Query`.
    width : int or None
        Of the spans [us] that its buckets are made of, counted from the epoch; None for one bucket over everything.
    horizons : sequence of int
        Times [us] before which readings are rolled up to each of `WIDTHS`.

    Raises
    ------
    QueryTooFine
        If it needs readings, quantiles or shorter spans than there are of that time.
    """
    answerable = bool(aggregates) and ROLLED.issuperset(aggregates)
    for rolled, horizon in reversed(list(zip(WIDTHS, horizons, strict=True))):
        if start < horizon and not (answerable and (width or rolled) % rolled == 0):
            minutes = rolled // (60 * SECOND)
            raise QueryTooFine(
                f"before {format_time(horizon)} only {', '.join(sorted(ROLLED))} of every {minutes} minutes are kept: "
                f"begin there, or ask for some of these with every={minutes}m or a multiple"
            )
