"""Replay of worlds that ran, were killed and were resumed."""

import dataclasses

import msgspec
import pytest
from msgspec.structs import replace

from simulators.events.base import Event
from simulators.record.journal import Entry, Journal, Order
from simulators.record.record import History, Mark, Recipe, Record, load_secret, seal_of
from simulators.record.replay import Difference, history_of, replay
from simulators.record.run import Run, unpublished
from simulators.world.world import TICK
from zenata.city.clock import SECOND, parse_time
from zenata.errors import SetupError

START = parse_time("2026-01-05T17:00:00Z")
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
LAMP = Order(id="a", kind="streetlight", sensor="streetlight-0001", set={"dim": 0.25})
LEAK = Event(id="leak-1", type="leak", start=START + HOUR + TICK, end=START + 3 * HOUR)


def on(run: Run, until: int) -> None:
    while run.time < until:
        run.step()


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> Record:
    record = Record(tmp_path_factory.mktemp("world"))
    record.save_recipe(Recipe(city="small", seed=3, start=START, live=False))
    return record


def taken_up(city, record) -> Run:
    return Run(city, record.recipe(), record.journal(), record)


@pytest.fixture(scope="module")
def history(city, record) -> History:
    """Of a world with a command, an event and longer ticks; killed on the way."""
    run = taken_up(city, record)
    on(run, START + 5 * TICK)
    run.do([Entry(at=run.time, every=MINUTE)])
    on(run, START + HOUR // 2)
    run.do([Entry(at=run.time, order=LAMP), Entry(at=run.time, event=LEAK)])
    on(run, START + HOUR)
    run.save_checkpoint()
    on(run, START + HOUR + 5 * MINUTE)  # said, and lost with the process
    run = taken_up(city, record)
    on(run, START + 2 * HOUR)
    run.do([Entry(at=run.time, every=900 * SECOND)])
    on(run, START + 4 * HOUR)
    run.do([Entry(at=run.time, every=TICK)])
    on(run, START + 4 * HOUR + 5 * TICK)
    run.save_checkpoint()
    return history_of(record, "w-1")


def test_replayed_it_publishes_the_same(city, history):
    assert [mark.time for mark in history.marks] == [START + hours * HOUR for hours in range(5)]
    ticks = []
    assert replay(city, history, on_tick=lambda progress: ticks.append(progress.at)) == history.last
    assert (ticks[-1], history.last.time) == (START + 4 * HOUR + 5 * TICK,) * 2


def test_its_record_is_one_document(city, history):
    assert msgspec.json.decode(msgspec.json.encode(history), type=History) == history


def test_until_a_time(city, history):
    assert replay(city, history, until=START + 2 * HOUR + 1) == history.marks[2]
    with pytest.raises(SetupError, match="no fingerprint"):
        replay(city, history, until=START - HOUR)


@pytest.mark.parametrize(
    ("number", "change", "where"),
    [
        (1, {"order": replace(LAMP, set={"dim": 0.3})}, (0, 1)),
        (2, {"event": replace(LEAK, start=START + 2 * HOUR)}, (1, 2)),
        (3, {"every": 1800 * SECOND}, (2, 3)),
        (4, {"at": START + 3 * HOUR}, (3, 4)),
    ],
)
def test_a_record_that_was_tampered_with_differs_from_there(city, history, number, change, where):
    journal = list(history.journal)
    journal[number] = replace(journal[number], **change)
    after, until = where
    expected = Difference(START + after * HOUR, START + until * HOUR)
    assert replay(city, replace(history, journal=journal)) == expected


def test_a_fingerprint_of_something_else_differs(city, history):
    last = Mark(time=history.last.time, digest="0" * 64)
    assert replay(city, replace(history, last=last)) == Difference(START + 4 * HOUR, last.time)


def test_a_copy_says_the_same_again(city, record, history, tmp_path):
    begins = START + HOUR
    parent = Run(city, record.recipe(), record.journal())
    on(parent, begins)
    copy = Record(tmp_path / "copy")
    copy.save_recipe(replace(record.recipe(), begins=begins, parent="w-1"))
    copy.save_checkpoint(unpublished(parent.state()))
    copy.journal().add([entry for entry in record.journal().since(0) if entry.at < begins])
    run = taken_up(city, copy)
    run.do([Entry(at=run.time, order=replace(LAMP, set={"dim": 0.9}))])
    on(run, begins + HOUR + MINUTE)
    run.save_checkpoint()
    recorded = history_of(copy, "w-2")
    assert replay(city, recorded) == recorded.last
    assert recorded.last.digest != history.marks[2].digest


def test_without_a_fingerprint_there_is_nothing_to_tell(city, record, tmp_path, history):
    with pytest.raises(SetupError, match="holds no world"):
        history_of(Record(tmp_path / "none"), "none")
    new = Record(tmp_path / "new")
    new.save_recipe(record.recipe())
    with pytest.raises(SetupError, match="no fingerprint yet"):
        history_of(new, "new")
    with pytest.raises(SetupError, match="of city small, not of zenata"):
        replay(dataclasses.replace(city, id="zenata"), history)


SECRET = bytes(range(32))


def sealed(city, secret) -> History:
    recipe = Recipe(city="small", seed=3, start=START, live=False, sealed=seal_of(SECRET), zone_rules="2025b")
    run = Run(city, recipe, Journal(None), labelled=False, secret=secret)
    on(run, START + 30 * TICK)
    return History(world="w-1", recipe=recipe, journal=[], marks=[], last=run.mark())


def test_a_sealed_world_replays_with_its_secret_alone(city):
    history = sealed(city, SECRET)
    assert replay(city, history, secret=SECRET) == history.last
    for wrong, why in ((None, "missing"), (SECRET[::-1], "another")):
        with pytest.raises(SetupError, match=f"sealed.*{why}"):
            replay(city, history, secret=wrong)


def test_no_seed_makes_a_sealed_world(city):
    history = sealed(city, SECRET)
    for seed in (3, 4):
        plain = replace(history, recipe=replace(history.recipe, sealed="", seed=seed))
        assert isinstance(replay(city, plain), Difference)


def test_a_record_names_the_zone_rules_it_was_made_by(city):
    history = sealed(city, SECRET)
    assert history.zone_rules == ["2025b"]
    moved = replace(history, journal=[Entry(at=START, zone_rules="2026f"), Entry(at=START + TICK, zone_rules="2026f")])
    assert moved.zone_rules == ["2025b", "2026f"]


def test_the_secret_is_made_once_and_is_private(tmp_path):
    file = tmp_path / "worlds.secret"
    assert load_secret(file) is None
    first = load_secret(file, make=True)
    assert (len(first), load_secret(file, make=True), load_secret(file)) == (32, first, first)
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("not hexadecimal")
    with pytest.raises(SetupError, match="restore it from a backup"):
        load_secret(file)
