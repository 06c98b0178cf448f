import pytest
from paho.mqtt.client import topic_matches_sub

from ingest.service import FILTERS, SHARED_FILTERS, Worker, parse_worker
from sandbox.parts import city_of
from zenata.errors import SetupError
from zenata.wire import topics
from zenata.wire.mqtt import SHARED

CITY = city_of("valdeira")


@pytest.mark.parametrize("of", [1, 2, 3, 6, 7])
def test_every_message_is_for_one_worker_and_every_clock_for_all(of):
    workers = [Worker(number, of).filters(CITY) for number in range(1, of + 1)]
    messages = [topics.telemetry("w-1", sensor.district, sensor.kind, sensor.id) for sensor in CITY.sensors]
    messages += [topics.pack("zenata", district.id) for district in CITY.districts]
    messages += [topics.device("alpha", "roof")]
    for topic in messages:
        assert sum(topic_matches_sub(filter_, topic) for filters in workers for filter_ in filters) == 1
    assert all(topics.CLOCKS in filters for filters in workers)


def test_a_shared_part_is_what_ingest_alone_would_hear():
    filters = [filter_.removeprefix(SHARED).removeprefix("ingest/") for filter_ in SHARED_FILTERS]
    assert tuple(filters) == FILTERS
    assert topics.CLOCKS in SHARED_FILTERS


def test_a_worker_is_written_like_a_fraction():
    assert parse_worker("2/3") == Worker(2, 3)
    assert str(Worker(2, 3)) == "2-of-3"


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "-1/3", "1/3/5", "one/3", "1/1000"])
def test_what_is_no_worker_is_refused(text):
    with pytest.raises(SetupError, match="write 2/3 for the second of three"):
        parse_worker(text)
