import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import plain
from zenata.wire.uplinks.base import Measure

names = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True).filter(lambda name: name not in {"time", "device"})


@given(st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_come_back_as_they_were(properties):
    (uplink,) = plain.decode(json.dumps(properties).encode())
    assert {name: measure.value for name, measure in uplink.properties.items()} == properties


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00Z", 1767225600, 1767225600.0])
def test_time_and_device_are_no_properties(time):
    (uplink,) = plain.decode(json.dumps({"time": time, "device": "roof", "open": True, "note": "x"}).encode())
    assert (uplink.time, uplink.device) == (1767225600_000_000, "roof")
    assert (uplink.properties, uplink.left_out) == ({"open": Measure(1)}, ("note",))


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"note":"x"}',
        '{"a":1,"time":"noon"}',
        '{"a":1,"time":true}',
        '{"a":1,"time":[]}',
        '{"a":1,"time":1e300}',
        '{"a":1,"device":2}',
        '{"a":NaN}',
        '{"a":1e999}',
        '{"a":' * 2000,
    ],
)
def test_what_says_nothing_is_refused(document):
    with pytest.raises(UplinkError):
        plain.decode(document.encode())


@given(st.binary())
def test_any_bytes_are_read_or_refused(payload):
    try:
        (uplink,) = plain.decode(b'{"a":' + payload)
    except UplinkError:
        return
    assert all(math.isfinite(measure.value) for measure in uplink.properties.values())
