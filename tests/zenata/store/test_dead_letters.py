"""Payloads of dead letters have bounds: one, an owner's, and everybody's."""

from hashlib import sha256

import pytest

from tests.zenata.store.data import NOON, batch_of
from zenata.store import dead_letters
from zenata.store.dead_letters import (
    MAX_BYTES,
    MAX_OWNER_BYTES,
    MAX_PAYLOAD,
    MAX_REASON,
    MAX_TOPIC,
    DeadLetter,
    Usage,
    owner_of,
)


def dead_letter(number: int, size: int, pilot: str = "demo") -> DeadLetter:
    payload = bytes([number % 256]) * size
    topic = f"pilots/{pilot}/telemetry/d"
    return DeadLetter(received=NOON + number, topic=topic, payload=payload, code="schema", reason="not JSON")


def test_a_long_payload_is_cut_and_its_size_and_digest_are_known():
    long = dead_letter(1, 3_900_000)
    bounded = long.bounded()
    assert (len(bounded.payload), bounded.size) == (MAX_PAYLOAD, 3_900_000)
    assert bounded.digest == sha256(long.payload).hexdigest()
    assert bounded.is_cut
    assert bounded.bounded() == bounded


def test_a_long_topic_and_reason_are_cut():
    long = DeadLetter(
        received=NOON, topic="pilots/demo/" + "é" * 60_000, payload=b"", code="topic", reason="x" * 70_000
    )
    assert (len(long.bounded().topic), len(long.bounded().reason)) == (MAX_TOPIC, MAX_REASON)
    assert (long.bounded().owner, long.bounded().is_cut) == ("p-demo", False)


def test_a_payload_that_fits_is_left_alone():
    assert dead_letter(1, MAX_PAYLOAD).bounded() == dead_letter(1, MAX_PAYLOAD)
    assert not dead_letter(1, MAX_PAYLOAD).bounded().is_cut


def test_many_owners_share_what_all_may_have():
    usage = Usage({f"p-{number}": 1 for number in range(1000)})
    assert usage.limit == MAX_BYTES // 1000
    assert Usage({}).limit == MAX_OWNER_BYTES
    usage.add([dead_letter(0, usage.limit + 1, "500")])
    assert usage.is_exceeded


@pytest.mark.parametrize(
    ("topic", "owner"),
    [("pilots/demo/telemetry/d", "p-demo"), ("w-a1/packs/x", "w-a1"), ("pilots", "pilots"), ("", "")],
)
def test_whose_a_topic_is(topic, owner):
    assert owner_of(topic) == owner


def test_a_store_keeps_the_beginning_of_a_long_payload_and_lists_none(store):
    long, short = dead_letter(1, 3_900_000), dead_letter(2, 10)
    store.append(batch_of([]), [long, short])
    assert store.dead_letters(payloads=True) == [short, long.bounded()]
    assert [(one.payload, one.size) for one in store.dead_letters()] == [(b"", 10), (b"", 3_900_000)]


def test_the_oldest_of_an_owner_go_when_it_has_too_many_bytes(store, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_OWNER_BYTES", 100_000)
    others = [dead_letter(number, 1000, "beta") for number in range(3)]
    store.append(batch_of([]), others)
    for number in range(10, 40):
        store.append(batch_of([]), [dead_letter(number, 20_000)])
        stored = store.dead_letters(topics=["pilots/demo/"])
        assert sum(one.size for one in stored) <= 100_000
        assert stored[0].received == NOON + number
    assert store.dead_letters(topics=["pilots/beta/"], payloads=True) == others[::-1]
