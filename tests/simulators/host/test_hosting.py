"""Worlds as folders, and the processes that follow from them."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Self

import pytest

from simulators.host import hosting, worlds
from simulators.host.hosting import Host, HostControl
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Recipe, Record
from simulators.world.world import World
from tests.zenata.process.forking import Executing
from tests.zenata.process.test_supervisor import ended, wait_for
from zenata.city.clock import parse_time
from zenata.errors import BrokerError, ControlError, ScenarioError, SetupError
from zenata.process.supervisor import Program
from zenata.worlds.folders import WorldFolders

START = parse_time("2026-01-05T17:00:00Z")


def recipe(owner: str = "demo", **members) -> Recipe:
    return Recipe(city="small", seed=1, start=START, live=False, owner=owner, **members)


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(worlds, "_ANSWER", 0.0)  # nobody answers here
    monkeypatch.setattr(hosting, "_WATCH", 0.01)


@pytest.fixture
def folders(tmp_path) -> Worlds:
    return Worlds(WorldFolders(tmp_path / "worlds"), Limits(of_one=2, in_all=3))


class TestFolders:
    def test_names_cannot_be_guessed(self, folders):
        names = {folders.make(recipe(str(number)), Pace()) for number in range(3)}
        assert len(names) == 3
        assert all(len(name) == len("w-") + 8 for name in names)

    def test_what_a_death_left_half_made_is_no_world_and_makes_room(self, folders):
        left = folders.index.root / ".w-12345678"
        left.mkdir(parents=True)
        (left / "world.json").write_text("{}")
        assert folders.index.names() == []
        folders.make(recipe(), Pace())
        assert not left.exists()

    def test_there_are_no_more_than_may_be(self, folders):
        first = folders.make(recipe(), Pace())
        folders.make(recipe(), Pace())
        with pytest.raises(ControlError, match="demo has 2 private worlds already"):
            folders.make(recipe(), Pace())
        folders.make(recipe("eve"), Pace())
        with pytest.raises(ControlError, match="no room for another private world"):
            folders.make(recipe("zoe"), Pace())
        folders.index.mark(first, "deleted")
        folders.make(recipe(), Pace())

    def test_worlds_of_trials_take_no_room_from_others_and_need_none(self, folders):
        for owner in ("demo", "demo", "eve"):
            for _ in range(2):
                folders.make(recipe(trial="t-1", challenge="leak-detection"), Pace())
            folders.make(recipe(owner), Pace())
        folders.make(recipe(trial="t-1", challenge="leak-detection"), Pace())
        with pytest.raises(ControlError, match="demo has 2 private worlds already"):
            folders.make(recipe(), Pace())

    def test_a_world_that_rests_is_reported_from_its_folder(self, folders):
        name = folders.make(recipe(), Pace(state="paused"))
        assert folders.status(name).state == "catching-up"
        folders.index.mark(name, "failed", "it broke")
        assert (folders.status(name).state, folders.status(name).reason) == ("failed", "it broke")
        folders.index.wake(name)
        folders.index.mark(name, "asleep")
        status = folders.status(name)
        assert (status.state, status.time, status.owner) == ("asleep", datetime(2026, 1, 5, 17, tzinfo=UTC), "demo")
        folders.index.mark(name, "deleted")
        with pytest.raises(ControlError):
            folders.status(name)


def test_one_that_nobody_can_read_harms_no_other(folders):
    name, broken = folders.make(recipe(), Pace()), folders.make(recipe(), Pace())
    (folders.index.root / broken / "world.json").write_text("{")
    assert folders.index.owners() == {name: "demo"}
    folders.index.mark(broken, "deleted")


class Hosted:
    """A host in a thread; its worlds are shells."""

    def __init__(self, folders: Worlds, logs) -> None:
        self.folders, self.logs = folders, logs
        self.scripts: dict[str, str] = {}
        self.cleared: list[str] = []
        self.clear: Callable[[str], None] = self.cleared.append
        self.keep_for = 3600.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def pid(self, name: str) -> int | None:
        """Return the process of a world, or None if there is none."""
        log = self.logs / f"{name}.log"
        lines = log.read_text().splitlines() if log.exists() else []
        pid = int(lines[-1]) if lines and lines[-1].isdigit() else None
        return pid if pid is not None and alive(pid) else None

    def wait_for(self, name: str, other: int | None = None) -> int:
        wait_for(lambda: self.pid(name) not in {None, other})
        return self.pid(name)

    def make(self, script: str = "exec sleep 60") -> str:
        name = self.folders.make(recipe(), Pace())
        self.scripts[name] = script
        return name

    def _run(self) -> None:
        Host(
            worlds=self.folders,
            program=self._program,
            template=Executing(self.logs / "worlds.log"),
            logs=self.logs,
            clear=self.clear,
            keep_for=self.keep_for,
        ).run(self._stop)

    def _program(self, name: str) -> Program:
        wait_for(lambda: name in self.scripts)
        return Program(name=name, args=("/bin/sh", "-c", f"echo $$; {self.scripts[name]}"))


def alive(pid: int) -> bool:
    return not ended(pid)


@pytest.fixture
def hosted(folders, tmp_path) -> Iterator[Hosted]:
    with Hosted(folders, tmp_path / "logs") as host:
        yield host


class TestHost:
    def test_every_world_has_a_process_that_ends_with_the_host(self, hosted):
        pids = {hosted.wait_for(hosted.make()) for _ in range(2)}
        assert len(pids) == 2
        hosted.stop()
        assert not any(map(alive, pids))

    def test_what_dies_is_started_again(self, hosted):
        name = hosted.make()
        before = hosted.wait_for(name)
        os.kill(before, signal.SIGKILL)
        hosted.wait_for(name, other=before)

    @pytest.mark.parametrize("word", ["asleep", "failed"])
    def test_what_rests_has_none_until_it_wakes(self, hosted, word):
        name = hosted.make()
        before = hosted.wait_for(name)
        hosted.folders.index.mark(name, word)
        wait_for(lambda: not alive(before))
        hosted.folders.index.wake(name)
        hosted.wait_for(name, other=before)

    def test_what_cannot_run_has_failed_and_harms_no_other(self, hosted):
        other = hosted.make()
        pid = hosted.wait_for(other)
        name = hosted.make("echo 'zenata: no such city'; exit 2")
        wait_for(lambda: hosted.folders.index.marker(name) == "failed")
        assert hosted.folders.status(name).reason == "no such city"
        assert hosted.pid(other) == pid

    def test_what_cannot_be_marked_as_failed_is_tried_again_and_holds_up_no_other(self, hosted, monkeypatch):
        """As on a full disk."""
        refused = []

        def refuse(name: str, marker: str, reason: str = "") -> None:
            refused.append(name)
            raise SetupError("no room")

        with monkeypatch.context() as full:
            full.setattr(hosted.folders.index, "mark", refuse)
            name = hosted.make("echo 'zenata: no such city'; exit 2")
            wait_for(lambda: refused)
            other = hosted.make()
            before = hosted.wait_for(other)
            os.kill(before, signal.SIGKILL)
            hosted.wait_for(other, other=before)
        wait_for(lambda: hosted.folders.index.marker(name) == "failed")

    def test_a_world_whose_folder_is_gone_ends(self, hosted):
        name = hosted.make()
        pid = hosted.wait_for(name)
        hosted.folders.index.folder(name).rename(hosted.logs / "elsewhere")
        wait_for(lambda: not alive(pid))

    def test_a_deleted_world_vanishes_with_all_it_left(self, hosted):
        name = hosted.make()
        pid = hosted.wait_for(name)
        hosted.folders.index.mark(name, "deleted")
        wait_for(lambda: not (hosted.folders.index.root / name).exists())
        assert not alive(pid)
        assert hosted.cleared == [name]
        assert not list(hosted.logs.glob(f"{name}*"))

    def test_a_world_deleted_while_the_host_looks_ends_before_its_files_go(self, folders, tmp_path, monkeypatch):
        name = folders.make(recipe(), Pace())
        program = Program(name=name, args=("/bin/sh", "-c", "echo $$; exec sleep 60"))
        template = Executing(tmp_path / "worlds.log")
        host = Host(
            worlds=folders,
            program=lambda _: program,
            template=template,
            logs=tmp_path,
            clear=lambda _: None,
            keep_for=3600.0,
        )
        host.look()
        with monkeypatch.context() as patch:
            patch.setattr(folders.index, "to_run", lambda: {name})  # what was seen just before the deletion
            folders.index.mark(name, "deleted")
            host.look()
        assert (folders.index.root / name).exists()
        host.look()
        template.close()
        assert not (folders.index.root / name).exists()

    def test_a_deletion_outlives_its_host(self, hosted, tmp_path):
        hosted.stop()
        name = hosted.make()
        hosted.folders.index.mark(name, "deleted")
        with Hosted(hosted.folders, tmp_path / "logs") as again:
            wait_for(lambda: not (hosted.folders.index.root / name).exists())
        assert again.cleared == [name]

    def test_trouble_with_one_is_tried_again(self, folders, tmp_path):
        host = Hosted(folders, tmp_path / "logs")
        failures = iter([SetupError("the broker is away")])

        def clear(name: str) -> None:
            for failure in failures:
                raise failure

        host.clear = clear
        name = host.make()
        folders.index.mark(name, "deleted")
        with host:
            wait_for(lambda: not (folders.index.root / name).exists())

    def test_a_broker_that_refuses_holds_up_a_deletion_and_nothing_else(self, folders, tmp_path, caplog):
        """It once refused for a moment while it reloaded its users: that ended the whole look, with a traceback."""
        host = Hosted(folders, tmp_path / "logs")
        failures = [BrokerError("the broker refused us: Not authorized")] * 2

        def clear(name: str) -> None:
            if name == min(deleted) and failures:
                raise failures.pop()

        host.clear = clear
        deleted = {host.make() for _ in range(2)}
        for name in deleted:
            folders.index.mark(name, "deleted")
        with host:
            wait_for(lambda: folders.index.names() == [])
        assert [record.levelname for record in caplog.records if "lets us" in record.message] == ["WARNING"] * 2
        assert not [record for record in caplog.records if record.exc_info]

    def test_what_rests_for_long_is_deleted(self, folders, tmp_path):
        host = Hosted(folders, tmp_path / "logs")
        host.keep_for = 60.0
        old, new = host.make(), host.make()
        for name in (old, new):
            folders.index.mark(name, "asleep")
        hour_ago = time.time() - 3600
        os.utime(folders.index.root / old / "asleep", (hour_ago, hour_ago))
        with host:
            wait_for(lambda: folders.index.names() == [new])
        assert host.cleared == [old]


@pytest.fixture(scope="module")
def shared(city) -> World:
    return World(city, seed=1, start=START)


class TestVerbs:
    @pytest.fixture
    def verbs(self, folders, shared) -> dict[str, Callable]:
        return HostControl(folders, shared.city, lambda: shared.domains).verbs

    def test_a_world_is_made_as_requested(self, folders, verbs):
        status = verbs["create"](
            {
                "owner": "demo",
                "seed": 7,
                "start": "2026-07-01T06:00:03Z",
                "scenario": [{"type": "leak", "start": "+1h", "target": "street-0001"}],
                "speed": "max",
                "state": "paused",
                "kinds": ["water", "air"],
                "districts": ["homes"],
                "packs": True,
            }
        )
        made = Record(folders.index.folder(status.world))
        assert made.pace() == Pace(state="paused", speed=0)
        recipe = made.recipe()
        assert (recipe.city, recipe.seed, recipe.start) == ("small", 7, parse_time("2026-07-01T06:00:00Z"))
        assert (recipe.kinds, recipe.districts, recipe.packs, recipe.owner) == (
            ("water", "air"),
            ("homes",),
            True,
            "demo",
        )
        assert [event.start for event in recipe.events] == [parse_time("2026-07-01T07:00:00Z")]
        assert status.events == 1

    def test_a_scenario_may_be_text(self, folders, verbs):
        status = verbs["create"]({"owner": "demo", "scenario": '[[events]]\ntype = "leak"\n'})
        assert [event.type for event in Record(folders.index.folder(status.world)).recipe().events] == ["leak"]

    @pytest.mark.parametrize(
        "words",
        [
            {"owner": ""},
            {"seed": -1},
            {"seed": 2**63},
            {"start": "soon"},
            {"start": "1999-12-31"},
            {"start": "2100-01-01"},
            {"speed": 0},
            {"speed": 4000},
            {"state": "asleep"},
            {"kinds": ["dogs"]},
            {"districts": ["moon"]},
            {"colour": "red"},
            {"scenario": "no-such"},
            {"scenario": "[[events]"},
            {"scenario": [{"type": "volcano"}]},
            {"scenario": [{"type": "leak", "target": "nowhere"}]},
            {"scenario": [{"type": "leak", "id": "a"}, {"type": "leak", "id": "a"}]},
        ],
    )
    def test_what_cannot_be_is_refused(self, folders, verbs, words):
        with pytest.raises((ControlError, ScenarioError)):
            verbs["create"]({"owner": "demo", **words})
        assert folders.index.names() == []

    def test_worlds_are_listed_woken_and_deleted(self, folders, verbs):
        one, other = sorted(verbs["create"]({"owner": "demo"}).world for _ in range(2))
        folders.index.mark(one, "asleep")
        assert [(status.world, status.state) for status in verbs["worlds"]({})] == [
            (one, "asleep"),
            (other, "catching-up"),
        ]
        assert verbs["wake"]({"world": one}).state == "catching-up"
        assert verbs["delete"]({"world": other}) == {"world": other, "state": "deleted"}
        assert [status.world for status in verbs["worlds"]({})] == [one]
        with pytest.raises(ControlError):
            verbs["delete"]({"world": other})
