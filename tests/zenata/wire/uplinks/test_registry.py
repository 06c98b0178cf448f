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
def test_a_document_is_told_by_its_members(codec, payload, property_):
    if codec == registry.INFLUX:
        payload, property_ = b"device level=1", "level"
    assert property_ in registry.decode(payload, codec, NOW)[0].properties


def test_bytes_are_for_the_codec():
    payload = b"{\x67\x01\x10"  # channel 123
    assert registry.decode(payload, registry.CAYENNE, NOW)[0].properties == {"temperature_123": Measure(27.2, "Cel")}
    with pytest.raises(UplinkError):
        registry.decode(payload, registry.AUTO, NOW)
    payload = b"[\x67\x00\xd7"  # channel 91
    assert registry.decode(payload, registry.CAYENNE, NOW)[0].properties == {"temperature_91": Measure(21.5, "Cel")}
    envelope = json.dumps({"deviceInfo": test_chirpstack.INFO, "data": "eyJhIjoxfQ=="}).encode()
    assert registry.decode(envelope, registry.JSON_BYTES, NOW)[0].properties == {"a": Measure(1)}


@given(st.binary(), st.sampled_from(sorted(registry.CODECS)))
def test_any_bytes_are_read_or_refused(payload, codec):
    try:
        assert registry.decode(payload, codec, NOW)
    except UplinkError as error:
        assert str(error)
