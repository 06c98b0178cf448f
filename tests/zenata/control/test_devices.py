from functools import partial

import pytest

from tests.waiting import at_once
from tests.zenata.control.databases import sqlite_in
from zenata.control import device as values
from zenata.control import devices as module
from zenata.control.database import open_database
from zenata.control.device import Device, DeviceError, Seen
from zenata.control.devices import Devices


@pytest.fixture
def url(tmp_path):
    return sqlite_in(tmp_path)


@pytest.fixture
def devices(url):
    return Devices(open_database(url))


def device(id_="roof", pilot="alpha", **members):
    return Device(pilot=pilot, id=id_, name="Roof", codec="auto", made=7, **members)


def test_a_device_is_stored(devices, url):
    made = devices.add(device(longitude=-7.4, latitude=33.6, district="coast", external="70B3D57ED0051234"))
    assert made.external == "70b3d57ed0051234"
    again = Devices(open_database(url))
    assert again.device("alpha", "roof") == again.find("alpha", "70B3D57ED0051234") == made
    assert again.device("beta", "roof") is None
    assert again.find("beta", "roof") is None


def test_each_pilot_has_devices_of_its_own(devices):
    for pilot, id_ in (("beta", "roof"), ("alpha", "roof"), ("alpha", "cellar")):
        devices.add(device(id_, pilot, external="same" if id_ == "roof" else None))
    assert [one.id for one in devices.devices("alpha")] == ["cellar", "roof"]
    assert [(one.pilot, one.id) for one in devices.devices()] == [
        ("alpha", "cellar"),
        ("alpha", "roof"),
        ("beta", "roof"),
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (device(), "conflict"),
        (device("cellar", external="A"), "conflict"),
        (device("-x"), "invalid"),
        (device("a/b"), "invalid"),
        (device("x" * 64), "invalid"),
    ],
)
def test_what_cannot_be_made_says_why_and_leaves_no_trace(devices, wrong, reason):
    devices.add(device(external="a"))
    with pytest.raises(DeviceError) as refused:
        devices.add(wrong)
    assert refused.value.reason == reason
    assert [one.id for one in devices.devices()] == ["roof"]


def test_a_pilot_has_only_so_many(devices, monkeypatch):
    monkeypatch.setattr(module, "MAX_DEVICES", 2)
    devices.add(device("a"))
    devices.add(device("b"))
    devices.add(device("a", "beta"))
    with pytest.raises(DeviceError) as refused:
        devices.add(device("c"))
    assert refused.value.reason == "limit"


def test_a_device_is_changed_and_removed(devices):
    devices.add(device())
    devices.add(device("cellar", external="b"))
    changed = devices.change("alpha", "roof", name="Top", external="A", codec="cayenne")
    assert (changed.name, changed.external, changed.codec) == ("Top", "a", "cayenne")
    assert devices.find("alpha", "a") == changed
    with pytest.raises(DeviceError, match="external id"):
        devices.change("alpha", "roof", external="B")
    devices.remove("alpha", "roof")
    assert devices.find("alpha", "roof") is devices.find("alpha", "a") is None
    for act in (lambda: devices.remove("alpha", "roof"), lambda: devices.change("alpha", "roof", name="x")):
        with pytest.raises(DeviceError) as refused:
            act()
        assert refused.value.reason == "unknown"


def test_another_process_sees_changes(devices, url, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.0)
    monkeypatch.setattr(module, "MISSED", 0.0)
    other = Devices(open_database(url))
    assert other.find("alpha", "roof") is None
    devices.add(device())
    assert other.find("alpha", "roof") is not None
    devices.remove("alpha", "roof")
    assert other.find("alpha", "roof") is None


def test_what_messages_say_is_added_up_and_the_rest_stays(devices):
    devices.add(device())
    devices.touch({("alpha", "roof"): Seen(time=5, messages=2, readings=3, battery=80, rssi=-50, snr=7)})
    devices.touch(
        {
            ("alpha", "roof"): Seen(time=9, messages=1, readings=1),
            ("alpha", "gone"): Seen(time=9, messages=1, readings=1),
        }
    )
    seen = devices.device("alpha", "roof")
    assert (seen.seen, seen.messages, seen.readings) == (9, 3, 4)
    assert (seen.battery, seen.rssi, seen.snr) == (80, -50, 7)


def test_many_at_once_make_what_there_is_room_for(devices, monkeypatch):
    monkeypatch.setattr(module, "MAX_DEVICES", 5)

    def make(number):
        try:
            devices.add(device(f"d{number}"))
        except DeviceError as error:
            return error.reason
        return "made"

    outcomes = at_once(*(partial(make, number) for number in range(12)))
    assert len(devices.devices("alpha")) == 5
    assert sorted(outcomes) == ["limit"] * 7 + ["made"] * 5


def test_a_device_is_new_then_online_then_offline():
    assert device().state(10**15) == "new"
    seen = device(seen=10_000_000, offline_after=60)
    assert [seen.state(10_000_000 + second * 1_000_000) for second in (0, 60, 61)] == ["online", "online", "offline"]


def test_seen_and_then_seen():
    first = Seen(time=5, messages=1, readings=2, battery=80)
    assert first.then(Seen(time=3, messages=1, readings=1, rssi=-50)) == Seen(
        time=5, messages=2, readings=3, battery=80, rssi=-50
    )
    assert values.world_of("alpha") == "p-alpha"
