"""What the calendar of a city says of a local day: weekend, public holiday, Ramadan, the two Aids, office hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from simulators.world.parameters import read_table
from zenata.city.model import City
from zenata.errors import CityError

Hours = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarParameters:
    """Table ``[calendar]`` of a city. Days that move with the moon are known for the years that are listed, no others.

    Parameters
    ----------
    weekend : tuple of int
        Days without work, 1 for Monday to 7 for Sunday (ISO 8601).
    fixed_holidays : tuple of str
        Public holidays of every year, as ``MM-DD``.
    moving_holidays : tuple of date
        The others, but for the two Aids.
    aid_el_fitr, aid_el_kebir : tuple of date
        Feasts of breaking the fast and of the sacrifice; public holidays too.
    ramadan : tuple of (date, date)
        First and last day of each month of fasting.
    office_hours, ramadan_office_hours : (float, float)
        Local hours when offices open and close [h].
    """

    weekend: tuple[int, ...]
    fixed_holidays: tuple[str, ...]
    moving_holidays: tuple[date, ...]
    aid_el_fitr: tuple[date, ...]
    aid_el_kebir: tuple[date, ...]
    ramadan: tuple[tuple[date, date], ...]
    office_hours: Hours
    ramadan_office_hours: Hours


class Day(NamedTuple):
    """What the calendar says of a day."""

    weekend: bool
    holiday: bool
    ramadan: bool
    aid_el_fitr: bool
    aid_el_kebir: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The calendar of a city. The default knows weekends alone.

    Parameters
    ----------
    weekend : frozenset of int
        ISO 8601 weekdays.
    yearly : frozenset of (int, int)
        Month and day of holidays of every year.
    holidays, aid_el_fitr, aid_el_kebir, ramadan : frozenset of date
        Single days; the Aids are among the holidays.
    office_hours, ramadan_office_hours : (float, float)
        Local hours when offices open and close [h].
    """

    weekend: frozenset[int] = frozenset({6, 7})
    yearly: frozenset[tuple[int, int]] = frozenset()
    holidays: frozenset[date] = frozenset()
    aid_el_fitr: frozenset[date] = frozenset()
    aid_el_kebir: frozenset[date] = frozenset()
    ramadan: frozenset[date] = frozenset()
    office_hours: Hours = (8.5, 16.5)
    ramadan_office_hours: Hours = (9.0, 15.0)

    def day(self, day: date) -> Day:
        """Return what is known of a local day."""
        return Day(
            weekend=day.isoweekday() in self.weekend,
            holiday=(day.month, day.day) in self.yearly or day in self.holidays,
            ramadan=day in self.ramadan,
            aid_el_fitr=day in self.aid_el_fitr,
            aid_el_kebir=day in self.aid_el_kebir,
        )

    def rests(self, day: date) -> bool:
        """Return whether most people do not work on a local day."""
        known = self.day(day)
        return known.weekend or known.holiday

    def ordinary_hour(self, hour: float) -> float:
        """Return the hour of an ordinary working day at which working life stands at an `hour` of one in Ramadan [h].

        Office hours map onto office hours, what is before and after them is stretched to fill the day.
        """
        (start, end), (opening, closing) = self.ramadan_office_hours, self.office_hours
        if hour < start:
            return hour * opening / start
        if hour < end:
            return opening + (hour - start) * (closing - opening) / (end - start)
        return closing + (hour - end) * (24 - closing) / (24 - end)


def read_calendar(city: City) -> Calendar:
    """Return the calendar of a city.

    Raises
    ------
    CityError
        If its table is missing, or names a day that is none.
    """
    table = read_table(city, "calendar", CalendarParameters)
    aids = {*table.aid_el_fitr, *table.aid_el_kebir}
    for first, last in table.ramadan:
        if not first <= last:
            raise CityError(f"city.toml of {city.id}: [calendar] ramadan ends on {last}, before it begins on {first}")
    for opening, closing in (table.office_hours, table.ramadan_office_hours):
        if not 0 < opening < closing < 24:
            raise CityError(f"city.toml of {city.id}: [calendar] offices cannot open at {opening}, close at {closing}")
    return Calendar(
        weekend=frozenset(table.weekend),
        yearly=frozenset(_month_and_day(city, text) for text in table.fixed_holidays),
        holidays=frozenset({*table.moving_holidays, *aids}),
        aid_el_fitr=frozenset(table.aid_el_fitr),
        aid_el_kebir=frozenset(table.aid_el_kebir),
        ramadan=frozenset(day for first, last in table.ramadan for day in _days(first, last)),
        office_hours=table.office_hours,
        ramadan_office_hours=table.ramadan_office_hours,
    )


def _month_and_day(city: City, text: str) -> tuple[int, int]:
    try:
        day = datetime.strptime(f"2000-{text}", "%Y-%m-%d")  # noqa: DTZ007 - a day, not a moment
    except ValueError as exc:
        raise CityError(f"city.toml of {city.id}: [calendar] fixed_holidays: {text!r} is no day as MM-DD") from exc
    return day.month, day.day


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
