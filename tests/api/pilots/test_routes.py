"""Pilots over HTTP: invited, throttled, suspended, and with keys that are shown once."""

import httpx

from tests.api.documents import conforming
from tests.api.running import Api
from zenata.contract.base import Page
from zenata.contract.pilots import Budget, IssuedKey, Key, Me, Pilot, PilotWithKey


def holder(api: Api, key: str) -> httpx.Client:
    return httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def invite(admin: httpx.Client, name: str, **about: object) -> PilotWithKey:
    answer = admin.post("/v1/pilots", json={"name": name, **about})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/pilots/{name}"
    return conforming(answer.json(), PilotWithKey)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_whoever_is_invited_comes_in_at_once(api: Api, admin: httpx.Client) -> None:
    made = invite(admin, "aqua", contact="lina@example.org", theme="water", edition="2026", quotas={"worlds": 2})
    with holder(api, made.issued.key) as aqua:
        me = conforming(aqua.get("/v1/me").json(), Me)
        assert (me.name, me.role, me.key, me.theme, me.quotas.worlds) == ("aqua", "pilot", "main", "water", 2)
        assert conforming(aqua.get("/v1/pilots/aqua").json(), Pilot).contact == "lina@example.org"
    listed = admin.get("/v1/pilots")
    assert "aqua" in {pilot.name for pilot in conforming(listed.json(), Page[Pilot]).items}
    assert made.issued.key not in listed.text


def test_a_pilot_that_cannot_be_is_not_half_made(admin: httpx.Client) -> None:
    for body in (
        {"name": "Not so"},
        {"name": "broken", "scopes": []},
        {"name": "broken", "expires": "yesterday"},
        {"name": "broken", "expires": "2020-01-01T00:00:00Z"},
        {"name": "broken", "actuators": ["air-9999"]},
        {"name": "broken", "quotas": {"wishes": 3}},
    ):
        assert problem(admin.post("/v1/pilots", json=body)) == (422, "invalid-parameter"), body
    assert problem(admin.get("/v1/pilots/broken")) == (404, "unknown-pilot")
    invite(admin, "twice")
    assert problem(admin.post("/v1/pilots", json={"name": "twice"})) == (409, "pilot-conflict")


def test_a_quota_holds_and_is_named(api: Api, admin: httpx.Client) -> None:
    key = invite(admin, "busy", quotas={"requests_per_minute": 2}).issued.key
    with holder(api, key) as busy:
        assert [busy.get("/v1/city").status_code for _ in range(3)] == [200, 200, 429]
        over = busy.get("/v1/city")
        assert (over.json()["quota"], problem(over)) == ("requests_per_minute", (429, "over-quota"))
        assert 0 < int(over.headers["retry-after"]) <= 60
        admin.patch("/v1/pilots/busy", json={"quotas": {"requests_per_minute": 60000}}).raise_for_status()
        busy.get("/v1/city")
        assert admin.get("/v1/pilots/busy").json()["quotas"]["requests_per_minute"] == 60000


def test_suspended_nobody_comes_in_until_resumed(api: Api, admin: httpx.Client) -> None:
    key = invite(admin, "loud").issued.key
    with holder(api, key) as loud, api.client("engineer") as engineer:
        suspended = engineer.post("/v1/pilots/loud/suspend", json={"reason": "too loud"})
        assert conforming(suspended.json(), Pilot).reason == "too loud"
        answer = loud.get("/v1/city")
        assert problem(answer) == (401, "no-key")
        assert "suspended" in answer.json()["detail"]
        assert engineer.post("/v1/pilots/loud/resume").json()["suspended"] is None
        assert loud.get("/v1/city").status_code == 200
        assert problem(engineer.post("/v1/pilots/test-admin/suspend", json={"reason": "x"})) == (403, "wrong-role")
        assert problem(admin.post("/v1/pilots/test-admin/suspend", json={"reason": "x"})) == (409, "pilot-conflict")


def test_a_key_manages_none_that_is_good_for_more_or_longer(api: Api, admin: httpx.Client) -> None:
    def make(client: httpx.Client, **body: object) -> httpx.Response:
        return client.post("/v1/pilots/brief/keys", json=body)

    with holder(api, invite(admin, "brief").issued.key) as main:
        soon = "2099-01-01T00:00:00Z"
        keys = {
            "ends": make(main, name="ends", expires=soon).json()["key"],
            "writes": make(main, name="writes", scopes=["write"]).json()["key"],
        }
    for name, client in ((name, holder(api, key)) for name, key in keys.items()):
        with client:
            assert problem(make(client, name="more")) == (403, "wrong-scope")
            assert problem(client.delete("/v1/pilots/brief/keys/main")) == (403, "wrong-scope")
            assert problem(client.post("/v1/pilots/brief/keys/main/rotate")) == (403, "wrong-scope")
            assert make(client, name=f"{name}-too", scopes=["write"], expires=soon).status_code == 201
            assert client.delete(f"/v1/pilots/brief/keys/{name}-too").status_code == 204
            assert client.delete("/v1/pilots/brief/keys/no-such").status_code == 404
            assert client.delete(f"/v1/pilots/brief/keys/{name}").status_code == 204


def test_an_administrators_key_gives_itself_no_more_either(api: Api, admin: httpx.Client) -> None:
    name = admin.get("/v1/me").json()["name"]
    writes = admin.post(f"/v1/pilots/{name}/keys", json={"name": "writes", "scopes": ["write"]}).json()["key"]
    with holder(api, writes) as client:
        assert problem(client.post(f"/v1/pilots/{name}/keys", json={"name": "all"})) == (403, "wrong-scope")
        assert invite(client, "by-writes").name == "by-writes"
    entries = admin.get("/v1/audit", params={"who": name, "limit": 2}).json()["items"]
    assert {(entry["what"], entry["detail"]["key"]) for entry in entries} == {
        ("pilot.add", "writes"),
        ("key.issue", "writes"),
    }
    assert admin.delete(f"/v1/pilots/{name}/keys/writes").status_code == 204


def test_a_pilot_manages_its_own_keys(api: Api, admin: httpx.Client) -> None:
    with holder(api, invite(admin, "keys").issued.key) as pilot:
        made = pilot.post("/v1/pilots/keys/keys", json={"name": "web", "scopes": ["read"]})
        web = conforming(made.json(), IssuedKey)
        assert problem(pilot.post("/v1/pilots/keys/keys", json={"name": "web"})) == (409, "pilot-conflict")
        with holder(api, web.key) as reader:
            assert reader.get("/v1/city").status_code == 200
            assert problem(reader.post("/v1/devices", json={"id": "roof"})) == (403, "wrong-scope")
            assert problem(reader.post("/v1/pilots/keys/keys", json={"name": "more"})) == (403, "wrong-scope")
            fresh = conforming(pilot.post("/v1/pilots/keys/keys/web/rotate").json(), IssuedKey)
            assert problem(reader.get("/v1/city")) == (401, "no-key")
        with holder(api, fresh.key) as reader:
            assert reader.get("/v1/city").status_code == 200
            assert pilot.delete("/v1/pilots/keys/keys/web").status_code == 204
            assert problem(reader.get("/v1/city")) == (401, "no-key")
        assert problem(pilot.delete("/v1/pilots/keys/keys/web")) == (404, "unknown-key")
        listed = pilot.get("/v1/pilots/keys/keys")
        assert [key.state for key in conforming(listed.json(), Page[Key]).items] == ["revoked", "revoked", "live"]
        assert fresh.key not in listed.text


def test_whose_a_found_key_is_can_be_looked_up(api: Api, admin: httpx.Client) -> None:
    key = invite(admin, "lost").issued.key
    found = conforming(admin.get("/v1/keys", params={"prefix": key[:9]}).json(), Page[Key]).items
    assert [(one.pilot, one.name) for one in found] == [("lost", "main")]
    assert admin.get("/v1/keys", params={"prefix": "zk_%"}).json()["items"] == []


def test_a_budget_is_granted_and_spent(api: Api, admin: httpx.Client) -> None:
    with holder(api, invite(admin, "rich").issued.key) as rich:
        for amount in (200_000, -50.5):
            entered = admin.post("/v1/pilots/rich/budget", json={"amount": amount, "date": "2026-11-23", "note": "x"})
            assert entered.status_code == 201, entered.text
        budget = conforming(rich.get("/v1/pilots/rich/budget").json(), Budget)
        assert (budget.granted, budget.spent, budget.left) == (200_000, 50.5, 199_949.5)
        for amount in (0.01, -199_949.51):
            refused = admin.post("/v1/pilots/rich/budget", json={"amount": amount, "date": "2026-11-23"})
            assert problem(refused) == (409, "pilot-conflict")
        assert problem(rich.post("/v1/pilots/rich/budget", json={"amount": 1, "date": "2026-11-23"}))[0] == 403
