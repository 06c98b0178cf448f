import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoder import Decoder
from zenata.city.readings import Series
from zenata.wire import senml, topics
from zenata.wire.mqtt import Message

NOW = 1_800_000_000_000_000


def message(topic, payload, mid=1):
    return Message(topic, payload, mid, 1)


def air(seq=1, *, sensor="air-0001", value=12.5):
    payload = senml.encode(senml.message(sensor, NOW, seq, [("pm25", "ug/m3"), ("no2", "ug/m3")], [value, 30.0]))
    return message(topics.telemetry("zenata", "la-ferme", "air", sensor), payload)


def test_readings_become_columns():
    decoder = Decoder()
    batch, letters = decoder.decode([air(1), air(2)], NOW)
    assert letters == []
    assert batch.series.tolist() == [0, 1, 0, 1]
    assert batch.value.tolist() == [12.5, 30.0] * 2
    assert batch.seq.tolist() == [1, 1, 2, 2]
    assert np.all(batch.time == NOW)
    assert decoder.catalog[0] == Series("zenata", "air-0001", "pm25", "air", "la-ferme", "ug/m3")


def test_numbers_stay_from_batch_to_batch():
    decoder = Decoder()
    first, _ = decoder.decode([air(1)], NOW)
    second, _ = decoder.decode([air(2, sensor="air-0002"), air(2)], NOW)
    assert first.series.tolist() == [0, 1]
    assert second.series.tolist() == [2, 3, 0, 1]


def test_a_pack_holds_many_sensors():
    decoder = Decoder()
    records = [
        *senml.message("air-0001", NOW, 4, [("pm25", "ug/m3")], [1.0]),
        *senml.message("traffic-0007", NOW, 9, [("speed", "km/h")], [50.0]),
    ]
    batch, letters = decoder.decode([message("zenata/packs/la-ferme", senml.encode(records))], NOW)
    assert letters == []
    assert [decoder.catalog[n].kind for n in batch.series] == ["air", "traffic"]
    assert batch.seq.tolist() == [4, 9]


def test_a_pack_and_the_telemetry_beside_it_are_the_same_series():
    decoder = Decoder()
    batch, _ = decoder.decode([air(1), message("zenata/packs/la-ferme", air(1).payload)], NOW)
    assert batch.series.tolist() == [0, 1, 0, 1]


def test_a_bad_message_is_a_whole_dead_letter_and_harms_no_other():
    half = b'[{"bn":"air-0001/","n":"pm25","v":1},{"n":"no2"}]'
    poison = [
        (air().topic, b"{", "not a SenML pack"),
        (air().topic, half, "has no value"),
        (air().topic, b'[{"n":"air-0002/pm25","v":1}]', "the topic of 'air-0001'"),
        (air().topic, b'[{"n":"pm25","v":1}]', "is not {sensor}/{property}"),
        ("zenata/nonsense", b"[]", "carries no readings"),
    ]
    messages = [m for topic, payload, _ in poison for m in (message(topic, payload), air())]
    batch, letters = Decoder().decode(messages, NOW)
    assert len(batch) == 2 * len(poison)
    assert [(letter.topic, letter.payload) for letter in letters] == [(topic, payload) for topic, payload, _ in poison]
    for letter, (*_, reason) in zip(letters, poison, strict=True):
        assert reason in letter.reason
        assert letter.received == NOW


@given(st.lists(st.tuples(st.text(), st.binary())))
def test_nothing_that_comes_stops_the_decoder(messages):
    batch, letters = Decoder().decode([message(topic, payload) for topic, payload in messages] + [air()], NOW)
    assert len(batch) >= 2
    assert len(letters) <= len(messages)


def test_what_takes_a_retained_message_away_says_nothing():
    batch, letters = Decoder().decode([message("zenata/telemetry/la-ferme/air/air-0001", b""), air(1)], NOW)
    assert letters == []
    assert batch.value.tolist() == [12.5, 30.0]
