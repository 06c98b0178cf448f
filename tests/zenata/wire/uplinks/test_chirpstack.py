import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import cayenne, chirpstack
from zenata.wire.uplinks.base import Measure, Radio

INFO = {"tenantName": "Zenata", "deviceName": "roof", "devEui": "70B3D57ED0051234", "tags": {}}
UP = {
    "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
    "time": "2026-01-01T00:00:00.775023242+00:00",
    "deviceInfo": INFO,
    "devAddr": "00189440",
    "adr": True,
    "dr": 1,
    "fCnt": 10,
    "fPort": 1,
    "data": "A2cBEA==",
    "object": {"temperatureSensor": {"3": 27.2}},
    "rxInfo": [{"gatewayId": "a", "rssi": -90, "snr": 5}, {"gatewayId": "b", "rssi": -48, "snr": 9.5}],
    "txInfo": {"frequency": 868500000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 11}}},
}


def decode(document, codec=None):
    (uplink,) = chirpstack.decode(json.dumps(document).encode(), codec)
    return uplink


def test_an_uplink_that_chirpstack_has_decoded():
    uplink = decode(UP)
    assert (uplink.device, uplink.time) == ("70b3d57ed0051234", 1767225600_775023)
    assert uplink.properties == {"temperatureSensor_3": Measure(27.2)}
    assert uplink.radio == Radio(rssi=-48, snr=9.5, spreading_factor=11, frequency=868500000, gateways=2)


def test_bytes_are_read_by_the_codec_of_the_device():
    document = {name: value for name, value in UP.items() if name != "object"}
    assert decode(document, cayenne.decode).properties == {"temperature_3": Measure(27.2, "Cel")}
    with pytest.raises(UplinkError, match="codec"):
        decode(document)


@pytest.mark.parametrize(
    ("level", "expected"),
    [({"batteryLevel": 99.2}, 99.2), ({"batteryLevel": 0, "externalPowerSource": True}, None), ({"margin": 7}, None)],
)
def test_a_status_event_tells_the_battery_alone(level, expected):
    uplink = decode({"deviceInfo": INFO, **level})
    assert (uplink.battery, uplink.properties) == (expected, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"deviceInfo": {}},
        {"deviceInfo": {"devEui": ""}},
        {"time": "now"},
        {"object": [1]},
        {"object": None, "data": "*"},
        {"rxInfo": 1},
    ],
)
def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(UplinkError):
        decode(UP | wrong, cayenne.decode)


@given(st.sampled_from([*UP]), st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_member_is_read_or_refused(name, value):
    try:
        assert decode(UP | {name: value}).device
    except UplinkError as error:
        assert str(error)
