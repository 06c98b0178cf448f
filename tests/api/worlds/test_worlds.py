import re
from pathlib import Path

import pytest

from api.http.problems import Problem
from api.worlds.worlds import Worlds
from tests.api.running import private_world
from zenata.control.keys import Principal, Role
from zenata.errors import ControlError
from zenata.worlds.control import ControlServer
from zenata.worlds.folders import WorldFolders

ADA, BEN = (Principal(pilot=name, role=Role.PILOT) for name in ("ada", "ben"))
SAZ, GUEST = Principal(pilot="saz", role=Role.ENGINEER), Principal(pilot="ada", role=Role.GUEST)


@pytest.fixture
def worlds(tmp_path: Path) -> Worlds:
    for name, owner in (("w-a1", "ada"), ("w-a2", "ada"), ("w-b1", "ben")):
        private_world(tmp_path, name, owner)
    (tmp_path / "zenata").mkdir()
    return Worlds(index=WorldFolders(tmp_path, host="zenata"), shared="zenata")


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (ADA, ["zenata", "w-a1", "w-a2"]),
        (BEN, ["zenata", "w-b1"]),
        (SAZ, ["zenata", "w-a1", "w-a2", "w-b1"]),
        (GUEST, ["zenata"]),
    ],
)
def test_everybody_sees_the_shared_city_and_their_own(worlds, who, seen):
    assert worlds.of(who) == seen


def test_what_is_anothers_is_as_if_it_were_not_there(worlds):
    refusals = []
    for name in ("w-b1", "w-b9"):
        with pytest.raises(Problem) as problem:
            worlds.check(ADA, name)
        refusals.append((problem.value.name, problem.value.detail.replace(name, "X"), problem.value.members))
    assert refusals[0] == refusals[1]
    worlds.check(ADA, "w-a1")


def test_a_world_that_is_to_vanish_is_gone(worlds):
    (worlds.index.root / "w-a2" / "deleted").touch()
    assert worlds.of(ADA) == ["zenata", "w-a1"]


def test_half_a_folder_is_no_world(worlds):
    (worlds.index.root / "w-a1" / "world.json").write_text("{")
    assert worlds.of(ADA) == ["zenata", "w-a2"]


def refusal(worlds: Worlds, text: str, reason: str = "conflict") -> Problem:
    """Return the problem that a refusal of the host becomes."""

    def refuse(*_: object) -> None:
        raise ControlError(text, reason)

    with ControlServer(worlds.index.root / "zenata", refuse), pytest.raises(Problem) as raised:
        worlds.host("create")
    return raised.value


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("invalid", "invalid-parameter"),
        ("conflict", "world-conflict"),
        ("limit", "world-limit"),
        ("away", "world-unavailable"),
    ],
)
def test_a_refusal_becomes_a_problem(worlds, reason, problem):
    refused = refusal(worlds, "flying is not possible", reason)
    assert refused.name == problem
    assert ("flying is not possible" in refused.detail) == (reason != "away")


@pytest.mark.parametrize("path", ["{root}/zenata/journal.jsonl", "/srv/city/readings.duckdb", "'/var/lib/x y'"])
def test_a_refusal_names_no_file_of_the_operator_s(worlds, path):
    text = f"{path.format(root=worlds.index.root)} cannot be written: No space left on device".replace("x y", "x/y")
    detail = refusal(worlds, text).detail
    assert "ask whoever runs it" in detail
    assert not re.search(r"/(srv|var|tmp)|duckdb|journal", detail)


def test_a_refusal_may_name_routes_and_topics(worlds):
    text = "pause it first (PATCH /v1/worlds/w-1/clock); the topic is w-1/commands/la-ferme/air"
    assert "PATCH /v1/worlds" in refusal(worlds, text).detail


def test_arguments_may_be_called_as_our_own_parameters_are(worlds):
    arguments = {"self": 1, "world": "x", "arguments": {"y": 2}, "used": True, "folder": "f", "verb": "v", "timeout": 0}
    with ControlServer(worlds.index.root / "zenata", lambda _, requests: requests):
        assert worlds.host("event", arguments) == worlds.ask("zenata", "event", arguments) == arguments


def test_nobody_there_is_a_problem_too(worlds):
    with pytest.raises(Problem) as raised:
        worlds.host("status")
    assert raised.value.name == "world-unavailable"
    assert "control.json" not in raised.value.detail


def test_a_sleeping_world_is_woken_before_it_is_asked(worlds):
    folder, requests = worlds.index.root / "w-a1", []
    awake = ControlServer(worlds.index.root / "w-b1", lambda verb, _: requests.append(verb) or {"awake": True})

    def host(verb, arguments):
        requests.append((verb, arguments["world"]))
        (worlds.index.root / "w-b1" / "control.json").rename(folder / "control.json")

    with awake, ControlServer(worlds.index.root / "zenata", host):
        assert worlds.ask("w-a1", "events") == {"awake": True}
        assert worlds.ask("w-a1", "labels") == {"awake": True}
    assert requests == [("wake", "w-a1"), "events", "labels"]


@pytest.mark.parametrize("word", ["asleep", "failed"])
def test_a_world_whose_process_was_killed_is_woken_though_its_door_is_there(worlds, word):
    folder = worlds.index.root / "w-a1"
    (folder / word).touch()
    (folder / "control.json").write_text('{"port": 1, "token": "x"}')  # nobody listens there
    requests = []
    awake = ControlServer(worlds.index.root / "w-b1", lambda verb, _: verb)

    def host(verb, arguments):
        requests.append((verb, arguments["world"]))
        (folder / word).unlink()
        (worlds.index.root / "w-b1" / "control.json").replace(folder / "control.json")

    with awake, ControlServer(worlds.index.root / "zenata", host):
        assert worlds.ask("w-a1", "events") == "events"
        assert worlds.ask("w-a1", "labels") == "labels"
    assert requests == [("wake", "w-a1")]
