"""The past of a small city, filled at once, in pieces, and up to where the city begins."""

import threading
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from simulators.domains.base import COUNTERS
from simulators.host import backfill as module
from simulators.host.backfill import Backfill, request_of
from simulators.record.journal import Journal
from simulators.record.record import Recipe
from simulators.record.run import Run
from tests.simulators.host.test_store_writer import Lent
from tests.zenata.store.data import contents
from zenata.city.clock import SECOND, parse_time
from zenata.city.kinds import KINDS
from zenata.errors import SetupError
from zenata.store import open_store

START = parse_time("2026-01-05T00:00:00Z")
END = parse_time("2026-01-05T04:00:00Z")
QUARTER = 900 * SECOND


def recipe(start: int = END) -> Recipe:
    return Recipe(city="small", seed=3, start=start, live=True)


def made(city, folder: Path, **changes) -> Backfill:
    request = {"recipe": None, "seed": 3, "start": START, "end": END, "every": QUARTER}
    return Backfill(city, folder=folder, world="zenata", **{**request, **changes})


class Filling:
    """A store of its own, and a world's folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "world"
        self.store = open_store(f"duckdb:///{folder / 'readings.duckdb'}")

    def run(self, backfill: Backfill, ticks: int | None = None) -> str | None:
        """Run, for so many ticks."""
        stop, left = threading.Event(), [ticks]

        def count(_):
            if left[0] is not None:
                left[0] -= 1
                if left[0] <= 0:
                    stop.set()

        return backfill.run(lambda: Lent(self.store), stop, count)


@pytest.fixture
def filling(tmp_path):
    filling = Filling(tmp_path)
    with closing(filling.store):
        yield filling


@pytest.fixture(scope="module")
def whole(city, tmp_path_factory):
    """What fills a past at once, given the recipe of the city that it joins or None: its fingerprint, and the readings."""

    @cache
    def whole(joins):
        filling = Filling(tmp_path_factory.mktemp("whole"))
        with closing(filling.store):
            return filling.run(made(city, filling.folder, recipe=joins)), contents(filling.store)

    return whole


def test_it_holds_every_tick_from_start_to_end_without_numbers(city, filling):
    task = made(city, filling.folder)
    assert filling.run(task) is not None
    rows = contents(filling.store)
    power = [row for row in rows if row.series.sensor == "meter-0001" and row.series.property == "power"]
    assert [row.time for row in power] == list(range(START, END, QUARTER))
    assert {row.seq for row in rows} == {0}
    assert task.progress.done == task.progress.work
    assert task.progress.readings == len(rows)


def test_a_world_that_is_not_made_has_one_pass(city, filling):
    assert made(city, filling.folder).progress.work == END - START
    assert made(city, filling.folder, recipe=recipe()).progress.work == 2 * (END - START)


def test_what_counts_goes_up_to_where_the_city_begins_and_never_back(city, filling):
    filling.run(made(city, filling.folder, recipe=recipe()))
    run = Run(city, recipe(), Journal(None))
    first = run.step()
    live = {city.sensors[number].id: first.values[first.offsets[index] :] for index, number in enumerate(first.sensors)}
    counted = [row for row in contents(filling.store) if row.series.property in COUNTERS]
    assert {row.series.kind for row in counted} >= {"meter", "pv", "charger"}
    before = {}
    for row in counted:
        assert row.value >= before.get(row.series, 0.0)
        before[row.series] = row.value
    for series, value in before.items():
        begins = live[series.sensor][KINDS[series.kind].properties.index(series.property)]
        assert value <= begins
        assert begins - value < 1.0


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("ticks", [5, 11])
def test_stopped_and_taken_up_it_publishes_the_same(city, filling, whole, joined, ticks):
    joins = recipe() if joined else None
    pieces, count = None, 0
    while pieces is None:
        pieces = filling.run(made(city, filling.folder, recipe=joins), ticks)
        count += 1
    assert count > 1
    assert (pieces, contents(filling.store)) == whole(joins)


def test_killed_after_its_last_checkpoint_it_stores_again_what_is_there(city, filling, whole, monkeypatch):
    filling.run(made(city, filling.folder), 6)
    monkeypatch.setattr(module.Record, "save_checkpoint", lambda *_: None)
    filling.run(made(city, filling.folder), 4)
    monkeypatch.undo()
    assert (filling.run(made(city, filling.folder)), contents(filling.store)) == whole(None)


def test_finished_it_is_known_to_be(city, filling):
    digest = filling.run(made(city, filling.folder))
    assert request_of(filling.folder).digest == digest
    assert made(city, filling.folder).finished
    assert not made(city, filling.folder, every=2 * QUARTER).finished


def test_another_one_waits_until_it_is_finished(city, filling):
    filling.run(made(city, filling.folder), 5)
    with pytest.raises(SetupError, match=r"from 2026-01-05T00:00:00Z to .* every 900s .* is not finished"):
        made(city, filling.folder, start=START + QUARTER)
    filling.run(made(city, filling.folder))
    another = made(city, filling.folder, start=START - QUARTER, end=START)
    assert filling.run(another) is not None
    assert min(row.time for row in contents(filling.store)) == START - QUARTER


def test_made_meanwhile_the_city_does_not_change_what_was_begun(city, filling, whole):
    filling.run(made(city, filling.folder), 5)
    assert filling.run(made(city, filling.folder, recipe=recipe())) == whole(None)[0]


def test_two_do_not_fill_the_same_past(city, filling):
    task = made(city, filling.folder)
    with module.held(filling.folder / "backfill"), pytest.raises(SetupError, match="another process is at work"):
        filling.run(task)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": recipe(), "seed": 4}, "--seed 3; its past cannot be of .* --seed 4"),
        ({"recipe": recipe(END - 1)}, "the world has lived since"),
        ({"end": START}, "is not behind the start"),
        ({"every": 7}, "a multiple of 10s"),
    ],
)
def test_what_is_no_past_of_the_world_is_refused(city, filling, changes, message):
    with pytest.raises(SetupError, match=message) as failure:
        made(city, filling.folder, **changes)
    assert "\n" not in str(failure.value)
