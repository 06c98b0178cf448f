import dataclasses
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.world.calendar import Calendar, read_calendar
from simulators.world.conditions import Conditions
from zenata.city.clock import parse_time
from zenata.errors import CityError

HOLIDAYS = "01-01 01-11 01-14 03-20 03-21 05-01 05-27 05-28 06-17 07-30 08-14 08-20 08-21 08-26 08-27 10-31 11-06 11-18"
"""Of Morocco in 2026."""


@pytest.fixture(scope="module")
def calendar(zenata):
    return read_calendar(zenata)


def year(number):
    first = date(number, 1, 1)
    return [first + timedelta(days=day) for day in range((date(number + 1, 1, 1) - first).days)]


def test_public_holidays_of_2026(calendar):
    found = " ".join(day.isoformat()[5:] for day in year(2026) if calendar.day(day).holiday)
    assert found == HOLIDAYS


def test_other_years_know_the_fixed_ones_alone(calendar):
    found = [day.isoformat()[5:] for day in year(2025) if calendar.day(day).holiday]
    assert len(found) == 11
    assert set(found) < set(HOLIDAYS.split())


def test_ramadan_is_fasted_at_utc_as_the_zone_has_it(zenata, calendar):
    """Two sources of the same month: the pack, and the rules of the zone."""
    for number in (2026, 2027):
        fasting = [day for day in year(number) if calendar.day(day).ramadan]
        assert len(fasting) >= 29
        for day in fasting:
            assert datetime(day.year, day.month, day.day, 12, tzinfo=zenata.zone).utcoffset() == timedelta(0)


def test_the_fast_is_broken_the_day_after_ramadan(calendar):
    assert calendar.day(date(2026, 3, 19)).ramadan
    feast = calendar.day(date(2026, 3, 20))
    assert (feast.ramadan, feast.aid_el_fitr, feast.aid_el_kebir, feast.holiday) == (False, True, False, True)
    assert calendar.day(date(2026, 5, 28)).aid_el_kebir
    assert not calendar.day(date(2026, 5, 29)).aid_el_kebir


def test_office_hours_map_onto_office_hours(calendar):
    assert [calendar.ordinary_hour(hour) for hour in (0.0, 9.0, 12.0, 15.0)] == [0.0, 8.5, 12.5, 16.5]
    assert calendar.ordinary_hour(24.0) == pytest.approx(24)


@given(st.floats(0, 23.9), st.floats(0.01, 0.1))
def test_time_never_runs_back(hour, later):
    early, late = (Calendar().ordinary_hour(moment) for moment in (hour, hour + later))
    assert 0 < late - early < 2 * later


def test_without_a_table_there_are_weekends_alone():
    days = [Calendar().day(day) for day in year(2026)]
    assert sum(day.weekend for day in days) == 104
    assert not any(day.holiday or day.ramadan for day in days)


@pytest.mark.parametrize(
    ("moment", "rest", "ramadan", "working_hour"),
    [
        ("2026-03-05T15:00:00Z", False, True, 16.5),  # a Thursday in Ramadan, offices close
        ("2026-03-07T15:00:00Z", True, True, 15.0),  # a Saturday
        ("2026-03-20T15:00:00Z", True, False, 15.0),  # the feast
        ("2026-03-23T14:00:00Z", False, False, 15.0),  # a Monday, clocks are back at UTC+1
        ("2026-06-16T23:30:00Z", True, False, 0.5),  # already the holiday of the 17th, in Casablanca
    ],
)
def test_conditions_follow_the_calendar(zenata, calendar, moment, rest, ramadan, working_hour):
    now = Conditions.of(zenata, seed=1)
    now.move_to(parse_time(moment))
    assert (now.rest_day, now.ramadan, now.working_hour(now.hour)) == (rest, ramadan, working_hour)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fixed_holidays": ["13-01"]}, "'13-01' is no day"),
        ({"moving_holidays": ["2026-06-17"]}, "Expected `date`, got `str` - at `moving_holidays"),
        ({"ramadan": [[date(2026, 3, 19), date(2026, 2, 18)]]}, "ramadan ends on 2026-02-18"),
        ({"office_hours": [16.5, 8.5]}, "offices cannot open"),
    ],
)
def test_days_that_are_none_are_refused(city, change, message):
    tables = {**city.parameters, "calendar": {**city.parameters["calendar"], **change}}
    with pytest.raises(CityError, match=message):
        read_calendar(dataclasses.replace(city, parameters=tables))
