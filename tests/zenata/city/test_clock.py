import re
import shutil
import time
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zenata.city.clock import (
    EARLIEST,
    LATEST,
    LONGEST,
    SECOND,
    ZONE_RULES,
    ScaledClock,
    WallClock,
    format_time,
    from_epoch,
    lacks_zone,
    load_zone,
    parse_duration,
    parse_moment,
    parse_time,
)

START = 1_767_225_600 * SECOND
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOW, HIGH = (
    (moment - EPOCH) // timedelta(microseconds=1)
    for moment in (datetime(1000, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)


@given(st.integers(LOW, HIGH))
def test_time_written_is_time_read(moment: int) -> None:
    assert parse_time(format_time(moment)) == moment


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-23 * 60, 23 * 60))  # noqa: DTZ001 - hypothesis wants them naive
def test_offset_moves_the_moment(naive: datetime, minutes: int) -> None:
    local = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(local.isoformat()) == (local - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00Z", START),
        ("2026-01-01T01:00:00+01:00", START),
        ("2026-01-01T00:00:00", START),
        ("2026-01-01", START),
        ("2026-01-01T00:00:00.000001Z", START + 1),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
    ],
)
def test_time_is_read(text: str, moment: int) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "2026-01-01T25:00:00Z", "1767225600.5"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(
    st.integers(LOW, HIGH).flatmap(
        lambda moment: st.sampled_from([moment, moment // 10 * 10, moment // SECOND * SECOND])
    )
)
@example(START)
@example(START + SECOND // 2)
@example(START + 1)
@example(-1)
def test_a_time_has_no_decimals_or_six_as_msgspec_writes_it(moment: int) -> None:
    text = format_time(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text)
    assert ("." in text) == (moment % SECOND != 0)
    assert msgspec.json.encode(EPOCH + timedelta(microseconds=moment)) == f'"{text}"'.encode()


def test_scaled_clock_runs_ahead_of_the_wall() -> None:
    before = time.monotonic_ns()
    clock = ScaledClock(start=START, speed=1000)
    first, second = clock.now(), clock.now()
    latest = (time.monotonic_ns() - before) // 1000 * 1000 + 1000
    assert START <= first <= second <= START + latest


def test_wall_clock_shows_the_time_of_day() -> None:
    before = time.time_ns() // 1000
    assert before <= WallClock().now() <= time.time_ns() // 1000


@given(st.integers(1, 5000), st.sampled_from(sorted(UNITS)))
def test_a_duration_is_a_number_and_a_unit(count: int, unit: str) -> None:
    assert parse_duration(f"{count}{unit}") == count * UNITS[unit] * SECOND


@given(st.tuples(*[st.integers(0, 500)] * 5))
def test_a_duration_can_be_iso_8601(counts: tuple[int, ...]) -> None:
    weeks, days, hours, minutes, seconds = counts
    total = weeks * 604_800 + days * 86_400 + hours * 3600 + minutes * 60 + seconds
    text = f"P{weeks}W{days}DT{hours}H{minutes}M{seconds}S"
    if total:
        assert parse_duration(text) == total * SECOND
    else:
        with pytest.raises(ValueError, match="out of range"):
            parse_duration(text)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        assert "write a duration" in str(error)
    else:
        assert 0 < duration <= LONGEST


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "h", "-1h", "1h-", "1y", "1mo", "P", "P1M", "PT", "P1DT", "1M", "5M", "٣h", "9999999999w"],
)
def test_what_is_no_duration_or_has_no_fixed_length(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_could_not_be_written_is_none(text):
    with pytest.raises(ValueError, match="beyond the years"):
        parse_time(text)


@pytest.mark.parametrize("text", ["0001-01-02T00:00:00Z", "0999-12-31T23:59:59.500000Z", "9999-12-31T23:59:59.999999Z"])
def test_years_have_four_digits(text):
    assert format_time(parse_time(text)) == text


TIMES = st.integers(EARLIEST, LATEST - 1)


@given(TIMES, st.integers(0, 999))
def test_the_size_of_a_number_shows_its_unit(moment: int, nanos: int) -> None:
    assert from_epoch(moment // SECOND) == moment // SECOND * SECOND
    assert from_epoch(moment // 1000) == moment // 1000 * 1000
    assert from_epoch(moment) == moment
    assert from_epoch(moment * 1000 + nanos) == moment


@given(TIMES)
def test_a_decimal_fraction_of_a_second_or_millisecond_is_exact(moment: int) -> None:
    assert from_epoch(float(f"{moment // SECOND}.{moment % SECOND:06d}")) == moment
    assert from_epoch(float(f"{moment // 1000}.{moment % 1000:03d}")) == moment


@pytest.mark.parametrize(
    "number",
    [
        0,
        -1,
        1,
        1.5,
        42,
        -1767225600,
        20260131,
        946684799,
        4102444800,
        9e10,
        4.2e12,
        10**400,
        float("inf"),
        float("nan"),
    ],
)
def test_a_number_that_is_no_time_of_this_century_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="since 1970, of the years 2000 to 2099"):
        from_epoch(number)


@pytest.fixture(params=["none", "wrong"])
def system_zones(request, tmp_path):
    """A machine without zone files, and one whose files for Casablanca are those of Tokyo."""
    folder = tmp_path / "zoneinfo" / "Africa"
    folder.mkdir(parents=True)
    if request.param == "wrong":
        with resources.as_file(resources.files("tzdata") / "zoneinfo" / "Asia" / "Tokyo") as tokyo:
            shutil.copy(tokyo, folder / "Casablanca")
    zoneinfo.reset_tzpath([str(folder.parent)])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


def test_z1_the_zone_never_comes_from_the_machine(system_zones: None) -> None:
    offset = datetime(2026, 10, 7, 6, tzinfo=UTC).astimezone(load_zone("Africa/Casablanca")).utcoffset()
    assert offset == timedelta(0)
    assert load_zone("Africa/Casablanca").key == "Africa/Casablanca"


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        (datetime(2026, 9, 20, 0, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 9, 20, 1, tzinfo=UTC), 0),
        (datetime(2026, 11, 29, 12, tzinfo=UTC), 0),
        (datetime(2031, 7, 1, tzinfo=UTC), 0),
    ],
)
def test_z2_morocco_stays_at_utc_since_september_2026(moment: datetime, hours: int) -> None:
    """The rules since tzdata 2026f; they may change again, and then this test tells us."""
    assert ZONE_RULES >= "2026f"
    assert moment.astimezone(load_zone("Africa/Casablanca")).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "Africa", "Africa/", "../zoneinfo/Africa/Casablanca", "tzdata.zi", "Africa\\Casablanca"],
)
def test_no_other_name_is_a_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        load_zone(name)


NOW = parse_time("2026-01-02T12:00:00Z")


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        moment = parse_moment(text, NOW)
    except ValueError as error:
        assert "write a " in str(error)
    else:
        assert isinstance(moment, int)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "nowish", "1h", "--1h", "-1mo", "-", "+", "now-", "20260101", "1e9"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="write a "):
        parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-01-02T12:00:00Z"),
        ("-1h", "2026-01-02T11:00:00Z"),
        ("now-1h", "2026-01-02T11:00:00Z"),
        ("-P1D", "2026-01-01T12:00:00Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:00:00 01:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:00:00 0100", "2026-01-01T00:00:00Z"),
        ("1795946400", "2026-11-29T10:00:00Z"),
        ("1795946400000", "2026-11-29T10:00:00Z"),  # as Grafana sends it
        ("1795946400.25", "2026-11-29T10:00:00.250000Z"),
        ("1795946400000000", "2026-11-29T10:00:00Z"),
        ("1795946400000001999", "2026-11-29T10:00:00.000001Z"),  # a float would be 49 ns more, and so a microsecond
        ("0", "1970-01-01T00:00:00Z"),
        ("-90min", "2026-01-02T10:30:00Z"),
        ("+10m", "2026-01-02T12:10:00Z"),
        (" 10m", "2026-01-02T12:10:00Z"),
        ("now+10 minutes", "2026-01-02T12:10:00Z"),
        ("now 10m", "2026-01-02T12:10:00Z"),
        ("now - 2 hours", "2026-01-02T10:00:00Z"),
        ("-PT1H30M", "2026-01-02T10:30:00Z"),
        ("-3600", "2026-01-02T11:00:00Z"),
        ("-1.5d", "2026-01-01T00:00:00Z"),
    ],
)
def test_z4_forms_of_time_that_people_type(text: str, meant: str) -> None:
    assert format_time(parse_moment(text, NOW)) == meant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        ("300s", 300),
        ("PT5M", 300),
        ("PT1S", 1),
        ("P1D", 86_400),
        ("P1DT1H", 90_000),
        ("1d6h", 108_000),
        ("1h30m", 5400),
        ("1m1m", 120),
        ("5 min", 300),
        ("1.5h", 5400),
        ("pt0.5s", 0.5),
        ("250ms", 0.25),
        ("2 weeks", 1209600),
    ],
)
def test_z4_durations_that_people_type(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("2026-11-29T10:00:00", True),
        ("2026-11-29", True),
        ("2026-11-29T10:00:00Z", False),
        ("2026-11-29t10:00:00z", False),
        ("2026-11-29T10:00:00+01:00", False),
        ("2026-11-29T10:00:00 01:00", False),
        ("2026-11-29T10:00:00-0100", False),
        ("1795946400", False),
        ("-1h", False),
        ("now", False),
    ],
)
def test_z5_a_time_without_a_zone_is_known(text: str, lacks: bool) -> None:
    assert lacks_zone(text) is lacks
