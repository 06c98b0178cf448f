"""Seeds of a trial that run side by side, in parts."""

from types import SimpleNamespace

import pytest

import sandbox.trials as command_line
import zenata.control.trials as trials_module
from sandbox.settings import Settings
from simulators.host.trials import recomputed
from tests.api.trials.hosting import FORECAST, SHORT, begin, play, refused, wait_for
from zenata.trials.receipt import check_receipt, read_receipt


def test_seeds_side_by_side_get_what_they_get_one_after_the_other(client, there):
    _, host = there
    numbers = [3, 5, 8]
    plain = begin(client, seeds=numbers)
    for number in numbers:
        play(client, plain, answers=[FORECAST] if number == 5 else [])
    before = wait_for(client, plain["trial"], "done")
    trial = begin(client, seeds=numbers, parallel=2)
    one, other = trial["parts"]
    first, second = (client.get(f"/v1/trials/{part}").json() for part in (one, other))
    assert (first["seeds"], second["seeds"], first["part_of"]) == (1, 2, trial["trial"])
    worlds = {wait_for(client, part, "running", world=True)["world"] for part in (one, other)}
    assert len(worlds) == 2  # both are there at once
    play(client, second, answers=[FORECAST])
    play(client, first)
    play(client, second)
    over = wait_for(client, trial["trial"], "done", "failed")
    assert [{**result, "seed": 0} for result in over["results"]] == [{**one, "seed": 0} for one in before["results"]]
    assert [result["seed"] for result in over["results"]] == [1, 2, 3]
    assert (over["score"], over["baselines"]) == (before["score"], before["baselines"])
    assert (over["numbers"], over["seeds_done"], over["commitment"]) == (numbers, 3, before["commitment"])
    receipt = read_receipt(client.get(f"/v1/trials/{trial['trial']}/receipt").content)
    check_receipt(receipt)
    assert [recomputed(host.city, SHORT, seed).points for seed in receipt.evidence] == [0, 1, 0]
    report = client.get(f"/v1/trials/{trial['trial']}/report").json()
    assert len(report["exhibits"]) == 3


def test_parts_are_trials_without_a_place_on_any_list(client):
    trial = begin(client, seeds=[1, 2], parallel=4)
    assert (trial["phase"], len(trial["parts"])) == ("running", 2)  # no more parts than seeds
    listed = [one["trial"] for one in client.get("/v1/trials").json()["items"]]
    assert trial["trial"] in listed
    assert not set(trial["parts"]) & set(listed)
    for route, body in (("step", {}), ("answers", {"answers": []})):
        response = client.post(f"/v1/trials/{trial['trial']}/{route}", json=body)
        assert refused(response) == ("trial-conflict", "conflict")
        assert trial["parts"][0] in response.json()["detail"]
    full = client.post("/v1/trials", json={"challenge": "short", "parallel": 3})
    assert refused(full)[0] == "trial-limit"
    client.delete(f"/v1/trials/{trial['trial']}")
    phases = [client.get(f"/v1/trials/{part}").json()["phase"] for part in trial["parts"]]
    assert phases == ["cancelled", "cancelled"]


def test_a_part_that_is_cancelled_ends_its_trial(client):
    trial = begin(client, seeds=[1, 2], parallel=2)
    client.delete(f"/v1/trials/{trial['parts'][1]}")
    over = wait_for(client, trial["trial"], "cancelled", "done")
    assert trial["parts"][1] in over["reason"]
    assert wait_for(client, trial["parts"][0], "cancelled", "done")["phase"] == "cancelled"


def test_parts_of_a_graded_trial_show_nothing_and_are_one_attempt(client, there, monkeypatch):
    monkeypatch.setattr(trials_module, "MAX_SEEDS", 2)
    monkeypatch.setattr(trials_module, "MAX_GRADED", 1)
    there[0].register.change("test-pilot", edition="parts", by="test")
    trial = begin(client, challenge="short", mode="graded", seeds=None, parallel=2, name="Side by side")
    one, other = trial["parts"]
    play(client, client.get(f"/v1/trials/{one}").json(), answers=[FORECAST])
    over = wait_for(client, one, "done")
    assert (over["results"], over["score"], over["baselines"], over["numbers"]) == ([], None, {}, None)
    for document in ("report", "receipt"):
        assert refused(client.get(f"/v1/trials/{one}/{document}")) == ("trial-conflict", "conflict")
    assert client.get(f"/v1/trials/{trial['trial']}").json()["results"] == []
    assert client.get("/v1/leaderboards/short").json()["items"] == []
    play(client, client.get(f"/v1/trials/{other}").json())
    assert wait_for(client, trial["trial"], "done")["score"]["mean"] == 0.5
    (standing,) = client.get("/v1/leaderboards/short").json()["items"]
    assert (standing["name"], standing["attempts"], standing["mean"]) == ("Side by side", 1, 0.5)
    again = client.post("/v1/trials", json={"challenge": "short", "mode": "graded"})
    assert refused(again)[0] == "trial-limit"


@pytest.mark.parametrize("killed", [False, True])
def test_readings_go_the_way_that_a_step_was_asked_for(client, there, killed):
    api, host = there
    trial = begin(client)
    world = wait_for(client, trial["trial"], "running", world=True)["world"]

    def published() -> int:
        return sum("/telemetry/" in topic for topic, _ in host.hosted[world].broker.published)

    items = client.post(trial["step_url"], json={"step": 1}).json()["items"]
    assert items
    assert published() == 0
    api.context.trials.register.answer(trial["trial"], "test-pilot", trials_module.NewAnswers(step=1, next=True))
    wait_for(client, trial["trial"], "running", step=2)
    by_message = published()
    assert by_message > 0
    if killed:
        host.kill(world)
        client.post(trial["step_url"], json={"step": 2})  # waits until it is where it was
        assert published() >= by_message
    before = published()
    assert client.post(trial["step_url"], json={"step": 3}).json()["items"]
    assert published() == before


def test_services_start_as_their_parts_get_places_in_whichever_order(monkeypatch):
    """Two operators with four places waited for ever, each for a part that was behind one of the other's."""
    started: list[str] = []

    def ask(_settings, path: str, *, user: str) -> dict:
        has_place = path.endswith("second") or "second" in started
        if path.endswith("over"):
            return {"world": None, "phase": "done", "place": None}
        return {"world": "w" if has_place else None, "phase": "running" if has_place else "queued", "place": 3}

    def start(_settings, _key, _trial, played: str, _command) -> SimpleNamespace:
        started.append(played)
        return SimpleNamespace(poll=lambda: None)

    monkeypatch.setattr(command_line, "ask", ask)
    monkeypatch.setattr(command_line, "start_service", start)
    said: list[str] = []
    services: dict = {}
    trial = {"trial": "t-1", "parts": ["over", "first", "second"]}
    command_line.start_services(Settings(), "demo", "key", trial, "command", services, said.append)
    assert started == list(services) == ["second", "first"]
    assert said == ["first waits for room: trials before it: 3"]


def test_a_service_that_ends_before_its_part_ends_the_waiting_for_the_others(monkeypatch):
    first = {"world": "w", "phase": "running", "place": None}
    monkeypatch.setattr(
        command_line, "ask", lambda _, path, *, user: first if "first" in path else {**first, "world": None}
    )
    monkeypatch.setattr(command_line, "start_service", lambda *_: SimpleNamespace(poll=lambda: 1))
    services: dict = {}
    trial = {"trial": "t-1", "parts": ["first", "second"]}
    command_line.start_services(Settings(), "demo", "key", trial, "command", services, print)
    assert list(services) == ["first"]
