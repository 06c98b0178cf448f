"""Editions: a frozen set that is committed to, declared for, run once, and final when the edition is closed."""

import json
import sys
from contextlib import ExitStack
from hashlib import sha256

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

import zenata.control.editions as editions_module
import zenata.control.trials as trials_module
from sandbox.cli.main import app
from sandbox.running import Running
from simulators.host.trials import recomputed
from tests.api.trials.hosting import FIRST, FORECAST, SHORT, STEPS, begin, refused, step, wait_for
from zenata.trials.receipt import check_receipt, read_receipt
from zenata.trials.seeds import commitment_of
from zenata_client import Client

DIGEST = f"sha256:{'5' * 64}"
SERVICE = """
from zenata_client import Client
with Client() as client:
    for step in client.trial("short"):
        if not step.warm_up:
            step.answer(forecasts=[])
"""


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


@pytest.fixture
def players(there):
    """Returns a client of the pilot that was made to play a run."""
    api, _ = there
    with ExitStack() as stack:

        def player(name: str):
            api.secrets[name] = api.register.issue(name, by="test")
            api.register.resume(name, by="test")
            client = stack.enter_context(api.client(name))
            client.timeout = 120
            return client

        yield player


def run(client, trial: str, answers: int) -> None:
    """Play both seeds of a trial, each part by itself, with answers at so many steps of each."""
    document = client.get(f"/v1/trials/{trial}").json()
    for part in document["parts"]:
        run(client, part, answers)
    for _ in range(0 if document["parts"] else document["seeds"]):
        for number in range(1, document["steps"] + 1):
            step(client, document, answers=[FORECAST] if 0 < number - 1 - document["warm_up"] <= answers else [])
        step(client, document)


def test_declared_versions_run_the_frozen_set_once_and_stand_on_the_final_board(
    client, second, admin, players, there, edition
):
    api, host = there
    url, mine = f"/v1/editions/{edition}", {"version": "v1.2", "name": "Aqua Final", "digest": DIGEST}
    assert client.get(url).json()["phase"] == "unopened"
    early = client.put(f"{url}/declarations/short", json=mine)
    assert refused(early) == ("trial-conflict", "conflict")
    elsewhere = client.put(f"{url}/declarations/street-lighting", json=mine)
    assert (refused(elsewhere)[0], elsewhere.json()["parameter"]) == ("invalid-parameter", "challenge")
    opened = admin.post(f"{url}/open")
    assert (opened.status_code, opened.headers["location"]) == (201, url)
    commitment = client.get(url).json()["commitment"]
    assert commitment == opened.json()["commitment"]
    assert refused(admin.post(f"{url}/open")) == ("trial-conflict", "conflict")

    attempt = begin(client, challenge="short", mode="graded", seeds=None, name="Aqua Final")
    run(client, attempt["trial"], answers=7)
    wait_for(client, attempt["trial"], "done")
    assert client.put(f"{url}/declarations/short", json={"version": "v1.1", "digest": DIGEST}).status_code == 200
    declared = client.put(f"{url}/declarations/short", json=mine).json()
    assert (declared["version"], declared["name"], declared["digest"]) == ("v1.2", "Aqua Final", DIGEST)
    assert declared["trial"] is declared["player"] is None
    taken = second.put(f"{url}/declarations/short", json={"version": "1", "name": "Aqua Final", "digest": DIGEST})
    assert refused(taken) == ("trial-conflict", "conflict")
    assert second.put(f"{url}/declarations/short", json={"version": "2", "digest": DIGEST}).json()["name"] == "second"
    assert [one["pilot"] for one in client.get(url).json()["declarations"]] == ["test-pilot"]
    assert [one["pilot"] for one in admin.get(url).json()["declarations"]] == ["second", "test-pilot"]
    assert refused(admin.post(f"{url}/close")) == ("trial-conflict", "conflict")  # what was declared has not run

    frozen = admin.post(f"{url}/freeze").json()
    assert frozen["phase"] == "frozen"
    runs = {one["pilot"]: one["trial"] for one in frozen["declarations"]}
    plays = {one["pilot"]: players(one["player"]) for one in frozen["declarations"]}
    assert refused(admin.post(f"{url}/freeze")) == ("trial-conflict", "conflict")
    assert refused(client.put(f"{url}/declarations/short", json=mine)) == ("trial-conflict", "conflict")
    again = client.post("/v1/trials", json={"challenge": "short", "mode": "graded"})
    assert refused(again) == ("trial-conflict", "conflict")
    rows = [api.context.trials.register.trial(runs[pilot]) for pilot in ("test-pilot", "second")]
    assert rows[0].drawn == rows[1].drawn
    assert commitment_of(rows[0].drawn) == commitment

    run(plays["test-pilot"], runs["test-pilot"], answers=2)
    over = wait_for(plays["test-pilot"], runs["test-pilot"], "done")
    assert (over["mode"], over["version"], over["commitment"]) == ("graded", f"v1.2 {DIGEST}", commitment)
    assert len(over["parts"]) == 2  # side by side
    assert (over["results"], over["score"], over["baselines"], over["numbers"]) == ([], None, {}, None)
    for document in ("report", "receipt"):
        early = plays["test-pilot"].get(f"/v1/trials/{runs['test-pilot']}/{document}")
        assert refused(early) == ("trial-conflict", "early")
    waits = admin.post(f"{url}/close")
    assert refused(waits) == ("trial-conflict", "conflict")
    assert f"under way ({runs['second']} of " in waits.json()["detail"]
    assert [one["mean"] for one in client.get("/v1/leaderboards/short").json()["items"]] == [7.0]  # still the attempts
    run(plays["second"], runs["second"], answers=5)
    wait_for(plays["second"], runs["second"], "done")
    assert admin.post(f"{url}/close").status_code == 204

    board = client.get("/v1/leaderboards/short").json()
    assert board["final"]
    assert [(one["name"], one["mean"], one["attempts"], one["luck"]) for one in board["items"]] == [
        ("second", 5.0, 1, 0.0),
        ("Aqua Final", 2.0, 1, 0.0),
    ]
    assert plays["second"].get("/v1/me").status_code in (401, 403)  # it was for this run
    shown = client.get(f"/v1/trials/{runs['test-pilot']}").json()
    assert shown["score"]["mean"] == 2.0
    assert shown["numbers"] == [seed.number for seed in rows[0].drawn]
    receipt = read_receipt(client.get(f"/v1/trials/{runs['test-pilot']}/receipt").content)
    facts = check_receipt(receipt)
    assert (facts.version, facts.pilot, facts.commitment) == (f"v1.2 {DIGEST}", "test-pilot", commitment)
    assert facts.mean == 2.0
    assert [recomputed(host.city, SHORT, seed).points for seed in receipt.evidence] == [2.0, 2.0]
    assert client.get(url).json()["phase"] == "closed"
    assert refused(admin.post(f"{url}/open")) == ("trial-conflict", "conflict")


def test_who_declared_a_version_has_no_way_into_its_run(client, second, admin, players, edition):
    """So what plays is what the operator runs, and nothing that was read in one run can reach another."""
    url = f"/v1/editions/{edition}"
    admin.post(f"{url}/open")
    client.put(f"{url}/declarations/short", json={"version": "1", "digest": DIGEST})
    (declared,) = admin.post(f"{url}/freeze").json()["declarations"]
    player = players(declared["player"])
    part = player.get(f"/v1/trials/{declared['trial']}").json()["parts"][0]
    step(player, player.get(f"/v1/trials/{part}").json())
    for other in (client, second):
        for trial in (declared["trial"], part):
            path = f"/v1/trials/{trial}"
            found = other.get(path), other.delete(path), other.get(f"{path}/report"), other.get(f"{path}/receipt")
            assert {refused(one)[0] for one in found} == {"unknown-trial"}
            assert refused(other.post(f"{path}/step", json={}))[0] == "unknown-trial"
            assert refused(other.post(f"{path}/answers", json={"answers": [FORECAST]}))[0] == "unknown-trial"
        assert declared["trial"] not in other.get("/v1/trials").text
        assert part not in other.get("/v1/worlds").text
        key = other.post(f"/v1/pilots/{declared['player']}/keys", json={"name": "mine"})
        assert key.status_code in (403, 404)
    admin.delete(f"/v1/trials/{declared['trial']}")
    assert admin.post(f"{url}/close").status_code == 204


def test_a_run_of_the_frozen_set_that_was_cancelled_is_spent_and_never_ranks(client, admin, players, edition):
    url = f"/v1/editions/{edition}"
    admin.post(f"{url}/open")
    client.put(f"{url}/declarations/short", json={"version": "1", "digest": DIGEST})
    (declared,) = admin.post(f"{url}/freeze").json()["declarations"]
    player = players(declared["player"])
    trial = player.get(f"/v1/trials/{declared['trial']}").json()
    step(player, player.get(f"/v1/trials/{trial['parts'][0]}").json())
    player.delete(f"/v1/trials/{trial['trial']}")
    assert refused(admin.post(f"{url}/freeze")) == ("trial-conflict", "conflict")
    assert admin.post(f"{url}/close").status_code == 204
    assert client.get("/v1/leaderboards/short").json() == {
        "challenge": "short", "edition": edition, "items": [], "final": True,
    }  # fmt: skip


def test_runs_of_the_frozen_set_take_no_place_among_the_trials_of_a_pilot(client, admin, edition, monkeypatch):
    url = f"/v1/editions/{edition}"
    monkeypatch.setattr(trials_module, "MAX_TRIALS", 1)
    admin.post(f"{url}/open")
    client.put(f"{url}/declarations/short", json={"version": "1", "digest": DIGEST})
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
    assert (
        refused(client.put(f"{url}/declarations/none", json={"version": "1", "digest": DIGEST}))[0]
        == "unknown-challenge"
    )
    assert (
        refused(client.put("/v1/editions/other/declarations/short", json={"version": "1", "digest": DIGEST}))[0]
        == "trial-conflict"
    )
    for body in (
        {"digest": DIGEST},
        {"version": "1"},
        {"version": "1", "digest": "sha256:ab"},
        {"version": "1", "digest": DIGEST.upper()},
        {"version": "", "digest": DIGEST},
        {"version": "x" * 121, "digest": DIGEST},
        {"version": "a\nb", "digest": DIGEST},
        {"version": "1", "name": "test-guest", "digest": DIGEST},
    ):
        response = client.put(f"{url}/declarations/short", json=body)
        assert response.status_code in (400, 409, 422), body
    assert client.get(url).json()["declarations"] == []
    with (
        Client(there[0].url, there[0].secrets["pilot"]) as pilot,
        Client(there[0].url, there[0].secrets["admin"]) as saz,
    ):
        assert pilot.edition(edition).phase == "open"
        assert pilot.declare_version(edition, "short", "v2", digest=DIGEST, name="Lumen").digest == DIGEST
        assert [one.pilot for one in saz.freeze_edition(edition).declarations] == ["test-pilot"]
        assert saz.open_edition(f"{edition}-next"[-80:]).seeds == 2
    there[0].register.change("test-pilot", edition="", by="test")
    nowhere = client.put(f"{url}/declarations/short", json={"version": "1", "digest": DIGEST})
    assert "in no edition" in nowhere.json()["detail"]


def test_the_operator_plays_what_was_declared_and_nothing_else(there, edition, tmp_path):
    """By the command line: a pilot declares a file, and the operator runs that, and neither another nor an image."""
    api, _ = there
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(Running(http=api.url)))
    (tmp_path / "demo.key").write_text(api.secrets["pilot"])
    (tmp_path / "admin.key").write_text(api.secrets["admin"])
    service, other = tmp_path / "service.py", tmp_path / "other.py"
    service.write_text(SERVICE)
    other.write_text(SERVICE + "\n")

    def zenata(*words: str) -> Result:
        return CliRunner().invoke(app, ["edition", *words, "--data-dir", str(tmp_path)])

    zenata("open", edition)
    assert zenata("declare", edition, "short", "--version", "1").exit_code == 2  # of nothing
    declared = zenata("declare", edition, "short", "--version", "1", "--file", str(service))
    assert json.loads(declared.output)["digest"] == f"sha256:{sha256(service.read_bytes()).hexdigest()}"
    play = ("play", edition, "test-pilot", "short", "--exec", f"{sys.executable} {{file}}")
    assert "no run of short" in str(zenata(*play, "--file", str(service)).exception)  # it is not frozen yet
    assert "test-pilot" in zenata("freeze", edition).output
    assert "is not what test-pilot declared" in str(zenata(*play, "--file", str(other)).exception)
    assert "by the digest that was declared" in str(zenata(*play).exception)
    done = zenata(*play, "--file", str(service))
    assert (done.exit_code, done.output.strip().endswith("is done")) == (0, True), done.output
    (player,) = [one.name for one in api.register.pilots() if one.name.startswith("run-") and one.edition == edition]
    assert [key.revoked is None for key in api.register.keys(player)] == [False]
    assert zenata("close", edition).exit_code == 0
    with api.client() as client:
        assert client.get("/v1/leaderboards/short").json()["items"][0]["mean"] == STEPS - FIRST
