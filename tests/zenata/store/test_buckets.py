"""Buckets of a time zone, held against the clock that `zoneinfo` shows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.city.clock import SECOND, format_time, load_zone, parse_time
from zenata.store.buckets import DAY, WEEK, _changes, bucket_runs, buckets_of, check_every, grain

HOUR = 3600 * SECOND
CASABLANCA = "Africa/Casablanca"
FIRST, LAST = parse_time("2025-12-01"), parse_time("2027-02-01")


def begins(start: str, end: str, every: int, zone: str | None = CASABLANCA) -> list[str]:
    runs = bucket_runs(parse_time(start), parse_time(end), every, zone)
    for before, after in pairwise(runs):
        assert before.end == after.start
    return [format_time(begin) for run in runs for begin in range(run.start, min(run.end, parse_time(end)), run.width)]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-02-13T23:00:00Z", "2026-02-17", [24, 25, 24]),
        ("2026-03-21", "2026-03-23T23:00:00Z", [24, 23, 24]),
        ("2026-09-18T23:00:00Z", "2026-09-22", [24, 25, 24]),
    ],
)
def test_z3_a_day_has_23_or_25_hours_where_the_clock_changes(start, end, hours):
    days = [*map(parse_time, begins(start, end, DAY)), parse_time(end)]
    assert [(after - before) / HOUR for before, after in pairwise(days)] == hours


def test_z3_weeks_begin_on_monday():
    assert begins("2026-11-29", "2026-12-08", WEEK, None) == [
        f"2026-{day}T00:00:00Z" for day in ("11-23", "11-30", "12-07")
    ]
    weeks = begins("2026-02-12", "2026-03-25", WEEK)
    local = [datetime.fromisoformat(week).astimezone(load_zone(CASABLANCA)) for week in weeks]
    assert {(one.isoweekday(), one.hour) for one in local} == {(1, 0)}


def test_a_bucket_of_six_hours_has_five_or_seven_where_the_clock_changes():
    assert begins("2026-02-15", "2026-02-15T12:00:00Z", 6 * HOUR) == [
        "2026-02-14T23:00:00Z",
        "2026-02-15T06:00:00Z",
    ]
    assert begins("2026-03-22", "2026-03-22T12:00:00Z", 6 * HOUR) == [
        "2026-03-22T00:00:00Z",
        "2026-03-22T05:00:00Z",
        "2026-03-22T11:00:00Z",
    ]


def test_the_doubled_hour_is_two_buckets_of_an_hour():
    assert bucket_runs(FIRST, LAST, HOUR, CASABLANCA) == bucket_runs(FIRST, LAST, HOUR, None)


@pytest.mark.parametrize(
    "zone", [CASABLANCA, "Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"]
)
@pytest.mark.parametrize("every", [HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, WEEK])
@given(time=st.integers(FIRST, LAST), width=st.integers(1, 40 * DAY))
def test_every_time_is_in_the_bucket_that_its_wall_clock_says(zone, every, time, width):
    """Except within the hour that the clock shows twice, as a bucket begins but once."""
    clock = datetime.fromtimestamp(time / SECOND, tz=load_zone(zone))
    if clock.utcoffset() != (clock - timedelta(hours=1)).astimezone(UTC).astimezone(clock.tzinfo).utcoffset():
        return
    (bucket,) = buckets_of(np.array([time]), bucket_runs(time, time + width, every, zone)).tolist()
    begin = datetime.fromtimestamp(bucket / SECOND, tz=load_zone(zone)).replace(tzinfo=UTC)
    wall, origin = clock.replace(tzinfo=UTC), datetime(1970, 1, 5 if every == WEEK else 1, tzinfo=UTC)
    expected = origin + (wall - origin) // timedelta(microseconds=every) * timedelta(microseconds=every)
    shown_never = begin != expected and bucket <= time and begin - expected <= timedelta(hours=1)
    assert begin == expected or shown_never


@given(
    start=st.integers(FIRST, LAST), width=st.integers(1, 100 * DAY), every=st.sampled_from([HOUR, 2 * HOUR, DAY, WEEK])
)
def test_buckets_cover_a_range_without_gaps(start, width, every):
    runs = bucket_runs(start, start + width, every, CASABLANCA)
    assert runs[0].start <= start < runs[0].start + runs[0].width
    assert runs[-1].end >= start + width
    assert all(before.end == after.start for before, after in pairwise(runs))
    assert all((run.end - run.start) % run.width == 0 for run in runs[:-1])


@pytest.mark.parametrize("every", [32 * SECOND, 8 * 60 * SECOND, DAY])
def test_ten_thousand_years_cost_no_more_than_their_changes_of_the_clock(every):
    """One request for all years took the memory of the whole machine, or half a minute for each zone."""
    start, end = parse_time("0001-01-02"), parse_time("9999-01-01")
    runs = bucket_runs(start, end, every, CASABLANCA)
    assert len(runs) < 1000
    assert runs[0].start <= start < end <= runs[-1].end
    assert _changes.cache_info().currsize < 10 * 200


def test_spans_of_which_buckets_are_made():
    assert grain(bucket_runs(FIRST, LAST, 6 * HOUR, CASABLANCA)) == HOUR
    assert grain(bucket_runs(FIRST, LAST, DAY, "Asia/Kathmandu")) == 900 * SECOND


@pytest.mark.parametrize(
    ("every", "zone", "text"),
    [
        (7 * HOUR, CASABLANCA, "divide a day or are whole days"),
        (36 * HOUR, CASABLANCA, "divide a day or are whole days"),
        (DAY, "Africa/Nowhere", "no time zone"),
        (DAY, "../../etc/passwd", "no time zone"),
        (DAY, "", "no time zone"),
        (DAY, "zone.tab", "zone"),
    ],
)
def test_what_has_no_buckets_is_named(every, zone, text):
    with pytest.raises(ValueError, match=text):
        check_every(every, zone)
