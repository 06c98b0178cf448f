"""A world moved on into the store says what it would have said to the broker."""

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.service import FILTERS, Ingest
from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.fast_forward import FastForward
from simulators.host.service import Simulation
from simulators.record.record import Pace, Recipe, Record
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.host.running import START, TIMEOUT, Deaf
from tests.simulators.host.test_store_writer import Lent
from tests.waiting import wait_until
from tests.zenata.broker.running import running_broker, standard_users
from tests.zenata.store.data import contents
from zenata.city.clock import SECOND, WallClock
from zenata.city.model import City
from zenata.errors import ControlError, SetupError, StoreError
from zenata.store import open_store
from zenata.wire.mqtt import Publisher, Subscription

HALF, END = START + 1800 * SECOND, START + 3600 * SECOND  # the longest that a message is late are 600 s
QUARTER = 900 * SECOND


class Stage:
    """A world in a folder of its own, and a store."""

    def __init__(self, city, folder: Path, publisher) -> None:
        self.city, self.publisher, self.record = city, publisher, Record(folder / "world")
        self.store = open_store(f"duckdb:///{folder / 'readings.duckdb'}")
        self.recipe = Recipe(city="small", seed=3, start=START, live=False)

    def simulation(self, sink=None) -> Simulation:
        run = Run(self.city, self.recipe, self.record.journal(), self.record)
        return Simulation(
            run=run,
            encoder=Encoder(self.city, "zenata"),
            publisher=self.publisher,
            record=self.record,
            pace=Pace(state="paused"),
            fast_forward=FastForward(run, "zenata", self.record, lambda: sink or Lent(self.store)),
        )


@pytest.fixture
def stage(city, tmp_path):
    stage = Stage(city, tmp_path, Deaf())
    with closing(stage.store):
        yield stage


def moved(simulation: Simulation, end: int, every: int) -> Simulation:
    simulation.fast_forward.begin(end, every)
    while simulation.fast_forward.under_way:
        simulation.tick()
    return simulation


def test_the_store_holds_the_same_as_if_it_had_been_published(city, stage, tmp_path):
    moved(simulation := stage.simulation(), HALF, TICK)
    assert simulation.running.time == HALF
    assert stage.publisher.published == 0
    with (
        running_broker("nats", tmp_path / "nats", standard_users("nats")) as broker,
        closing(open_store(f"duckdb:///{tmp_path / 'live.duckdb'}")) as store,
    ):
        with (
            Publisher(broker.address("simulators"), client_id="s") as publisher,
            Subscription(broker.address("ingest"), client_id="i", filters=FILTERS) as subscription,
        ):
            publisher.connect(TIMEOUT)
            subscription.connect(TIMEOUT)
            live = Stage(city, tmp_path / "live", publisher)
            published = publish(city, live.simulation(), subscription, store)
            live.store.close()
        assert published == simulation.running.digest.hexdigest()
        assert contents(store) == contents(stage.store)


def publish(city: City, simulation: Simulation, subscription: Subscription, store) -> str:
    """Publish up to `HALF` what ingest stores meanwhile; return the fingerprint when all is there."""
    ingest, stop = Ingest(city=city, store=store, subscription=subscription, clock=WallClock()), threading.Event()
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    try:
        readings = 0
        while simulation.running.time < HALF:
            readings += len(simulation.tick().values)
        wait_until(lambda: ingest.counters.readings >= readings, "all is stored", pause=0.05)
    finally:
        stop.set()
        thread.join()
    return simulation.running.digest.hexdigest()


def test_it_comes_to_its_end_and_goes_on_in_usual_ticks(stage):
    simulation = stage.simulation()
    simulation.tick()
    messages = stage.publisher.published
    moved(simulation, END + TICK, QUARTER)
    run = simulation.running
    assert (run.time, run.every) == (END, TICK)
    assert [entry.every for entry in stage.record.journal().since(0) if entry.every] == [QUARTER, TICK]
    assert stage.publisher.published == messages
    assert {row.time for row in contents(stage.store)} == {START + n * QUARTER for n in range(1, 5)}
    assert {row.seq for row in contents(stage.store)} >= {2, 3, 4, 5}  # one was said before
    simulation.tick()
    assert run.time == END + TICK
    assert stage.publisher.published > messages


@pytest.fixture(scope="module")
def whole(city, tmp_path_factory):
    """The fingerprint and the readings of a world that was moved on at once."""
    stage = Stage(city, tmp_path_factory.mktemp("whole"), Deaf())
    with closing(stage.store):
        return moved(stage.simulation(), END, QUARTER).running.mark(), contents(stage.store)


@pytest.mark.parametrize("ticks", [0, 1, 3, 4])
def test_killed_on_its_way_it_goes_on(stage, whole, ticks):
    killed = stage.simulation()
    killed.fast_forward.begin(END, QUARTER)
    for _ in range(ticks):
        killed.tick()
    killed.fast_forward.close()  # what it gathered is lost
    resumed = stage.simulation()
    assert resumed.fast_forward.under_way == (ticks < 5)
    while resumed.fast_forward.under_way:
        resumed.tick()
    assert (resumed.running.mark(), contents(stage.store)) == whole
    assert stage.publisher.published == 0


def test_it_shows_how_far_it_is(stage):
    simulation = stage.simulation()
    assert simulation.fast_forward.progress is None
    simulation.fast_forward.begin(END, QUARTER)
    simulation.tick()
    assert simulation.fast_forward.progress.report().at == datetime(2026, 1, 5, 17, tzinfo=UTC)


def test_what_cannot_be_is_refused(stage):
    simulation = stage.simulation()
    with pytest.raises(SetupError, match="is not behind the start"):
        simulation.fast_forward.begin(START - TICK, TICK)
    with pytest.raises(SetupError, match="no tick between"):
        simulation.fast_forward.begin(START - TICK + 1, QUARTER)
    simulation.fast_forward.begin(END, QUARTER)
    with pytest.raises(SetupError, match="on its way already"):
        simulation.fast_forward.begin(END, QUARTER)


def test_a_store_that_cannot_be_reached_is_reported_before_anything_is_done(stage):
    def closed():
        raise StoreError("nobody there")

    simulation = stage.simulation()
    simulation.fast_forward._open_sink = closed
    with pytest.raises(StoreError):
        simulation.fast_forward.begin(END, QUARTER)
    assert not simulation.fast_forward.under_way
    assert len(stage.record.journal()) == 0


def test_item_7_a_backfill_to_the_year_9999_or_beyond_what_is_left_of_the_day_is_refused(stage, tmp_path):
    simulation = stage.simulation()
    control = WorldControl(name="w-1", simulation=simulation, record=stage.record, worlds=None, stop=threading.Event())
    control._between_ticks = lambda act: act()
    for end, every, left in (("9999-12-31T00:00:00Z", "1h", 10**9), ("2026-01-05T18:00:00Z", "15m", 3)):
        with pytest.raises(ControlError, match="readings are left for today") as error:
            control.handle("backfill", {"end": end, "every": every, "max_readings": left})
        assert error.value.reason == "invalid"
    assert not simulation.fast_forward.under_way
    answer = control.handle("backfill", {"end": "2026-01-05T18:00:00Z", "every": "15m", "max_readings": 10**6})
    assert 0 < answer["expected"] < 10**6


def test_killed_it_goes_on_at_its_pace_from_where_it_was(stage):
    """It does not wait until a clock that starts at the checkpoint has come to where it was."""
    simulation = stage.simulation()
    simulation.set_pace(Pace())
    for _ in range(5):
        simulation.tick()
    last = simulation.running.time
    again = stage.simulation()
    again.set_pace(Pace())
    while not again.running.caught_up:
        again.tick()
    assert again.running.time == last
    assert again._wait() <= TICK / SECOND
