"""Copies of a world, and its record."""

from itertools import pairwise

from simulators.record.journal import Journal
from simulators.record.record import History, Record
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.host.running import (
    LAMP,
    NAME,
    START,
    RunningWorld,
    assert_replays,
    caught_up,
    history_of,
    recipe,
    replayed,
)
from zenata.city.clock import format_time, parse_time


def fork(city, world: RunningWorld, **arguments) -> Run:
    """Return the run of a copy, made as its process would."""
    answer = world("fork", owner="demo", state="paused", **arguments)
    record = Record(world.worlds.index.root / answer["world"])
    assert answer["parent"] == NAME
    return Run(city, record.recipe(), record.journal(), record)


def use(world: RunningWorld) -> None:
    world("advance", steps=5, limit=0)
    world("event", event={"type": "leak", "target": "street-0001"})
    world("command", orders=[{**LAMP, "set": {"dim": 0.25}}])
    world("advance", steps=5, limit=0)


class TestForks:
    def test_a_copy_of_now_goes_on_as_the_world_does(self, city, world):
        use(world)
        copy = fork(city, world)
        assert copy.caught_up
        assert not copy.seen
        assert copy.time == world.simulation.running.time
        emissions = [copy.step() for _ in range(20)]
        again = world("advance", steps=20, limit=10**6)
        assert [item["value"] for item in again["items"]] == [value for e in emissions for value in e.values.tolist()]
        assert [item["seq"] for item in again["items"]][:1] == emissions[0].seq.tolist()[:1]

    def test_a_copy_of_before_has_only_what_was_done_before(self, city, world):
        use(world)
        copy = fork(city, world, start="2026-01-05T17:00:25Z")
        assert caught_up(copy).time == START + 2 * TICK
        assert copy.world.timeline.effects == ()
        plain = caught_up(Run(city, recipe(), Journal(None)), START + 10 * TICK)
        caught_up(copy, plain.time)
        assert {name: array.tobytes() for name, array in copy.world.state().items()} == {
            name: array.tobytes() for name, array in plain.world.state().items()
        }

    def test_a_milestone_spares_the_way_to_it(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "12h"})
        world("advance", end="2026-01-05T17:15:00Z", limit=0)
        begun = Record(world.worlds.index.root / world("fork", owner="demo", start="2026-01-05T17:12:00Z")["world"])
        assert begun.checkpoint()["world.time"] == parse_time("2026-01-05T17:10:00Z")
        copy = caught_up(Run(city, begun.recipe(), begun.journal(), begun))
        whole = caught_up(Run(city, copy.recipe, Journal(None, copy.journal.since(0))))
        ones, others = ([run.step() for _ in range(10)] for run in (copy, whole))
        assert all((one.values == other.values).all() for one, other in zip(ones, others, strict=True))
        assert copy.digest.hexdigest() == whole.digest.hexdigest()

    def test_nobody_has_more_than_its_share(self, world):
        for _ in range(2):
            world("fork", owner="demo")
        assert world.refuses("fork", owner="demo")[0] == "quota"
        world("fork", owner="eve")
        assert world.refuses("fork", owner="zoe")[0] == "limit"
        assert len(world.worlds.index.names()) == 3

    def test_a_copy_of_the_live_city_has_a_clock_of_its_own(self, live):
        answer = live("fork", owner="eve", speed=60)
        assert (answer["live"], answer["speed"], answer["owner"]) == (False, 60.0, "eve")


class TestRecord:
    def test_it_is_enough_to_tell_the_world_again(self, city, world):
        use(world)
        history = assert_replays(city, world)
        assert (history.world, len(history.journal)) == (NAME, 2)

    def test_marks_are_on_the_way(self, world):
        world("advance", end="2026-01-05T17:25:00Z", limit=0)
        history = history_of(world)
        assert [format_time(mark.time) for mark in history.marks] == [
            "2026-01-05T17:00:00Z",
            "2026-01-05T17:10:00Z",
            "2026-01-05T17:20:00Z",
        ]
        assert all(one.digest != other.digest for one, other in pairwise(history.marks))

    def test_the_record_of_a_copy_is_too(self, city, world):
        use(world)
        copy = fork(city, world)
        for _ in range(20):
            copy.step()
        history = History(world="w-2", recipe=copy.recipe, journal=copy.journal.since(0), marks=[], last=copy.mark())
        assert replayed(city, history) == copy.digest.hexdigest()
