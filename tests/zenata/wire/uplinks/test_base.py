from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks.base import (
    MAX_DEPTH,
    MAX_LEFT_OUT,
    MAX_PROPERTIES,
    Measure,
    battery,
    flatten,
)

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_members_of_members_are_joined_and_what_is_no_number_is_left_out():
    document = {"gps": {"lat": 33.6, "fix": True}, "accel": [1, 2], "name": "roof", "nothing": None, "POWER": "ON"}
    properties, left_out = flatten(document)
    assert {name: measure.value for name, measure in properties.items()} == {
        "gps/lat": 33.6,
        "gps/fix": 1,
        "accel/0": 1,
        "accel/1": 2,
        "POWER": 1,
    }
    assert [(one.name, one.rejected) for one in left_out] == [("name", False), ("nothing", False)]


def test_t6_no_unit_is_made_of_a_name():
    properties, _ = flatten({"voltage": 3005, "pressure": 101325, "humidity": 0.45})
    assert {measure.unit for measure in properties.values()} == {""}


def test_t9_a_time_under_another_name_is_no_reading():
    properties, left_out = flatten({"last_seen": 1795946400000, "boot_ts": 1795946400, "runtime": 1795946400, "at": 7})
    assert list(properties) == ["runtime", "at"]
    assert [one.name for one in left_out] == ["last_seen", "boot_ts"]


def nested(depth):
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("member", "name", "reason"),
    [
        ({"a": 10**400}, "a", "beyond the range"),
        ({"a": nested(MAX_DEPTH + 1)}, "a/a/a/a/a/a/a/a/a", "nested more than"),
        ({"": 1}, "", "empty name"),
        ({"x" * 200: 1}, "x" * 128, "200 characters"),
        ({f"n{number}": 1 for number in range(MAX_PROPERTIES)}, "n255", "properties in one message"),
    ],
)
def test_t10_a_member_that_cannot_be_stored_leaves_the_others(member, name, reason):
    properties, left_out = flatten({"temperature": 20} | member)
    assert properties["temperature"].value == 20
    assert [(one.name, reason in one.reason, one.rejected) for one in left_out] == [(name, True, True)]


def test_what_is_no_object_is_refused_and_what_is_left_out_is_bounded():
    with pytest.raises(UplinkError, match="not an object"):
        flatten([1])
    _, left_out = flatten({f"n{number}": "" for number in range(5 * MAX_LEFT_OUT)})
    assert len(left_out) == MAX_LEFT_OUT + 1
    assert left_out[-1].name == "..."


@given(st.dictionaries(st.text(), documents))
def test_any_object_is_flattened(document):
    properties, left_out = flatten(document)
    assert len(properties) <= MAX_PROPERTIES
    assert all(isfinite(measure.value) for measure in properties.values())
    assert properties or left_out or not document or all(value in ({}, []) or value for value in document.values())


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"battery": Measure(87)}, None),
        ({"battery": Measure(87, "%")}, 87),
        ({"battery_percentage": Measure(87)}, 87),
        ({"battery": Measure(3.6)}, None),
        ({"battery_level": Measure(87, "%EL")}, 87),
        ({"battery": Measure(3.6, "V")}, None),
        ({"battery": Measure(3600)}, None),
        ({}, None),
    ],
)
def test_t8_battery_is_a_percentage_where_that_is_known(properties, expected):
    assert battery(properties) == expected
