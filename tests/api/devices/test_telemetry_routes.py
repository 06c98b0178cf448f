import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import httpx
import pytest

from api.http.context import STORED_AT_ONCE
from api.http.problems import MAX_BODY
from ingest.quotas import Limits
from tests.api.documents import conforming
from tests.api.running import running
from tests.waiting import wait_until
from tests.zenata.wire.uplinks import test_chirpstack, test_things
from zenata.contract.devices import TelemetryResult


@pytest.fixture(scope="module")
def client(api) -> Iterator[httpx.Client]:
    with api.client() as client:
        for device in (
            {"id": "roof"},
            {"id": "lora", "external": "70b3d57ed0051234"},
            {"id": "things", "external": "dev1"},
            {"id": "lpp", "codec": "cayenne"},
            {"id": "line", "codec": "influx"},
        ):
            assert client.post("/v1/devices", json=device).status_code == 201
        yield client


def newest(client, device):
    rows = client.get("/v1/latest", params={"world": "p-test-pilot", "sensor": device}).json()["items"]
    return {row["property"]: row["value"] for row in rows}


THINGS = {"end_device_ids": test_things.IDS, "uplink_message": test_things.MESSAGE}


@pytest.mark.parametrize(
    ("params", "body", "device", "expected"),
    [
        (
            {"device": "roof"},
            b'{"temperature": 21.5, "door": true, "note": "x"}',
            "roof",
            {"temperature": 21.5, "door": 1},
        ),
        ({}, b'{"device": "roof", "level": 2}', "roof", {"level": 2}),
        ({}, b'[{"bn":"roof/","n":"level","u":"m","v":3}]', "roof", {"level": 3}),
        ({"event": "up"}, json.dumps(test_chirpstack.UP).encode(), "lora", {"temperatureSensor/3": 27.2}),
        ({}, json.dumps(THINGS).encode(), "things", {"temperature": 1.0, "luminosity": 0.64}),
        ({"device": "lpp"}, bytes.fromhex("03670110"), "lpp", {"temperature_3": 27.2}),
        ({"device": "line"}, b"device level=4", "line", {"level": 4}),
    ],
)
def test_every_format_is_taken_and_stored(client, params, body, device, expected):
    answer = client.post("/v1/telemetry", params=params, content=body)
    assert answer.status_code == 200, answer.text
    document = conforming(answer.json(), TelemetryResult)
    assert (document.devices, document.readings) == ([device], len(expected))
    assert expected.items() <= newest(client, device).items()


def test_a_pack_of_several_devices_is_taken_as_a_whole_or_not(client):
    pack = [{"bn": "roof/", "n": "level", "v": 1}, {"bn": "lora/", "n": "level", "v": 2}]
    assert client.post("/v1/telemetry", json=pack).json()["devices"] == ["roof", "lora"]
    answer = client.post(
        "/v1/telemetry", json=[{"bn": "roof/", "n": "other", "v": 1}, {"bn": "cellar/", "n": "level", "v": 2}]
    )
    assert answer.status_code == 404
    assert newest(client, "roof")["level"] == 1
    assert "other" not in newest(client, "roof")


@pytest.mark.parametrize(
    ("params", "body", "status", "code"),
    [
        ({"device": "cellar"}, b'{"a": 1}', 404, "device"),
        ({"device": "a/b#"}, b'{"a": 1}', 404, "device"),
        ({}, b'{"a": 1}', 404, "device"),
        ({"device": "roof"}, b"\xff", 422, "schema"),
        ({}, b'{"a":', 422, "schema"),
        ({"device": "roof"}, b"", 422, "schema"),
        ({"device": "roof"}, b'{"a": 1, "time": 4e9}', 422, "time"),
        ({"device": "roof"}, b'[{"n":"temperature","u":"Cel","v":99}]', 422, "range"),
        ({"device": "roof"}, b'[{"n":"pm25","u":"mg/m3","v":99}]', 422, "unit"),
        ({"device": "roof"}, json.dumps(test_chirpstack.UP).encode(), 422, "topic"),
    ],
)
def test_what_is_refused_is_reported_and_a_dead_letter_of_its_pilot(api, client, params, body, status, code):
    answer = client.post("/v1/telemetry", params=params, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    for own in ({}, {"world": "p-test-pilot"}):
        (dead_letter,) = client.get("/v1/dead-letters", params=own | {"limit": 1}).json()["items"]
        assert dead_letter["code"] == code
        assert dead_letter["topic"].startswith("pilots/test-pilot/telemetry/")
    with api.client("guest") as guest:
        assert guest.get("/v1/dead-letters").json()["items"] == []
    assert client.get("/v1/ledger").json()["items"][0]["rejected"] == 0


def test_bodies_may_be_gzip_and_not_too_large(client):
    def post(content, encoding):
        headers = {"Content-Encoding": encoding}
        return client.post("/v1/telemetry", params={"device": "roof"}, content=content, headers=headers).status_code

    assert post(gzip.compress(b'{"a": 1}'), "gzip") == 200
    assert post(gzip.compress(b'{"a": 1}')[:-4], "gzip") == 400
    assert post(b'{"a": 1}', "gzip") == 400
    assert post(b'{"a": 1}', "br") == 400
    assert post(gzip.compress(b" " * (MAX_BODY + 1)), "gzip") == 413
    assert post(b" " * (MAX_BODY + 1), "identity") == 413


@pytest.mark.usefixtures("one_day")
@pytest.mark.parametrize(
    ("limits", "quota"), [(Limits(0.01, 100), "messages_per_second"), (Limits(100, 1), "points_per_day")]
)
def test_too_much_is_429_and_names_the_quota(limits, quota):
    with running(limits=limits) as api, api.client() as client:
        client.post("/v1/devices", json={"id": "roof"})
        answers = [client.post("/v1/telemetry", params={"device": "roof"}, json={"a": n}) for n in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[1].json()["quota"] == quota
        assert int(answers[1].headers["Retry-After"]) >= 1
        assert client.get("/v1/dead-letters").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "zone"),
    [
        (b'{"level": 1, "time": "2026-01-01T00:00:00"}', "UTC"),
        (b'{"values": {"level": 2}, "ts": "2026-01-01 00:00:01"}', "UTC"),
        (b'[{"level": 3, "time": "2026-01-01T00:00:02Z"}, {"level": 4, "at": "2026-01-01T00:00:03"}]', "UTC"),
        (b'{"level": 5, "time": "2026-01-01T00:00:04+01:00"}', None),
        (b'{"level": 6, "time": 1767225606}', None),
        (b'{"level": 7, "time": "1767225607"}', None),
        (b'{"level": 8}', None),
        (
            b'{"deviceInfo": {"devEui": "70b3d57ed0050000"}, "time": "2026-01-01T00:00:09", "object": {"level": 9}}',
            "UTC",
        ),
        (
            b'{"deviceInfo": {"devEui": "70b3d57ed0050000"}, "time": "2026-01-01T00:00:10Z", "object": {"level": 9}}',
            None,
        ),
        (
            (
                b'{"end_device_ids": {"device_id": "roof-1"}, "received_at": "2026-01-01T00:00:11", "uplink_message": '
                b'{"decoded_payload": {"level": 10}}}'
            ),
            "UTC",
        ),
    ],
)
def test_z5_an_answer_says_that_a_time_was_taken_as_utc(client, body, zone):
    answer = client.post("/v1/telemetry", params={"device": "roof"}, content=body)
    assert (answer.status_code, answer.headers.get("Zenata-Assumed-Zone")) == (200, zone)


def test_telemetry_that_takes_long_holds_up_its_pilot_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of megabytes, by some connections, took all places, and what others sent waited for minutes."""
    go_on = Event()
    with running() as api, api.client() as pilot, api.client("admin") as admin, ThreadPoolExecutor(12) as senders:
        take, slow = api.context.telemetry.document, list[str]()

        def document(owner: str, name: str | None, payload: bytes) -> object:
            if owner == "test-pilot":
                slow.append(owner)
                assert go_on.wait(60)
            return take(owner, name, payload)

        monkeypatch.setattr(api.context.telemetry, "document", document)
        for client in (pilot, admin):
            client.post("/v1/devices", json={"id": "roof"})
        send = partial(pilot.post, "/v1/telemetry", params={"device": "roof"}, json={"a": 1})
        try:
            waiting = [senders.submit(send) for _ in range(12)]
            wait_until(lambda: len(slow) == STORED_AT_ONCE // 2, "as many are worked on as may be")
            assert admin.post("/v1/telemetry", params={"device": "roof"}, json={"a": 1}).status_code == 200
            assert len(slow) == STORED_AT_ONCE // 2
        finally:
            go_on.set()
        assert {one.result().status_code for one in waiting} == {200}
