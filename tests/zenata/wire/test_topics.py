import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import TopicError
from zenata.wire import topics

words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", fullmatch=True)


@given(words, words, words, words)
def test_telemetry_round_trip(world, district, kind, sensor):
    topic = topics.telemetry(world, district, kind, sensor)
    assert topic == f"{world}/telemetry/{district}/{kind}/{sensor}"
    assert topics.parse(topic) == topics.TelemetryTopic(world, district, kind, sensor)


@given(words, words)
def test_device_round_trip(pilot, device):
    topic = topics.device(pilot, device)
    assert topics.is_of_pilot(topic)
    assert topic.startswith(topics.of_pilot(pilot))
    assert topics.parse_device(topic) == topics.DeviceTopic(pilot, device)


@pytest.mark.parametrize(
    "topic", ["pilots/demo/answers/1", "pilots/demo/telemetry", "pilots/a b/telemetry/x", "zenata/clock"]
)
def test_topics_of_no_device_are_refused(topic):
    with pytest.raises(TopicError):
        topics.parse_device(topic)


@given(words, words)
def test_pack_round_trip(world, district):
    assert topics.parse(topics.pack(world, district)) == topics.PackTopic(world, district)


def test_clock_and_events():
    assert topics.clock("zenata") == "zenata/clock"
    assert topics.events("w-1") == "w-1/events"


@pytest.mark.parametrize("word", ["", "+", "#", "a/b", ">", "*", "a.b", "a b", "é", "-a", "a" * 64, "a\n"])
def test_a_level_is_a_word(word):
    with pytest.raises(TopicError):
        topics.telemetry("zenata", "la-ferme", "air", word)


@given(st.text())
def test_parse_answers_or_names_the_topic(text):
    try:
        topic = topics.parse(text)
    except TopicError as error:
        assert str(error)
    else:
        assert isinstance(topic, topics.TelemetryTopic | topics.PackTopic)


@pytest.mark.parametrize("topic", ["zenata/clock", "zenata/telemetry/a/b", "zenata/telemetry/a/b/c/d", "pilots/demo/x"])
def test_topics_without_readings_are_refused(topic):
    with pytest.raises(TopicError, match="carries no readings"):
        topics.parse(topic)
