import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import names

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
lists = st.lists(texts, min_size=1, max_size=4)


def property_of(path):
    made = ""
    for name in path:
        made = names.join(made, names.encode(name))
    return made


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("temperature", "temperature"),
        ("Température extérieure", "Température extérieure"),
        ("رطوبة", "رطوبة"),
        ("می\u200cشود", "می\u200cشود"),
        ("temp-in", "temp-in"),
        ("temp_in", "temp_in"),
        ("pm2.5", "pm2.5"),
        ("switch:0", "switch:0"),
        ("humidity_%", "humidity_%"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("a,b;c", "a%2Cb%3Bc"),
        ("=1+1", "%3D1+1"),
        ("-1", "%2D1"),
        (" a b ", "%20a b%20"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_a_name_is_what_its_sender_wrote_but_for_what_means_something_else(name, expected):
    assert names.encode(name) == expected


@given(texts)
def test_a_name_can_be_read_back_and_is_safe_in_queries_and_spreadsheets(name):
    made = names.encode(name)
    assert unquote(made, errors="strict") == unicodedata.normalize("NFC", name)
    assert made == made.strip()
    assert made[0] not in "=+-@"
    assert not set(made) & set(",;/\\\n\r\t\0")


@given(lists, lists)
def test_t4_two_paths_are_two_properties(one, other):
    same = [unicodedata.normalize("NFC", name) for name in one] == [
        unicodedata.normalize("NFC", name) for name in other
    ]
    assert (property_of(one) == property_of(other)) == same


tags = st.dictionaries(texts, texts, max_size=3)


@given(texts, tags, texts, texts, tags, texts)
def test_t3_lines_that_differ_are_of_different_properties(measurement, of, field, measurement2, of2, field2):
    def normal(line):
        measurement, of, field = line
        form = unicodedata.normalize
        return form("NFC", measurement), {form("NFC", k): form("NFC", v) for k, v in of.items()}, form("NFC", field)

    one, other = (measurement, of, field), (measurement2, of2, field2)
    assert (names.tagged(*one) == names.tagged(*other)) == (normal(one) == normal(other))


def test_the_order_of_tags_does_not_matter_and_device_stands_for_the_device():
    assert names.tagged("cpu", {"b": "2", "a": "1"}, "idle") == names.tagged("cpu", {"a": "1", "b": "2"}, "idle")
    assert names.tagged("cpu", {"b": "2", "a": "1"}, "idle") == "cpu/idle;a=1;b=2"
    assert names.tagged("device", {}, "temperature") == "temperature"
    assert names.tagged("device", {"room": "north"}, "temperature") == "device/temperature;room=north"


@pytest.mark.parametrize(("name", "reason"), [("", "empty"), ("x" * 129, "129 characters"), ("\ud800", "surrogate")])
def test_what_cannot_be_a_name_says_why(name, reason):
    with pytest.raises(UplinkError, match=reason):
        names.encode(name)
    assert names.encode("x" * 128)
