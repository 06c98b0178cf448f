import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clocks import Clocks
from ingest.decoder import Decoder
from tests.api.running import small_city
from zenata.city.readings import Series
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message

NOW = 1_800_000_000_000_000
DISTRICTS = {"air-0001": "la-ferme", "air-0002": "coast"}


def message(topic, payload, mid=1):
    return Message(topic, payload, mid, 1)


def air(seq=1, *, sensor="air-0001", value=12.5):
    payload = senml.encode(senml.message(sensor, NOW, seq, [("pm25", "ug/m3"), ("no2", "ug/m3")], [value, 30.0]))
    return message(topics.telemetry("zenata", DISTRICTS[sensor], "air", sensor), payload)


def test_readings_become_columns():
    decoder = Decoder(small_city(), Clocks())
    batch, dead_letters = decoder.decode([air(1), air(2)], NOW)
    assert dead_letters == []
    assert batch.series.tolist() == [0, 1, 0, 1]
    assert batch.value.tolist() == [12.5, 30.0] * 2
    assert batch.seq.tolist() == [1, 1, 2, 2]
    assert np.all(batch.time == NOW)
    assert decoder.catalog[0] == Series("zenata", "air-0001", "pm25", "air", "la-ferme", "ug/m3")


def test_numbers_stay_from_batch_to_batch():
    decoder = Decoder(small_city(), Clocks())
    first, _ = decoder.decode([air(1)], NOW)
    second, _ = decoder.decode([air(2, sensor="air-0002"), air(2)], NOW)
    assert first.series.tolist() == [0, 1]
    assert second.series.tolist() == [2, 3, 0, 1]


def test_a_pack_holds_many_sensors():
    decoder = Decoder(small_city(), Clocks())
    records = [
        *senml.message("air-0001", NOW, 4, [("pm25", "ug/m3")], [1.0]),
        *senml.message("noise-0001", NOW, 9, [("laeq", "dB")], [50.0]),
    ]
    batch, dead_letters = decoder.decode([message("zenata/packs/la-ferme", senml.encode(records))], NOW)
    assert dead_letters == []
    assert [decoder.catalog[n].kind for n in batch.series] == ["air", "noise"]
    assert batch.seq.tolist() == [4, 9]


def test_a_pack_and_the_telemetry_beside_it_are_the_same_series():
    decoder = Decoder(small_city(), Clocks())
    batch, _ = decoder.decode([air(1), message("zenata/packs/la-ferme", air(1).payload)], NOW)
    assert batch.series.tolist() == [0, 1, 0, 1]


def one(name, value, **labels):
    return msgspec.json.encode([{"bn": "air-0001/", "bt": 1_800_000_000, "seq": 7, "n": name, "v": value, **labels}])


POISON = [
    (air().topic, b"{", "schema", "not a SenML pack", 0),
    (air().topic, b'[{"bn":"air-0001/","n":"pm25","v":1},{"n":"no2"}]', "schema", "has no value", 0),
    (air().topic, one("laeq", 1), "schema", "and no 'laeq'", 7),
    (air().topic, b'[{"n":"air-0002/pm25","v":1}]', "topic", "the topic of 'air-0001'", 0),
    (air().topic, b'[{"n":"pm25","v":1}]', "topic", "is not {sensor}/{property}", 0),
    ("zenata/nonsense", b"[]", "topic", "carries no readings", 0),
    ("zenata/telemetry/coast/air/air-0001", one("pm25", 1), "topic", "air-0001 is of the kind air in la-ferme", 7),
    ("zenata/telemetry/la-ferme/noise/air-0001", one("pm25", 1), "topic", "air-0001 is of the kind air", 7),
    ("zenata/telemetry/la-ferme/air/air-0009", b'[{"n":"air-0009/pm25","v":1}]', "sensor", "no sensor 'air-0009'", 0),
    (air().topic, one("pm25", 1, u="mg/m3"), "unit", "pm25 is in ug/m3, not in 'mg/m3'", 7),
    (air().topic, one("pm25", -0.5), "range", "pm25 of air-0001 is -0.5 ug/m3, outside 0 to 2000", 7),
    (air().topic, one("pm25", 1, t=-1e9), "time", "observed at 1995-05-", 7),
    (air().topic, one("pm25", 1, t=5e9), "time", "which is no time of a city", 7),
]


@pytest.mark.parametrize(("topic", "payload", "code", "reason", "seq"), POISON)
def test_a_bad_message_is_a_whole_dead_letter_and_harms_no_other(topic, payload, code, reason, seq):
    batch, (dead_letter,) = Decoder(small_city(), Clocks()).decode([air(1), message(topic, payload), air(2)], NOW)
    assert batch.seq.tolist() == [1, 1, 2, 2]
    assert (dead_letter.topic, dead_letter.payload, dead_letter.code, dead_letter.seq) == (topic, payload, code, seq)
    assert reason in dead_letter.reason
    assert dead_letter.sensor == (topic.split("/")[4] if topic.count("/") == 4 else "")


def test_no_two_letters_have_one_time():
    decoder = Decoder(small_city(), Clocks())
    dead_letters = [dead_letter for _ in range(3) for dead_letter in decoder.decode([message("a/b", b"?")] * 5, NOW)[1]]
    assert [dead_letter.received - NOW for dead_letter in dead_letters] == list(range(0, 150, 10))


def test_a_reading_without_a_unit_has_that_of_its_property():
    decoder = Decoder(small_city(), Clocks())
    batch, dead_letters = decoder.decode([message(air().topic, one("pm25", 1)), air()], NOW)
    assert (dead_letters, batch.series.tolist()) == ([], [0, 0, 1])
    assert decoder.catalog[0].unit == "ug/m3"


def test_a_bad_part_of_a_pack_is_a_dead_letter_and_the_others_are_readings():
    records = [
        *senml.message("air-0001", NOW, 4, [("pm25", "ug/m3"), ("no2", "ug/m3")], [1.0, -1.0]),
        *senml.message("noise-0001", NOW, 9, [("laeq", "dB")], [50.0]),
        *senml.message("air-0002", NOW, 5, [("pm25", "ug/m3")], [1.0]),
    ]
    decoder = Decoder(small_city(), Clocks())
    batch, dead_letters = decoder.decode([message("zenata/packs/la-ferme", senml.encode(records))], NOW)
    assert [decoder.catalog[n].sensor for n in batch.series] == ["noise-0001"]
    assert [(one.sensor, one.seq, one.code) for one in dead_letters] == [
        ("air-0001", 4, "range"),
        ("air-0002", 5, "topic"),
    ]


@given(st.lists(st.tuples(st.text(), st.binary())))
def test_nothing_that_comes_stops_the_decoder(messages):
    batch, dead_letters = Decoder(small_city(), Clocks()).decode(
        [message(topic, payload) for topic, payload in messages] + [air()], NOW
    )
    assert len(batch) >= 2
    assert len(dead_letters) <= len(messages)


def test_what_takes_a_retained_message_away_says_nothing():
    batch, dead_letters = Decoder(small_city(), Clocks()).decode(
        [message("zenata/telemetry/la-ferme/air/air-0001", b""), air(1)], NOW
    )
    assert dead_letters == []
    assert batch.value.tolist() == [12.5, 30.0]


_LABELS = {
    "bn": st.sampled_from(["air-0001/", "air-0002/", "air-", ""]),
    "bt": st.sampled_from([0, 1_800_000_000, 1_800_000_000.25, -5, 1e12]),
    "seq": st.sampled_from([0, 3, 4.0, 4.5]),
    "n": st.sampled_from(["pm25", "no2", "0001/pm25", "laeq", "?"]),
    "u": st.sampled_from(["ug/m3", "mg/m3"]),
    "v": st.sampled_from([0, 12.5, -3.0, None, True]),
    "t": st.sampled_from([0, 1]),
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([air().topic, "zenata/packs/la-ferme"]),
            st.lists(st.fixed_dictionaries({}, optional=_LABELS), max_size=3),
        )
    )
)
def test_the_short_way_of_plain_records_changes_nothing(items):
    messages = [air(), *(message(topic, msgspec.json.encode(records)) for topic, records in items)] * 2
    batches = []
    for short in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not short:
                patch.setattr(senml, "plain_records", lambda _: [])
            batch, dead_letters = Decoder(small_city(), Clocks()).decode(messages, NOW)
        batches.append((*(getattr(batch, name).tolist() for name in ("series", "time", "value", "seq")), dead_letters))
    assert batches[0] == batches[1]


def test_an_absolute_base_time_is_remembered_and_a_relative_one_never_is():
    """A tick's messages have one base time, which is computed once; a relative one counts from each arrival."""
    decoder, topic = Decoder(small_city(), Clocks()), topics.telemetry("zenata", "la-ferme", "air", "air-0001")
    payloads = [
        b'[{"bn":"air-0001/","bt":%s,"n":"pm25","u":"ug/m3","v":1}]' % bt
        for bt in (b"1700000000.25", b"-5", b"1700000000.25", b"1700000001", b"-5", b"1700000000.25")
    ]
    seconds = []
    for number, payload in enumerate(payloads):
        batch, dead_letters = decoder.decode([message(topic, payload)], NOW + number * 1_000_000)
        assert dead_letters == []
        seconds += (batch.time / 1e6).tolist()
    assert seconds == [1700000000.25, NOW / 1e6 - 4, 1700000000.25, 1700000001.0, NOW / 1e6 - 1, 1700000000.25]
