import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zenata.wire.uplinks import test_chirpstack, test_things
from zenata.errors import UplinkError
from zenata.wire.uplinks import registry
from zenata.wire.uplinks.base import Measure

NOW = 1_800_000_000_000_000


@pytest.mark.parametrize("codec", registry.CODECS)
@pytest.mark.parametrize(
    ("payload", "property_"),
    [
        (b'[{"n":"level","v":1}]', "level"),
        (b' {"level": 1}', "level"),
        (json.dumps(test_chirpstack.UP).encode(), "temperatureSensor/3"),
        (
            json.dumps({"end_device_ids": test_things.IDS, "uplink_message": test_things.MESSAGE}).encode(),
            "temperature",
        ),
    ],
)
def test_a_document_is_recognised_by_its_members(codec, payload, property_):
    if codec == registry.INFLUX:
        payload, property_ = b"device level=1", "level"
    assert property_ in registry.decode(payload, codec, NOW)[0].properties


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a": 1, "a": 2}',
        b'{"b": {"a" :1, "c": 2, "a":3}}',
        b'[{"n": "level", "v": 1, "v": 2}]',
        b'{"\\u0061": 1, "a": 2}',
    ],
)
def test_t3_a_name_that_comes_twice_is_refused_by_name(payload):
    with pytest.raises(UplinkError, match=r"the name '[av]' comes twice"):
        registry.decode(payload, registry.AUTO, NOW)


@given(st.recursive(st.floats(0, 9) | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_no_document_with_names_of_its_own_is_refused_for_them(document):
    try:
        registry.decode(json.dumps({"a": 1, "b": document}).encode(), registry.AUTO, NOW)
    except UplinkError as error:
        assert "twice" not in str(error)


def test_t4_a_record_of_senml_without_its_pack_has_the_name_that_it_says():
    (uplink,) = registry.decode(b'{"n": "temperature", "u": "Cel", "v": 21.5, "t": -60}', "", NOW)
    assert (uplink.time, uplink.properties) == (NOW - 60_000_000, {"temperature": Measure(21.5, "Cel")})
    (uplink,) = registry.decode(b'{"n": "x", "v": 3, "temperature": 5}', "", NOW)
    assert [*uplink.properties] == ["v", "temperature"]


def test_a_byte_order_mark_is_no_part_of_a_name():
    for codec, payload in ((registry.AUTO, b'{"level": 1}'), (registry.INFLUX, b"device level=1")):
        assert [*registry.decode(b"\xef\xbb\xbf" + payload, codec, NOW)[0].properties] == ["level"]


def test_bytes_are_for_the_codec():
    payload = b"{\x67\x01\x10"  # channel 123
    assert registry.decode(payload, registry.CAYENNE, NOW)[0].properties == {"temperature_123": Measure(27.2, "Cel")}
    with pytest.raises(UplinkError):
        registry.decode(payload, registry.AUTO, NOW)
    payload = b"[\x67\x00\xd7"  # channel 91
    assert registry.decode(payload, registry.CAYENNE, NOW)[0].properties == {"temperature_91": Measure(21.5, "Cel")}
    envelope = json.dumps({"deviceInfo": test_chirpstack.INFO, "data": "eyJhIjoxfQ=="}).encode()
    assert registry.decode(envelope, registry.JSON_BYTES, NOW)[0].properties == {"a": Measure(1)}


@pytest.mark.parametrize("codec", sorted(registry.CODECS))
@pytest.mark.parametrize("begin", [b"", b"[", b"{"])
@given(rest=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(begin, codec, rest):
    try:
        assert registry.decode(begin + rest, codec, NOW)
    except UplinkError as error:
        assert str(error)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_t10_words_for_no_number_are_left_out_and_the_rest_is_stored(word):
    """As Python writes them."""
    payload = '{"temperature": 20, "bad": %s, "note": "NaN \\"Infinity"}' % word  # noqa: UP031 - braces
    (uplink,) = registry.decode(payload.encode(), registry.AUTO, 0)
    assert {name: one.value for name, one in uplink.properties.items()} == {"temperature": 20}
    assert sorted(one.name for one in uplink.left_out) == ["bad", "note"]
    (uplink,) = registry.decode(b'[{"n":"a","v":%b},{"n":"b","v":1}]' % word.encode(), registry.AUTO, 0)
    assert (list(uplink.properties), [one.name for one in uplink.left_out]) == (["b"], ["a"])
    assert registry.device_of(b'{"device": "roof", "v": %b}' % word.encode()) == "roof"
