from base64 import b64decode

import httpx
import pytest

from tests.api.live.test_frame import decoded
from tests.api.running import MINUTE, MINUTES, START, Api, batch_of, series_of
from zenata.city.clock import format_time

NEWEST = START + (MINUTES - 1) * MINUTE
PM25 = {"property": "pm25"}


def frame(client: httpx.Client, **params: str) -> tuple:
    response = client.get("/v1/frame", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/vnd.zenata.frame"
    listed = client.get("/v1/sensors", params={name: params[name] for name in ("property", "kind") if name in params})
    assert listed.headers["zenata-sensors"] == response.headers["zenata-sensors"]
    found = decoded(response.content)
    assert f"{found[2]:08x}" == response.headers["zenata-sensors"]
    assert len(found[4]) == len(listed.json()["items"])
    return found


def test_a_frame_is_the_latest_of_a_property_in_the_order_of_the_sensors(client: httpx.Client) -> None:
    time, _, _, _, values, ages = frame(client, **PM25)
    latest = {row["sensor"]: row["value"] for row in client.get("/v1/latest", params=PM25).json()["items"]}
    order = [one["id"] for one in client.get("/v1/sensors", params=PM25).json()["items"]]
    assert values == pytest.approx([latest[name] for name in order])
    assert (time, ages) == (NEWEST / 1000, [0, 0])


def test_a_frame_of_the_past_has_what_was_newest_then(client: httpx.Client) -> None:
    at = START + 30 * MINUTE + 20_000_000
    time, quiet, _, _, values, ages = frame(client, **PM25, at=format_time(at))
    assert (time, ages) == (at / 1000, [20, 20])
    assert [int(value) for value in values] == [30, 30]
    assert quiet != quiet  # NaN: it is not live
    assert frame(client, **PM25, at="-10m")[4] == frame(client, **PM25, at=format_time(NEWEST - 10 * MINUTE))[4]


def test_a_frame_of_what_is_rolled_up_says_so(api: Api, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    params = PM25 | {"at": format_time(START + 30 * MINUTE)}
    assert "zenata-rolled-up" not in client.get("/v1/frame", params=params).headers
    monkeypatch.setattr(api.store, "span_at", lambda time: 900_000_000 * (time == START + 30 * MINUTE))
    assert client.get("/v1/frame", params=params).headers["zenata-rolled-up"] == "900"
    assert "zenata-rolled-up" not in client.get("/v1/frame", params=params | {"world": "w-1"}).headers


def test_a_frame_of_the_past_looks_further_back_for_who_is_late(client: httpx.Client) -> None:
    for late in (1, 2, 4, 5):
        at = NEWEST + late * MINUTE
        _, _, _, _, values, ages = frame(client, **PM25, at=format_time(at))
        assert ages == [late * 60, late * 60]
        assert [int(value) for value in values] == [MINUTES - 1, MINUTES - 1]


def test_before_the_first_reading_and_long_after_the_last_there_are_no_values(client: httpx.Client) -> None:
    for at in (START - MINUTE, NEWEST + 6 * MINUTE):
        assert frame(client, **PM25, at=format_time(at))[5] == [65535, 65535]


def test_a_private_world_has_frames_for_its_owner_alone(api: Api, client: httpx.Client) -> None:
    assert frame(client, **PM25, world="w-1")[0] == START / 1000
    with api.client("guest") as guest:
        assert guest.get("/v1/frame", params=PM25 | {"world": "w-1"}).status_code == 404


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "property"),
        ({"property": "pm99"}, "there is no 'pm99'"),
        ({"property": "pm25", "kind": "noise"}, "noise observe no pm25; use laeq"),
        ({"property": "pm25", "at": "yesterday"}, "at: "),
        ({"property": "pm25", "world": "p-test-pilot"}, "see /v1/latest"),
    ],
)
def test_what_means_nothing_is_named(client: httpx.Client, params: dict[str, str], words: str) -> None:
    response = client.get("/v1/frame", params=params)
    assert response.status_code == 422
    assert words in response.json()["detail"]


def test_a_stream_sends_a_frame_and_then_what_changes(api: Api, client: httpx.Client) -> None:
    later = batch_of(series_of(api.city, "w-1")[:5], range(1, 2))  # all of air-0001
    with client.stream("GET", "/v1/frame/stream", params=PM25 | {"world": "w-1"}) as stream:
        events = (line for line in stream.iter_lines() if line.startswith(("event", "data")))
        assert next(events) == "event: frame"
        first = decoded(b64decode(next(events).removeprefix("data: ")))
        assert len(first[4]) == 2
        api.store.append(later)
        api.hub.publish(later)
        for line in events:
            assert line == "event: changes"
            changes = decoded(b64decode(next(events).removeprefix("data: ")), changes=True)
            if changes[3]:
                break
    time, quiet, _, indices, _, ages = changes
    assert (time, indices, ages) == ((START + MINUTE) / 1000, [0], [0])
    assert quiet >= 0
