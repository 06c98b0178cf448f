"""One contract for worlds in folders and in a cluster: indexes, files and calls."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from simulators.events.base import Event
from simulators.record.journal import Entry, Order
from simulators.record.record import Mark, Pace, Recipe, Record
from tests.waiting import at_once
from zenata.errors import ControlError
from zenata.worlds.files import Files
from zenata.worlds.folders import WorldFolders
from zenata.worlds.index import WorldIndex, new_name
from zenata.worlds.placement import HostedWorlds

SHARED = "zenata"


@pytest.fixture(params=["folders", "cluster"])
def index(request, tmp_path) -> WorldIndex:
    if request.param == "folders":
        (tmp_path / "worlds").mkdir()
        return WorldFolders(tmp_path / "worlds", host=SHARED)
    bucket = request.getfixturevalue("buckets")[0]
    hosted = HostedWorlds(bucket, "one")
    for name in hosted.all_names():
        hosted.remove(name)
    return hosted


@pytest.fixture
def again(index) -> Callable[[str], Record]:
    """Returns the record of a world as another process reads it."""
    return lambda name: Record(index.files(name))


def make(index: WorldIndex, owner: str = "demo", **members: str) -> str:
    with index.draft() as draft:
        record = Record(draft.files)
        record.save_pace(Pace())
        record.save_recipe(Recipe(city="small", seed=1, start=0, live=False, owner=owner, **members))
    return draft.name


def written(index: WorldIndex) -> tuple[str, Files]:
    """Make a world; return its name and its files as its process has them."""
    name = make(index)
    if isinstance(index, WorldFolders):
        return name, index.files(name)
    files = index.take(name, lambda _, lease: not lease.holder, "token", "one")
    assert files is not None
    return name, files


class TestIndex:
    def test_a_world_is_made_whole(self, index, again):
        name = make(index)
        assert (index.names(), index.owners()) == ([name], {name: "demo"})
        assert [index.owner(one) for one in (name, "w-other", f"../{name}", "zenata", "")] == [
            "demo",
            None,
            None,
            None,
            None,
        ]
        assert again(name).recipe().owner == "demo"
        index.check(name)

    def test_what_is_not_finished_is_no_world(self, index):
        with suppress(ZeroDivisionError), index.draft() as draft:
            Record(draft.files).save_pace(Pace())
            raise ZeroDivisionError
        assert index.names() == []
        make(index)
        assert len(index.names()) == 1

    def test_worlds_are_made_one_after_the_other(self, index):
        """So that no limit on their number is exceeded by two at once."""

        def run() -> int:
            with index.draft() as draft:
                Record(draft.files).save_recipe(Recipe(city="small", seed=1, start=0, live=False, owner="demo"))
                return len(draft.owners)

        assert sorted(at_once(*[run] * 4)) == [0, 1, 2, 3]

    def test_worlds_of_trials_count_for_no_limit(self, index):
        name = make(index, trial="t-1")
        with index.draft() as draft:
            Record(draft.files).save_recipe(Recipe(city="small", seed=1, start=0, live=False, owner="demo"))
            assert draft.owners == {}
        with index.draft() as following:
            Record(following.files).save_recipe(Recipe(city="small", seed=1, start=0, live=False, owner="eve"))
            assert following.owners == {draft.name: "demo"}
        assert index.owners() == {name: "demo", draft.name: "demo", following.name: "eve"}

    @pytest.mark.parametrize("marker", ["asleep", "failed", "deleted"])
    def test_a_marker_keeps_a_world_from_running(self, index, marker):
        name = make(index)
        assert index.to_run() == {name}
        index.mark(name, marker, "why")
        assert (index.marker(name), index.to_run()) == (marker, set())
        assert 0 <= index.stopped_for(name) < 60
        assert (name in index.owners()) == (marker != "deleted")
        assert index.owner(name) == (None if marker == "deleted" else "demo")
        assert index.failure(name) == ("why" if marker == "failed" else None)
        assert name not in index.running()

    def test_waking_removes_what_can_be_woken(self, index):
        name = make(index)
        index.mark(name, "asleep")
        assert not index.answers(name)
        index.wake(name)
        assert (index.marker(name), index.stopped_for(name)) == (None, 0)
        index.mark(name, "deleted")
        with pytest.raises(ControlError, match="no private world"):
            index.wake(name)

    def test_a_removed_world_leaves_nothing(self, index, again):
        name, files = written(index)
        record = Record(files)
        record.save_checkpoint({})
        record.journal().add([Entry(at=1)])
        index.mark(name, "deleted")
        if not isinstance(index, WorldFolders):
            files.release()
        assert index.claim(name)
        index.remove(name)
        assert index.names() == []
        assert not index.claim(name) or again(name).recipe() is None

    @pytest.mark.parametrize("name", [SHARED, "w-none", "../w-one", "w-ONE", "w-", "w-*", "w-a.b", ""])
    def test_no_other_name_is_a_private_world(self, index, name):
        make(index)
        with pytest.raises(ControlError, match="no private world"):
            index.check(name)

    def test_what_is_delivered_is_read(self, index):
        name, files = written(index)
        index.deliver(name, "answers.json", b"[1]")
        assert files.read("answers.json") == b"[1]"
        index.deliver(name, "answers.json", b"[2]")
        assert files.read("answers.json") == b"[2]"


class TestRecord:
    """What a world leaves is read again by whoever takes it over."""

    def test_the_journal_keeps_its_order(self, index, again):
        name, files = written(index)
        journal = Record(files).journal()
        order = Order(id="a", kind="streetlight", sensor="streetlight-0001", set={"dim": 0.5}, by="demo")
        entries = [Entry(at=number, order=order) for number in range(30)]
        for first in range(0, 30, 3):
            journal.add(entries[first : first + 3])
        assert again(name).journal().since(0) == entries

    def test_a_journal_longer_than_a_message_may_be(self, index, again):
        name, files = written(index)
        event = Event(id="x", type="leak", start=0, end=1, parameters={"note": "x" * 2000})
        entries = [Entry(at=number, event=event) for number in range(700)]
        Record(files).journal().add(entries)
        assert again(name).journal().since(0) == entries

    def test_checkpoints_of_any_size(self, index, again):
        np = pytest.importorskip("numpy")
        name, files = written(index)
        record = Record(files)
        for size in (1, 300_000):
            record.save_checkpoint({"world.time": np.arange(size)})
            assert np.array_equal(again(name).checkpoint()["world.time"], np.arange(size))

    def test_milestones_are_found_by_time_and_the_oldest_go(self, index, again, monkeypatch):
        np = pytest.importorskip("numpy")
        monkeypatch.setattr("simulators.record.record.MAX_MILESTONES", 2)
        name, files = written(index)
        for time in (5, 60, 700):
            Record(files).save_milestone(time, {"world.time": np.array(time)})
        record = again(name)
        found = [record.milestone(time) for time in (59, 60, 699, 10_000)]
        assert [None if state is None else int(state["world.time"]) for state in found] == [None, 60, 60, 700]

    def test_small_files(self, index, again):
        name, files = written(index)
        record = Record(files)
        for time in (10, 20, 2**40):
            record.save_reached(time)
        record.save_pace(Pace(state="paused", speed=60))
        record.add_mark(Mark(time=2, digest="b"))
        record.add_mark(Mark(time=1, digest="a"))
        record.save_secret(b"s" * 32)
        found = again(name)
        assert (found.reached(), found.pace(), found.secret()) == (2**40, Pace(state="paused", speed=60), b"s" * 32)
        assert [mark.time for mark in found.marks()] == [1, 2]
        files.write("fast_forward.json", b"{}")
        files.remove("fast_forward.json")
        files.remove("never.json")
        assert index.files(name).read("fast_forward.json") is None


class TestCalls:
    def test_a_call_is_answered_by_who_serves_the_world(self, index):
        name, _ = written(index)
        with index.serving(name, lambda verb, arguments: {"verb": verb, **arguments}):
            assert index.ask_raw(name, "status", {"full": True}, timeout=10) == b'{"verb":"status","full":true}'
            assert index.answers(name)
            assert name in index.running()

    def test_long_answers_and_refusals(self, index):
        name, _ = written(index)

        def handle(verb, arguments):
            if verb == "refuse":
                raise ControlError("not now", "conflict")
            return "x" * 3_000_000

        with index.serving(name, handle):
            assert len(index.ask_raw(name, "long", {}, timeout=30)) == 3_000_002
            with pytest.raises(ControlError, match="not now") as refusal:
                index.ask_raw(name, "refuse", {}, timeout=10)
        assert refusal.value.reason == "conflict"

    def test_nobody_answers(self, index):
        name, _ = written(index)
        with pytest.raises(ControlError, match=f"the simulator of {name} does not answer") as failure:
            index.ask_raw(name, "status", {}, timeout=0.5)
        assert failure.value.reason == "away"

    def test_slow_calls_hold_up_no_others(self, index):
        name, _ = written(index)
        gate = threading.Event()
        with index.serving(name, lambda verb, _: gate.wait(30) if verb == "slow" else gate.set()):
            at_once(*(partial(index.ask_raw, name, verb, {}, timeout=30) for verb in ("slow", "quick")))


def test_new_names_are_names_of_worlds(index):
    with pytest.raises(ControlError):
        index.check(new_name())
    index.check(make(index))
