"""Worlds that are made, left, taken up again, and published to a real broker."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from simulators import service
from simulators.digest import Digest
from simulators.measurement import Channels
from simulators.publish import Encoder
from simulators.record import Recipe, Record
from simulators.service import CATCH_UP, Simulation, clock_for, recipe_for, resume
from simulators.world import TICK, World
from tests.broker.client import Client
from tests.broker.running import Running, password, running_broker, standard_users
from zenata.city.clock import ScaledClock, WallClock, parse_time
from zenata.errors import SetupError
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher

TIMEOUT = 15.0  # far beyond what anything here takes [s]
START = parse_time("2026-01-05T17:00:00Z")
COUNTED = {"energy", "volume"}  # quantities that count since installation


class Counting(Publisher):
    """A publisher that knows how much it was given."""

    published = 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published += 1
        super().publish(topic, payload, retain=retain)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_broker("nats", tmp_path_factory.mktemp("nats"), standard_users("nats")) as running:
        yield running


@pytest.fixture
def publisher(broker: Running) -> Iterator[Counting]:
    address = Address(host=broker.host, port=broker.mqtt_port, username="simulators", password=password("simulators"))
    with Counting(address, client_id="simulators") as client:
        client.connect(TIMEOUT)
        yield client


def recipe(*, live: bool = False) -> Recipe:
    return Recipe(city="small", seed=3, start=START, live=live)


def fingerprint(world: World, ticks: int) -> str:
    digest = Digest()
    for _ in range(ticks):
        digest.update(world.step())
    return digest.hexdigest()


class TestRecipe:
    def test_a_new_world_is_made_as_asked_for(self, city, record):
        made = recipe_for(record, city, seed=5, start=START + 3)
        assert made == Recipe(city="small", seed=5, start=START, live=False)
        assert record.recipe() == made

    def test_a_new_world_follows_the_time_of_day_unless_told_otherwise(self, city, record):
        before = WallClock().now()
        made = recipe_for(record, city, seed=None, start=None)
        assert (made.seed, made.live, made.start % TICK) == (1, True, 0)
        assert before - TICK < made.start <= WallClock().now()

    @pytest.mark.parametrize(("seed", "start"), [(None, None), (3, None), (None, START + TICK - 1), (3, START)])
    def test_a_world_goes_on_as_it_was_made(self, city, record, seed, start):
        record.keep_recipe(recipe())
        assert recipe_for(record, city, seed=seed, start=start) == recipe()

    @pytest.mark.parametrize(
        ("live", "seed", "start", "message"),
        [
            (False, 4, None, "a world with --seed 3, not 4: "),
            (False, None, START + TICK, "--start 2026-01-05T17:00:00Z, not 2026-01-05T17:00:10Z: "),
            (True, None, START, "--start now, not 2026-01-05T17:00:00Z: "),
        ],
    )
    def test_a_world_is_not_made_over(self, city, record, live, seed, start, message):
        record.keep_recipe(recipe(live=live))
        with pytest.raises(SetupError) as failure:
            recipe_for(record, city, seed=seed, start=start)
        assert message in str(failure.value)
        assert "or choose another --data-dir" in str(failure.value)
        assert "\n" not in str(failure.value)

    def test_a_world_does_not_move_to_another_city(self, city, record):
        record.keep_recipe(Recipe(city="zenata", seed=3, start=START, live=False))
        with pytest.raises(SetupError, match="a world with city zenata, not small"):
            recipe_for(record, city, seed=None, start=None)


class TestResume:
    def test_without_a_checkpoint_it_starts(self, city, record):
        assert fingerprint(resume(record, city, recipe(), START), 20) == fingerprint(
            World(city, seed=3, start=START), 20
        )

    @pytest.mark.parametrize("live", [True, False])
    def test_from_a_checkpoint_it_goes_on_bit_for_bit(self, city, record, live):
        world = World(city, seed=3, start=START)
        fingerprint(world, 30)
        record.keep_checkpoint(world.state())
        resumed = resume(record, city, recipe(live=live), world.time + CATCH_UP)
        assert resumed.time == world.time
        assert fingerprint(resumed, 60) == fingerprint(world, 60)

    def test_a_world_with_a_clock_of_its_own_is_never_away(self, city, record):
        world = World(city, seed=3, start=START)
        record.keep_checkpoint(world.state())
        assert resume(record, city, recipe(), START + 1000 * CATCH_UP).time == world.time

    def test_a_live_city_long_away_begins_afresh_and_counts_on(self, city, record):
        world = World(city, seed=3, start=parse_time("2026-01-05T12:00:00Z"))
        numbers: dict[int, int] = {}
        for _ in range(120):
            emission = world.step()
            numbers.update(zip(emission.sensors.tolist(), emission.seq.tolist(), strict=True))
        record.keep_checkpoint(world.state())
        now = world.time + 48 * 3600 * 1_000_000 + 5
        resumed = resume(record, city, recipe(live=True), now)
        assert now - 2 * TICK < resumed.time <= now
        counters = np.isin(Channels.of(city).property, list(COUNTED)) & np.isfinite(world.truth())
        assert counters.any()
        before = world.truth()[counters]
        for _ in range(120):
            emission = resumed.step()
            for sensor, seq in zip(emission.sensors.tolist(), emission.seq.tolist(), strict=True):
                assert seq == numbers[sensor] + 1
                numbers[sensor] = seq
            assert (resumed.truth()[counters] >= before).all()
            before = resumed.truth()[counters]

    def test_the_rest_of_a_city_long_away_is_as_if_newly_made(self, city, record):
        """What was before leaves no trace in the air or on the streets."""
        world = World(city, seed=3, start=START)
        record.keep_checkpoint(world.state())
        now = START + 2 * CATCH_UP
        resumed, fresh = resume(record, city, recipe(live=True), now), World(city, seed=3, start=now)
        inherited = {name for name, array in fresh.state().items() if not same(array, resumed.state()[name])}
        assert inherited <= {"world.seq", *(name for name in fresh.state() if name.split(".")[-1] in COUNTED)}


def same(one, other) -> bool:
    return np.array_equal(one, other, equal_nan=True)


class TestClock:
    def test_a_live_city_follows_the_time_of_day(self, city):
        assert isinstance(clock_for(recipe(live=True), World(city, seed=3, start=START), 1.0), WallClock)

    def test_the_time_of_day_has_one_speed(self, city):
        with pytest.raises(SetupError, match="--speed 1"):
            clock_for(recipe(live=True), World(city, seed=3, start=START), 2.0)

    def test_another_world_has_a_clock_that_starts_at_its_next_tick(self, city):
        clock = clock_for(recipe(), World(city, seed=3, start=START), 1.0)
        assert isinstance(clock, ScaledClock)
        assert START <= clock.now() < START + TICK


class Jumping:
    """A clock that is always at the moment waited for, and stops a run after so many ticks."""

    def __init__(self, ticks: int, stop: threading.Event) -> None:
        self._left, self._stop, self._now = ticks, stop, 0

    def now(self) -> int:
        return self._now

    def wait_until(self, moment: int, timeout: float) -> bool:
        if not self._left:
            self._stop.set()
            return False
        self._left, self._now = self._left - 1, moment
        return True


class Killed(BaseException):
    """Ends a run on the spot, with no word to anybody."""


Said = list[tuple[str, bytes]]


class Stage:
    """The small city, run a number of ticks at a time, each time as a process would that starts and ends."""

    def __init__(self, city, record: Record, publisher: Counting, broker: Running) -> None:
        self._city, self._record, self._publisher, self._broker = city, record, publisher, broker

    def run(self, ticks: int, *, killed: bool = False, packs: bool = False) -> Said:
        """Return what a subscriber got, in order of topics."""
        stop = threading.Event()
        world = resume(self._record, self._city, recipe(), START)
        simulation = Simulation(
            world=world,
            encoder=Encoder(self._city, "zenata"),
            publisher=self._publisher,
            record=self._record,
            clock=Jumping(ticks, stop),
            speed=60.0,
            packs=packs,
        )
        last = world.time + ticks * TICK

        def on_tick() -> None:
            if killed and world.time == last:
                raise Killed

        with Client(self._broker, "demo") as demo:
            for filter_ in ("zenata/telemetry/#", "zenata/packs/#", "zenata/clock"):
                assert demo.subscribe(filter_)
            self._publisher.published = 0
            with suppress(Killed):
                simulation.run(stop, on_tick)
            assert world.time == last
            assert self._publisher.drain(TIMEOUT)
            demo._wait(lambda: sum(not message.retain for message in demo.messages) >= self._publisher.published)
        return sorted((message.topic, message.payload) for message in demo.messages if not message.retain)


def encoded(city, world: World, ticks: int, *, packs: bool = False) -> Said:
    """Return what a world should publish in its next ticks, in order of topics."""
    encoder = Encoder(city, "zenata")
    said: Said = []
    for _ in range(ticks):
        emission = world.step()
        said += [*encoder.telemetry(emission), encoder.clock(emission.time, 60.0)]
        said += encoder.packs(emission) if packs else ()
    return sorted(said)


@pytest.fixture
def stage(city, record, publisher, broker) -> Stage:
    return Stage(city, record, publisher, broker)


class TestSimulation:
    @pytest.mark.parametrize("packs", [False, True])
    def test_each_tick_is_published_and_a_checkpoint_is_left(self, city, stage, record, packs):
        world = World(city, seed=3, start=START)
        assert stage.run(12, packs=packs) == encoded(city, world, 12, packs=packs)
        state = record.checkpoint()
        assert state.keys() == world.state().keys()
        assert all(same(array, state[name]) for name, array in world.state().items())

    def test_stopped_and_started_it_goes_on(self, city, stage):
        pieces = stage.run(5) + stage.run(7)
        assert sorted(pieces) == encoded(city, World(city, seed=3, start=START), 12)

    def test_killed_and_started_it_says_the_very_same_again(self, city, stage):
        before = stage.run(5)
        lost = stage.run(7, killed=True)
        again = stage.run(10)
        rest = Counter(again) - Counter(lost)
        assert not Counter(lost) - Counter(again)
        world = World(city, seed=3, start=START)
        assert before == encoded(city, world, 5)
        assert lost == encoded(city, world, 7)
        assert sorted(rest.elements()) == encoded(city, world, 3)

    def test_killed_and_long_away_it_numbers_on_from_what_was_said(self, city, stage, record):
        stage.run(2)
        stage.run(9, killed=True)
        said = World(city, seed=3, start=START)
        fingerprint(said, 11)
        now = START + 2 * CATCH_UP
        assert same(resume(record, city, recipe(live=True), now).state()["world.seq"], said.state()["world.seq"])

    def test_checkpoints_are_left_on_the_way(self, stage, record, monkeypatch):
        monkeypatch.setattr(service, "CHECKPOINT_EVERY", 0.0)
        stage.run(3, killed=True)  # in the middle of its last tick
        assert record.checkpoint()["world.time"] == START + TICK

    def test_without_the_brokers_word_there_is_no_checkpoint(self, city, record, publisher, broker, monkeypatch):
        monkeypatch.setattr(service, "_DRAIN", 0.05)
        stop = threading.Event()
        simulation = Simulation(
            world=World(city, seed=3, start=START),
            encoder=Encoder(city, "zenata"),
            publisher=publisher,
            record=record,
            clock=Jumping(2, stop),
            speed=1.0,
        )
        broker.process.send_signal(signal.SIGSTOP)
        try:
            simulation.run(stop)
        finally:
            broker.process.send_signal(signal.SIGCONT)
        assert record.checkpoint() is None
        assert publisher.drain(TIMEOUT)
