import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import influx
from zenata.wire.uplinks.base import Measure

TIME = 1767225600_000_000

texts = st.text(
    st.characters(exclude_characters="\n\r\t\\", exclude_categories=("C", "Z"), codec="utf-8"), min_size=1
) | st.sampled_from(["a b", "a,b", "a=b", "C:\\x"])
names = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)


def escaped(text):
    return re.sub(r"([,= ])", r"\\\1", text)


def one(line, precision="ns"):
    (uplink,) = influx.decode(line.encode(), precision)
    return uplink


def test_a_tag_device_that_is_none_is_a_tag_where_there_is_a_host():
    line = b"disk,device=sda1,fstype=ext4,host=box free=5u"
    (uplink,) = influx.decode(line, knows=lambda name: name == "box")
    assert (uplink.device, list(uplink.properties)) == ("box", ["disk/free;device=sda1;fstype=ext4"])
    (uplink,) = influx.decode(line.replace(b",host=box", b""), knows=lambda name: name == "box")
    assert uplink.device == "sda1"


def test_what_is_too_much_is_not_read_and_is_named():
    lines, bad = influx.read_lines(b"a\n" * 2_000_000)
    assert (lines, len(bad), bad[-1].number) == ([], 1001, 1001)
    assert "the rest were not read" in bad[-1].reason
    lines, bad = influx.read_lines(b"a,device=d b=1\n" * 50_002)
    assert (len(lines), [line.number for line in bad]) == (50_000, [50_001])


@pytest.mark.parametrize(
    ("line", "properties"),
    [
        ("device,device=d temperature=21.5", {"temperature": 21.5}),
        ("temperature,device=d value=21.5", {"temperature/value": 21.5}),
        ("cpu,cpu=cpu,host=d idle=1", {"cpu/idle;cpu=cpu": 1}),
        ("disk,path=/,fstype=ext4,device=d,host=h free=5u", {"disk/free;fstype=ext4;host=h;path=%2F": 5}),
        ("device,device=d value=1", {"value": 1}),
        ('m,device=d a=t,b=FALSE,c="x, y=\\"z\\"",d=-1.5e3', {"m/a": 1, "m/b": 0, "m/d": -1500}),
        ('m,device=d a=1,note="two\nlines" 1767225600000000000', {"m/a": 1}),
        (r"wind\ speed,device=d,site=a\,b m\=s=1", {"wind speed/m=s;site=a%2Cb": 1}),
    ],
)
def test_properties_are_named_by_measurement_tags_and_field(line, properties):
    uplink = one(line)
    assert uplink.device == "d"
    assert {name: measure.value for name, measure in uplink.properties.items()} == properties


@pytest.mark.parametrize(
    ("precision", "count"),
    [
        ("ns", TIME * 1000),
        ("n", TIME * 1000 + 999),
        ("us", TIME),
        ("u", TIME),
        ("ms", TIME // 1000),
        ("s", 1767225600),
        ("m", 29453760),
        ("h", 490896),
    ],
)
def test_a_timestamp_counts_what_the_precision_says(precision, count):
    assert one(f"m v=1 {count}", precision).time == TIME


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m", "missing fields"),
        (",a=b v=1", "missing measurement"),
        ("m,a v=1", "missing tag value"),
        ("m,a= v=1", "missing tag value"),
        ("m,a=1,a=2 v=1", "duplicate tags"),
        ("m v", "invalid field format"),
        ("m v=", "missing field value"),
        ("m v=1x", "invalid number"),
        ("m v=nan", "invalid number"),
        ("m v=9223372036854775808i", "invalid number"),
        ("m v=-1u", "invalid number"),
        ("m v=1e999", "invalid number"),
        ('m v="x', "unbalanced quotes"),
        ("m v=1 noon", "bad timestamp"),
        ("m v=1 1 2", "bad timestamp"),
        ("m v=1,", "missing fields"),
        ("m ,=1", "missing fields"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(line, reason):
    lines, bad = influx.read_lines(f"# a comment\r\n\n  a v=1\r\n{line}\nb v=2\n".encode())
    assert [(found.number, found.text) for found in lines] == [(3, "a v=1"), (5, "b v=2")]
    assert [(found.number, found.text) for found in bad] == [(4, line)]
    assert reason in str(bad[0])


def test_nothing_and_no_text_and_no_precision_are_refused():
    for payload, precision in (
        (b"# only a comment", "ns"),
        (b"\xff", "ns"),
        (b"m v=1", "years"),
        (b"m v=1 9999999999999999999", "h"),
    ):
        with pytest.raises(UplinkError):
            influx.decode(payload, precision)


@given(texts, names, st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**62) + 1, 2**62 - 1))
def test_what_is_escaped_comes_back(device, field, value, time):
    uplink = one(f"device,device={escaped(device)} {field}={value!r} {time}", "us")
    assert (uplink.device, uplink.time, uplink.properties) == (device, time, {field: Measure(value)})


@given(st.text(st.sampled_from('m,=\\ "v1i#\n\r\t.-')))
def test_every_line_is_read_or_bad(text):
    lines, bad = influx.read_lines(text.encode())
    numbers = sorted([line.number for line in lines] + [line.number for line in bad])
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= text.count("\n") + 1


def test_t14_what_is_cut_off_of_a_time_is_known():
    uplink = one("m v=1 1767225600000000800")
    assert (uplink.time, uplink.nanosecond) == (TIME, 800)
    assert one("m v=1 1767225600000", "ms").nanosecond == 0
