from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.times import LONGEST, parse_duration, parse_moment
from zenata.city.clock import SECOND, format_time, parse_time

NOW = parse_time("2026-01-02T12:00:00Z")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


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


@pytest.mark.parametrize(("text", "seconds"), [("PT15M", 900), ("P1D", 86_400), ("P1DT1H", 90_000), ("PT1S", 1)])
def test_iso_durations_leave_parts_out(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds * SECOND


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        assert "write a duration" in str(error)
    else:
        assert 0 < duration <= LONGEST


@pytest.mark.parametrize("text", ["", "0s", "h", "-1h", "1.5h", "1y", "P", "PT", "P1DT", "1M", "٣h", "9999999999w"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001 - the offset is in the text
def test_moments_are_rfc_3339(moment: datetime) -> None:
    text = moment.isoformat() + "Z"
    assert parse_time(format_time(parse_moment(text, NOW))) == parse_moment(text, NOW)


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
    ],
)
def test_moments_can_be_relative_and_have_offsets(text: str, meant: str) -> None:
    assert format_time(parse_moment(text, NOW)) == meant


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        moment = parse_moment(text, NOW)
    except ValueError as error:
        assert "write a " in str(error)
    else:
        assert isinstance(moment, int)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "nowish", "+1h", "1h", "--1h"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="write a "):
        parse_moment(text, NOW)
