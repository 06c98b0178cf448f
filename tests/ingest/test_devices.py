import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.arrivals import ArrivalClock
from ingest.clocks import Clocks
from ingest.decoder import Decoder
from ingest.devices import LEAD, DeviceDecoder
from ingest.quotas import Limits, Quotas
from tests.api.running import small_city
from tests.ingest.devices import NOW, Stopped, Table, device
from tests.zenata.wire.uplinks import test_chirpstack
from zenata.city.clock import parse_time
from zenata.city.readings import Catalog, Series
from zenata.control.device import Seen
from zenata.store.dead_letters import REASONS
from zenata.wire import topics
from zenata.wire.mqtt import Message

PLENTY = Limits(1e9, 10**9)


class Rig:
    """A decoder that knows some devices, as ingest has it."""

    def __init__(self, *devices, limits=PLENTY, stored=None):
        self.table = Table(*(devices or (device(), device("other"))))
        quotas = Quotas(lambda _: limits)
        self.decoder = Decoder(
            small_city(), Clocks(), lambda catalog: DeviceDecoder(self.table, catalog, stored or Catalog(), quotas)
        )

    def send(self, payload, name="roof", pilot="alpha", now=NOW):
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.decoder.decode([Message(topics.device(pilot, name), raw, 1, 1)], now)

    def accepted(self, payload, **where):
        batch, dead_letters = self.send(payload, **where)
        assert dead_letters == []
        names = [batch.catalog[number].property for number in batch.series.tolist()]
        return dict(zip(names, batch.value.tolist(), strict=True))

    def dead_letter(self, payload, **where):
        batch, (dead_letter,) = self.send(payload, **where)
        assert len(batch) == 0
        assert dead_letter.code in REASONS
        return dead_letter


def test_a_device_has_its_series_in_the_world_of_its_pilot():
    rig = Rig(device(district="coast"))
    batch, dead_letters = rig.send({"temperature": 21.5, "level": 3, "time": "2026-01-01T11:00:00Z"})
    assert dead_letters == []
    assert batch.time.tolist() == [parse_time("2026-01-01T11:00:00Z")] * 2
    assert batch.seq.tolist() == [0, 0]
    assert rig.decoder.catalog[0] == Series("p-alpha", "roof", "temperature", "device", "coast", "", "alpha")
    assert rig.decoder.catalog[1].unit == ""


def test_city_and_devices_are_one_batch_of_one_catalog():
    rig = Rig()
    air = b'[{"bn":"air-0001/","bt":1767268800,"seq":3,"n":"pm25","u":"ug/m3","v":1}]'
    messages = [
        Message("zenata/telemetry/la-ferme/air/air-0001", air, 1, 1),
        Message(topics.device("alpha", "roof"), b'{"a":1}', 2, 1),
    ]
    batch, dead_letters = rig.decoder.decode(messages, NOW)
    assert dead_letters == []
    assert [batch.catalog[number].world for number in batch.series.tolist()] == ["zenata", "p-alpha"]
    assert batch.seq.tolist() == [3, 0]


def test_sensors_that_speak_after_devices_have_their_own_ranges():
    rig = Rig()
    rig.accepted({"a": 1, "b": 2})
    topic = "zenata/telemetry/la-ferme/air/air-0001"
    good = b'[{"bn":"air-0001/","bt":1767268800,"seq":3,"n":"pm25","u":"ug/m3","v":1}]'
    bad = b'[{"bn":"air-0001/","bt":1767268801,"seq":4,"n":"pm25","u":"ug/m3","v":-1}]'
    batch, (dead_letter,) = rig.decoder.decode([Message(topic, good, 1, 1), Message(topic, bad, 2, 1)], NOW)
    assert batch.value.tolist() == [1]
    assert dead_letter.code == "range"


def test_a_device_is_found_by_what_its_network_calls_it():
    rig = Rig(device(external="70b3d57ed0051234"))
    assert rig.accepted(test_chirpstack.UP, name="70B3D57ED0051234") == {"temperatureSensor/3": 27.2}


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"\x00", "schema", "neither"),
        ({"note": "hello"}, "schema", "no property with a number"),
        ([{"n": "temperature", "u": "K", "v": 300}], "unit", "is in Cel"),
        ([{"n": "temperature", "u": "Cel", "v": 300}], "range", "outside -15 to 60"),
        ({"a": 1, "time": "1970-01-01T00:00:00Z"}, "time", "is no time of a device"),
        ({"a": 1, "time": NOW / 1e8}, "time", "no time"),
        ({"a": 1, "time": (NOW + LEAD + 1_000_000) / 1e6}, "time", "while it is"),
        ([{"n": "other/temperature", "v": 1}], "topic", "is of 'other'"),
        ([{"n": "level", "u": '=HYPERLINK("http://x")', "v": 1}], "unit", "not beginning with ="),
        ([{"n": "level", "u": "m\n", "v": 1}], "unit", "printable"),
        ([{"n": "level", "u": "m" * 33, "v": 1}], "unit", "up to 32"),
    ],
)
def test_what_cannot_be_readings_is_a_dead_letter(payload, code, reason):
    rig = Rig()
    dead_letter = rig.dead_letter(payload)
    assert (dead_letter.code, dead_letter.sensor, dead_letter.topic) == (code, "roof", "pilots/alpha/telemetry/roof")
    assert reason in dead_letter.reason
    rig.decoder.devices.after_stored()
    assert rig.table.seen == {}


@pytest.mark.parametrize(("pilot", "name"), [("alpha", "cellar"), ("beta", "roof")])
def test_an_unknown_device_and_that_of_another_are_reported_alike(pilot, name):
    dead_letter = Rig().dead_letter({"a": 1}, pilot=pilot, name=name)
    assert dead_letter.code == "device"
    assert dead_letter.reason == f"{pilot!r} has no device {name!r}: make it with POST /v1/devices"


def test_other_topics_of_a_pilot_and_a_city_without_devices():
    rig = Rig()
    for decoder, topic, code in (
        (rig.decoder, "pilots/alpha/telemetry/roof/temperature", "topic"),
        (rig.decoder, "pilots/alpha", "topic"),
        (Decoder(small_city(), Clocks()), "pilots/alpha/telemetry/roof", "device"),
    ):
        _, (dead_letter,) = decoder.decode([Message(topic, b"{}", 1, 1)], NOW)
        assert dead_letter.code == code


def test_answers_of_trials_are_left_to_the_trials():
    _, dead_letters = Rig().decoder.decode([Message("pilots/alpha/answers/1", b"{}", 1, 1)], NOW)
    assert dead_letters == []


def test_messages_on_other_topics_count_as_well():
    rig = Rig(limits=Limits(0.1, 10))
    messages = [Message("pilots/alpha/anything", b"{}", number, 1) for number in range(2)]
    assert [dead_letter.code for dead_letter in rig.decoder.decode(messages, NOW)[1]] == ["topic", "quota"]


def test_a_unit_stays_what_it_was_first():
    rig = Rig()
    rig.accepted([{"n": "level", "u": "m", "v": 1}])
    assert rig.accepted({"level": 2}) == {"level": 2}
    assert rig.dead_letter([{"n": "level", "u": "cm", "v": 100}]).code == "unit"
    stored = Catalog()
    stored.intern(Series("p-alpha", "roof", "level", "device", "", "m", "alpha"))
    assert Rig(stored=stored).dead_letter([{"n": "level", "u": "cm", "v": 100}]).code == "unit"


def test_a_device_has_only_so_many_properties():
    rig = Rig()
    rig.accepted({f"a{number}": 1 for number in range(256)})
    assert "properties already" in rig.dead_letter([{"n": "b", "v": 1}]).reason
    assert rig.accepted({"a0": 2}) == {"a0": 2}


def test_a_pilot_has_only_so_many_series_however_its_devices_come_and_go(monkeypatch):
    monkeypatch.setattr("ingest.devices.MAX_SERIES", 5)
    stored = Catalog()
    for name in ("a", "b", "c"):
        stored.intern(Series("p-alpha", "gone", name, "device", "", "m", "alpha"))
    stored.intern(Series("p-ben", "roof", "a", "device", "", "m", "ben"))
    rig = Rig(limits=Limits(1e6, 10**9), stored=stored)
    rig.accepted({"a": 1, "b": 2})
    assert "5 properties altogether" in rig.dead_letter({"c": 3}).reason
    assert rig.accepted({"a": 2, "b": 3}) == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("limits", "payloads", "quota"),
    [
        (Limits(0.1, 10), [{"a": 1}, {"a": 2}], "messages_per_second"),
        (Limits(10, 3), [{"a": 1, "b": 1}] * 2, "points_per_day"),
    ],
)
def test_what_is_too_much_is_a_dead_letter_that_names_the_quota(limits, payloads, quota):
    rig = Rig(limits=limits)
    rig.accepted(payloads[0])
    dead_letter = rig.dead_letter(payloads[1])
    assert dead_letter.code == "quota"
    assert quota in dead_letter.reason


def test_what_was_accepted_says_that_the_device_lives():
    rig = Rig(device(external="70b3d57ed0051234"))
    rig.accepted([{"n": "a", "v": 1}, {"n": "battery", "u": "%EL", "v": 80}], now=NOW)
    rig.accepted(test_chirpstack.UP, now=NOW + 1)
    assert rig.table.seen == {}
    rig.decoder.devices.after_stored()
    assert rig.table.seen == {
        ("alpha", "roof"): Seen(time=NOW + 1, messages=2, readings=3, battery=80, rssi=-48, snr=9.5, reports_radio=True)
    }


@given(st.binary(), st.sampled_from(["auto", "cayenne", "json", "influx"]))
def test_any_payload_is_readings_or_one_dead_letter_or_both(payload, codec):
    batch, dead_letters = Rig(device(codec=codec)).send(payload)
    assert len(dead_letters) <= 1
    assert len(batch) or dead_letters == [] or dead_letters[0].code != "part"


def test_t1_messages_without_a_time_are_dated_one_after_the_other():
    rig = Rig()
    rig.decoder._arrivals = ArrivalClock(Stopped())
    messages = [
        Message(topics.device("alpha", "roof"), b'{"door": %s}' % word, 1, 1) for word in (b"true", b"false")
    ] * 2
    batch, dead_letters = rig.decoder.decode(messages, NOW)
    assert dead_letters == []
    assert batch.value.tolist() == [1, 0, 1, 0]
    assert (np.diff(batch.time) > 0).all()


def test_a_list_without_times_is_dated_before_the_message_behind_it():
    rig = Rig()
    rig.decoder._arrivals = ArrivalClock(Stopped())
    payloads = [b'[{"a":1},{"a":2},{"a":3}]', b'{"a":4}']
    batch, _ = rig.decoder.decode([Message(topics.device("alpha", "roof"), one, 1, 1) for one in payloads], NOW)
    assert batch.value.tolist() == [1, 2, 3, 4]
    assert (np.diff(batch.time) > 0).all()


def test_t3_t4_t5_each_name_is_a_series_of_its_own():
    rig = Rig(device(codec="influx"), device("json"))
    lines = b"climate,device=roof,room=north temp=20 1767225600000000000\nclimate,device=roof,room=south temp=25 1767225600000000000"
    assert rig.accepted(lines) == {"climate/temp;room=north": 20, "climate/temp;room=south": 25}
    assert rig.accepted({"temp-in": 1, "temp_in": 2, "temp in": 3, "رطوبة": 4}, name="json") == {
        "temp-in": 1,
        "temp_in": 2,
        "temp in": 3,
        "رطوبة": 4,
    }


def test_t6_a_later_unit_is_taken_and_one_that_was_rejected_is_not():
    rig = Rig()
    rig.accepted({"voltage": 3005})
    assert rig.decoder.catalog[0].unit == ""
    assert rig.dead_letter([{"n": "voltage", "u": "=V", "v": 1}]).code == "unit"
    rig.accepted([{"n": "voltage", "u": "mV", "v": 3006}])
    assert rig.decoder.catalog[0].unit == "mV"
    assert rig.dead_letter([{"n": "voltage", "u": "V", "v": 3}]).code == "unit"
    rig.accepted({"voltage": 3007})


def test_names_and_units_are_taken_by_what_is_stored_alone():
    rig = Rig(limits=Limits(10, 255))
    full = [{"n": f"a{number}", "u": "m", "v": 1} for number in range(256)]
    assert rig.dead_letter([*full, {"n": "b", "v": 1}]).code == "quota"  # 256 are too many for a day
    rig.accepted([{"n": "a0", "u": "Cel", "v": 1}])
    rig.decoder.devices.forget_unstored()  # the store was away
    rig.accepted([{"n": "a0", "u": "K", "v": 1}])


def test_t10_a_part_is_stored_and_the_rest_is_a_dead_letter():
    rig = Rig()
    pack = [{"n": "temperature", "u": "K", "v": 300}, {"n": "level", "u": "m", "v": 1}, {"n": "note", "vs": "x"}]
    batch, (dead_letter,) = rig.send(pack)
    assert batch.value.tolist() == [1]
    assert dead_letter.code == "part"
    assert dead_letter.reason == "stored, but for temperature: temperature is in Cel, not in 'K'"
    rig.decoder.devices.after_stored()
    assert rig.table.seen["alpha", "roof"].left_out == ("note", "temperature")


def test_t14_two_points_in_one_microsecond_are_named():
    rig = Rig(device(codec="influx"))
    batch, (dead_letter,) = rig.send(b"m,device=roof v=1 1767225600000000000\nm,device=roof v=1 1767225600000000800")
    assert batch.value.tolist() == [1]
    assert "to the microsecond" in dead_letter.reason
    assert rig.accepted(b"m,device=roof v=2 1767225601000000000\nm,device=roof v=2 1767225601000000000") == {"m/v": 2}


@pytest.mark.parametrize("known", [{"batteryLevel": 52}, {"batteryLevel": 52, "margin": 1}])
def test_t15_a_battery_that_is_not_reported_any_more_is_unknown(known):
    rig = Rig(device(external="70b3d57ed0051234"))
    rig.accepted({"deviceInfo": test_chirpstack.INFO} | known)
    rig.accepted({"deviceInfo": test_chirpstack.INFO})
    rig.decoder.devices.after_stored()
    seen = rig.table.seen["alpha", "roof"]
    assert (seen.battery, seen.reports_battery) == (None, True)
