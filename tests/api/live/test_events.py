import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import api.live.events
import api.readings.routes
from api.live.events import Position, parse_event_id
from api.live.hub import Hub
from tests.api.documents import conforming
from tests.api.running import MINUTE, START, Api, batch_of, private_world, running, series_of, small_city
from zenata.city.readings import Selection
from zenata.contract.readings import Reading
from zenata.store import open_store
from zenata.store.base import Store

CITY = small_city()
SERIES = series_of(CITY)
NOISE = {"kind": "noise"}
"""One series: one reading a minute."""
ELSEWHERE = f"{0:016}-0-{START}"
"""An id of a hub that is no more."""


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    data: dict

    @property
    def minute(self) -> int:
        return self.data["seq"] - 1


def events(response: httpx.Response, names: tuple[str, ...] = ("reading", "gap")) -> Iterator[Event]:
    """The events of these names, read as the standard says."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if fields["event"] in names:
                yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def take(response: httpx.Response, count: int) -> list[Event]:
    return list(islice(events(response), count))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"duckdb:///{tmp_path}/readings.duckdb")
    yield store
    store.close()


@pytest.fixture
def start(tmp_path: Path, store: Store) -> Iterator[Callable[..., Api]]:
    """Starts the API over one store, each time with a hub of its own. The pilot has a world `w-1`."""
    private_world(tmp_path, "w-1")
    blocks = []

    def start_api(hub: Hub | None = None) -> Api:
        block = running(city=CITY, store=store, hub=hub, worlds=tmp_path)
        blocks.append(block)
        return block.__enter__()

    yield start_api
    for block in blocks:
        block.__exit__(None, None, None)


def ingest(api: Api, minutes: range, series: list = SERIES) -> None:
    """What ingest does: store, then publish."""
    batch = batch_of(series, minutes)
    api.store.append(batch)
    api.hub.publish(batch)


def listening(api: Api, count: int = 1) -> None:
    """Wait until the server has so many listeners."""
    deadline = time.monotonic() + 60
    while api.hub.listeners != count:
        assert time.monotonic() < deadline, f"{api.hub.listeners} listeners, not {count}"
        threading.Event().wait(0.005)


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 10**15 - 1), st.integers(-(10**15), 10**17 - 1))
def test_ids_are_read_back_by_listeners_of_their_kind_alone(minutes: list[int], sent: int, moment: int) -> None:
    hub, selection = Hub(capacity=10 * len(SERIES)), Selection(worlds=("zenata",))
    for count in minutes:
        hub.publish(batch_of(SERIES, range(count)))
    for batch in (0, *range(hub.first, hub.next + 1)):
        text = f"{hub.mark(batch, hub.listener_key(selection))}-{sent}-{moment}"
        assert parse_event_id(text, hub, selection) == Position(batch=batch, sent=sent, time=moment)
        assert parse_event_id(text, hub, replace(selection, kinds=("air",))).batch == 0
        assert parse_event_id(text, Hub(), selection).batch == 0


@given(st.text(max_size=40))
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id of an event"):
        parse_event_id(text, Hub(), Selection())


def test_ids_do_not_tell_what_others_say(start: Callable[..., Api]) -> None:
    """Batches of others come between, and their readings within: ids of one's own count one's own alone."""
    api = start()
    others = series_of(CITY, "w-2")
    seen = []
    for busy in (False, True):
        with api.client() as client, client.stream("GET", "/v1/stream", params=NOISE) as response:
            listening(api)
            for minute in range(3):
                if busy:
                    ingest(api, range(minute, minute + 5), others)
                ingest(api, range(minute, minute + 2), [*others, *SERIES] if busy else SERIES)
            seen.append([event.id.split("-") for event in take(response, 6)])
        listening(api, 0)
    assert [[own[1:] for own in ids] for ids in seen] == [[own[1:] for own in seen[0]]] * 2
    marks = [own[0] for ids in seen for own in ids]
    assert len(set(marks)) == 6  # a batch each
    assert all(len(mark) == 28 for mark in marks)


def test_readings_come_as_they_are_stored(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client, client.stream("GET", "/v1/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        listening(api)
        ingest(api, range(1))
        received = take(response, len(SERIES))
    assert {event.name for event in received} == {"reading"}
    rows = [conforming(event.data, Reading) for event in received]
    assert [(row.sensor, row.property, row.value, row.seq) for row in rows] == [
        (series.sensor, series.property, place / 10, 1) for place, series in enumerate(SERIES)
    ]
    assert {row.time for row in rows} == {datetime(2026, 1, 1, tzinfo=UTC)}
    assert len({event.id for event in received}) == len(received)


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"kind": "air"}, lambda s: s.kind == "air"),
        ({"sensor": "air-0001,noise-0001"}, lambda s: s.sensor in {"air-0001", "noise-0001"}),
        ({"district": "coast", "property": "speed"}, lambda s: (s.district, s.property) == ("coast", "speed")),
        ({"world": "w-1", "kind": "noise"}, lambda s: (s.world, s.kind) == ("w-1", "noise")),
    ],
)
def test_only_what_was_asked_for_comes(start: Callable[..., Api], params: dict[str, str], wanted: Callable) -> None:
    api = start()
    everything = SERIES + series_of(CITY, "w-1")
    ingest(api, range(1), everything)
    expected = [s for s in everything if wanted(s) and s.world == params.get("world", "zenata")]
    with api.client() as client, client.stream("GET", "/v1/stream", params=params) as response:
        listening(api)
        ingest(api, range(1, 2), everything)
        ingest(api, range(2, 3), everything)
        received = take(response, 2 * len(expected))
    assert [(event.data["sensor"], event.data["property"], event.minute) for event in received] == [
        (s.sensor, s.property, minute) for minute in (1, 2) for s in expected
    ]


def test_a_series_first_seen_later_comes_too(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client, client.stream("GET", "/v1/stream", params=NOISE) as response:
        listening(api)
        ingest(api, range(1), [s for s in SERIES if s.kind == "air"])
        ingest(api, range(1, 2))
        assert take(response, 1)[0].minute == 1


def test_a_break_is_bridged_exactly_from_the_ring(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE) as response:
            listening(api)
            ingest(api, range(10))
            last = take(response, 4)[-1]
        ingest(api, range(10, 12))
        headers = {"Last-Event-ID": last.id}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert [event.minute for event in take(response, 8)] == list(range(4, 12))


def test_a_break_before_the_first_reading_is_bridged(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE) as response:
            first = next(line for line in response.iter_lines() if line.startswith("id: "))
        ingest(api, range(3))
        headers = {"Last-Event-ID": first.removeprefix("id: ")}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert [event.minute for event in take(response, 3)] == [0, 1, 2]


def test_after_a_restart_every_reading_comes_at_least_once(start: Callable[..., Api]) -> None:
    before = start()
    with before.client() as client, client.stream("GET", "/v1/stream", params=NOISE) as response:
        listening(before)
        ingest(before, range(6))
        last = take(response, 5)[-1]
    before.stop()
    after = start()
    ingest(after, range(6, 8))
    headers = {"Last-Event-ID": last.id}
    with after.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            received = events(response)
            minutes = [next(received).minute for _ in range(8)]
            ingest(after, range(8, 9))
            live = next(received)
        assert minutes == list(range(8))
        assert live.minute == 8
        headers = {"Last-Event-ID": live.id}
        ingest(after, range(9, 10))
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert take(response, 1)[0].minute == 9


def test_a_place_that_left_the_ring_is_found_in_the_store(start: Callable[..., Api]) -> None:
    api = start(Hub(capacity=len(SERIES)))
    with api.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE) as response:
            listening(api)
            ingest(api, range(1))
            last = take(response, 1)[-1]
        for minute in range(1, 30):
            ingest(api, range(minute, minute + 1))
        headers = {"Last-Event-ID": last.id}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert [event.minute for event in take(response, 30)] == list(range(30))


def test_a_replay_goes_on_with_what_the_store_does_not_have_yet(start: Callable[..., Api]) -> None:
    served = start(Hub(settling=3600))
    ingest(served, range(3))
    served.hub.publish(batch_of(SERIES, range(3, 5)))  # ingest elsewhere has not stored these
    headers = {"Last-Event-ID": ELSEWHERE}
    with served.client() as client, client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
        assert {event.minute for event in take(response, 8)} == set(range(5))


def test_a_replay_itself_can_be_continued(start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.events, "_SLICE", 2)
    served = start()
    ingest(served, range(40))
    headers = {"Last-Event-ID": ELSEWHERE}
    with served.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            last = take(response, 20)[-1]
        assert last.minute == 19
        headers = {"Last-Event-ID": last.id}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            minutes = [event.minute for event in take(response, 22)]
    assert minutes[0] <= 19
    assert minutes == list(range(minutes[0], minutes[0] + 22))


def test_what_is_too_much_to_send_again_is_named(start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.events, "_SLICE", 2)
    monkeypatch.setattr(api.live.events, "REPLAY_LIMIT", 16)
    served = start()
    ingest(served, range(40))
    headers = {"Last-Event-ID": ELSEWHERE}
    with served.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            received = events(response)
            replayed = [next(received) for _ in range(16)]
            gap = next(received)
            ingest(served, range(40, 41))
            live = next(received)
        assert [event.minute for event in replayed] == list(range(16))
        assert gap.name == "gap"
        assert live.minute == 40
        missing = {"start": gap.data["from"], "end": gap.data["to"], **NOISE}
        rows = client.get("/v1/readings", params=missing).json()["items"]
        assert {row["seq"] - 1 for row in rows} >= set(range(16, 40))
        headers = {"Last-Event-ID": gap.id}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert take(response, 1)[0].minute == 40


def test_a_batch_larger_than_a_slice_comes_whole_and_can_be_continued(
    start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "_SLICE", 7)
    served = start()
    with served.client() as client:
        with client.stream("GET", "/v1/stream", params=NOISE) as response:
            listening(served)
            ingest(served, range(100))
            received = take(response, 100)
        assert [event.minute for event in received] == list(range(100))
        headers = {"Last-Event-ID": received[9].id}
        with client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
            assert [event.minute for event in take(response, 90)] == list(range(10, 100))


def test_a_gap_after_a_restart_reaches_to_what_the_store_has(
    start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "_SLICE", 2)
    monkeypatch.setattr(api.live.events, "REPLAY_LIMIT", 16)
    served = start()
    served.store.append(batch_of(SERIES, range(40)))
    headers = {"Last-Event-ID": ELSEWHERE}
    with served.client() as client, client.stream("GET", "/v1/stream", params=NOISE, headers=headers) as response:
        gap = take(response, 17)[-1]
    assert (gap.name, gap.data["to"]) == ("gap", "2026-01-01T00:39:00.000001Z")


def test_a_listener_that_stops_reading_holds_nobody_and_loses_nothing(start: Callable[..., Api]) -> None:
    api = start(Hub(capacity=2000))
    minutes = 3000
    with (
        api.client() as slow,
        api.client() as quick,
        slow.stream("GET", "/v1/stream") as sleeping,
        quick.stream("GET", "/v1/stream", params=NOISE) as response,
    ):
        listening(api, 2)
        received = events(response)
        for minute in range(0, minutes, 100):
            ingest(api, range(minute, minute + 100))
            assert [next(received).minute for _ in range(100)] == list(range(minute, minute + 100))
        missing = {(series.sensor, series.property, minute) for series in SERIES for minute in range(minutes)}
        limit = 2 * len(missing)
        for event in islice(events(sleeping), limit):
            missing.discard((event.data["sensor"], event.data["property"], event.minute))
            if not missing:
                break
    assert not missing, f"{len(missing)} readings are missing after {limit} events"


def test_a_silent_stream_is_kept_open(start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.events, "_HEARTBEAT", 0.02)
    served = start()
    with served.client() as client, client.stream("GET", "/v1/stream") as response:
        positions = [line for line in islice(response.iter_lines(), 25) if line == "event: position"]
    assert len(positions) >= 3


def test_listeners_leave_when_they_hang_up(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client:
        with client.stream("GET", "/v1/stream"):
            listening(api, 1)
        listening(api, 0)


def test_the_server_stops_with_listeners_attached(start: Callable[..., Api]) -> None:
    api = start()
    with api.client() as client, client.stream("GET", "/v1/stream") as response:
        listening(api)
        begin = time.monotonic()
        api.stop()
        assert time.monotonic() - begin < 5
        assert list(events(response)) == []
    assert api.hub.listeners == 0


@pytest.mark.parametrize(
    "place", ["x", "1", "0123abcd-1-1", "0123abcd-1-1-1", "0123abcd0123abcd-1-1-1", "0123ABCD0123ABCD-1-1"]
)
def test_a_spoilt_last_event_id_is_422(start: Callable[..., Api], place: str) -> None:
    api = start()
    with api.client() as client:
        response = client.get("/v1/stream", headers={"Last-Event-ID": place})
    assert response.status_code == 422
    assert response.json()["parameter"] == "Last-Event-ID"


def test_two_worlds_in_one_stream_are_422(start: Callable[..., Api]) -> None:
    api = start()
    ingest(api, range(1), series_of(CITY, "w-1"))
    with api.client() as client:
        response = client.get("/v1/stream", params={"world": "zenata,w-1"})
    assert response.status_code == 422
    assert "one world" in response.json()["detail"]


def test_minutes_are_observation_times() -> None:
    assert batch_of(SERIES, range(2)).time[-1] == START + MINUTE


def test_c6_every_block_of_a_stream_has_data_that_is_json(
    start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "_HEARTBEAT", 0.02)
    served = start()
    with served.client() as client, client.stream("GET", "/v1/stream", params=NOISE) as response:
        listening(served)
        ingest(served, range(1))
        blocks: list[list[str]] = [[]]
        for line in response.iter_lines():
            blocks[-1].append(line)
            if not line:
                blocks.append([])
            if len(blocks) > 5:
                break
    for block in blocks[:5]:
        data = [line.removeprefix("data: ") for line in block if line.startswith("data: ")]
        assert len(data) == 1, block
        assert isinstance(json.loads(data[0]), dict)


def test_an_unknown_id_costs_no_look_through_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work for an id does not grow with the ring, on whose event loop everybody waits."""
    hub = Hub(capacity=10**6)
    for _ in range(3000):
        hub.publish(batch_of(SERIES[:1], range(1)))
    made = []
    mark = hub.mark
    monkeypatch.setattr(hub, "mark", lambda *all_: made.append(1) or mark(*all_))
    selection = Selection()
    for text in (ELSEWHERE, f"{'ab' * 14}-0-0", f"{mark(2500, hub.listener_key(selection))}-0-0"):
        parse_event_id(text, hub, selection)
    assert len(made) <= 3


def test_streams_are_counted_before_they_are_let_in(start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.readings.routes, "MAX_STREAMS", 5)
    served = start()

    async def open_many() -> list[int]:
        headers = {"Authorization": f"Bearer {served.secrets['pilot']}"}
        async with httpx.AsyncClient(base_url=served.url, headers=headers, trust_env=False, timeout=30) as client:

            async def status() -> int:
                request = client.build_request("GET", "/v1/stream")
                response = await client.send(request, stream=True)
                opened.append(response)
                return response.status_code

            opened: list[httpx.Response] = []
            statuses = await asyncio.gather(*(status() for _ in range(30)))
            for response in opened:
                await response.aclose()
            return statuses

    statuses = asyncio.run(open_many())
    assert sorted(statuses) == [200] * 5 + [429] * 25
    listening(served, 0)
    with served.client() as client, client.stream("GET", "/v1/stream") as again:
        assert again.status_code == 200  # those that ended are not counted any more
