import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks.base import DEEPEST, MAX_PROPERTIES, Measure, battery, flatten, moment, seconds, unwrap, word

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("temperature", "temperature"),
        ("Température extérieure", "Temperature_exterieure"),
        ("pm2.5", "pm2_5"),
        ("3", "p3"),
        ("__usage__idle__", "usage_idle"),
    ],
)
def test_a_name_becomes_a_word(name, expected):
    assert word(name) == expected


@pytest.mark.parametrize("name", ["", "°", "حرارة", "x" * 64])
def test_a_name_without_a_word_is_refused(name):
    with pytest.raises(UplinkError, match="propert"):
        word(name)


def test_members_of_members_are_joined_and_what_is_no_number_is_told():
    document = {"gps": {"lat": 33.6, "fix": True}, "accel": [1, 2], "name": "roof", "nothing": None}
    properties, left_out = flatten(document)
    assert properties == {"gps_lat": Measure(33.6), "gps_fix": Measure(1), "accel_0": Measure(1), "accel_1": Measure(2)}
    assert left_out == ("name", "nothing")


def nested(depth):
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([1], "not an object"),
        ({"a b": 1, "a": {"b": 2}}, "two members are called 'a_b'"),
        ({"a": 10**400}, "beyond all range"),
        (nested(DEEPEST + 2), "nested more than"),
        ({f"n{number}": 1 for number in range(MAX_PROPERTIES + 1)}, "properties in one message"),
        ({f"n{number}": "" for number in range(MAX_PROPERTIES + 1)}, "no numbers"),
    ],
)
def test_what_cannot_be_flattened_says_why(document, reason):
    with pytest.raises(UplinkError, match=reason):
        flatten(document)


@given(documents)
def test_any_document_is_flattened_or_refused(document):
    try:
        properties, left_out = flatten(document)
    except UplinkError:
        return
    assert all(word(name) == name for name in properties)
    assert len(properties) + len(left_out) <= 2 * MAX_PROPERTIES


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"battery": Measure(87)}, 87),
        ({"battery_level": Measure(87, "%EL")}, 87),
        ({"battery": Measure(3.6, "V")}, None),
        ({"battery": Measure(3600)}, None),
        ({}, None),
    ],
)
def test_battery_is_what_is_called_so_in_percent(properties, expected):
    assert battery(properties) == expected


def test_times_and_base64_that_are_none_are_refused():
    assert moment("2026-01-01T01:00:00.123456789+01:00") == seconds("time", 1767225600.123456)
    for wrong in (lambda: moment("yesterday"), lambda: seconds("time", 1e300), lambda: unwrap("***")):
        with pytest.raises(UplinkError):
            wrong()
