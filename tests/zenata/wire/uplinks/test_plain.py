import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import plain
from zenata.wire.uplinks.base import Measure
from zenata.wire.uplinks.times import TIMES, UNIX_TIMES

names = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True).filter(
    lambda name: name not in {*TIMES, *UNIX_TIMES, "device"} and not name.endswith("at")
)


@given(st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_come_back_as_they_were(properties):
    (uplink,) = plain.decode(properties)
    assert {name: measure.value for name, measure in uplink.properties.items()} == properties


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00Z", 1767225600, 1767225600.0])
def test_time_and_device_are_no_properties(time):
    (uplink,) = plain.decode({"time": time, "device": "roof", "open": True, "note": "x"})
    assert (uplink.time, uplink.device) == (1767225600_000_000, "roof")
    assert uplink.properties == {"open": Measure(1)}
    assert [one.name for one in uplink.left_out] == ["note"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "empty list"),
        ({}, "no property"),
        ({"note": "x"}, "no property"),
        ({"a": 1, "time": "noon"}, "time is 'noon'"),
        ({"a": 1, "ts": True}, "ts is 'True'"),
        ({"a": 1, "timestamp": 1e300}, "timestamp is '1e\\+300'"),
        ({"a": float("inf")}, "a: it is beyond the range"),
        ({"ts": 1, "values": {"a": 1}}, "ts is '1'"),
        ([1, "x"], "not an object"),
        ([{"a": 1}] * 1001, "up to 1,000"),
    ],
)
def test_what_says_nothing_is_refused(document, reason):
    with pytest.raises(UplinkError, match=reason):
        plain.decode(document)


def test_t10_an_odd_member_leaves_the_others():
    (uplink,) = plain.decode({"temperature": 20, "device": {"ieee": "x"}})
    assert (uplink.device, uplink.properties) == (None, {"temperature": Measure(20)})
    assert [one.name for one in uplink.left_out] == ["device/ieee"]


def test_t5_names_are_of_any_script():
    (uplink,) = plain.decode({"رطوبة": 40, "temperature": 21})
    assert {name: measure.value for name, measure in uplink.properties.items()} == {"رطوبة": 40, "temperature": 21}


@pytest.mark.parametrize("name", ["datetime", "dateTime", "phenomenonTime", "observedAt", "dateObserved"])
def test_t9_a_time_has_the_names_that_standards_give_it(name):
    (uplink,) = plain.decode({"temperature": 21, name: "2026-01-01T00:00:00Z"})
    assert (uplink.time, list(uplink.properties), uplink.left_out) == (1767225600_000_000, ["temperature"], [])
    with pytest.raises(UplinkError, match=f"{name} is 'noon'"):
        plain.decode({"temperature": 21, name: "noon"})


def test_t9_an_observation_within_another_is_not_dated_now():
    observation = {"ts": 1767225600000, "values": {"a": 1}}
    with pytest.raises(UplinkError, match="Device A/0: it has a time of its own"):
        plain.decode({"Device A": [observation]})
    (uplink,) = plain.decode({"b": 2, "more": observation})
    assert ([*uplink.properties], [one.name for one in uplink.left_out]) == (["b"], ["more"])


def test_t12_a_list_is_several_observations():
    items = [{"temperature": 20 + n, "time": f"2026-01-01T00:00:0{n}Z"} for n in range(3)] + [{"note": "x"}]
    uplinks = plain.decode(items)
    assert [uplink.time for uplink in uplinks] == [1767225600_000_000 + n * 1_000_000 for n in range(3)]
    assert [uplink.properties["temperature"].value for uplink in uplinks] == [20, 21, 22]
    assert [one.name for one in uplinks[0].left_out] == ["[3]"]


@pytest.mark.parametrize("more", [{}, {"unit": "x"}, {"time": "2026-01-01T00:00:00Z"}, {"device": "roof"}])
def test_t4_an_object_that_names_its_one_number_is_of_the_property_of_that_name(more):
    items = [{"name": "temperature", "value": 21, **more}, {**more, "value": 40, "name": "humidity"}]
    assert [[*uplink.properties.items()] for uplink in plain.decode(items)] == [
        [("temperature", Measure(21))],
        [("humidity", Measure(40))],
    ]


@pytest.mark.parametrize(
    "document",
    [{"name": "roof", "value": 1, "t": 2}, {"name": 3, "value": 1}, {"value": 1}, {"name": "a", "value": {"b": 1}}],
)
def test_any_other_value_is_called_as_its_member(document):
    (uplink,) = plain.decode(document)
    assert {name.partition("/")[0] for name in uplink.properties} == document.keys() - (
        {"name"} if document.get("name") != 3 else set()
    )


TIME = 1795946400


@pytest.mark.parametrize(
    ("document", "expected", "left_out"),
    [
        # ThingsBoard, "Telemetry upload API".
        ({"ts": TIME * 1000, "values": {"temperature": 21}}, {"temperature": 21}, []),
        # Zigbee2MQTT, a climate sensor.
        (
            {
                "battery": 95,
                "humidity": 40.1,
                "linkquality": 120,
                "temperature": 21,
                "voltage": 3005,
                "occupancy": True,
                "last_seen": "2026-11-29T10:00:00+00:00",
                "update": {"installed_version": 5, "state": "idle"},
                "device": {"friendlyName": "x", "ieeeAddr": "0x1"},
                "timestamp": TIME,
            },
            {
                "battery": 95,
                "humidity": 40.1,
                "linkquality": 120,
                "temperature": 21,
                "voltage": 3005,
                "occupancy": 1,
                "update/installed_version": 5,
            },
            ["last_seen", "update/state", "device/friendlyName", "device/ieeeAddr"],
        ),
        # Tasmota, tele/.../SENSOR and STATE; the time is without a zone.
        (
            {"Time": "2026-11-29T10:00:00", "AM2301": {"Temperature": 21.5, "Humidity": 40}, "TempUnit": "C"},
            {"AM2301/Temperature": 21.5, "AM2301/Humidity": 40},
            ["TempUnit"],
        ),
        ({"Time": "2026-11-29T10:00:00", "POWER1": "ON", "POWER2": "off"}, {"POWER1": 1, "POWER2": 0}, []),
        # Shelly of the second generation, .../events/rpc.
        (
            {
                "src": "shellyplus1pm-a8",
                "dst": "shellyplus1pm-a8/events",
                "method": "NotifyStatus",
                "params": {
                    "ts": TIME + 0.25,
                    "switch:0": {"id": 0, "apower": 12.5, "output": True, "aenergy": {"total": 7.5, "minute_ts": TIME}},
                },
            },
            {"switch:0/id": 0, "switch:0/apower": 12.5, "switch:0/output": 1, "switch:0/aenergy/total": 7.5},
            ["switch:0/aenergy/minute_ts"],
        ),
        # OpenMQTTGateway, a Bluetooth sensor.
        (
            {"id": "AA:BB", "name": "x", "rssi": -60, "brand": "y", "tempc": 21.5, "hum": 40, "batt": 100, "ts": TIME},
            {"rssi": -60, "tempc": 21.5, "hum": 40, "batt": 100},
            ["id", "name", "brand"],
        ),
    ],
)
def test_what_well_known_programs_send_is_read(document, expected, left_out):
    (uplink,) = plain.decode(document)
    assert {name: measure.value for name, measure in uplink.properties.items()} == expected
    assert {measure.unit for measure in uplink.properties.values()} == {""}
    assert [one.name for one in uplink.left_out] == left_out
    assert uplink.time in {TIME * 1_000_000, TIME * 1_000_000 + 250_000, 1795946400_000_000}
    assert uplink.battery == (95 if "linkquality" in document else None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_document_is_read_or_refused(document):
    if not isinstance(document, dict | list):
        return
    try:
        uplinks = plain.decode(document)
    except UplinkError as error:
        assert str(error)
        return
    assert all(math.isfinite(measure.value) for uplink in uplinks for measure in uplink.properties.values())


@pytest.mark.parametrize(
    "document",
    [
        {"temperature": 21, "unixtime": TIME},
        {"temperature": 21, "timestampMs": TIME * 1000},
        {"temperature": 21, "measured_at": "2026-11-29T10:00:00Z"},
        {"temperature": 21, "eventTime": "2026-11-29T11:00:00+01:00"},
        {"temperature": 21, "time": None, "epoch": TIME},
        {"temperature": 21, "date": "2026-11-29T10:00:00Z"},
        {"temperature": 21, "utc": TIME * 1000, "date": "2026-11-29"},
        # Tasmota's own clock is local; the first generation of Shelly has a time of day.
        {"temperature": 21, "Time": "2026-11-29T11:00:00", "Epoch": TIME},
        {"temperature": 21, "time": "11:00", "unixtime": TIME},
        # OwnTracks and OpenMQTTGateway.
        {"temperature": 21, "_type": "location", "tst": TIME},
        {"temperature": 21, "UTCtime": "2026-11-29T10:00:00Z", "unixtime": TIME},
        {"type": "reading", "data": {"temperature": 21, "ts": TIME}},
        {"a": {"b": {"temperature": 21, "time": "2026-11-29T10:00:00Z"}}},
    ],
)
def test_t9_a_time_is_found_where_programs_put_it(document):
    (uplink,) = plain.decode(document)
    assert uplink.time == TIME * 1_000_000
    assert [name.rpartition("/")[2] for name in uplink.properties] == ["temperature"]
    assert not uplink.assumed_utc


def test_t9_what_is_no_time_stays_a_reading():
    (uplink,) = plain.decode({"epoch": 5, "utc": "x", "up_time": TIME, "firmware": {"time": "2024-01-01T00:00:00Z"}})
    assert (uplink.time, [*uplink.properties]) == (None, ["epoch", "up_time"])
    (uplink,) = plain.decode({"date": "2026-11-29", "created_at": "2026-11-29", "temperature": 21})
    assert (uplink.time, [*uplink.properties]) == (None, ["temperature"]), "a day is no moment"
    with pytest.raises(UplinkError, match="metrics/0: it has a time of its own"):
        plain.decode({"metrics": [{"fields": {"a": 1}, "timestamp": TIME}]})
