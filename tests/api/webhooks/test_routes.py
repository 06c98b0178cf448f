"""Webhooks over HTTP: made, told, changed, tried again, and seen by nobody else."""

from collections.abc import Iterator

import httpx
import pytest
from standardwebhooks import Webhook as Verifier

from api.webhooks.webhook import MAX_WEBHOOKS
from tests.api.documents import conforming, pages
from tests.api.running import MINUTES, Api, batch_of, private_world, running, series_of
from tests.api.webhooks.receiver import Receiver
from tests.waiting import wait_until
from zenata.contract.base import Page
from zenata.contract.webhooks import Delivery, Webhook, WebhookWithSecret

HIGH = {"type": "threshold", "sensor": "air-0001", "property": "pm25", "above": 1000}
MADE = {"url": "https://example.org/hook", "condition": HIGH}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("webhooks")
    private_world(folder, "w-foreign", "ben")
    private_world(folder, "w-own")
    with running(worlds=folder, webhook_private=True) as api:
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        yield api


@pytest.fixture
def pilot(api: Api) -> Iterator[httpx.Client]:
    """A pilot without any webhook."""
    with api.client() as client:
        for item in client.get("/v1/webhooks").json()["items"]:
            client.delete(f"/v1/webhooks/{item['id']}")
        yield client


def make(client: httpx.Client, **changes: object) -> WebhookWithSecret:
    answer = client.post("/v1/webhooks", json=MADE | changes)
    assert answer.status_code == 201, answer.text
    made = conforming(answer.json(), WebhookWithSecret)
    assert answer.headers["location"] == f"/v1/webhooks/{made.id}"
    return made


def deliveries(client: httpx.Client, hook: str) -> list[Delivery]:
    return conforming(client.get(f"/v1/webhooks/{hook}/deliveries").json(), Page[Delivery]).items


def test_the_secret_is_shown_once(pilot: httpx.Client) -> None:
    made = make(pilot, name="roofs")
    assert made.secret.startswith("whsec_")
    found = pilot.get(f"/v1/webhooks/{made.id}")
    assert conforming(found.json() | {"secret": made.secret}, WebhookWithSecret) == made
    assert conforming(pilot.get("/v1/webhooks").json(), Page[Webhook]).items[0].id == made.id
    for answer in (found, pilot.get("/v1/webhooks"), pilot.patch(f"/v1/webhooks/{made.id}", json={"name": "other"})):
        assert answer.status_code == 200
        assert made.secret not in answer.text


def test_what_holds_already_is_delivered_signed_and_logged(pilot: httpx.Client, receiver: Receiver) -> None:
    made = make(pilot, url=receiver.url, condition=HIGH | {"above": 50})
    (request,) = receiver.wait(1)
    body = Verifier(made.secret).verify(request.body, request.headers)
    assert (body["type"], body["data"]["sensor"], body["data"]["webhook"]) == ("threshold.fired", "air-0001", made.id)
    assert body["data"]["value"] > 50
    wait_until(lambda: deliveries(pilot, made.id)[0].status == "delivered", "the log says so")
    (logged,) = deliveries(pilot, made.id)
    assert (logged.id, logged.body, logged.code, logged.attempts) == (request.id, body, 204, 1)


def test_a_test_is_delivered_and_can_be_again(pilot: httpx.Client, receiver: Receiver) -> None:
    made = make(pilot, url=receiver.url)
    tried = pilot.post(f"/v1/webhooks/{made.id}/test")
    assert tried.status_code == 202
    assert receiver.wait(1)[0].json["type"] == "test"
    wait_until(lambda: deliveries(pilot, made.id)[0].status == "delivered", "it arrived")
    again = pilot.post(f"/v1/webhooks/{made.id}/deliveries/{tried.json()['id']}/retry")
    assert again.status_code == 202
    assert {request.id for request in receiver.wait(2)} == {tried.json()["id"]}
    unknown = pilot.post(f"/v1/webhooks/{made.id}/deliveries/msg_0/retry")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-delivery")


def test_another_secret_signs_from_now_on(pilot: httpx.Client, receiver: Receiver) -> None:
    made = make(pilot, url=receiver.url)
    fresh = conforming(pilot.post(f"/v1/webhooks/{made.id}/secret").json(), WebhookWithSecret)
    assert fresh.secret != made.secret
    pilot.post(f"/v1/webhooks/{made.id}/test")
    (request,) = receiver.wait(1)
    assert Verifier(fresh.secret).verify(request.body, request.headers)["type"] == "test"


def test_what_is_switched_off_shows_nothing(pilot: httpx.Client, receiver: Receiver) -> None:
    made = make(pilot, url=receiver.url)
    assert pilot.patch(f"/v1/webhooks/{made.id}", json={"enabled": False}).json()["enabled"] is False
    refused = pilot.post(f"/v1/webhooks/{made.id}/test")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/webhook-off")
    assert pilot.patch(f"/v1/webhooks/{made.id}", json={"enabled": True}).json()["enabled"] is True
    assert pilot.post(f"/v1/webhooks/{made.id}/test").status_code == 202
    assert receiver.wait(1)[0].json["type"] == "test"


def test_the_log_comes_in_pages(pilot: httpx.Client, receiver: Receiver) -> None:
    made = make(pilot, url=receiver.url)
    sent = [pilot.post(f"/v1/webhooks/{made.id}/test").json()["id"] for _ in range(5)]
    path = f"/v1/webhooks/{made.id}/deliveries"
    found = [[item["id"] for item in page["items"]] for page in pages(pilot, path, limit=2)]
    assert found == [sent[:2:-1], sent[2:0:-1], sent[:1]]
    wrong = pilot.get(path, params={"cursor": "nonsense"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/invalid-parameter")


def test_what_is_removed_is_gone_with_its_log(pilot: httpx.Client) -> None:
    made = make(pilot)
    assert pilot.delete(f"/v1/webhooks/{made.id}").status_code == 204
    for path in ("", "/deliveries"):
        assert pilot.get(f"/v1/webhooks/{made.id}{path}").json()["type"] == "/problems/unknown-webhook"


def test_a_pilot_has_so_many_and_no_more(pilot: httpx.Client) -> None:
    for _ in range(MAX_WEBHOOKS):
        make(pilot)
    refused = pilot.post("/v1/webhooks", json=MADE)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/webhook-limit")


@pytest.mark.parametrize("world", ["w-foreign", "w-none", "p-test-admin"])
def test_it_looks_at_no_world_of_others(api: Api, pilot: httpx.Client, world: str) -> None:
    with api.client("admin") as admin:
        for client in (pilot, admin) if world != "p-test-admin" else (pilot,):
            refused = client.post("/v1/webhooks", json=MADE | {"world": world})
            assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-world")


def test_it_looks_at_ones_own_worlds_and_devices(pilot: httpx.Client) -> None:
    assert make(pilot, world="w-own").world == "w-own"
    assert pilot.post("/v1/devices", json={"id": "roof"}).status_code == 201
    waiting = HIGH | {"sensor": "roof", "property": "not_said_yet"}
    assert make(pilot, world="p-test-pilot", condition=waiting).condition.property == "not_said_yet"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"condition": HIGH | {"below": 3}}, "either above or below"),
        ({"condition": {"type": "threshold", "property": "pm25"}}, "either above or below"),
        ({"condition": HIGH | {"clear": 2000}}, "never clear"),
        ({"condition": HIGH | {"property": "pm99"}}, "pm99"),
        ({"condition": HIGH | {"duration": "soon"}}, "soon"),
        ({"condition": {"type": "silence"}}, "after"),
        ({"condition": {"type": "event", "event": ["leak"]}}, "road_closure"),
        ({"condition": {"type": "event"}, "world": "p-test-pilot"}, "has devices"),
        ({"condition": {"type": "weather"}}, "threshold"),
        ({"url": "ftp://example.org"}, "https://"),
        ({"url": "http://user:word@example.org"}, "a user"),
        ({"name": "a\nb"}, "control characters"),
        ({"also": 1}, "also"),
    ],
)
def test_what_cannot_be_is_refused_and_named(pilot: httpx.Client, changes: dict, word: str) -> None:
    refused = pilot.post("/v1/webhooks", json=MADE | changes)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-parameter")
    assert word in refused.json()["detail"]
    assert pilot.get("/v1/webhooks").json()["items"] == []


def test_an_unknown_sensor_is_named(pilot: httpx.Client) -> None:
    refused = pilot.post("/v1/webhooks", json=MADE | {"condition": HIGH | {"sensor": "air-9999"}})
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-sensor")


def test_private_addresses_are_refused_unless_allowed() -> None:
    with (
        running() as api,
        api.client() as pilot,
    ):
        for url in ("http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/", "http://2130706433/"):
            refused = pilot.post("/v1/webhooks", json=MADE | {"url": url})
            assert refused.status_code == 422
            assert "private, loopback" in refused.json()["detail"]
        made = make(pilot)
        refused = pilot.patch(f"/v1/webhooks/{made.id}", json={"url": "http://10.0.0.1/"})
        assert refused.status_code == 422
        named = make(pilot, url="http://localhost:9/")
        pilot.post(f"/v1/webhooks/{named.id}/test")
        wait_until(lambda: deliveries(pilot, named.id)[0].attempts == 1, "it was tried")
        assert deliveries(pilot, named.id)[0].error == "the host has no public address that can be reached"


def test_a_test_that_finds_no_room_says_that_it_is_dropped(
    pilot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(pilot)
    monkeypatch.setattr("api.webhooks.register.MAX_WAITING", 0)
    answer = pilot.post(f"/v1/webhooks/{made.id}/test")
    assert (answer.status_code, answer.json()["status"]) == (202, "dropped")
    assert [one.id for one in deliveries(pilot, made.id)] == [answer.json()["id"]]
