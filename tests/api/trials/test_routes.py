"""Trials over HTTP, with worlds of their own."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

import simulators.trials
import zenata.control.trials as trials_module
from simulators.host.trials import recomputed
from tests.api.trials.hosting import FIRST, FORECAST, LAMPS, SHORT, STEPS, begin, play, refused, step, steps, wait_for
from zenata.trials.receipt import check_receipt, city_digest, read_receipt
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import commitment_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_trial_goes_step_by_step_to_a_score(client):
    trial = begin(client, seeds=[1, 2])
    assert (trial["phase"], trial["seeds"], trial["steps"], trial["warm_up"]) == ("queued", 2, STEPS, FIRST)
    seen = []
    for seed in (1, 2):
        for number in range(1, STEPS + 1):
            made = step(client, trial, answers=[FORECAST] if number > FIRST + 1 else [])
            assert (made["seed"], made["step"], made["seed_over"]) == (seed, number, False)
            assert made["warm_up"] == (number <= FIRST)
            seen += made["items"]
        assert step(client, trial, answers=[FORECAST])["seed_over"]
    assert {reading["kind"] for reading in seen} == {"parking"}
    over = wait_for(client, trial["trial"], "done", "failed")
    assert over["reason"] is None
    assert over["numbers"] == [1, 2]
    assert [result["seed"] for result in over["results"]] == [1, 2]
    assert all(result["answers"] == STEPS - FIRST == result["points"] for result in over["results"])
    assert over["results"][0]["measures"] != over["results"][1]["measures"]
    assert over["score"] == {"mean": STEPS - FIRST, "low": STEPS - FIRST, "high": STEPS - FIRST, "seeds": 2}
    assert over["world"] is None
    beside = [{name: one["points"] for name, one in result["baselines"].items()} for result in over["results"]]
    assert beside == [{"naive": 1, "reference": 3, "oracle": 8}] * 2
    assert {name: one["mean"] for name, one in over["baselines"].items()} == {"naive": 1, "reference": 3}
    assert over["above_reference"]["mean"] == STEPS - FIRST - 3


def test_trials_that_are_none_leave_nothing_behind(client, there):
    api, _ = there
    before = len(api.context.trials._locks)
    for number in range(3):
        response = client.post(f"/v1/trials/t-none-{number}/step", json={"seed": 1, "step": 1})
        assert (response.status_code, refused(response)[0]) == (404, "unknown-trial")
    assert len(api.context.trials._locks) == before


def measures(over):
    return {name: one["value"] for name, one in over["results"][0]["measures"].items()}


def recomputed_measures(city, challenge, receipt):
    return {name: value for name, (value, _) in recomputed(city, challenge, receipt.evidence[0]).measures.items()}


def test_a_variant_is_the_same_seed_under_other_conditions(client, there, monkeypatch):
    """Without commands each is scored by what its world left, without a second run."""
    _, host = there
    results = {}
    for variant in ("plain", "ramadan"):
        with monkeypatch.context() as patch:
            patch.delattr("simulators.trials._Simulation")
            trial = begin(client, variant=variant)
            play(client, trial)
            over = wait_for(client, trial["trial"], "done", "failed")
        assert (over["variant"], over["numbers"]) == (variant, [1])
        results[variant] = measures(over)
        receipt = read_receipt(client.get(f"/v1/trials/{trial['trial']}/receipt").content)
        assert recomputed_measures(host.city, SHORT, receipt) == results[variant]
    assert results["plain"]["truth"] != results["ramadan"]["truth"]
    first, last = (date.fromisoformat(text) for text in ("2026-02-18", "2026-03-20"))
    assert first <= datetime.fromtimestamp(results["ramadan"]["last"] / 1e6, UTC).date() <= last


def test_a_policy_that_fails_is_left_out_and_the_score_stays(client, monkeypatch):
    def broken(_):
        raise RuntimeError

    policies = {**SHORT.policies, "reference": broken}
    monkeypatch.setitem(CHALLENGES, "short", replace(SHORT, policies=policies))
    trial = begin(client)
    play(client, trial)
    over = wait_for(client, trial["trial"], "done", "failed")
    assert (over["score"]["mean"], over["above_reference"]) == (0.0, None)
    assert set(over["baselines"]) == {"naive"}


def test_the_same_seed_gives_the_same_whatever_the_service_and_the_world_live_through(client, there):
    _, host = there
    results = []
    for disturbed in (False, True):
        trial = begin(client, challenge="lamps")
        lamp = {"sensor": "streetlight-0001", "set": {"dim": 0.3}}
        made = []
        for number in range(1, STEPS + 1):
            commands = [lamp] if number == FIRST + 2 else []
            made.append(step(client, trial, step=number, commands=commands))
            if disturbed and number in (1, FIRST + 2, STEPS):
                host.kill(client.get(f"/v1/trials/{trial['trial']}").json()["world"])
                again = step(client, trial, step=number, commands=commands)  # the service comes back, too
                assert again == {**made[-1], "taken": 0, "repeated": 0}
        assert [one["outcomes"][0]["status"] for one in made if one["outcomes"]] == ["applied"]
        assert play(client, trial, STEPS + 1)["seed_over"]
        results.append(wait_for(client, trial["trial"], "done", "failed")["results"])
    assert results[0] == results[1]
    assert results[0][0]["commands"] == 1
    assert results[0][0]["measures"]["truth"] != results[0][0]["measures"]["without"]


def test_a_world_that_runs_by_itself_gets_what_one_in_lock_step_gets(client, there):
    """The same answers to the same steps: whichever the service was in time for at a speed are given again in lock-step."""
    _, host = there
    fast = begin(client, clock="speed", speed=3600)
    url, answered = f"/v1/trials/{fast['trial']}/answers", []
    while client.get(f"/v1/trials/{fast['trial']}").json()["phase"] in ("queued", "running"):
        taken = client.post(url, json={"answers": [FORECAST]})
        if taken.status_code == 200 and taken.json()["taken"]:
            answered.append(taken.json()["step"])
    results = [wait_for(client, fast["trial"], "done", "failed")["results"]]
    assert results[0][0]["answers"] == len(answered)
    for killed in (False, True):
        trial = begin(client)
        for number in range(1, STEPS + 2):
            step(client, trial, step=number, answers=[FORECAST] if number - 1 in answered else [])
            if killed and number == STEPS // 2:
                host.kill(client.get(f"/v1/trials/{trial['trial']}").json()["world"])
        results.append(wait_for(client, trial["trial"], "done", "failed")["results"])
    assert results[0] == results[1] == results[2]


def test_what_an_answer_does_depends_on_when_it_comes(client):
    trial = begin(client)
    url = f"/v1/trials/{trial['trial']}/answers"
    wait_for(client, trial["trial"], "running")
    step(client, trial)
    assert refused(client.post(url, json={"answers": [FORECAST]})) == ("trial-conflict", "early")
    steps(client, trial, FIRST)
    taken = client.post(url, json={"answers": [FORECAST], "step": FIRST + 1})
    assert taken.json() == {"trial": trial["trial"], "seed": 1, "step": FIRST + 1, "taken": 1, "repeated": 0}
    assert client.post(url, json={"answers": [FORECAST]}).json()["repeated"] == 1
    assert refused(client.post(url, json={"answers": [], "step": FIRST})) == ("trial-conflict", "late")
    assert refused(client.post(url, json={"answers": [], "step": FIRST + 2})) == ("trial-conflict", "early")
    assert refused(client.post(url, json={"answers": [FORECAST], "seed": 2})) == ("trial-conflict", "late")
    play(client, trial, FIRST + 2)
    over = wait_for(client, trial["trial"], "done")
    assert over["results"][0]["answers"] == 1
    assert refused(client.post(url, json={"answers": [FORECAST]})) == ("trial-conflict", "over")
    assert refused(client.post(trial["step_url"], json={})) == ("trial-conflict", "over")


def test_a_malformed_answer_refuses_the_whole_message(client):
    trial = begin(client)
    steps(client, trial, FIRST + 1)
    url = f"/v1/trials/{trial['trial']}/answers"
    for answers in (
        [{"forecasts": [{"district": "nowhere", "minutes": 15, "quantiles": [0.5] * 9}]}],
        [{"forecasts": [{"district": "nowhere", "minutes": 15, "quantiles": [None] * 9}]}],
        [FORECAST, {"forecasts": 5}],
        [{}],
        [{"forecasts": [], "more": 1}],
    ):
        response = client.post(url, json={"answers": answers})
        assert refused(response) == ("answer-refused", ""), answers
        assert f"Answer {len(answers)}: " in response.json()["detail"]
        assert refused(client.post(trial["step_url"], json={"answers": answers})) == ("answer-refused", ""), answers
    text = '{"answers": [{"forecasts": [{"district": "a", "minutes": 15, "quantiles": [NaN]}]}]}'
    response = client.post(url, content=text, headers={"Content-Type": "application/json"})
    assert refused(response)[0] == "invalid-parameter"
    assert client.get(f"/v1/trials/{trial['trial']}").json()["step"] == FIRST + 1
    assert client.post(url, json={"answers": [FORECAST]}).json()["taken"] == 1  # of those refused none counts


def test_a_trial_is_its_pilots_own(client, there):
    api, _ = there
    trial = begin(client)
    with api.client("admin") as admin:
        assert admin.get(f"/v1/trials/{trial['trial']}").status_code == 200
        assert refused(admin.post(f"/v1/trials/{trial['trial']}/answers", json={"answers": []}))[0] == "unknown-trial"
        assert refused(admin.post(trial["step_url"], json={}))[0] == "unknown-trial"
    with api.client("guest") as guest:
        assert refused(guest.get(f"/v1/trials/{trial['trial']}"))[0] == "unknown-trial"
        assert refused(guest.post("/v1/trials", json={"challenge": "short"}))[0] == "wrong-role"


def test_a_step_that_is_not_next_is_not_made(client):
    trial = begin(client)
    wait_for(client, trial["trial"], "running")
    assert refused(client.post(trial["step_url"], json={"step": 2})) == ("trial-conflict", "conflict")
    step(client, trial, step=1)
    assert refused(client.post(trial["step_url"], json={"step": 3})) == ("trial-conflict", "conflict")


def test_a_cancelled_trial_stays_on_the_list_and_its_world_goes(client, there):
    _, host = there
    trial = begin(client)
    step(client, trial)
    world = client.get(f"/v1/trials/{trial['trial']}").json()["world"]
    assert client.delete(f"/v1/trials/{trial['trial']}").json()["phase"] == "cancelled"
    assert host.index.marker(world) == "deleted"
    assert trial["trial"] in [one["trial"] for one in client.get("/v1/trials").json()["items"]]


@pytest.mark.usefixtures("one_day")
def test_a_pilot_has_so_many_trials_at_once_and_graded_ones_a_day(client):
    graded = [client.post("/v1/trials", json={"challenge": "short", "mode": "graded"}) for _ in range(4)]
    assert [response.status_code for response in graded] == [201, 201, 201, 409]
    assert "today" in graded[3].json()["detail"]
    begin(client)
    assert refused(client.post("/v1/trials", json={"challenge": "short"}))[0] == "trial-limit"


@pytest.mark.usefixtures("one_day")
def test_a_pilot_begins_so_many_trials_a_day_as_each_stays_on_its_list(client, monkeypatch):
    today = len(client.get("/v1/trials").json()["items"])
    monkeypatch.setattr(trials_module, "MAX_BEGUN", today + 1)
    client.delete(f"/v1/trials/{begin(client)['trial']}")
    again = client.post("/v1/trials", json={"challenge": "short"})
    assert refused(again)[0] == "trial-limit"
    assert "trials today, cancelled ones too" in again.json()["detail"]


@pytest.mark.parametrize(
    "members",
    [
        {"challenge": "no-such"},
        {"mode": "graded", "seeds": [1]},
        {"seeds": [1, 1]},
        {"seeds": []},
        {"variant": "snow"},
        {"mode": "graded", "variant": "ramadan"},
        {"parallel": 5},
        {"speed": 0},
    ],
)
def test_what_is_no_trial_is_refused(client, members):
    response = client.post("/v1/trials", json={"challenge": "short", **members})
    assert refused(response)[0] == "invalid-parameter"
    assert response.json()["parameter"] in members


def test_a_seed_that_has_not_come_is_not_said_to_be_over(client):
    trial = begin(client)
    response = client.post(trial["step_url"], json={"seed": 9})
    assert refused(response) == ("trial-conflict", "early")
    assert "which has 1, has not come: seed 1 is played" in response.json()["detail"]


def test_a_challenge_that_the_city_lacks_something_for_is_refused_before_anything_starts(client):
    before = client.get("/v1/trials").json()["items"]
    response = client.post("/v1/trials", json={"challenge": "street-lighting"})
    assert (refused(response)[0], response.json()["parameter"]) == ("invalid-parameter", "challenge")
    assert "street-lighting cannot be played in Small: it has no streetlight-" in response.json()["detail"]
    assert "; use leak-detection, " in response.json()["detail"]
    assert client.get("/v1/trials").json()["items"] == before


def test_challenges_say_what_an_answer_is(client):
    listed = {one["challenge"]: one for one in client.get("/v1/challenges").json()["items"]}
    assert {"short", "leak-detection", "parking-forecast"} <= listed.keys()
    assert listed["short"] == client.get("/v1/challenges/short").json()
    assert set(listed["leak-detection"]["title"]) == {"en", "fr", "ar"}
    assert "properties" in listed["leak-detection"]["answer"]
    assert refused(client.get("/v1/challenges/no-such"))[0] == "unknown-challenge"


def test_a_receipt_verifies_and_its_evidence_gives_the_same_score(client, there, monkeypatch):
    """A seed with commands is run again without them alone."""
    _, host = there
    run, ran = simulators.trials._Simulation.run, []
    monkeypatch.setattr(
        simulators.trials._Simulation, "run", lambda self, given=(): ran.append(given) or run(self, given)
    )
    trial = begin(client, challenge="lamps", seeds=[5])
    orders = {
        FIRST + 2: ("streetlight-0001", 0.3),
        FIRST + 4: ("streetlight-0002", 0.0),
        STEPS: ("streetlight-0001", None),
    }
    for document in ("receipt", "report"):
        assert refused(client.get(f"/v1/trials/{trial['trial']}/{document}")) == ("trial-conflict", "early")
    for number in range(1, STEPS + 1):
        sensor, dim = orders.get(number, ("", 0))
        step(client, trial, commands=[{"sensor": sensor, "set": {"dim": dim}}] if sensor else [])
    step(client, trial, answers=[FORECAST])
    over = wait_for(client, trial["trial"], "done")
    assert ran == [()]
    receipt = read_receipt(client.get(f"/v1/trials/{trial['trial']}/receipt").content)
    facts = check_receipt(receipt)
    assert (facts.mean, facts.trial) == (over["score"]["mean"], trial["trial"])
    assert facts.city == city_digest(host.city)
    assert [one.seed.number for one in receipt.evidence] == [5]
    report = client.get(f"/v1/trials/{trial['trial']}/report", headers={"Accept": "application/json"}).json()
    assert report["trial"] == over
    with_, without = report["exhibits"][0]["charts"][0]["curves"]
    assert with_["values"] != without["values"]
    assert recomputed(host.city, LAMPS, receipt.evidence[0]).points == facts.mean == 1.0
    again = recomputed_measures(host.city, LAMPS, receipt)
    assert again == measures(over)
    assert again["truth"] != again["without"]


def test_seeds_of_a_graded_trial_are_shown_when_its_edition_is_closed(client, there, monkeypatch):
    api, _ = there
    monkeypatch.setattr(trials_module, "MAX_SEEDS", 1)
    monkeypatch.setattr(trials_module, "MAX_GRADED", 100)
    api.register.change("test-pilot", edition="2026", by="test")
    response = client.post("/v1/trials", json={"challenge": "short", "mode": "graded", "name": "Aqua"})
    trial = response.json()
    play(client, trial)
    before = client.get(f"/v1/trials/{trial['trial']}").json()
    assert before["phase"] in ("done", "scoring") or (before["results"], before["baselines"]) == ([], {})
    over = wait_for(client, trial["trial"], "done")
    assert over["numbers"] is None
    url = f"/v1/trials/{trial['trial']}/receipt"
    assert [one["seed"] for one in client.get(url).json()["evidence"]] == [None]
    report = url.replace("receipt", "report")
    assert client.get(report, params={"format": "json"}).json()["exhibits"] is None
    assert client.get(report).headers["content-type"] == "application/json"
    assert "is shown when the edition is closed" in client.get(report, headers=BROWSER).text
    board = client.get("/v1/leaderboards/short").json()
    assert [(one["rank"], one["name"], one["attempts"]) for one in board["items"]] == [(1, "Aqua", 1)]
    assert board["items"][0]["baselines"] == {"naive": 1, "reference": 3}
    assert refused(client.post("/v1/editions/2026/close"))[0] == "wrong-role"
    with api.client("admin") as admin:
        assert admin.post("/v1/editions/2026/close").status_code == 204
    assert len(client.get(report, params={"format": "json"}).json()["exhibits"]) == 1
    page = client.get(report, params={"lang": "ar"}, headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'dir="rtl"' in page.text
    assert refused(client.get(report, headers={"Accept": "application/pdf"}))[0] == "unsupported-format"
    assert refused(client.get(report, params={"format": "pdf"}))[0] == "unsupported-format"
    assert refused(client.get(report, params={"lang": "de"}))[0] == "invalid-parameter"
    shown = read_receipt(client.get(url).content)
    assert check_receipt(shown).commitment == trial["commitment"] == commitment_of([shown.evidence[0].seed])
    response = client.post("/v1/trials", json={"challenge": "short", "mode": "graded"})
    assert refused(response) == ("trial-conflict", "conflict")


def test_names_on_leaderboards_are_compared(client):
    response = client.get("/v1/leaderboards/short/compare?a=Aqua&b=nobody")
    assert refused(response)[0] == "invalid-parameter"
    empty = client.get("/v1/leaderboards/short/compare?a=Aqua&b=nobody&edition=empty")
    assert empty.json()["detail"].endswith("'Aqua'; nobody is on it yet")
    assert refused(client.get("/v1/leaderboards/none"))[0] == "unknown-challenge"


def test_times_have_six_decimals_or_none_in_a_trial_and_in_its_report(client, there):
    register = there[0].context.trials.register
    trial = begin(client)
    play(client, trial)
    wait_for(client, trial["trial"], "done")
    for micros, decimals in ((0, ""), (123_450, ".123450"), (7, ".000007")):
        moment, text = 1_780_272_000_000_000 + micros, f"2026-06-01T00:00:00{decimals}Z"
        assert register.change(trial["trial"], made=moment, heartbeat=moment, deadline=moment, ended=moment)
        shown = client.get(f"/v1/trials/{trial['trial']}").json()
        assert [shown[name] for name in ("made", "heartbeat", "deadline", "ended")] == [text] * 4
        report = client.get(f"/v1/trials/{trial['trial']}/report", params={"format": "json"}).json()
        assert report["trial"] == shown


def test_steps_are_in_the_audit_log_where_they_command_alone(there):
    """A seed has a thousand steps, and each entry of the log is one more wait for the disk."""
    lamp = {"sensor": "streetlight-0001", "set": {"dim": 0.3}}
    with there[0].client("admin") as client:  # of whom each act is listed, however many others do before
        trial = begin(client, challenge="lamps")
        for number in range(1, FIRST + 4):
            step(client, trial, commands=[lamp] if number == FIRST + 2 else [])
        client.post(f"/v1/trials/{trial['trial']}/answers", json={"answers": []})
        client.delete(f"/v1/trials/{trial['trial']}")
        entries = client.get("/v1/audit", params={"limit": 1000}).json()["items"]
    of_trial = [one for one in entries if one["target"].startswith(f"/v1/trials/{trial['trial']}/")]
    assert [(one["what"], one["detail"]["commands"]) for one in of_trial] == [("POST /v1/trials/{trial}/step", [lamp])]
