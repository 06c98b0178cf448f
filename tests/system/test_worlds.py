"""Private worlds beside the shared city, in processes of their own that may be killed."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import msgspec
import psutil
import pytest

from sandbox.parts import city_of
from simulators.record.journal import Journal
from simulators.record.record import History
from simulators.record.run import Run
from tests.system.running import RunningCity, running_city
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from zenata.errors import ControlError
from zenata.worlds import control

pytestmark = pytest.mark.slow

CITY = "valdeira"  # the smaller one
OPTIONS = ("--city", CITY, "--history-days", "0")
START = "2026-07-01T06:00:00Z"
LAMP = "streetlight-001"
LEAK = [{"type": "leak", "start": "+5m", "duration": "1h"}]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    with running_city(tmp_path_factory.mktemp("worlds") / "data", *OPTIONS) as running:
        yield running


def ask(city: RunningCity, world: str, verb: str, /, **arguments: Any) -> Any:
    return msgspec.json.decode(control.ask_raw(city.folder / "worlds" / world, verb, arguments, timeout=60))


def make(city: RunningCity, **words: Any) -> str:
    """Make a world on the first morning of July, paused unless told otherwise."""
    arguments = {"owner": "demo", "seed": 3, "start": START, "state": "paused", **words}
    return ask(city, "zenata", "create", **arguments)["world"]


def process_of(world: str) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            if process.name() == world and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return None


def answers(city: RunningCity, world: str) -> bool:
    try:
        return ask(city, world, "status")["state"] != "catching-up"
    except ControlError:
        return False


def kill(city: RunningCity, world: str) -> None:
    """SIGKILL the process of a world, and wait until another has taken its place."""
    process = process_of(world)
    process.kill()
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "it is dead")
    wait_until(lambda: answers(city, world), "another takes its place")


def reached(city: RunningCity, world: str, time: str) -> bool:
    return ask(city, world, "status")["time"] >= time


def told_again(history: History) -> str:
    run = Run(city_of(CITY), history.recipe, Journal(None, history.journal), labelled=False)
    while run.time < history.last.time:
        run.step()
    return run.digest.hexdigest()


def record_of(city: RunningCity, world: str) -> History:
    return msgspec.convert(ask(city, world, "record"), History)


@pytest.fixture
def clean(city: RunningCity) -> Iterator[None]:
    """Leave no worlds to the next test."""
    yield
    for reported in ask(city, "zenata", "worlds"):
        ask(city, "zenata", "delete", world=reported["world"])
    wait_until(lambda: not list((city.folder / "worlds").glob("w-*")), "they are gone")


@pytest.mark.usefixtures("clean")
def test_killed_under_a_leak_and_commands_a_world_goes_on_as_if_nothing_had_been(city):
    world = make(city, scenario=LEAK, kinds=["water", "streetlight"], state="running", speed=600)
    for turn in range(3):
        order = {"kind": "streetlight", "sensor": LAMP, "set": {"dim": turn / 4}}
        (reported,) = ask(city, world, "command", orders=[order], wait=30)
        assert (reported["status"], reported["reason"]) == ("applied", None)
        kill(city, world)
    ask(city, world, "pace", speed="max")
    wait_until(lambda: reached(city, world, "2026-07-01T07:10:00Z"), "the leak is over")
    ask(city, world, "pace", state="paused")
    history = record_of(city, world)
    assert [entry.order.set["dim"] for entry in history.journal] == [0.0, 0.25, 0.5]
    assert told_again(history) == history.last.digest
    (label,) = ask(city, world, "labels")
    assert label["type"] == "leak"


@pytest.mark.usefixtures("clean")
def test_worlds_of_one_recipe_say_the_same_however_they_are_cut(city):
    stepped, fast = (make(city, scenario=LEAK, kinds=["water"]) for _ in range(2))
    for steps in (1, 50, 7, 400):
        ask(city, stepped, "advance", steps=steps, limit=0)
    kill(city, stepped)
    ask(city, fast, "pace", state="running", speed="max")
    wait_until(lambda: reached(city, fast, "2026-07-01T07:10:00Z"), "the other has come as far")
    ask(city, fast, "pace", state="paused")
    one, other = ({mark.time: mark.digest for mark in record_of(city, world).marks} for world in (stepped, fast))
    common = one.keys() & other.keys()
    assert len(common) == 2
    assert all(one[time] == other[time] for time in common)


@pytest.mark.usefixtures("clean")
def test_a_killed_host_takes_its_worlds_with_it_and_they_come_back(city):
    world = make(city)
    ask(city, world, "advance", steps=9, limit=0)
    before = process_of(world)
    city.kill("simulators")
    wait_until(lambda: process_of(world) not in {None, before} and answers(city, world), "the world is back")
    assert not before.is_running() or before.status() == psutil.STATUS_ZOMBIE
    assert ask(city, world, "status")["time"] == "2026-07-01T06:01:20Z"
    city.wait_for_more()


@pytest.mark.usefixtures("clean")
def test_a_pilot_receives_and_commands_its_own_worlds_and_no_others(city):
    own, foreign = make(city), make(city, owner="somebody")
    with Client(city.broker, "demo", secret=city.key) as demo:
        wait_until(lambda: demo.subscribe(f"{own}/#") or demo.subscribe(f"{own}/clock"), "the broker knows")
        demo.subscribe(f"{own}/responses/#")
        demo.subscribe(f"{foreign}/clock")
        demo.publish(f"{own}/commands/streetlight/{LAMP}", ['{"id": "a", "set": {"dim": 0.5}}'])
        for world in (foreign, own):
            wait_until(lambda world=world: ask(city, world, "advance", steps=1, limit=0), "it moves")
        wait_until(lambda: f"{own}/clock" in demo.topics, "the clock is heard")
        wait_until(
            lambda: (
                ask(city, own, "advance", steps=1, limit=0) and any("/responses/" in topic for topic in demo.topics)
            ),
            "the command is answered",
        )
    (answer,) = [msgspec.json.decode(message.payload) for message in demo.messages if "/responses/" in message.topic]
    assert (answer["id"], answer["status"]) == ("a", "applied")
    assert not any(topic.startswith(foreign) for topic in demo.topics)


def test_a_deleted_world_leaves_nothing_with_the_broker(city):
    world = make(city)
    ask(city, world, "advance", steps=1, limit=0)
    with Client(city.broker, "demo", secret=city.key) as demo:
        # Again and again: who subscribes in the moment in which the broker retains a message gets it neither way.
        wait_until(lambda: demo.subscribe(f"{world}/clock") and demo.messages, "the broker knows, and tells the clock")
        demo.subscribe(f"{world}/telemetry/#")
        wait_until(lambda: len(demo.topics) > 100, "retained telemetry comes")
        ask(city, "zenata", "delete", world=world)
        wait_until(lambda: not (city.folder / "worlds" / world).exists(), "the world is gone")
        last = {message.topic: message.payload for message in demo.messages}
        wait_until(
            lambda: not any({message.topic: message.payload for message in demo.messages}.values()), "all is taken back"
        )
        assert last
    assert process_of(world) is None
    with city.client(city.admin_key) as admin:
        wait_until(lambda: world not in admin.get("/metrics").text, "the store forgets it")


def test_a_world_that_nobody_uses_sleeps_and_wakes_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("ZENATA_WORLD_IDLE", "0.001")  # 3.6 s
    with running_city(tmp_path / "data", *OPTIONS) as city:
        world = make(city)
        ask(city, world, "advance", steps=30, limit=0)
        time = ask(city, world, "status")["time"]
        wait_until(lambda: process_of(world) is None, "it sleeps")
        (reported,) = ask(city, "zenata", "worlds")
        assert (reported["state"], reported["time"]) == ("asleep", time)
        with pytest.raises(ControlError) as failure:
            ask(city, world, "status")
        assert failure.value.reason == "away"
        awake = ask(city, "zenata", "wake", world=world)
        assert (awake["state"], awake["time"]) == ("paused", time)
        assert ask(city, world, "advance", steps=1, limit=0)["steps"] == 1


@pytest.mark.usefixtures("clean")
def test_a_world_that_cannot_run_harms_neither_the_city_nor_its_host(city):
    world = make(city)
    host = city.pids["simulators"]
    (city.folder / "worlds" / world / "journal.jsonl").write_text("nonsense\n")
    process = process_of(world)
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: ask(city, "zenata", "worlds")[0]["state"] == "failed", "it is given up on")
    assert "journal.jsonl cannot be read" in ask(city, "zenata", "worlds")[0]["reason"]
    city.wait_for_more()
    assert city.pids["simulators"] == host


def test_a_leak_shows_in_its_world_and_nowhere_else_until_its_valve_is_shut(city):
    with city.client() as pilot:
        world = pilot.post("/v1/worlds", json={"start": START, "state": "paused", "kinds": ["water"]}).json()["world"]
        at = f"/v1/worlds/{world}"

        def heads() -> dict[str, float]:
            """Move on by half an hour; return the last pressure at each logger."""
            items = pilot.post(f"{at}/advance", json={"steps": 180, "limit": 100_000}).json()["items"]
            return {item["sensor"]: item["value"] for item in items if item["property"] == "head"}

        before = heads()
        leak = {"type": "leak", "target": "water-002", "area": 0.004, "duration": "6h"}
        assert pilot.post(f"{at}/events", json=leak).status_code == 201
        during = heads()
        valve = {"world": world, "sensor": "water-002", "set": {"valve": 0}, "wait": 0}
        assert pilot.post("/v1/commands", json=valve).json()["status"] == "pending"
        heads()
        after = heads()
        near = [name for name in before if name not in {"water-002", "water-027"}]  # the pipe itself, and the tank
        fall = max(before[name] - during[name] for name in near)
        assert fall > 2
        assert max(before[name] - after[name] for name in near) < fall / 2
        assert pilot.get("/v1/worlds/zenata/truth").status_code == 403
        admin = {"Authorization": f"Bearer {city.admin_key}"}
        (label,) = pilot.get(f"{at}/truth").json()["items"]
        assert (label["type"], {one["property"] for one in label["affected"]}) == (
            "leak",
            {"head", "discharge", "volume"},
        )
        for what in ("truth", "events"):
            assert pilot.get(f"/v1/worlds/zenata/{what}", headers=admin).json()["items"] == []
        wait_until(
            lambda: len(city.get(f"/v1/latest?world={world}&property=head")["items"]) == len(before), "all is stored"
        )
        assert pilot.delete(at).status_code == 204


def test_what_a_step_published_is_in_the_store_behind_its_link(city):
    with city.client() as pilot:
        reported = pilot.post(
            "/v1/worlds", json={"start": START, "state": "paused", "kinds": ["water", "weather"]}
        ).json()
        at = f"/v1/worlds/{reported['world']}"
        first, second = (
            pilot.post(f"{at}/advance", json={"steps": 30, "limit": limit}).json() for limit in (100_000, 5)
        )
        assert (first["next"], len(second["items"])) == (None, 5)
        wait_until(lambda: len(pilot.get(second["next"]).json()["items"]) == second["rows"], "all is stored")
        items = pilot.get(second["next"]).json()["items"]
        assert (items[-1]["time"], first["time"]) == (second["time"], second["from"])
        assert min(item["time"] for item in items) > first["time"]
        copy = pilot.post(f"{at}/fork", json={"state": "paused"})
        assert (copy.status_code, copy.json()["time"]) == (201, second["time"])
        for world in (reported["world"], copy.json()["world"]):
            assert pilot.delete(f"/v1/worlds/{world}").status_code == 204
            assert pilot.get("/v1/latest", params={"world": world}).status_code == 404
