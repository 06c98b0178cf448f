import json
import math
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import SenmlError
from zenata.wire import senml

NOW = 1_800_000_000_000_000

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9\-:._]{0,20}", fullmatch=True)
values = st.floats(allow_nan=False, allow_infinity=False)
moments = st.integers(senml.RELATIVE * 1_000_000, 4_000_000_000_000_000)  # a double keeps these to the microsecond


def decode(*records):
    return rows(senml.decode(json.dumps(records).encode(), NOW))


def rows(readings):
    return [Row(*row) for row in zip(*readings, strict=True)]


class Row(NamedTuple):
    name: str
    unit: str
    time: int
    value: float
    seq: int


def reading(name, value, *, unit="", time=NOW, seq=0):
    return Row(name, unit, time, value, seq)


@given(names, moments, st.integers(1, 2**62), st.lists(st.tuples(names, st.just("Cel"), values), min_size=1))
def test_a_message_comes_back_as_it_was(sensor, time, seq, properties):
    records = senml.message(sensor, time, seq, [(n, u) for n, u, _ in properties], [v for *_, v in properties])
    got = rows(senml.decode(senml.encode(records), NOW))
    assert got == [reading(f"{sensor}/{n}", v, unit=u, time=time, seq=seq) for n, u, v in properties]


def test_the_wire_form_is_the_documented_one():
    records = senml.message("air-0042", 1767225600_000_000, 17, [("pm25", "ug/m3"), ("no2", "ug/m3")], [12.3, 31.0])
    assert senml.encode(records) == (
        b'[{"bn":"air-0042/","bt":1767225600,"seq":17,"n":"pm25","u":"ug/m3","v":12.3},'
        b'{"n":"no2","u":"ug/m3","v":31.0}]'
    )


def test_base_fields_carry_on_and_can_change():
    """The resolution of RFC 8428, section 4.6, over its examples' labels."""
    got = decode(
        {"bn": "a/", "bt": 1_700_000_000, "bu": "Cel", "bv": 10, "seq": 3, "n": "x", "v": 1},
        {"n": "y", "u": "%RH", "t": -5, "v": 2},
        {"bn": "b/", "n": "x", "t": 0.5, "v": -10},
    )
    assert got == [
        reading("a/x", 11.0, unit="Cel", time=1_700_000_000_000_000, seq=3),
        reading("a/y", 12.0, unit="%RH", time=1_699_999_995_000_000, seq=3),
        reading("b/x", 0.0, unit="Cel", time=1_700_000_000_500_000),
    ]


@pytest.mark.parametrize(("label", "offset"), [({}, 0), ({"t": -5}, -5), ({"bt": -10, "t": 3}, -7), ({"t": 60}, 60)])
def test_small_times_count_from_now(label, offset):
    assert decode({"n": "a", "v": 1, **label}) == [reading("a", 1.0, time=NOW + offset * 1_000_000)]


def test_booleans_are_numbers_and_base_values_do_not_touch_them():
    assert [r.value for r in decode({"bn": "p/", "bv": 5, "n": "a", "vb": True}, {"n": "b", "vb": False})] == [1.0, 0.0]


def test_a_record_may_set_base_fields_only():
    assert decode({"bn": "a/", "bt": 1_700_000_000}, {"n": "x", "v": 1})[0].name == "a/x"


def test_a_base_value_stands_for_a_missing_one():
    assert [r.value for r in decode({"bn": "a/", "bv": 7}, {"n": "x"}, {"n": "y", "v": 1})] == [7.0, 8.0]


def test_labels_we_do_not_know_are_ignored_unless_they_must_be_understood():
    assert decode({"n": "a", "v": 1, "rssi": -90, "note": "ends in _"})[0].value == 1
    with pytest.raises(SenmlError, match="'secret_' must be understood"):
        decode({"n": "a", "v": 1, "secret_": 2})


@pytest.mark.parametrize("version", [10, 26])
def test_versions_that_are_read(version):
    assert decode({"bver": version, "n": "a", "v": 1})[0].value == 1


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not a SenML pack"),
        (b"\xff\xfe", "not a SenML pack"),
        (b"[" * 100_000, "not a SenML pack"),
        (b"{}", "not a SenML pack"),
        (b"[]", "no record with a value"),
        (b"[1]", "not a SenML pack"),
        (b'[{"bn":"a/"}]', "no record with a value"),
        (b'[{"n":"a","v":"1"}]', "not a SenML pack"),
        (b'[{"n":"a","v":NaN}]', "not a SenML pack"),
        (b'[{"n":"a","v":1e999}]', "not a SenML pack"),
        (b'[{"n":"a","v":1.7e308,"bv":1.7e308}]', "beyond all range"),
        (b'[{"n":"a"}]', "has no value"),
        (b'[{"n":"a","s":1}]', "sum alone"),
        (b'[{"n":"a","vs":"on"}]', "text or data"),
        (b'[{"n":"a","vd":"AAAA"}]', "text or data"),
        (b'[{"n":"a","v":1,"vb":true,"bv":0}]', "more than one value"),
        (b'[{"n":"a","v":1,"vs":"x"}]', "more than one value"),
        (b'[{"v":1}]', "not a SenML name"),
        (b'[{"n":"/a","v":1}]', "not a SenML name"),
        (b'[{"n":"a b","v":1}]', "not a SenML name"),
        (b'[{"n":"a","v":1,"bver":11}]', "version 11"),
        (b'[{"n":"a","v":1,"t":1e300}]', "beyond the year 9999"),
    ],
)
def test_what_is_no_pack_is_named(payload, reason):
    with pytest.raises(SenmlError, match=reason):
        senml.decode(payload, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
labels = st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "seq"])


@given(st.binary() | st.lists(st.dictionaries(labels, json_values), max_size=4).map(lambda x: json.dumps(x).encode()))
def test_any_bytes_are_a_pack_or_an_error(payload):
    try:
        readings = rows(senml.decode(payload, NOW))
    except SenmlError as error:
        assert str(error)
    else:
        assert readings
        assert all(math.isfinite(r.value) and isinstance(r.time, int) for r in readings)
