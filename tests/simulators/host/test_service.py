"""Worlds that are made, left, taken up again, and published to a real broker."""

import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from simulators.host import commands, service
from simulators.host.encoder import Encoder
from simulators.host.service import Simulation
from simulators.host.taking_up import CATCH_UP, take_up
from simulators.record.journal import Order
from simulators.record.record import Pace, Recipe, Record
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.host.running import START, TIMEOUT, caught_up, fingerprint, made, recipe, same
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running
from zenata.city.clock import ZONE_RULES, format_time
from zenata.errors import SetupError
from zenata.wire.mqtt import Publisher


class Counting(Publisher):
    """A publisher that knows how much it was given."""

    published = 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published += 1
        super().publish(topic, payload, retain=retain)


@pytest.fixture
def publisher(broker: Running) -> Iterator[Counting]:
    with Counting(broker.address("simulators"), client_id="simulators") as client:
        client.connect(TIMEOUT)
        yield client


class Killed(BaseException):
    """Ends a run on the spot, with no word to anybody."""


TopicsAndPayloads = list[tuple[str, bytes]]
AT_ONCE = Pace(speed=0)


class Stage:
    """The small city, run a number of ticks at a time, each time as a process would that starts and ends."""

    def __init__(self, city, record: Record, publisher: Counting, broker: Running) -> None:
        self._city, self._record, self._publisher, self._broker = city, record, publisher, broker

    def simulation(self, *, packs: bool = False, recipe: Recipe | None = None) -> Simulation:
        return Simulation(
            run=take_up(
                self._record,
                self._city,
                recipe or Recipe(city="small", seed=3, start=START, live=False, zone_rules=ZONE_RULES),
                START,
            ),
            encoder=Encoder(self._city, "zenata"),
            publisher=self._publisher,
            record=self._record,
            pace=AT_ONCE,
            packs=packs,
        )

    def run(self, ticks: int, *, killed: bool = False, packs: bool = False) -> TopicsAndPayloads:
        """Return what a subscriber got, in order of topics."""
        simulation = self.simulation(packs=packs)
        return self.published(simulation, simulation.running.time + ticks * TICK, killed=killed)

    def published(
        self, simulation: Simulation, last: int, *, killed: bool = False, command: tuple[str, bytes] | None = None
    ) -> TopicsAndPayloads:
        """Tell a simulation something, run it up to a time; return what a subscriber got."""
        stop = threading.Event()

        def on_turn() -> None:
            if simulation.running.time == last:
                if killed:
                    raise Killed
                stop.set()

        with Client(self._broker, "admin") as client:
            for filter_ in ("zenata/telemetry/#", "zenata/packs/#", "zenata/clock", "zenata/responses/#"):
                assert client.subscribe(filter_)
            self._publisher.published = 0
            if command is not None:
                simulation.receive(*command)
                simulation._attend(0)
            with suppress(Killed):
                simulation.run(stop, on_turn)
            assert simulation.running.time == last
            assert self._publisher.drain(TIMEOUT)
            client._wait(lambda: sum(not message.retain for message in client.messages) >= self._publisher.published)
        return sorted((message.topic, message.payload) for message in client.messages if not message.retain)


def encoded(city, run: Run, ticks: int, *, packs: bool = False) -> TopicsAndPayloads:
    """Return what a world should publish in its next ticks, in order of topics."""
    encoder = Encoder(city, "zenata")
    messages = []
    for _ in range(ticks):
        emission = run.step()
        messages += [*encoder.telemetry(emission), encoder.clock(emission.time, AT_ONCE, run.world.messages)]
        messages += encoder.packs(emission) if packs else ()
    return sorted((message.topic, message.payload) for message in messages)


@pytest.fixture
def stage(city, record, publisher, broker) -> Stage:
    return Stage(city, record, publisher, broker)


class TestSimulation:
    @pytest.mark.parametrize("packs", [False, True])
    def test_each_tick_is_published_and_a_checkpoint_is_left(self, city, stage, record, packs):
        run = made(city)
        assert stage.run(12, packs=packs) == encoded(city, run, 12, packs=packs)
        state = record.checkpoint()
        assert state.keys() == run.state().keys()
        assert all(same(array, state[name]) for name, array in run.state().items())

    def test_a_world_of_packs_publishes_nothing_else(self, city, stage):
        recipe = Recipe(city="small", seed=3, start=START, live=False, zone_rules=ZONE_RULES, packs=True)
        simulation = stage.simulation(packs=True, recipe=recipe)
        topics = {topic.split("/")[1] for topic, _ in stage.published(simulation, START + TICK)}
        assert topics == {"packs", "clock"}

    def test_killed_and_started_it_says_the_very_same_again(self, city, stage):
        before = stage.run(5)
        lost = stage.run(7, killed=True)
        again = stage.run(10)
        rest = Counter(again) - Counter(lost)
        assert not Counter(lost) - Counter(again)
        run = made(city)
        assert before == encoded(city, run, 5)
        assert lost == encoded(city, run, 7)
        assert sorted(rest.elements()) == encoded(city, run, 3)

    def test_killed_again_while_it_catches_up_it_takes_nothing_new_before_it_has(self, stage):
        stage.run(2)
        stage.run(9, killed=True)
        stage.run(3, killed=True)
        assert caught_up(stage.simulation().running).time == START + 10 * TICK  # the first tick is at START

    def test_killed_and_long_away_it_numbers_on_from_what_was_published(self, city, stage, record):
        stage.run(2)
        stage.run(9, killed=True)
        before = made(city)
        fingerprint(before, 11)
        resumed = take_up(record, city, recipe(live=True), START + 2 * CATCH_UP)
        assert same(resumed.world.state()["world.seq"], before.world.state()["world.seq"])

    def test_checkpoints_are_left_on_the_way(self, stage, record, monkeypatch):
        monkeypatch.setattr(service, "CHECKPOINT_EVERY", 0.0)
        stage.run(3, killed=True)  # before the checkpoint of its last turn
        assert record.checkpoint()["world.time"] == START + TICK

    def test_without_the_brokers_word_there_is_no_checkpoint(self, stage, record, publisher, broker, monkeypatch):
        monkeypatch.setattr(service, "_DRAIN", 0.05)
        simulation = stage.simulation()
        broker.process.send_signal(signal.SIGSTOP)
        try:
            simulation.tick()
            assert not simulation.save_checkpoint()
        finally:
            broker.process.send_signal(signal.SIGCONT)
        assert record.checkpoint() is None
        assert publisher.drain(TIMEOUT)


class TestCommands:
    LAMP = "zenata/commands/streetlight/streetlight-0001"

    def answer(self, stage, payload: bytes, topic: str = LAMP) -> dict:
        """Return what is answered to a command, given just before the first tick."""
        topics_and_payloads = stage.published(stage.simulation(), START, command=(topic, payload))
        (response,) = [json.loads(payload) for topic, payload in topics_and_payloads if "/responses/" in topic]
        return response

    def test_a_command_is_obeyed_at_the_next_tick_and_answered(self, city, stage, record):
        assert self.answer(stage, b'{"id": "a", "set": {"dim": 0.25}}') == {
            "id": "a",
            "status": "applied",
            "at": "2026-01-05T17:00:00Z",
            "reason": None,
        }
        run = take_up(record, city, recipe(), START)
        assert run.world.state()["setpoints.streetlight.dim"][0] == 0.25
        assert [entry.order.set for entry in record.journal().since(0)] == [{"dim": 0.25}]

    @pytest.mark.parametrize(
        ("topic", "payload", "reason"),
        [
            (LAMP, b'{"id": "a", "set": {"dim": 1.5}}', "dim 1.5 is out of range: from 0 to 1"),
            (LAMP, b'{"id": "a", "set": {"colour": 1}}', "unknown setting 'colour': kind streetlight has dim"),
            (LAMP, b'{"id": "a", "set": {}}', "nothing to set: name one of dim"),
            ("zenata/commands/streetlight/lamp-1", b'{"id": "a", "set": {"dim": 1}}', "unknown sensor 'lamp-1'"),
            ("zenata/commands/air/air-0001", b'{"id": "a", "set": {"dim": 1}}', "sensors of kind air take no commands"),
        ],
    )
    def test_what_cannot_be_done_is_rejected_with_the_reason_and_logged(self, stage, record, topic, payload, reason):
        answer = self.answer(stage, payload, topic)
        assert (answer["id"], answer["status"], answer["reason"]) == ("a", "rejected", reason)
        assert len(record.journal()) == 0  # it is answered at once

    @pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b'{"set": {"dim": "much"}}', b'{"set": {"dim": NaN}}'])
    def test_what_is_no_command_is_rejected(self, stage, record, payload):
        answer = self.answer(stage, payload)
        assert (answer["id"], answer["status"]) == (None, "rejected")
        assert answer["reason"].startswith("not a command such as")
        assert len(record.journal()) == 0

    def test_too_many_in_a_tick_are_rejected(self, stage, monkeypatch):
        monkeypatch.setattr(commands, "MAX_COMMANDS", 2)
        simulation = stage.simulation()
        lamp = "streetlight-0001"
        futures = [
            simulation.order(Order(id=str(n), kind="streetlight", sensor=lamp, set={"dim": 1})) for n in range(3)
        ]
        assert [future.done() for future in futures] == [False, False, True]
        assert "more than 2 commands" in futures[2].result().reason

    def test_who_floods_one_device_takes_nobody_elses_place(self, stage, monkeypatch):
        monkeypatch.setattr(commands, "MAX_COMMANDS_OF_ONE", 2)
        simulation = stage.simulation()
        futures = [
            simulation.order(Order(id=str(n), kind="streetlight", sensor=sensor, set={"dim": 1}))
            for n, sensor in enumerate(["streetlight-0001"] * 4 + ["streetlight-0002", "streetlight-0001"])
        ]
        assert [future.done() for future in futures] == [False, False, True, True, False, True]
        assert "more than 2 commands to streetlight-0001 in a tick" in futures[2].result().reason

    def test_killed_after_a_command_it_obeys_it_again_at_the_same_tick(self, city, stage):
        simulation = stage.simulation()
        simulation.order(Order(id="a", kind="streetlight", sensor="streetlight-0001", set={"dim": 0.1}))
        simulation._attend(0)
        lost = stage.published(simulation, START + 2 * TICK, killed=True)
        assert (
            not Counter(lost)
            - Counter(stage.run(4))
            - Counter(message for message in lost if "/responses/" in message[0])
        )


class TestPace:
    def test_a_live_city_has_one_pace(self, stage):
        with pytest.raises(SetupError, match="runs at speed 1"):
            stage.simulation(recipe=recipe(live=True))

    def test_a_paused_world_stands_still_and_still_answers(self, stage):
        simulation, stop = stage.simulation(), threading.Event()
        simulation.set_pace(Pace(state="paused"))
        thread = threading.Thread(target=simulation.run, args=(stop,))
        thread.start()
        try:
            assert simulation.call(lambda: simulation.running.time).result(TIMEOUT) == START - TICK
            simulation.call(partial(simulation.set_pace, AT_ONCE)).result(TIMEOUT)
            wait_until(
                lambda: simulation.call(lambda: simulation.running.time).result(TIMEOUT) >= START + 3 * TICK,
                "it runs",
                pause=0.05,
            )
        finally:
            stop.set()
            thread.join()

    def test_its_clock_says_so_when_it_stops(self, stage, broker, publisher):
        simulation = stage.simulation()
        for _ in range(2):
            simulation.tick()
        simulation.set_pace(Pace(state="paused", speed=60))
        simulation.set_pace(Pace(state="paused", speed=60))
        assert publisher.drain(TIMEOUT)
        with Client(broker, "admin") as client:
            assert client.subscribe("zenata/clock")
            client.wait_for_count(1)
            (clock,) = [json.loads(message.payload) for message in client.messages]
        assert (clock["state"], clock["speed"], clock["time"]) == ("paused", 60.0, format_time(START + TICK))
        assert clock["messages"] == simulation.running.world.messages

    def test_a_clock_that_was_put_off_never_follows_a_newer_one(self, stage, publisher, monkeypatch):
        simulation = stage.simulation(recipe=recipe(publish=False))
        simulation.tick()
        simulation.set_pace(Pace(state="paused"))
        simulation._attend(0)
        clocks = []
        monkeypatch.setattr(publisher, "publish", lambda _, payload, **__: clocks.append(json.loads(payload)))
        simulation.call(simulation.tick)
        simulation.call(partial(simulation.set_pace, Pace(state="paused", speed=60)))
        simulation._attend(0)
        simulation.call(simulation.tick)
        simulation._attend(0)
        assert [(clock["speed"], clock["time"]) for clock in clocks] == [
            (60.0, format_time(START + TICK)),
            (60.0, format_time(START + 2 * TICK)),
        ]
        assert {clock["messages"] for clock in clocks} == {0}, "nobody is to wait for what is not published"

    def test_its_pace_outlasts_it(self, stage, record):
        stage.simulation().set_pace(Pace(state="paused", speed=60))
        assert record.pace() == Pace(state="paused", speed=60)
