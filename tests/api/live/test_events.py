import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import api.live.events
import api.readings.routes
from api.live.events import Position, parse_event_id
from api.live.hub import Hub
from tests.api.documents import conforming
from tests.api.live.streams import CITY, ELSEWHERE, NOISE, SERIES, events, ingest, listening, noise, take
from tests.api.running import Api, batch_of, series_of
from zenata.city.readings import Selection
from zenata.contract.readings import Reading


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 10**15 - 1), st.integers(1 - 10**15, 10**17 - 1))
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


def test_ids_do_not_tell_what_others_say(served: Api) -> None:
    """Batches of others come between, and their readings within: ids of one's own count one's own alone."""
    others = series_of(CITY, "w-2")
    seen = []
    for busy in (False, True):
        with served.client() as client, noise(client) as response:
            listening(served)
            for minute in range(3):
                if busy:
                    ingest(served, range(minute, minute + 5), others)
                ingest(served, range(minute, minute + 2), [*others, *SERIES] if busy else SERIES)
            seen.append([event.id.split("-") for event in take(response, 6)])
        listening(served, 0)
    assert [[own[1:] for own in ids] for ids in seen] == [[own[1:] for own in seen[0]]] * 2
    marks = [own[0] for ids in seen for own in ids]
    assert len(set(marks)) == 6  # a batch each
    assert all(len(mark) == 28 for mark in marks)


def test_readings_come_as_they_are_stored(served: Api, pilot: httpx.Client) -> None:
    with pilot.stream("GET", "/v1/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        listening(served)
        ingest(served, range(1))
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
def test_only_what_was_requested_comes(
    served: Api, pilot: httpx.Client, params: dict[str, str], wanted: Callable
) -> None:
    everything = SERIES + series_of(CITY, "w-1")
    ingest(served, range(1), everything)
    expected = [s for s in everything if wanted(s) and s.world == params.get("world", "zenata")]
    with pilot.stream("GET", "/v1/stream", params=params) as response:
        listening(served)
        ingest(served, range(1, 2), everything)
        ingest(served, range(2, 3), everything)
        received = take(response, 2 * len(expected))
    assert [(event.data["sensor"], event.data["property"], event.minute) for event in received] == [
        (s.sensor, s.property, minute) for minute in (1, 2) for s in expected
    ]


def test_a_series_first_seen_later_comes_too(served: Api, pilot: httpx.Client) -> None:
    with noise(pilot) as response:
        listening(served)
        ingest(served, range(1), [s for s in SERIES if s.kind == "air"])
        ingest(served, range(1, 2))
        assert take(response, 1)[0].minute == 1


def test_a_listener_that_stops_reading_holds_nobody_and_loses_nothing(start: Callable[..., Api]) -> None:
    api = start(hub=Hub(capacity=2000))
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


def test_listeners_leave_when_they_hang_up(served: Api, pilot: httpx.Client) -> None:
    with pilot.stream("GET", "/v1/stream"):
        listening(served, 1)
    listening(served, 0)


def test_the_server_stops_with_listeners_attached(served: Api, pilot: httpx.Client) -> None:
    with pilot.stream("GET", "/v1/stream") as response:
        listening(served)
        begin = time.monotonic()
        served.stop()
        assert time.monotonic() - begin < 5
        assert list(events(response)) == []
    assert served.hub.listeners == 0


@pytest.mark.parametrize(
    "place", ["x", "1", "0123abcd-1-1", "0123abcd-1-1-1", "0123abcd0123abcd-1-1-1", "0123ABCD0123ABCD-1-1"]
)
def test_a_spoilt_last_event_id_is_422(client: httpx.Client, place: str) -> None:
    response = client.get("/v1/stream", headers={"Last-Event-ID": place})
    assert response.status_code == 422
    assert response.json()["parameter"] == "Last-Event-ID"


def test_two_worlds_in_one_stream_are_422(client: httpx.Client) -> None:
    response = client.get("/v1/stream", params={"world": "zenata,w-1"})
    assert response.status_code == 422
    assert "one world" in response.json()["detail"]


def test_c6_every_block_of_a_stream_has_data_that_is_json(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.events, "_HEARTBEAT", 0.02)
    with noise(pilot) as response:
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


def test_streams_are_counted_before_they_are_let_in(
    served: Api, pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.readings.routes, "MAX_STREAMS", 5)

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
    with pilot.stream("GET", "/v1/stream") as again:
        assert again.status_code == 200  # those that ended are not counted any more
