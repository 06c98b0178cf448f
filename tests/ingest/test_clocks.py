"""Readings from the future show by the clock of their world, however it goes."""

import json

import pytest

from ingest.clocks import Clocks
from zenata.city.clock import SECOND, parse_time
from zenata.store.ledger import Ledger
from zenata.wire import topics
from zenata.wire.mqtt import Message

NOON = parse_time("2026-07-01T12:00:00Z")
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND


def clock_message(time="2026-07-01T12:00:00Z", **words) -> bytes:
    return json.dumps({"time": time, "speed": 1.0, "state": "running", "messages": 5, **words}).encode()


@pytest.mark.parametrize(
    ("words", "ahead", "beyond"),
    [
        ({}, 9 * MINUTE, 11 * MINUTE),
        ({"speed": 0.5}, 9 * MINUTE, 11 * MINUTE),
        ({"speed": 60}, 599 * MINUTE, 601 * MINUTE),
        ({"speed": "max"}, DAY - 1, DAY + 1),
        ({"state": "paused"}, DAY - 1, DAY + 1),
    ],
)
def test_how_far_a_reading_may_be_ahead_hangs_on_the_pace(words, ahead, beyond):
    clocks = Clocks()
    clocks.update("w-a1", clock_message(**words))
    assert "while it is 2026-07-01T12:00:00Z in w-a1" in clocks.refusal("w-a1", NOON, NOON + beyond)
    assert clocks.refusal("w-a1", NOON, NOON + ahead) is None
    assert clocks.refusal("zenata", NOON, NOON + beyond) is None  # whose clock was not heard
    assert clocks.published == {"w-a1": 5}


def test_a_count_is_announced_once_as_others_may_know_more_by_then():
    clocks, ledger = Clocks(), Ledger()
    clock = Message(topics.clock("zenata"), clock_message(), 1, 1, False)
    for announced, messages in ((5, [clock]), (7, []), (5, [clock])):
        assert clocks.take(messages, ledger) == ([], set())
        assert ledger.balance("zenata").in_flight == announced
        ledger.announce("zenata", 7)


def test_readings_move_the_clock_on_and_refused_ones_do_not():
    clocks = Clocks()
    clocks.update("zenata", clock_message())
    for minute in range(0, 60, 5):
        assert clocks.refusal("zenata", NOON, NOON + minute * MINUTE) is None
    for _ in range(3):
        assert clocks.refusal("zenata", NOON, NOON + 70 * MINUTE)
    clocks.update("zenata", clock_message("2026-07-01T11:00:00Z"))  # it came late
    assert clocks.refusal("zenata", NOON, NOON + 60 * MINUTE) is None


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"time": 5}', b'{"time": "soon"}', b'{"time":"x","speed":{}}'])
def test_a_clock_that_says_nothing_is_not_received(payload):
    clocks = Clocks()
    clocks.update("zenata", payload)
    assert clocks.published == {}
    assert clocks.refusal("zenata", NOON, NOON + DAY) is None


@pytest.mark.parametrize("time", [-(2**62), parse_time("1999-12-31T23:59:59Z"), parse_time("2100-01-01"), 2**62])
def test_absurd_times_are_refused_whatever_the_clock(time):
    assert "no time of a city" in Clocks().refusal("zenata", time, time)
