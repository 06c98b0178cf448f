from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.times import parse_moment
from zenata.city.clock import format_time, parse_time

NOW = parse_time("2026-01-02T12:00:00Z")


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
