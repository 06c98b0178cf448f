import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import cayenne, chirpstack
from zenata.wire.uplinks.base import Measure, Reception

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
    assert uplink.properties == {"temperatureSensor/3": Measure(27.2)}
    assert uplink.radio == Reception(rssi=-48, snr=9.5)


def test_bytes_are_read_by_the_codec_of_the_device():
    document = {name: value for name, value in UP.items() if name != "object"}
    assert decode(document, cayenne.decode).properties == {"temperature_3": Measure(27.2, "Cel")}
    with pytest.raises(UplinkError, match="codec"):
        decode(document)


@pytest.mark.parametrize(
    ("level", "expected"),
    [({"batteryLevel": 99.2}, 99.2), ({"batteryLevel": 0, "externalPowerSource": True}, None), ({"margin": 7}, None)],
)
def test_a_status_event_reports_the_battery_alone(level, expected):
    uplink = decode({"deviceInfo": INFO, **level})
    assert (uplink.battery, uplink.properties, uplink.reports_battery) == (expected, {}, True)


@pytest.mark.parametrize(
    "event", [{"devAddr": "0018"}, {"queueItemId": "a"}, {"level": "INFO"}, {"location": {}}, {"downlinkId": 1}, UP]
)
def test_t15_another_event_says_nothing_of_the_battery(event):
    assert not decode({"deviceInfo": INFO} | event).reports_battery


@pytest.mark.parametrize(
    ("receptions", "rssi", "snr"),
    [
        ([{"rssi": -97, "snr": 7.5}, {"snr": 3}], -97, 7.5),
        ([{"snr": 3}, {"snr": 7}], None, 7),
        ([{"gatewayId": "a"}], None, None),
    ],
)
def test_t7_no_number_stands_where_none_was_sent(receptions, rssi, snr):
    radio = decode(UP | {"rxInfo": receptions}).radio
    assert (radio.rssi, radio.snr) == (rssi, snr)


def test_t8_a_decoded_battery_is_no_percentage():
    uplink = decode(UP | {"object": {"battery": 3.6}})
    assert (uplink.battery, uplink.properties) == (None, {"battery": Measure(3.6)})


def test_t13_a_whole_number_may_have_a_decimal_point():
    modulation = {"lora": {"spreadingFactor": 7.0}}
    assert decode(UP | {"txInfo": {"frequency": 868500000.0, "modulation": modulation}}).radio.rssi == -48


@pytest.mark.parametrize(
    "wrong",
    [
        {"deviceInfo": {}},
        {"deviceInfo": {"devEui": ""}},
        {"time": "now"},
        {"object": [1]},
        {"object": None, "data": "A2cBEA==*"},
        {"rxInfo": 1},
        {"txInfo": {"frequency": "high"}},
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
