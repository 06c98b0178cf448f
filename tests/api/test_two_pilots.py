"""Two pilots: what one asks of the other's things is answered as if they were not there, by every route.

`REQUESTS` names for each route how it can be led to something of somebody else's; a route that is not there fails a test.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.api.http.test_rights import TABLE
from tests.api.running import Api, batch_of, series_of
from tests.api.simulators import Simulators, running_with
from tests.waiting import wait_until
from zenata.control.keys import Role

THRESHOLD = {"type": "threshold", "property": "pm25", "above": 1e6}
RANGE = {"start": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Names:
    """What something is called; each of two has words of the same length, so that answers can be compared as they are."""

    pilot: str
    world: str
    own: str
    device: str
    external: str
    key: str
    export: str
    webhook: str
    trial: str
    delivery: str

    def hidden(self, text: str) -> str:
        """Take these words out of an answer: whoever asks has said them."""
        for word in sorted(vars(self).values(), key=len, reverse=True):
            text = text.replace(word, "...")
        return text


@dataclass(frozen=True)
class Ask:
    """A request; texts in braces are names."""

    params: dict[str, str] | None = None
    body: Any = None
    content: str | None = None

    def send(self, client: httpx.Client, method: str, path: str, names: Names) -> httpx.Response:
        """Ask it about these names."""
        filled = _filled({"params": self.params, "json": self.body, "content": self.content, "url": path}, vars(names))
        return client.request(method, **{name: value for name, value in filled.items() if value is not None})


def _filled(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(part, names) for name, part in node.items()}
    if isinstance(node, list):
        return [_filled(part, names) for part in node]
    if isinstance(node, str):
        for name, word in names.items():
            node = node.replace("{" + name + "}", word)
    return node


WORLDS = [Ask({"world": "{world}"}), Ask({"world": "{own}"})]
SERIES = [*WORLDS, Ask({"world": "{own}", "sensor": "{device}"}), Ask({"sensor": "{device}"})]
LINE = "cpu,device={device} usage=1"

REQUESTS: dict[tuple[str, str], list[Ask]] = {
    ("GET", "/v1/city"): WORLDS,
    ("GET", "/v1/sensors/{sensor}"): WORLDS,
    ("GET", "/v1/latest"): SERIES,
    ("GET", "/v1/readings"): [Ask({**ask.params, **RANGE}) for ask in SERIES],
    ("GET", "/v1/stream"): WORLDS,
    ("GET", "/v1/frame"): [Ask({**ask.params, "property": "pm25"}) for ask in WORLDS],
    ("GET", "/v1/frame/stream"): [Ask({**ask.params, "property": "pm25"}) for ask in WORLDS],
    ("POST", "/v1/exports"): [Ask(body={**ask.params, **RANGE}) for ask in WORLDS],
    ("GET", "/v1/exports/{export}"): [Ask()],
    ("DELETE", "/v1/exports/{export}"): [Ask()],
    ("GET", "/v1/exports/{export}/file"): [Ask()],
    ("GET", "/v1/worlds/{world}"): [Ask()],
    ("DELETE", "/v1/worlds/{world}"): [Ask()],
    ("PATCH", "/v1/worlds/{world}/clock"): [Ask(body={"state": "paused"})],
    ("POST", "/v1/worlds/{world}/advance"): [Ask(body={"steps": 1})],
    ("POST", "/v1/worlds/{world}/events"): [Ask(body={"type": "leak"})],
    ("GET", "/v1/worlds/{world}/events"): [Ask()],
    ("DELETE", "/v1/worlds/{world}/events/{event}"): [Ask()],
    ("GET", "/v1/worlds/{world}/repairs"): [Ask()],
    ("POST", "/v1/worlds/{world}/repairs"): [Ask(body={"target": "water-0001"})],
    ("POST", "/v1/worlds/{world}/reveal"): [Ask()],
    ("GET", "/v1/commands/{command}"): [Ask({"world": "{world}"})],
    ("POST", "/v1/worlds/{world}/fork"): [Ask(body={})],
    ("POST", "/v1/worlds/{world}/backfill"): [Ask(body={"end": "2026-01-02T00:00:00Z"})],
    ("GET", "/v1/worlds/{world}/record"): [Ask()],
    ("GET", "/v1/worlds/{world}/truth"): [Ask()],
    ("POST", "/v1/commands"): [
        Ask(body={"world": "{world}", "sensor": "air-0001", "set": {"dim": 1}}),
        Ask(body={"world": "{own}", "sensor": "{device}", "set": {"dim": 1}}),
    ],
    ("GET", "/v1/devices"): [Ask({"pilot": "{pilot}"})],
    ("GET", "/v1/devices/{device}"): [Ask(), Ask({"pilot": "{pilot}"})],
    ("PATCH", "/v1/devices/{device}"): [Ask(body={"name": "mine"})],
    ("DELETE", "/v1/devices/{device}"): [Ask()],
    ("POST", "/v1/telemetry"): [
        Ask({"device": "{device}"}, {"level": 1}),
        Ask({"device": "{external}"}, {"level": 1}),
        Ask(body={"device": "{device}", "level": 1}),
        Ask(body=[{"bn": "{device}/", "n": "level", "v": 1}]),
        Ask(body={"deviceInfo": {"devEui": "{external}"}, "object": {"level": 1}}),
    ],
    ("POST", "/write"): [Ask(content=LINE)],
    ("POST", "/api/v2/write"): [Ask(content=LINE)],
    ("GET", "/v1/ledger/{world}"): [Ask()],
    ("GET", "/v1/dead-letters"): WORLDS,
    ("GET", "/v1/pilots/{pilot}"): [Ask()],
    ("PATCH", "/v1/pilots/{pilot}"): [Ask(body={"theme": "mine"})],
    ("POST", "/v1/pilots"): [Ask(body={"name": "{pilot}"})],
    ("POST", "/v1/pilots/{pilot}/suspend"): [Ask(body={"reason": "envy"})],
    ("POST", "/v1/pilots/{pilot}/resume"): [Ask()],
    ("GET", "/v1/pilots/{pilot}/keys"): [Ask()],
    ("POST", "/v1/pilots/{pilot}/keys"): [Ask(body={"name": "{key}"})],
    ("POST", "/v1/pilots/{pilot}/keys/{name}/rotate"): [Ask()],
    ("DELETE", "/v1/pilots/{pilot}/keys/{name}"): [Ask()],
    ("GET", "/v1/pilots/{pilot}/budget"): [Ask()],
    ("POST", "/v1/pilots/{pilot}/budget"): [Ask(body={"amount": 1, "reason": "mine"})],
    ("GET", "/v1/pilots/{pilot}/activity"): [Ask()],
    ("GET", "/v1/pilots/{pilot}/scorecard"): [Ask(), Ask({"format": "json"})],
    ("GET", "/v1/audit"): [Ask({"who": "{pilot}"})],
    ("POST", "/v1/webhooks"): [
        Ask(body={"url": "https://example.org/", "condition": THRESHOLD, **where})
        for where in ({"world": "{world}"}, {"world": "{own}"}, {"condition": THRESHOLD | {"sensor": "{device}"}})
    ],
    ("GET", "/v1/trials/{trial}"): [Ask()],
    ("GET", "/v1/trials/{trial}/receipt"): [Ask()],
    ("GET", "/v1/trials/{trial}/report"): [Ask()],
    ("POST", "/v1/trials/{trial}/step"): [Ask(body={"step": 1})],
    ("POST", "/v1/trials/{trial}/answers"): [Ask(body={"answers": []})],
    ("DELETE", "/v1/trials/{trial}"): [Ask()],
    ("GET", "/v1/webhooks/{webhook}"): [Ask()],
    ("PATCH", "/v1/webhooks/{webhook}"): [Ask(body={"enabled": False})],
    ("DELETE", "/v1/webhooks/{webhook}"): [Ask()],
    ("POST", "/v1/webhooks/{webhook}/secret"): [Ask()],
    ("POST", "/v1/webhooks/{webhook}/test"): [Ask()],
    ("GET", "/v1/webhooks/{webhook}/deliveries"): [Ask()],
    ("POST", "/v1/webhooks/{webhook}/deliveries/{delivery}/retry"): [Ask()],
}
LISTS = (
    "/v1/devices",
    "/v1/map",
    "/v1/exports",
    "/v1/worlds",
    "/v1/latest",
    "/v1/readings",
    "/v1/ledger",
    "/v1/dead-letters",
    "/v1/me",
    "/v1/session",
    "/v1/me/activity",
    "/v1/audit",
    "/v1/trials",
    "/v1/editions/shared",
    "/v1/webhooks",
    "/v1/pilots/test-pilot",
    "/v1/pilots/test-pilot/keys",
    "/v1/pilots/test-pilot/budget",
    "/v1/pilots/test-pilot/activity",
)
"""Routes that tell whoever asks of its own things."""

OF_NOBODY = {
    ("GET", path)
    for path in (
        "/v1/districts",
        "/v1/kinds",
        "/v1/sensors",
        "/v1/streets",
        "/v1/buildings",
        "/v1/land",
        "/v1/event-types",
        "/v1/scenarios",
        "/v1/networks/{network}",
        "/v1/challenges",
        "/v1/challenges/{challenge}",
        "/v1/leaderboards/{challenge}",
        "/v1/leaderboards/{challenge}/compare",
        "/query",
    )
} | {
    ("POST", "/query"),
    ("POST", "/v1/devices"),
    ("POST", "/v1/worlds"),
    ("POST", "/v1/trials"),
    ("PUT", "/v1/editions/{edition}/declarations/{challenge}"),
}
"""Routes that speak of the city alone, or make something new of one's own."""

THEIR_DEVICE = {"id": "secret-roof-x", "name": "secret-name", "external": "secret-eui-x", "longitude": -7.45}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running_with(Simulators(), tmp_path_factory.mktemp("two")) as api:
        api.register.add("ben", by="test")
        api.secrets["ben"] = api.register.issue("ben", by="test")
        api.store.append(batch_of(series_of(api.city, "w-foreign"), range(3)))
        yield api


@pytest.fixture(scope="module")
def theirs(api: Api) -> Names:
    """What ben has: one of everything."""
    with api.client("ben") as ben:

        def make(path: str, body: dict, **params: str) -> dict:
            answer = ben.post(path, json=body, params=params)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else {}

        make("/v1/devices", THEIR_DEVICE | {"latitude": 33.62})
        api.register.change("ben", edition="shared", by="test")
        api.context.trials.editions.open("shared")
        declaration = {"version": "secret-version", "name": "secret-board", "digest": f"sha256:{'5' * 64}"}
        assert ben.put("/v1/editions/shared/declarations/air-alert", json=declaration).is_success
        make("/v1/telemetry", {"secret_level": 1}, device="secret-roof-x")
        assert ben.post("/v1/telemetry", params={"device": "secret-none"}, json={"a": 1}).status_code == 404
        make("/v1/pilots/ben/keys", {"name": "secret-key-x"})
        export = make("/v1/exports", {"world": "w-foreign", **RANGE})["id"]
        hook = make("/v1/webhooks", {"name": "secret-hook", "url": "https://example.org/", "condition": THRESHOLD})
        trial = make("/v1/trials", {"challenge": "air-alert"})["trial"]
        delivery = make(f"/v1/webhooks/{hook['id']}/test", {})["id"]
        wait_until(lambda: ben.get(f"/v1/exports/{export}").json()["state"] == "done", "it is written")
    return Names(
        pilot="ben",
        world="w-foreign",
        own="p-ben",
        device="secret-roof-x",
        external="secret-eui-x",
        key="secret-key-x",
        export=export,
        webhook=hook["id"],
        trial=trial,
        delivery=delivery,
    )


def nothing_like(names: Names) -> Names:
    """Names of the same lengths of which there is nothing."""
    return Names(
        pilot="bxn",
        world="w-foreigx",
        own="p-bxn",
        device="secret-roof-y",
        external="secret-eui-y",
        key="secret-key-y",
        export=names.export[:-8] + "0badbeef"[-8:],
        webhook=names.webhook[:-8] + "0badbeef",
        trial=names.trial[:-8] + "0badbeef",
        delivery=names.delivery[:-8] + "0badbeef",
    )


def test_every_route_that_a_pilot_may_call_is_looked_at() -> None:
    lists = {
        ("GET", row.path)
        for row in TABLE
        if row.path.replace("{pilot}", "test-pilot").replace("{edition}", "shared") in LISTS
    }
    looked_at = {*REQUESTS, *lists, *OF_NOBODY}
    assert {(row.method, row.path) for row in TABLE if Role.PILOT in row.own} <= looked_at
    assert looked_at <= {(row.method, row.path) for row in TABLE}


@pytest.mark.parametrize("path", LISTS)
def test_no_list_holds_anothers(api: Api, theirs: Names, path: str) -> None:
    with api.client("pilot") as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    words = ("secret", '"ben"', *vars(theirs).values())
    assert [word for word in words if word != "ben" and word in answer.text] == []


@pytest.mark.parametrize(("method", "path"), REQUESTS, ids=lambda word: word)
def test_anothers_is_answered_as_nothing_is(api: Api, theirs: Names, method: str, path: str) -> None:
    nothing = nothing_like(theirs)
    requests = REQUESTS[method, path]
    for name, word in (("name", "{key}"), ("sensor", "air-0001"), ("event", "e1"), ("command", "a1")):
        path = path.replace("{" + name + "}", word)
    with api.client("pilot") as client:
        for ask in requests:
            answers = [ask.send(client, method, path, names) for names in (theirs, nothing)]
            assert answers[0].status_code in {400, 403, 404, 422}, answers[0].text
            assert seen(answers[0], theirs) == seen(answers[1], nothing)
            assert "secret_level" not in answers[0].text


def test_anothers_delivery_is_not_found_by_a_webhook_of_ones_own(api: Api, theirs: Names) -> None:
    nothing = nothing_like(theirs)
    with api.client("pilot") as client:
        hook = client.post("/v1/webhooks", json={"url": "https://example.org/", "condition": THRESHOLD}).json()["id"]
        path = f"/v1/webhooks/{hook}/deliveries/"
        answers = [client.post(f"{path}{names.delivery}/retry") for names in (theirs, nothing)]
        assert client.get(path[:-1]).json()["items"] == []
        assert client.delete(f"/v1/webhooks/{hook}").status_code == 204
    assert answers[0].status_code == 404
    assert seen(answers[0], theirs) == seen(answers[1], nothing)


def test_a_websocket_says_of_anothers_what_it_says_of_nothing(api: Api, theirs: Names) -> None:
    nothing = nothing_like(theirs)
    with api.socket() as socket:
        assert json.loads(socket.recv(10)) == {"ready": "test-pilot"}
        for ask in SERIES:
            replies = []
            for names in (theirs, nothing):
                socket.send(json.dumps({"subscribe": "a"} | _filled(ask.params, vars(names))))
                replies.append(names.hidden(socket.recv(10)))
            assert "problem" in json.loads(replies[0])
            assert replies[0] == replies[1]


def seen(answer: httpx.Response, names: Names) -> tuple[int, dict[str, str], str]:
    """Return all there is to see of an answer, but for the second of the day and what whoever asks has said."""
    headers = {name: names.hidden(value) for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, headers, names.hidden(answer.text)


def test_names_are_free_whatever_others_have(api: Api, theirs: Names) -> None:
    with api.client("pilot") as client:
        made = client.post("/v1/devices", json=THEIR_DEVICE | {"latitude": 33.62})
        assert made.status_code == 201, made.text
        assert client.post("/v1/pilots/test-pilot/keys", json={"name": theirs.key}).status_code == 201
        replies = client.post("/v1/telemetry", json={"deviceInfo": {"devEui": theirs.external}, "object": {"level": 7}})
        assert replies.status_code == 200
        rows = client.get("/v1/latest", params={"world": "p-test-pilot"}).json()["items"]
        assert [(row["sensor"], row["property"], row["value"]) for row in rows] == [(theirs.device, "level", 7)]
        assert client.delete(f"/v1/devices/{theirs.device}").status_code == 204
        assert client.delete(f"/v1/pilots/test-pilot/keys/{theirs.key}").status_code == 204
    with api.client("ben") as ben:
        rows = ben.get("/v1/latest", params={"world": "p-ben"}).json()["items"]
        assert [(row["property"], row["value"]) for row in rows] == [("secret_level", 1)]
        assert ben.get(f"/v1/devices/{theirs.device}").json()["messages"] == 1


def test_ids_tell_nothing(api: Api) -> None:
    """Of 64 random bits or more, so that neither numbers nor times can be read from them."""
    with api.client("pilot") as client:
        for path, body in (
            ("/v1/exports", RANGE),
            ("/v1/webhooks", {"url": "https://example.org/", "condition": THRESHOLD}),
        ):
            made = [client.post(path, json=body).json()["id"] for _ in range(8)]
            numbers = [int("".join(sign for sign in id_ if sign in "0123456789abcdef")[-16:], 16) for id_ in made]
            assert all((one ^ other).bit_count() > 8 for one, other in itertools.pairwise(numbers))
            assert numbers != sorted(numbers)
            for id_ in made:
                assert client.delete(f"{path}/{id_}").status_code in {204, 409}


def test_what_was_tried_changed_nothing(api: Api, theirs: Names) -> None:
    with api.client("ben") as ben:
        assert ben.get(f"/v1/devices/{theirs.device}").json()["name"] == "secret-name"
        assert ben.get(f"/v1/webhooks/{theirs.webhook}").json()["enabled"] is True
        assert ben.get(f"/v1/exports/{theirs.export}").json()["state"] == "done"
        keys = ben.get("/v1/pilots/ben/keys").json()["items"]
        assert {(key["name"], key["revoked"]) for key in keys} == {("main", None), (theirs.key, None)}
