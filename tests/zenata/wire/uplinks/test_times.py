import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.city.clock import EARLIEST, LATEST, format_time
from zenata.errors import UplinkError
from zenata.wire.uplinks.times import moment, time_of


@given(st.integers(EARLIEST // 1000, LATEST // 1000 - 1))
def test_t9_a_time_is_understood_in_each_form(milliseconds):
    micros = milliseconds * 1000
    text = format_time(micros)
    forms = [
        text,
        text[:-1],
        text[:-1] + "+00:00",
        micros,
        micros * 1000,
        milliseconds,
        str(milliseconds),
        micros / 1e6,
    ]
    assert {moment(form) for form in forms} == {micros}
    assert moment(micros // 1_000_000) == micros // 1_000_000 * 1_000_000


@pytest.mark.parametrize("wrong", ["yesterday", "", "12", 12, 0, -1, True, 1e300, 20261129, "20261129", float("nan")])
def test_what_is_no_time_is_refused_by_name(wrong):
    with pytest.raises(UplinkError, match=r"ts is .* no time"):
        moment(wrong, "ts")


@pytest.mark.parametrize("name", ["time", "ts", "timestamp", "at", "Time", "TIMESTAMP"])
def test_a_time_has_one_of_these_names(name):
    assert time_of({"a": 1, name: 1795946400}) == (name, 1795946400_000_000)
    assert time_of({"a": 1, name: None}) == (name, None)
    assert time_of({"a": 1}) == ("", None)
    with pytest.raises(UplinkError, match=name):
        time_of({"a": 1, name: "noon"})
