"""Streams that are taken up again: from the ring, from the store, and with gaps that are named."""

import threading
from collections.abc import Callable

import httpx
import pytest

import api.live.events
import api.readings.routes
from api.live.hub import Hub
from tests.api.live.streams import ELSEWHERE, NOISE, SERIES, events, ingest, listening, noise, take
from tests.api.running import Api, batch_of


def test_a_break_is_bridged_exactly_from_the_ring(served: Api, pilot: httpx.Client) -> None:
    with noise(pilot) as response:
        listening(served)
        ingest(served, range(10))
        last = take(response, 4)[-1]
    ingest(served, range(10, 12))
    with noise(pilot, last.id) as response:
        assert [event.minute for event in take(response, 8)] == list(range(4, 12))


def test_a_break_before_the_first_reading_is_bridged(served: Api, pilot: httpx.Client) -> None:
    with noise(pilot) as response:
        first = next(line for line in response.iter_lines() if line.startswith("id: "))
    ingest(served, range(3))
    with noise(pilot, first.removeprefix("id: ")) as response:
        assert [event.minute for event in take(response, 3)] == [0, 1, 2]


def test_after_a_restart_every_reading_comes_at_least_once(start: Callable[..., Api]) -> None:
    before = start()
    with before.client() as client, noise(client) as response:
        listening(before)
        ingest(before, range(6))
        last = take(response, 5)[-1]
    before.stop()
    after = start()
    ingest(after, range(6, 8))
    with after.client() as client:
        with noise(client, last.id) as response:
            received = events(response)
            minutes = [next(received).minute for _ in range(8)]
            ingest(after, range(8, 9))
            live = next(received)
        assert minutes == list(range(8))
        assert live.minute == 8
        ingest(after, range(9, 10))
        with noise(client, live.id) as response:
            assert take(response, 1)[0].minute == 9


def test_a_place_that_left_the_ring_is_found_in_the_store(start: Callable[..., Api]) -> None:
    api = start(hub=Hub(capacity=len(SERIES)))
    with api.client() as client:
        with noise(client) as response:
            listening(api)
            ingest(api, range(1))
            last = take(response, 1)[-1]
        for minute in range(1, 30):
            ingest(api, range(minute, minute + 1))
        with noise(client, last.id) as response:
            assert [event.minute for event in take(response, 30)] == list(range(30))


def test_a_replay_is_written_beside_the_event_loop(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty streams from long ago made everybody wait, as each slice was written while nobody else had a turn."""
    threads, weave = list[tuple[str, int]](), api.live.events.weave

    def noted(count: int, *strands: object) -> object:
        threads.append((threading.current_thread().name, count))
        return weave(count, *strands)

    monkeypatch.setattr(api.live.events, "weave", noted)
    ingest(served, range(5))
    with noise(pilot, ELSEWHERE) as response:
        assert len(take(response, 5)) == 5
    assert [(name, count) for name, count in threads if count] == [("AnyIO worker thread", 5)]


def test_a_replay_goes_on_with_what_the_store_does_not_have_yet(start: Callable[..., Api]) -> None:
    served = start(hub=Hub(settling=3600))
    ingest(served, range(3))
    served.hub.publish(batch_of(SERIES, range(3, 5)))  # ingest elsewhere has not stored these
    with served.client() as client, noise(client, ELSEWHERE) as response:
        assert {event.minute for event in take(response, 8)} == set(range(5))


def test_a_replay_itself_can_be_continued(served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.events, "SLICE", 2)
    ingest(served, range(40))
    with noise(pilot, ELSEWHERE) as response:
        last = take(response, 20)[-1]
    assert last.minute == 19
    with noise(pilot, last.id) as response:
        minutes = [event.minute for event in take(response, 22)]
    assert minutes[0] <= 19
    assert minutes == list(range(minutes[0], minutes[0] + 22))


def test_what_is_too_much_to_send_again_is_named(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "SLICE", 2)
    monkeypatch.setattr(api.live.events, "REPLAY_LIMIT", 16)
    ingest(served, range(40))
    with noise(pilot, ELSEWHERE) as response:
        received = events(response)
        replayed = [next(received) for _ in range(16)]
        gap = next(received)
        ingest(served, range(40, 41))
        live = next(received)
    assert [event.minute for event in replayed] == list(range(16))
    assert gap.name == "gap"
    assert live.minute == 40
    missing = {"start": gap.data["from"], "end": gap.data["to"], **NOISE}
    rows = pilot.get("/v1/readings", params=missing).json()["items"]
    assert {row["seq"] - 1 for row in rows} >= set(range(16, 40))
    with noise(pilot, gap.id) as response:
        assert take(response, 1)[0].minute == 40


def test_a_batch_larger_than_a_slice_comes_whole_and_can_be_continued(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "SLICE", 7)
    with noise(pilot) as response:
        listening(served)
        ingest(served, range(100))
        received = take(response, 100)
    assert [event.minute for event in received] == list(range(100))
    with noise(pilot, received[9].id) as response:
        assert [event.minute for event in take(response, 90)] == list(range(10, 100))


def test_a_gap_after_a_restart_reaches_to_what_the_store_has(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "SLICE", 2)
    monkeypatch.setattr(api.live.events, "REPLAY_LIMIT", 16)
    served.store.append(batch_of(SERIES, range(40)))
    with noise(pilot, ELSEWHERE) as response:
        gap = take(response, 17)[-1]
    assert (gap.name, gap.data["to"]) == ("gap", "2026-01-01T00:39:00.000001Z")
