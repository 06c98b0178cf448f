"""Cheats against the running of trials, which no score may gain by: probing, timing, clock tricks, floods, and teams of pilots.

What scores withstand is in `tests.simulators.test_cheats`, what is read of a world in `tests.api.trials.test_secrecy`.
"""

import json
import threading
import time
from dataclasses import replace

import pytest

import zenata.control.trials as trials_module
from simulators.host.encoder import Encoder
from simulators.host.service import Simulation
from simulators.host.taking_up import take_up
from tests.api.trials.hosting import FIRST, FORECAST, STEPS, begin, play, refused, step, steps, wait_for
from tests.waiting import wait_until
from zenata.contract.trials import MAX_ANSWERS
from zenata.control.trials import MAX_TRIALS

KNOWN = {"step_url", "trial", "topics", "world", "made", "heartbeat", "deadline", "ended", "commitment"}
"""Members of a trial that differ between any two."""


@pytest.fixture
def graded(monkeypatch, there):
    """Graded trials have two seeds, and a pilot may have many of them."""
    monkeypatch.setattr(trials_module, "MAX_SEEDS", 2)
    monkeypatch.setattr(trials_module, "MAX_GRADED", 100)
    there[0].register.change("test-pilot", edition="cheats", by="test")
    return {"challenge": "short", "mode": "graded", "seeds": None}


def forecast(client, share: float) -> dict:
    district = client.get("/v1/sensors", params={"kind": "parking"}).json()["items"][0]["district"]
    return {"forecasts": [{"district": district, "minutes": 15, "quantiles": [share] * 9}]}


def test_probing_by_answers_tells_nothing_until_the_seed_is_over(client):
    seen = []
    for share in (0.1, 0.9):  # one of them is nearer to what will be
        trial, answer = begin(client), forecast(client, share)
        made = [step(client, trial, answers=[answer] if number > FIRST + 1 else []) for number in range(1, STEPS + 1)]
        shown = client.get(f"/v1/trials/{trial['trial']}").json()
        seen.append(([{**one, "trial": ""} for one in made], {k: v for k, v in shown.items() if k not in KNOWN}))
        client.delete(f"/v1/trials/{trial['trial']}")
    worlds = [one["items"] for one in seen[0][0]]
    assert [len(items) > 0 for items in worlds] == [True] * STEPS
    for one, other in zip(seen[0][0], seen[1][0], strict=True):
        ours, theirs = ({k: v for k, v in made.items() if k != "items"} for made in (one, other))
        assert ours == theirs
        assert [{**row, "world": ""} for row in one["items"]] == [{**row, "world": ""} for row in other["items"]]
    assert seen[0][1] == seen[1][1]


def test_an_answer_that_knows_what_a_step_publishes_counts_at_that_step(client, there):
    """What a step publishes is known a moment before the step counts as made: it must not be answered as if it were to come."""
    _, host = there
    trial = begin(client, publish=True)
    steps(client, trial, FIRST + 1)
    broker = host.hosted[client.get(f"/v1/trials/{trial['trial']}").json()["world"]].broker
    answers, publish = [], broker.publish

    def answer() -> None:
        answers.append(client.post(f"/v1/trials/{trial['trial']}/answers", json={"answers": [FORECAST]}).json())

    def publish_and_tell(topic: str, payload: bytes, *, retain: bool = False) -> None:
        publish(topic, payload, retain=retain)
        if not threads:
            threads.append(threading.Thread(target=answer))
            threads[0].start()
            time.sleep(0.3)  # the world is in the midst of its step when the answer comes

    threads: list[threading.Thread] = []
    broker.publish = publish_and_tell
    step(client, trial)
    threads[0].join()
    assert answers[0]["step"] == FIRST + 2


def test_what_is_commanded_in_the_warm_up_is_refused_by_every_way(client, there):
    """A fleet that empties everything before its kilometres count would win for nothing."""
    _, host = there
    trial = begin(client, challenge="lamps")
    lamp = {"sensor": "streetlight-0001", "set": {"dim": 0.3}}
    for _ in range(FIRST):
        refusal = client.post(trial["step_url"], json={"commands": [lamp]})
        assert refused(refusal)[0] == "invalid-parameter"
        assert f"from when step {FIRST + 1} is made" in refusal.json()["detail"]
        step(client, trial)
    world = client.get(f"/v1/trials/{trial['trial']}").json()["world"]
    refusal = client.post("/v1/commands", json={"world": world, **lamp, "wait": 0})
    assert "warm-up" in refusal.json()["detail"]
    hosted = host.hosted[world]
    hosted.simulation.receive(f"{world}/commands/streetlight/{lamp['sensor']}", b'{"id":"c","set":{"dim":0.3}}')
    step(client, trial)
    responses = [payload for topic, payload in hosted.broker.published if "/responses/" in topic]
    assert responses
    assert all(b'"rejected"' in payload and b"warm-up" in payload for payload in responses)
    assert step(client, trial, commands=[lamp])["outcomes"][0]["status"] == "applied"
    assert len(hosted.simulation.running.journal) == 1


def test_a_flood_of_answers_counts_nothing_and_harms_nobody(client):
    trial, quiet = begin(client), begin(client)
    url = f"/v1/trials/{trial['trial']}/answers"
    for number in range(1, STEPS + 1):
        step(client, quiet, answers=[FORECAST] if number > FIRST + 1 else [])
        step(client, trial, answers=[FORECAST] if number > FIRST + 1 else [])
        if number > FIRST:
            flood = client.post(url, json={"answers": [FORECAST] * (MAX_ANSWERS + 1)})
            assert refused(flood)[0] == "invalid-parameter"
            assert client.post(url, json={"answers": [FORECAST] * 100}).json()["taken"] <= 1
    for one in (trial, quiet):
        step(client, one, answers=[FORECAST])
    scores = [wait_for(client, one["trial"], "done")["score"] for one in (trial, quiet)]
    assert scores[0] == scores[1]


def test_graded_trials_of_a_team_share_no_seed_and_tell_none(client, there, graded):
    api, _ = there
    api.register.add("second", edition="cheats", by="test")
    api.secrets["second"] = api.register.issue("second", by="test")
    drawn = []
    with api.client("second") as second:
        for one in (client, client, second):
            document = begin(one, **graded)
            row = api.context.trials.register.trial(document["trial"])
            drawn += [(seed.number, seed.secret) for seed in row.drawn]
            shown = str(one.get(f"/v1/trials/{row.id}").json())
            assert not any(str(number) in shown or secret in shown for number, secret in drawn)
        for trial in second.get("/v1/trials").json()["items"]:
            second.delete(f"/v1/trials/{trial['trial']}")
    assert len({number for number, _ in drawn}) == len({secret for _, secret in drawn}) == len(drawn) == 6


def test_of_a_graded_trial_nothing_is_told_between_its_seeds(client, graded):
    trial = begin(client, **graded)
    play(client, trial, answers=[FORECAST])
    url = f"/v1/trials/{trial['trial']}"
    wait_until(lambda: client.get(url).json()["seeds_done"] == 1, "the first seed is done", pause=0.02)
    between = client.get(url).json()
    assert (between["results"], between["score"], between["baselines"]) == ([], None, {})
    assert (between["above_reference"], between["numbers"]) == (None, None)
    for document in ("report", "receipt"):
        response = client.get(f"/v1/trials/{trial['trial']}/{document}")
        assert refused(response) == ("trial-conflict", "early")
    board = client.get("/v1/leaderboards/short").json()
    assert board["items"] == []


@pytest.mark.usefixtures("one_day")
def test_a_graded_trial_that_was_cancelled_shows_nothing_and_its_attempt_is_spent(client, graded, monkeypatch):
    today = [one for one in client.get("/v1/trials").json()["items"] if one["mode"] == "graded"]
    monkeypatch.setattr(trials_module, "MAX_GRADED", len(today) + 1)
    trial = begin(client, **graded)
    step(client, trial)
    over = client.delete(f"/v1/trials/{trial['trial']}").json()
    assert (over["score"], over["results"], over["numbers"]) == (None, [], None)
    again = client.post("/v1/trials", json={"challenge": "short", "mode": "graded"})
    assert refused(again)[0] == "trial-limit"


def test_where_answers_are_scored_no_command_is_taken_by_any_way(client, there):
    """A price that empties all bays makes them easy to foresee, and cost nothing."""
    _, host = there
    trial = begin(client, publish=True)
    bay = {"sensor": "parking-0001", "set": {"price": 50.0}}
    steps(client, trial, FIRST + 1)
    world = client.get(f"/v1/trials/{trial['trial']}").json()["world"]
    for refusal in (
        client.post(trial["step_url"], json={"commands": [bay]}),
        client.post("/v1/commands", json={"world": world, **bay, "wait": 0}),
    ):
        assert refused(refusal)[0] == "invalid-parameter"
        assert "scored by answers, and takes no commands" in refusal.json()["detail"]
    hosted = host.hosted[world]
    hosted.simulation.receive(f"{world}/commands/parking/{bay['sensor']}", b'{"id":"c","set":{"price":50}}')
    step(client, trial)
    responses = [payload for topic, payload in hosted.broker.published if "/responses/" in topic]
    assert [b'"rejected"' in payload and b"takes no commands" in payload for payload in responses] == [True]
    assert len(hosted.simulation.running.journal) == 0


def test_where_commands_are_scored_no_other_kind_of_device_takes_any(client):
    trial = begin(client, challenge="lamps")
    steps(client, trial, FIRST + 1)
    refusal = client.post(trial["step_url"], json={"commands": [{"sensor": "pv-0001", "set": {"limit": 0}}]})
    assert "commands to devices of kind streetlight alone" in refusal.json()["detail"]


def test_nothing_of_a_tick_is_seen_before_its_least_time_has_passed(client, there):
    """In no answer, in no status, and not on the broker: how long a tick takes would tell whether something is going on."""
    _, host = there
    trial = begin(client, publish=True)
    steps(client, trial, FIRST)
    world = client.get(f"/v1/trials/{trial['trial']}").json()["world"]
    hosted = host.hosted[world]
    simulation, seen, pause = hosted.simulation, [], hosted.simulation.floor.pause

    def look(tick: int, took: float, late: float) -> float:
        seen.append((tick, simulation.shown, len(hosted.broker.published), simulation.between_ticks.is_set()))
        return pause(tick, took, late)

    def told() -> tuple[str, int]:
        status = client.get(f"/v1/worlds/{world}").json()
        return status["time"], status["messages"]

    simulation.floor.pause = look
    before, shown, published = told(), simulation.shown, len(hosted.broker.published)
    step(client, trial)
    assert seen == [(FIRST + 1, shown, published, False)]  # who asks meanwhile waits
    after = told()
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert len(hosted.broker.published) > published


def test_a_world_whose_process_was_killed_after_the_warm_up_keeps_its_least_time(client, there):
    _, host = there
    trial = begin(client)
    steps(client, trial, FIRST + 1)
    world = client.get(f"/v1/trials/{trial['trial']}").json()["world"]
    held = host.hosted[world].simulation.floor.pause(FIRST + 2, 0.0, 0.0)
    host.kill(world)
    step(client, trial)
    assert host.hosted[world].simulation.floor.pause(FIRST + 2, 0.0, 0.0) == held > 0


def test_the_time_of_a_world_whose_process_was_killed_does_not_go_back(client, there):
    """Else an answer would count as given before what its service has seen, and each tick be seen when it is made again."""
    _, host = there
    trial = begin(client)
    steps(client, trial, FIRST + 1)
    hosted = host.hosted[client.get(f"/v1/trials/{trial['trial']}").json()["world"]]
    before = hosted.simulation
    run = take_up(hosted.record, host.city, before.running.recipe, 0)
    after = Simulation(
        run=run, encoder=Encoder(host.city, "w"), publisher=hosted.broker, record=hosted.record, pace=before.pace
    )
    after.floor = before.floor
    assert run.time < before.shown[0]
    while not run.caught_up:
        assert after.shown[0] == before.shown[0]
        after.tick()
    assert after.shown == before.shown


def test_a_trial_finds_room_for_its_worlds_when_private_ones_have_taken_it(client, there):
    """Else a pilot whose attempt goes badly could let it fail, and what has failed is not ranked."""
    _, host = there
    others = [client.post("/v1/worlds", json={"seed": 1, "kinds": ["parking"], "state": "paused"}) for _ in range(4)]
    assert [made.status_code for made in others] == [201] * 4
    host._limits = replace(host._limits, in_all=len(host.hosted))
    try:
        assert client.post("/v1/worlds", json={"seed": 1}).status_code in (429, 503)
        trial = begin(client)
        assert step(client, trial)["step"] == 1
    finally:
        host._limits = replace(host._limits, in_all=16)
        for made in others:
            client.delete(f"/v1/worlds/{made.json()['world']}")


def test_answers_that_nobody_could_score_in_time_are_refused(client, there, monkeypatch):
    """A million streets by a hundred thousand answers would let the score fail, and with it an attempt that goes badly."""
    trial, answer = begin(client), forecast(client, 0.5)
    monkeypatch.setattr(trials_module, "LENGTH", 3 * len(json.dumps(answer)))
    steps(client, trial, FIRST + 1)
    taken = [
        client.post(f"/v1/trials/{trial['trial']}/answers", json={"answers": [forecast(client, share / 10)]})
        for share in range(1, 6)
    ]
    assert [one.status_code for one in taken] == [200, 200, 200, 409, 409]
    assert "bytes as JSON" in taken[-1].json()["detail"]
    step(client, trial)
    again = client.post(f"/v1/trials/{trial['trial']}/answers", json={"answers": [answer]})
    assert again.status_code == 409  # they count by seed


def test_who_has_all_places_keeps_nobody_else_from_the_board(client, there):
    """By trials that stand still until their deadline, all day long."""
    api, _ = there
    api.register.add("late", edition="cheats", by="test")
    api.secrets["late"] = api.register.issue("late", by="test")
    mine = [wait_for(client, begin(client)["trial"], "running", world=True) for _ in range(MAX_TRIALS)]
    with api.client("late") as late:
        first, second = begin(late), begin(late)
        wait_for(late, first["trial"], "running", world=True)
        assert late.get(f"/v1/trials/{second['trial']}").json()["phase"] == "queued"
        client.delete(f"/v1/trials/{mine[0]['trial']}")
        client.delete(f"/v1/trials/{mine[1]['trial']}")
        wait_for(late, second["trial"], "running", world=True)
        for trial in (first, second):
            late.delete(f"/v1/trials/{trial['trial']}")
