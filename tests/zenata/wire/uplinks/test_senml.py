import pytest

from zenata.errors import UplinkError
from zenata.wire.uplinks import senml
from zenata.wire.uplinks.base import Measure, Uplink

NOW = 1_800_000_000_000_000


def test_a_pack_is_an_uplink_for_each_device_and_time():
    pack = (
        b'[{"bn":"urn:dev:mac:01:","bt":1767225600,"n":"temperature","u":"Cel","v":21.5},{"n":"door","vb":true},'
        b'{"n":"temperature","t":60,"v":22},{"bn":"roof/","n":"battery","u":"%EL","v":80}]'
    )
    first, second, third = senml.decode(pack, NOW)
    assert first.device == "urn:dev:mac:01"
    assert first.properties == {"temperature": Measure(21.5, "Cel"), "door": Measure(1)}
    assert (second.time, second.properties) == (first.time + 60_000_000, {"temperature": Measure(22)})
    assert (third.device, third.battery) == ("roof", 80)


def test_a_bare_name_says_nothing_of_the_device_and_no_time_is_now():
    assert senml.decode(b'[{"n":"level","v":1}]', NOW) == [
        Uplink(time=NOW, properties={"level": Measure(1)}, left_out=[])
    ]


def test_t10_the_other_records_of_a_pack_are_stored():
    pack = b'[{"n":"a","v":1},{"n":"note","vs":"x"},{"n":"a","v":2},{"n":"b","v":3,"vb":true},{"n":"c","v":4}]'
    (uplink,) = senml.decode(pack, NOW)
    assert {name: measure.value for name, measure in uplink.properties.items()} == {"a": 1, "c": 4}
    assert sorted((one.name, one.rejected) for one in uplink.left_out) == [("a", True), ("b", True), ("note", False)]


def test_t10_a_value_of_another_type_is_left_out_and_its_base_name_stays():
    pack = b'[{"bn":"roof/","n":"a","v":"wet"},{"n":"b","v":2},{"n":"c","vb":1},{"n":"d","v":true}]'
    (uplink,) = senml.decode(pack, NOW)
    assert (uplink.device, uplink.properties) == ("roof", {"b": Measure(2)})
    assert [(one.name, one.reason) for one in uplink.left_out] == [
        ("a", "v is 'wet', which is no number"),
        ("c", "vb is '1', which is no boolean"),
        ("d", "v is 'True', which is no number"),
    ]


def test_what_refuses_a_pack_is_said_in_its_own_words():
    with pytest.raises(UplinkError, match=r"^not a SenML pack: t of record 2 is of another type$"):
        senml.decode(b'[{"n":"a","v":1},{"n":"b","v":2,"t":"x"}]', NOW)


@pytest.mark.parametrize("pack", [b"{}", b'[{"n":"a/","v":1}]', b"\xff"])
def test_what_is_no_pack_is_refused(pack):
    with pytest.raises(UplinkError):
        senml.decode(pack, NOW)
