"""Editions: a frozen set that is committed to, declared for, run once, and final when the edition is closed."""

import pytest

import zenata.control.editions as editions_module
import zenata.control.trials as trials_module
from simulators.host.trials import recomputed
from tests.api.trials.hosting import FORECAST, SHORT, begin, refused, step, wait_for
from zenata.trials.receipt import check_receipt, read_receipt
from zenata.trials.seeds import commitment_of
from zenata_client import Client


@pytest.fixture
def edition(there, request, monkeypatch):
    """The name of an edition that two pilots are in; its frozen set and graded trials have two seeds."""
    api, _ = there
    monkeypatch.setattr(editions_module, "FROZEN", 2)
    monkeypatch.setattr(trials_module, "MAX_SEEDS", 2)
    monkeypatch.setattr(trials_module, "MAX_GRADED", 100)
    if "second" not in {pilot.name for pilot in api.register.pilots()}:
        api.register.add("second", by="test")
        api.secrets["second"] = api.register.issue("second", by="test")
    for pilot in ("test-pilot", "second"):
        api.register.change(pilot, edition=request.node.name[:80], by="test")
    return request.node.name[:80]


@pytest.fixture
def admin(there):
    """A client of an administrator."""
    with there[0].client("admin") as admin:
        yield admin


@pytest.fixture
def second(there, edition):
    """A client of another pilot."""
    with there[0].client("second") as second:
        second.timeout = 120
        yield second


def run(client, trial: str, answers: int) -> None:
    """Play both seeds of a trial, with answers at so many steps."""
    document = client.get(f"/v1/trials/{trial}").json()
    for _ in range(2):
        for number in range(1, document["steps"] + 1):
            step(client, document, answers=[FORECAST] if 0 < number - 1 - document["warm_up"] <= answers else [])
        step(client, document)


def test_declared_versions_run_the_frozen_set_once_and_stand_on_the_final_board(client, second, admin, there, edition):
    api, host = there
    url, mine = f"/v1/editions/{edition}", {"version": "v1.2", "name": "Aqua Final"}
    assert client.get(url).json()["phase"] == "unopened"
    early = client.put(f"{url}/declarations/short", json=mine)
    assert refused(early) == ("trial-conflict", "conflict")
    opened = admin.post(f"{url}/open")
    assert (opened.status_code, opened.headers["location"]) == (201, url)
    commitment = client.get(url).json()["commitment"]
    assert commitment == opened.json()["commitment"]
    assert refused(admin.post(f"{url}/open")) == ("trial-conflict", "conflict")

    attempt = begin(client, challenge="short", mode="graded", seeds=None, name="Aqua Final")
    run(client, attempt["trial"], answers=7)
    wait_for(client, attempt["trial"], "done")
    assert client.put(f"{url}/declarations/short", json={"version": "v1.1"}).status_code == 200
    declared = client.put(f"{url}/declarations/short", json=mine).json()
    assert (declared["version"], declared["name"], declared["trial"]) == ("v1.2", "Aqua Final", None)
    taken = second.put(f"{url}/declarations/short", json={"version": "1", "name": "Aqua Final"})
    assert refused(taken) == ("trial-conflict", "conflict")
    assert second.put(f"{url}/declarations/short", json={"version": "sha256:ab"}).json()["name"] == "second"
    assert [one["pilot"] for one in client.get(url).json()["declarations"]] == ["test-pilot"]
    assert [one["pilot"] for one in admin.get(url).json()["declarations"]] == ["second", "test-pilot"]
    assert refused(admin.post(f"{url}/close")) == ("trial-conflict", "conflict")  # what was declared has not run

    frozen = admin.post(f"{url}/freeze").json()
    assert frozen["phase"] == "frozen"
    runs = {one["pilot"]: one["trial"] for one in frozen["declarations"]}
    assert refused(admin.post(f"{url}/freeze")) == ("trial-conflict", "conflict")
    assert refused(client.put(f"{url}/declarations/short", json=mine)) == ("trial-conflict", "conflict")
    again = client.post("/v1/trials", json={"challenge": "short", "mode": "graded"})
    assert refused(again) == ("trial-conflict", "conflict")
    rows = [api.context.trials.register.trial(runs[pilot]) for pilot in ("test-pilot", "second")]
    assert rows[0].drawn == rows[1].drawn
    assert commitment_of(rows[0].drawn) == commitment

    run(client, runs["test-pilot"], answers=2)
    over = wait_for(client, runs["test-pilot"], "done")
    assert (over["mode"], over["version"], over["commitment"]) == ("graded", "v1.2", commitment)
    assert (over["results"], over["score"], over["baselines"], over["numbers"]) == ([], None, {}, None)
    for document in ("report", "receipt"):
        early = client.get(f"/v1/trials/{runs['test-pilot']}/{document}")
        assert refused(early) == ("trial-conflict", "early")
    assert refused(admin.post(f"{url}/close")) == ("trial-conflict", "conflict")  # one is under way
    assert [one["mean"] for one in client.get("/v1/leaderboards/short").json()["items"]] == [7.0]  # still the attempts
    run(second, runs["second"], answers=5)
    wait_for(second, runs["second"], "done")
    assert admin.post(f"{url}/close").status_code == 204

    board = client.get("/v1/leaderboards/short").json()
    assert board["final"]
    assert [(one["name"], one["mean"], one["attempts"], one["luck"]) for one in board["items"]] == [
        ("second", 5.0, 1, 0.0),
        ("Aqua Final", 2.0, 1, 0.0),
    ]
    shown = client.get(f"/v1/trials/{runs['test-pilot']}").json()
    assert shown["score"]["mean"] == 2.0
    assert shown["numbers"] == [seed.number for seed in rows[0].drawn]
    receipt = read_receipt(client.get(f"/v1/trials/{runs['test-pilot']}/receipt").content)
    facts = check_receipt(receipt)
    assert (facts.version, facts.commitment, facts.mean) == ("v1.2", commitment, 2.0)
    assert [recomputed(host.city, SHORT, seed).points for seed in receipt.evidence] == [2.0, 2.0]
    assert client.get(url).json()["phase"] == "closed"
    assert refused(admin.post(f"{url}/open")) == ("trial-conflict", "conflict")


def test_a_run_of_the_frozen_set_that_was_cancelled_is_spent_and_never_ranks(client, admin, edition):
    url = f"/v1/editions/{edition}"
    admin.post(f"{url}/open")
    client.put(f"{url}/declarations/short", json={"version": "1"})
    (declared,) = admin.post(f"{url}/freeze").json()["declarations"]
    trial = client.get(f"/v1/trials/{declared['trial']}").json()
    step(client, trial)
    client.delete(f"/v1/trials/{trial['trial']}")
    assert refused(admin.post(f"{url}/freeze")) == ("trial-conflict", "conflict")
    assert admin.post(f"{url}/close").status_code == 204
    assert client.get("/v1/leaderboards/short").json() == {
        "challenge": "short", "edition": edition, "items": [], "final": True,
    }  # fmt: skip


def test_runs_of_the_frozen_set_take_no_place_among_the_trials_of_a_pilot(client, admin, edition, monkeypatch):
    url = f"/v1/editions/{edition}"
    monkeypatch.setattr(trials_module, "MAX_TRIALS", 1)
    admin.post(f"{url}/open")
    client.put(f"{url}/declarations/short", json={"version": "1"})
    first = begin(client)
    assert admin.post(f"{url}/freeze").status_code == 200  # practice goes on
    client.delete(f"/v1/trials/{first['trial']}")
    begin(client)


def test_who_may_not_and_what_cannot_be_declared_is_refused(client, admin, edition, there):
    url = f"/v1/editions/{edition}"
    for verb in ("open", "freeze", "close"):
        assert refused(client.post(f"{url}/{verb}"))[0] == "wrong-role"
    assert refused(admin.post(f"{url}/freeze")) == ("trial-conflict", "conflict")
    admin.post(f"{url}/open")
    assert refused(client.put(f"{url}/declarations/none", json={"version": "1"}))[0] == "unknown-challenge"
    assert refused(client.put("/v1/editions/other/declarations/short", json={"version": "1"}))[0] == "trial-conflict"
    for body in (
        {},
        {"version": ""},
        {"version": "x" * 201},
        {"version": "a\nb"},
        {"version": "1", "name": "test-guest"},
    ):
        response = client.put(f"{url}/declarations/short", json=body)
        assert response.status_code in (400, 409, 422), body
    assert client.get(url).json()["declarations"] == []
    with (
        Client(there[0].url, there[0].secrets["pilot"]) as pilot,
        Client(there[0].url, there[0].secrets["admin"]) as saz,
    ):
        assert pilot.edition(edition).phase == "open"
        assert pilot.declare_version(edition, "short", "v2", name="Lumen").version == "v2"
        assert [one.pilot for one in saz.freeze_edition(edition).declarations] == ["test-pilot"]
        assert saz.open_edition(f"{edition}-next"[-80:]).seeds == 2
    there[0].register.change("test-pilot", edition="", by="test")
    nowhere = client.put(f"{url}/declarations/short", json={"version": "1"})
    assert "in no edition" in nowhere.json()["detail"]
