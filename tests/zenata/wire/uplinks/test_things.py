import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import cayenne, things
from zenata.wire.uplinks.base import Measure, Reception

MESSAGE = {
    "session_key_id": "AXA50tHUGUucuzS/bCGMNw==",
    "f_cnt": 1,
    "frm_payload": "A2cBEA==",
    "decoded_payload": {"temperature": 1.0, "luminosity": 0.64, "state": "ok"},
    "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1"}, "rssi": -35, "channel_rssi": -35, "snr": 5}],
    "settings": {
        "data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}},
        "coding_rate": "4/6",
        "frequency": "868300000",
    },
    "received_at": "2026-01-01T00:00:00.789585559Z",
    "last_battery_percentage": {"f_cnt": 1, "value": 52.4},
}
IDS = {"device_id": "dev1", "application_ids": {"application_id": "app1"}, "dev_eui": "0004A30B001C0530"}


def decode(message, codec=None):
    up = {"end_device_ids": IDS, "received_at": "2026-01-01T00:00:01Z", "uplink_message": message}
    (uplink,) = things.decode(json.dumps(up).encode(), codec)
    return uplink


def test_an_uplink_that_the_things_stack_has_decoded():
    uplink = decode(MESSAGE)
    assert (uplink.device, uplink.time, uplink.battery) == ("dev1", 1767225600_789585, 52.4)
    assert uplink.properties == {"temperature": Measure(1.0), "luminosity": Measure(0.64)}
    assert [one.name for one in uplink.left_out] == ["state"]
    assert uplink.radio == Reception(rssi=-35, snr=5)


def test_bytes_are_read_by_the_codec_of_the_device():
    message = {"frm_payload": "A2cBEA=="}
    uplink = decode(message, cayenne.decode)
    assert (uplink.properties, uplink.time) == ({"temperature_3": Measure(27.2, "Cel")}, 1767225601_000_000)
    with pytest.raises(UplinkError, match="codec"):
        decode(message)


def test_another_message_shows_that_the_device_lives():
    (uplink,) = things.decode(json.dumps({"end_device_ids": IDS, "join_accept": {}}).encode())
    assert (uplink.device, uplink.properties) == ("dev1", {})


@pytest.mark.parametrize("ids", [{}, {"device_id": ""}, {"device_id": 1}, None])
def test_an_uplink_of_nobody_is_refused(ids):
    with pytest.raises(UplinkError):
        things.decode(json.dumps({"end_device_ids": ids}).encode())


def test_settings_of_a_radio_that_are_none_are_refused():
    with pytest.raises(UplinkError, match="data_rate"):
        decode(MESSAGE | {"settings": {"data_rate": 5}})


@given(st.sampled_from([*MESSAGE]), st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_member_is_read_or_refused(name, value):
    try:
        assert decode(MESSAGE | {name: value}).device == "dev1"
    except UplinkError as error:
        assert str(error)
