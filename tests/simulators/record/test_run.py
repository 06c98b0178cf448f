"""Runs of worlds by their journals: stopped, resumed and replayed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.events.base import Event
from simulators.host.taking_up import recipe_for
from simulators.record.journal import Entry, Journal, Order
from simulators.record.record import MAX_MILESTONES, Recipe, Record
from simulators.record.run import Run, unpublished
from simulators.world.world import TICK
from tests.simulators.host.running import caught_up
from zenata.city.clock import SECOND, parse_time
from zenata.errors import ScenarioError, SetupError
from zenata.process.files import held

START = parse_time("2026-01-05T17:00:00Z")
RECIPE = Recipe(city="small", seed=3, start=START, live=False)


def leak(name: str = "leak-1", *, start: int = START + 5 * TICK, target: str = "street-0001") -> Event:
    return Event(id=name, type="leak", start=start, end=start + 600 * TICK, parameters={"target": target, "area": 0.01})


def dim(value: float) -> Order:
    return Order(id=None, kind="streetlight", sensor="streetlight-0001", set={"dim": value})


def lived(city, ticks: int, record: Record | None = None, *, leave: frozenset[int] = frozenset()) -> Run:
    """Return a world to which some things were done; at some ticks it was left and taken up again."""
    run = Run(city, RECIPE, record.journal() if record else Journal(None), record)
    for tick in range(ticks):
        if tick == 3:
            run.do([Entry(at=run.time, event=leak())])
        if tick in {7, 15}:
            run.do([Entry(at=run.time, order=dim(1 / tick))])
        run.step()
        if tick in leave and record:
            run.save_checkpoint()
            run = Run(city, RECIPE, record.journal(), record)
    return run


@settings(max_examples=max(settings.default.max_examples // 5, 1), deadline=None)
@given(leave=st.frozensets(st.integers(0, 29), max_size=3))
def test_however_it_is_left_and_taken_up_it_publishes_the_same(city, tmp_path_factory, leave):
    record = Record(tmp_path_factory.mktemp("world"))
    assert lived(city, 30, record, leave=leave).mark() == lived(city, 30).mark()


def test_killed_it_obeys_again_at_the_same_ticks(city, tmp_path):
    run = lived(city, 30, Record(tmp_path))
    again = Run(city, RECIPE, Record(tmp_path).journal(), Record(tmp_path))
    assert again.time == START - TICK  # there was no checkpoint
    assert caught_up(again, run.time).mark() == run.mark()


def test_labels_go_on_from_a_checkpoint(city, tmp_path):
    record = Record(tmp_path)
    ones, others = lived(city, 30), lived(city, 30, record, leave=frozenset({10, 20}))
    assert ones.shadows.labels() == others.shadows.labels()
    assert [label.event for label in ones.shadows.labels()] == ["leak-1"]


def test_what_cannot_be_done_is_not_written_down(city):
    run = lived(city, 5)
    with pytest.raises(ScenarioError, match="nowhere"):
        run.do([Entry(at=run.time, event=leak("other", target="nowhere"))])
    with pytest.raises(ScenarioError, match="already"):
        run.do([Entry(at=run.time, event=leak())])
    assert len(run.journal) == 1


def test_refused_orders_are_reported(city):
    run = lived(city, 1)
    good, bad = (Entry(at=run.time, order=dim(value)) for value in (0.5, 5.0))
    none, reason = run.do([good, bad])
    assert none is None
    assert "out of range" in reason


def test_a_copy_publishes_nothing_of_what_the_other_published(city, tmp_path):
    run = lived(city, 30)
    copy_of = Recipe(city="small", seed=3, start=START, live=False, begins=run.time, parent="w-1", owner="demo")
    record = Record(tmp_path)
    record.journal().add(run.journal.since(0))
    stepped = caught_up(Run(city, copy_of, record.journal(), record))
    assert stepped.digest.last == bytes(32)
    assert record.marks() == []
    record.save_checkpoint(unpublished(run.state()))
    loaded = Run(city, copy_of, record.journal(), record)
    for copy in (stepped, loaded):
        copy.step()
    assert stepped.mark() == loaded.mark()
    assert stepped.mark() != run.mark()


def test_the_newest_milestones_are_stored(tmp_path, city):
    record, state = Record(tmp_path), lived(city, 1).state()
    for time in range(MAX_MILESTONES + 3):
        record.save_milestone(time * 1000, {**state, "world.time": time})
    assert record.milestone(2999) is None
    assert record.milestone(3999)["world.time"] == 3
    assert record.milestone(10**9)["world.time"] == MAX_MILESTONES + 2


def test_a_new_city_has_its_scenario_and_keeps_it(city, tmp_path):
    scenario = '[[events]]\ntype = "leak"\nstart = "+1h"\n'
    made = recipe_for(Record(tmp_path), city, seed=3, start=START, scenario=scenario)
    assert [event.start for event in made.events] == [START + 3600 * SECOND]
    assert recipe_for(Record(tmp_path), city, seed=None, start=None) == made


def test_a_folder_is_held_by_one(tmp_path):
    with (
        held(tmp_path / "world"),
        pytest.raises(SetupError, match="another process is at work"),
        held(tmp_path / "world"),
    ):
        pass
    with held(tmp_path / "world"):
        pass
