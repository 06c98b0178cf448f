"""Worlds that are asked things, with a real broker beside them."""

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from simulators.events.base import Event
from simulators.host import worlds as worlds_module
from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.requests import MAX_STEPS
from simulators.host.service import Simulation
from simulators.host.worlds import Limits, Worlds
from simulators.record import run as run_module
from simulators.record.journal import Journal
from simulators.record.record import History, Pace, Recipe, Record, seal_of
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running, password, running_broker, standard_users
from zenata.city.clock import SECOND, ZONE_RULES, format_time, parse_time
from zenata.errors import ControlError
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher

TIMEOUT = 60.0  # far beyond what anything here takes [s]
START = parse_time("2026-01-05T17:00:00Z")
NAME = "w-1"  # so that demo may hear it
LAMP = {"kind": "streetlight", "sensor": "streetlight-0001"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_broker("nats", tmp_path_factory.mktemp("nats"), standard_users("nats")) as running:
        yield running


class Asked:
    """A world that runs in a thread, and what it answers."""

    def __init__(
        self, city, folder: Path, broker: Running, recipe: Recipe, pace: Pace, secret: bytes | None = None
    ) -> None:
        address = Address(
            host=broker.host, port=broker.mqtt_port, username="simulators", password=password("simulators")
        )
        self.record = Record(folder / NAME)
        self.worlds = Worlds(folder, Limits(of_one=2, in_all=3))
        self.stop = threading.Event()
        self._publisher = Publisher(address, client_id="simulators")
        self._publisher.connect(TIMEOUT)
        self.simulation = Simulation(
            run=Run(city, recipe, self.record.journal(), self.record, secret=secret),
            encoder=Encoder(city, NAME),
            publisher=self._publisher,
            record=self.record,
            pace=pace,
        )
        self.control = WorldControl(
            name=NAME, simulation=self.simulation, record=self.record, worlds=self.worlds, stop=self.stop
        )
        self._thread = threading.Thread(target=self.simulation.run, args=(self.stop,))
        self._thread.start()

    def __call__(self, verb: str, **arguments):
        """Ask, and return the answer as it arrives."""
        return msgspec.json.decode(msgspec.json.encode(self.control.handle(verb, arguments)))

    def refuses(self, verb: str, **arguments) -> tuple[str, str]:
        with pytest.raises(ControlError) as failure:
            self(verb, **arguments)
        return failure.value.reason, str(failure.value)

    def close(self) -> None:
        self.stop.set()
        self._thread.join()
        self._publisher.close()


def recipe(**changes) -> Recipe:
    return Recipe(
        **{
            "city": "small",
            "seed": 3,
            "start": START,
            "live": False,
            "owner": "demo",
            "zone_rules": ZONE_RULES,
            **changes,
        }
    )


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    """Let nobody wait for copies, which nobody runs, or for what is kept on the way."""
    monkeypatch.setattr(worlds_module, "_ANSWER", 0.0)
    monkeypatch.setattr(run_module, "MARK_EVERY", 600 * SECOND)
    monkeypatch.setattr(run_module, "MILESTONE_EVERY", 600 * SECOND)


@pytest.fixture
def world(city, tmp_path, broker) -> Iterator[Asked]:
    """A world that is paused before its first tick."""
    asked = Asked(city, tmp_path, broker, recipe(), Pace(state="paused"))
    yield asked
    asked.close()


@pytest.fixture
def live(city, tmp_path, broker) -> Iterator[Asked]:
    asked = Asked(city, tmp_path, broker, recipe(live=True), Pace())
    yield asked
    asked.close()


def replayed(city, history: History) -> str:
    """Return the hash of a world replayed from its record."""
    run = Run(city, history.recipe, Journal(None, history.journal))
    while run.time < history.last.time or not run.caught_up:
        run.step()
    return run.digest.hexdigest()


def history_of(world: Asked) -> History:
    return msgspec.json.decode(msgspec.json.encode(world.control.handle("record", {})), type=History)


def test_status_tells_how_it_is(world):
    assert world("status") == {
        "world": NAME,
        "owner": "demo",
        "parent": "",
        "city": "small",
        "seed": 3,
        "start": "2026-01-05T17:00:00Z",
        "time": "2026-01-05T16:59:50Z",
        "state": "paused",
        "speed": 1.0,
        "pace": 0.0,
        "kinds": [],
        "districts": [],
        "packs": False,
        "publish": True,
        "live": False,
        "sealed": False,
        "blind": False,
        "zone_rules": ZONE_RULES,
        "events": 0,
        "messages": 0,
        "backfill": None,
        "reason": None,
    }


def test_what_is_no_request_is_refused(world):
    assert world.refuses("explode")[0] == "invalid"
    assert "status, pace, advance" in world.refuses("explode")[1]
    for verb, arguments in (
        ("status", {"extra": 1}),
        ("pace", {"speed": 0.5}),
        ("pace", {"speed": 3601}),
        ("pace", {"speed": "fast"}),
        ("pace", {"state": "asleep"}),
        ("advance", {}),
        ("advance", {"steps": 1, "end": "2026-01-05T17:10:00Z"}),
        ("advance", {"steps": 0}),
        ("advance", {"end": "soon"}),
        ("advance", {"end": "2026-01-05T16:59:00Z"}),
        ("command", {"orders": [{"kind": "streetlight"}]}),
        ("command", {"orders": [{**LAMP, "set": {"dim": "much"}}]}),
        ("command", {"orders": []}),
        ("advance", {"steps": 1, "every": "11s"}),
        ("advance", {"steps": 1, "every": "2h"}),
        ("advance", {"steps": 1, "orders": [{**LAMP, "set": {"limt": 1}}]}),
        ("fork", {}),
        ("fork", {"owner": "demo", "start": "2026-01-05T16:00:00Z"}),
        ("fork", {"owner": "demo", "start": "2030-01-01"}),
    ):
        assert world.refuses(verb, **arguments)[0] == "invalid", (verb, arguments)


class TestPace:
    def test_it_changes_in_part_and_is_kept(self, world):
        assert world("pace", speed=60)["speed"] == 60.0
        assert world.record.pace() == Pace(state="paused", speed=60)
        assert world("pace", speed="max")["speed"] == "max"
        assert world("pace", state="running")["state"] == "running"
        assert world.record.pace() == Pace(state="running", speed=0)

    def test_a_live_city_keeps_its_own(self, live):
        assert live.refuses("pace", speed=2)[0] == "conflict"
        assert live.refuses("advance", steps=1)[0] == "conflict"


class TestAdvance:
    def test_it_returns_the_readings_of_the_steps(self, city, world):
        answer = world("advance", steps=3, limit=10_000)
        run = Run(city, recipe(), Journal(None))
        emissions = [run.step() for _ in range(3)]
        assert (answer["from"], answer["time"]) == ("2026-01-05T16:59:50Z", "2026-01-05T17:00:20Z")
        assert answer["steps"] == 3
        assert [item["value"] for item in answer["items"]] == [v for e in emissions for v in e.values.tolist()]
        assert answer["rows"] == len(answer["items"])
        assert not answer["more"]
        assert answer["items"][0] == {
            "time": "2026-01-05T17:00:00Z",
            "world": NAME,
            "sensor": "weather-0001",
            "kind": "weather",
            "district": "homes",
            "property": "temperature",
            "unit": "Cel",
            "value": emissions[0].values[0],
            "seq": 1,
        }

    def test_it_goes_up_to_a_time(self, world):
        assert world("advance", end="2026-01-05T17:00:25Z", limit=0)["time"] == "2026-01-05T17:00:20Z"
        assert world("advance", end="2026-01-05T17:00:30Z", limit=0)["steps"] == 1
        assert world("advance", end="+1min", limit=0)["steps"] == 6  # z4: any form, relative ones from now in the world
        assert world("advance", end=1767632520, limit=0)["time"] == "2026-01-05T17:02:00Z"
        assert world("status")["time"] == "2026-01-05T17:00:30Z"

    def test_no_more_is_returned_than_asked_for(self, world):
        answer = world("advance", steps=1, limit=5)
        assert len(answer["items"]) == 5
        assert answer["rows"] > 5
        assert answer["more"]

    def test_it_is_published_too(self, world, broker):
        with Client(broker, "demo") as demo:
            assert demo.subscribe(f"{NAME}/telemetry/+/weather/#")
            rows = world("advance", steps=2, limit=10_000)["items"]
            said = {(row["sensor"], row["seq"]) for row in rows if row["kind"] == "weather"}
            demo.wait_for_count(len(said))
        assert len(said) >= 2

    def test_too_many_steps_are_too_many(self, world):
        assert world.refuses("advance", steps=MAX_STEPS + 1) == (
            "limit",
            "that is 8,641 ticks; a request makes up to 8,640",
        )
        assert world.refuses("advance", end="2027-01-01")[0] == "limit"

    def test_a_world_that_runs_is_not_advanced(self, world):
        world("pace", state="running")
        assert world.refuses("advance", steps=1)[0] == "conflict"


class TestEvents:
    def test_an_event_begins_with_the_next_tick(self, world):
        event = world("event", event={"type": "leak", "target": "street-0001", "duration": "1h", "area": 0.001})
        assert event == {
            "id": "leak-1",
            "type": "leak",
            "start": "2026-01-05T17:00:00Z",
            "end": "2026-01-05T18:00:00Z",
            "targets": ["street-0001"],
            "severity": 0.2,
            "public": False,
            "parameters": {"target": "street-0001", "area": 0.001},
        }
        assert world("events") == [event]
        assert world("status")["events"] == 1
        assert [entry.event.id for entry in world.record.journal().since(0)] == ["leak-1"]

    def test_it_may_begin_now_or_later_but_not_before(self, world):
        assert (
            world("event", event={"type": "leak", "start": "2026-01-05T16:59:50Z"})["start"] == "2026-01-05T17:00:00Z"
        )
        assert world("event", event={"type": "leak", "start": "+1h"})["start"] == "2026-01-05T18:00:00Z"
        assert world.refuses("event", event={"type": "leak", "start": "2026-01-05T16:00:00Z"})[0] == "invalid"

    @pytest.mark.parametrize(
        "arguments",
        [{}, {"type": "volcano"}, {"type": "leak", "target": "nowhere"}, {"type": "leak", "colour": "red"}],
    )
    def test_what_cannot_happen_is_refused(self, world, arguments):
        assert world.refuses("event", event=arguments)[0] == "invalid"
        assert len(world.record.journal()) == 0

    def test_the_id_of_another_is_refused(self, world):
        world("event", event={"type": "leak", "id": "mine"})
        assert world.refuses("event", event={"type": "leak", "id": "mine"})[0] == "invalid"

    def test_a_leak_is_told_in_the_labels_and_nowhere_else(self, world, broker):
        with Client(broker, "ingest") as ingest, Client(broker, "demo") as demo:
            ingest.subscribe("truth/#")
            demo.subscribe("truth/#")
            demo.subscribe(f"{NAME}/#")
            demo.subscribe(f"{NAME}/events")
            assert world("labels") == []
            world("event", event={"type": "leak", "target": "street-0001", "duration": "10m", "area": 0.01})
            world("advance", steps=1, limit=0)
            ingest.wait_for_count(1)
            (label,) = world("labels")
        assert (label["event"], label["start"], label["end"]) == (
            "leak-1",
            "2026-01-05T17:00:00Z",
            "2026-01-05T17:10:00Z",
        )
        assert label["targets"] == ["street-0001"]
        assert label["cause"]["area"] == 0.01
        assert msgspec.json.decode(ingest.messages[0].payload) == label
        assert not demo.messages
        assert (world.record.folder / "labels.json").exists()

    def test_a_closed_road_is_announced(self, world, broker):
        with Client(broker, "demo") as demo:
            demo.subscribe(f"{NAME}/events")
            event = world("event", event={"type": "road_closure"})
            world("advance", steps=1, limit=0)
            demo.wait_for_count(1)
        assert msgspec.json.decode(demo.messages[0].payload)["targets"] == event["targets"]


class TestCommands:
    def test_a_command_waits_for_its_tick(self, world):
        answer = world("command", orders=[LAMP | {"set": {"dim": 0.25}, "by": "demo"}])[0]
        assert answer["status"] == "pending"
        assert answer["id"]
        world("advance", steps=1, limit=0)
        (entry,) = world.record.journal().since(0)
        assert (entry.order.id, entry.order.by, entry.order.set) == (answer["id"], "demo", {"dim": 0.25})

    def test_it_is_answered_with_the_tick_that_obeyed_it(self, world):
        world("pace", state="running", speed="max")
        (answer,) = world("command", orders=[{**LAMP, "set": {"dim": 0.25}, "id": "a"}], wait=TIMEOUT)
        world("pace", state="paused")
        (entry,) = world.record.journal().since(0)
        assert answer == {
            "id": "a",
            "sensor": LAMP["sensor"],
            "status": "applied",
            "at": format_time(entry.at + TICK),
            "reason": None,
        }
        assert world("outcome", id="a") == answer

    @pytest.mark.parametrize(
        ("setting", "reason"),
        [
            ({"limt": 5}, "unknown setting 'limt': kind streetlight has dim"),
            ({"dim": 2.0}, "dim 2 is out of range: from 0 to 1"),
            ({}, "nothing to set: name one of dim"),
        ],
    )
    def test_q4_a_command_is_checked_at_once_also_in_a_paused_world(self, world, setting, reason):
        why, text = world.refuses("command", orders=[{**LAMP, "set": setting}], wait=15)
        assert why == "invalid"
        assert text.startswith(reason)
        assert not len(world.record.journal())

    def test_q4_one_bad_command_refuses_the_list_and_is_named(self, world):
        good, bad = {**LAMP, "set": {"dim": 0.5}}, {"kind": "air", "sensor": "air-0001", "set": {"x": 1}}
        assert world.refuses("command", orders=[good, bad]) == (
            "invalid",
            "command 2, to air-0001: sensors of kind air take no commands",
        )
        assert not world("advance", steps=1, limit=0)["outcomes"]

    def test_nobody_waits_for_a_world_that_stands_still(self, world):
        (answer,) = world(
            "command", orders=[{**LAMP, "set": {"dim": 0.5}, "id": "a"}], wait=60
        )  # the test would be long
        assert answer["status"] == world("outcome", id="a")["status"] == "pending"
        assert world("outcome", id="b") is None

    def test_an_advance_takes_commands_and_returns_their_outcomes(self, world):
        world("command", orders=[{**LAMP, "set": {"dim": 0.5}, "id": "before"}])
        told = world("advance", steps=2, limit=0, orders=[{**LAMP, "set": {"dim": 0.25}, "id": "with"}])
        assert [(one["id"], one["status"], one["at"]) for one in told["outcomes"]] == [
            ("before", "applied", "2026-01-05T17:00:00Z"),
            ("with", "applied", "2026-01-05T17:00:00Z"),
        ]
        assert [row["value"] for row in world("advance", steps=1)["items"] if row["property"] == "dim"] != []

    def test_an_outcome_is_for_its_sender(self, world):
        world("advance", steps=1, limit=0, orders=[{**LAMP, "set": {"dim": 0.5}, "id": "a", "by": "demo"}])
        assert world("outcome", id="a", by="demo")["status"] == "applied"
        assert world("outcome", id="a", by="eve") is None
        assert world("outcome", id="a")["status"] == "applied"


class TestLongTicks:
    def test_an_advance_takes_ticks_of_another_length(self, world):
        told = world("advance", steps=2, every="15m", limit=0)
        assert (told["from"], told["time"], told["steps"]) == ("2026-01-05T16:59:50Z", "2026-01-05T17:15:00Z", 2)
        assert world("advance", steps=1, limit=0)["time"] == "2026-01-05T17:15:10Z"
        assert world("advance", end="2026-01-05T19:00:00Z", every="1h", limit=0)["steps"] == 2

    def test_the_record_replays_them(self, city, world):
        world("advance", steps=3, every="15m", limit=0)
        world("advance", steps=3, limit=0)
        world("advance", steps=1, every="1h", limit=0, orders=[{**LAMP, "set": {"dim": 0.25}}])
        history = msgspec.convert(world("record"), History)
        assert replayed(city, history) == history.last.digest

    def test_a_world_that_runs_goes_on_in_short_ones(self, world):
        world("advance", steps=1, every="1h", limit=0)
        world("pace", state="running", speed="max")
        (answer,) = world("command", orders=[{**LAMP, "set": {"dim": 0.5}}], wait=TIMEOUT)
        world("pace", state="paused")
        assert world.simulation.running.every == TICK
        assert answer["status"] == "applied"


class TestEndsAndRepairs:
    def test_an_event_that_goes_on_ends_with_the_tick(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "6h", "id": "a"})
        world("advance", steps=3, limit=0)
        assert world("end-event", id="a") == {"id": "a", "end": "2026-01-05T17:00:20.000001Z"}
        (event,) = world("events")
        assert event["end"] == "2026-01-05T17:00:20.000001Z"
        assert world.refuses("end-event", id="a") == ("invalid", "event 'a' is over already")
        world("advance", steps=3, limit=0)
        history = msgspec.convert(world("record"), History)
        assert replayed(city, history) == history.last.digest

    def test_an_event_that_has_not_begun_is_taken_back(self, world):
        world("event", event={"type": "leak", "target": "street-0001", "start": "+2h", "id": "a"})
        assert world("end-event", id="a") == {"id": "a", "end": None}
        assert world("events") == []
        assert world.refuses("end-event", id="a")[0] == "unknown"

    def test_a_crew_ends_what_it_finds(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "48h", "area": 0.003})
        repair = world("repair", target="street-0001", by="demo")
        assert (repair["status"], repair["found"], repair["cost"]) == ("on its way", None, 400.0)
        world("advance", end="2026-01-05T18:00:00Z", every="5m", limit=0)
        (working,) = world("repairs")
        assert (working["status"], working["found"], working["cost"]) == ("working", ["leak"], 6400.0)
        world("advance", end="2026-01-05T20:00:00Z", every="5m", limit=0)
        (done,) = world("repairs")
        assert (done["status"], world("events")[0]["end"]) == ("done", done["done"])
        (label,) = world("labels")
        assert label["end"] == done["done"]
        history = msgspec.convert(world("record"), History)
        assert replayed(city, history) == history.last.digest

    def test_a_crew_that_finds_nothing_is_paid_its_way(self, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "1m"})  # over before it comes
        world("repair", target="street-0001")
        world("advance", steps=3, every="1h", limit=0)
        (repair,) = world("repairs")
        assert (repair["status"], repair["found"], repair["cost"]) == ("done", [], 400.0)

    @pytest.mark.parametrize("target", ["nowhere", "", "street-9999"])
    def test_a_crew_goes_to_what_there_is(self, world, target):
        assert world.refuses("repair", target=target)[0] == "invalid"


BLIND = [
    Event(id="hole", type="leak", start=START + TICK, end=START + 600 * SECOND, parameters={"target": "street-0001"}),
    Event(id="works", type="road_closure", start=START + TICK, end=START + 600 * SECOND),
]


class TestWhatIsHidden:
    @pytest.fixture
    def hiding(self, city, tmp_path, broker) -> Iterator[Callable[..., Asked]]:
        opened = []

        def make(secret: bytes | None = None, **changes) -> Asked:
            opened.append(
                Asked(city, tmp_path, broker, recipe(events=tuple(BLIND), **changes), Pace(state="paused"), secret)
            )
            return opened[-1]

        yield make
        for asked in opened:
            asked.close()

    def test_the_owner_of_a_world_reads_its_truth(self, world):
        world("event", event={"type": "leak", "target": "street-0001"})
        world("advance", steps=2, limit=0)
        assert [label["type"] for label in world("labels")] == ["leak"]
        assert world("status")["seed"] == 3

    def test_a_blind_world_hides_its_scenario_until_it_is_over(self, hiding):
        world = hiding(blind=True)
        assert (world("status")["events"], world("events")) == (0, [])
        world("advance", steps=3, limit=0)
        assert [event["id"] for event in world("events")] == ["works"]  # announced
        world("event", event={"type": "accident", "id": "own"})
        assert [event["id"] for event in world("events")] == ["works", "own"]
        for verb in ("labels", "record"):
            why, text = world.refuses(verb)
            assert (why, "blind" in text) == ("conflict", True)
        assert len(world("events", full=True)) == world("status", full=True)["events"] == 3
        world("advance", steps=60, limit=0)
        assert [event["id"] for event in world("events")] == ["hole", "works", "own"]
        assert len(world("labels")) == 3

    def test_who_gives_up_is_shown_the_scenario(self, hiding):
        world = hiding(blind=True)
        world("advance", steps=3, limit=0)
        assert [event["id"] for event in world("reveal")] == ["hole", "works"]
        assert [label["event"] for label in world("labels")] == ["hole", "works"]
        assert world("record")["journal"][-1]["reveal"]

    def test_a_sealed_world_hides_seed_events_truth_and_copies(self, hiding):
        secret = bytes(range(32))
        world = hiding(secret, sealed=seal_of(secret))
        world("advance", steps=3, limit=0)
        status = world("status")
        assert (status["seed"], status["events"], status["sealed"]) == (None, 1, True)
        assert [event["id"] for event in world("events")] == ["works"]
        assert world.refuses("reveal")[0] == "conflict"
        for verb, arguments in (
            ("labels", {}),
            ("record", {}),
            ("fork", {"owner": "demo"}),
            ("event", {"event": {"type": "leak", "id": "hole"}}),
            ("end-event", {"id": "hole"}),
        ):
            assert world.refuses(verb, **arguments)[0] == "conflict", verb
        full = world("status", full=True)
        assert (full["seed"], full["events"]) == (3, 2)
        assert [label["event"] for label in world("labels", full=True)] == ["hole", "works"]

    def test_what_comes_late_stays_hidden_too(self, hiding):
        world = hiding(blind=True)
        assert world.refuses("end-event", id="hole") == ("unknown", "there is no event 'hole'")


class TestForks:
    def fork(self, city, world: Asked, **arguments) -> Run:
        """Return the run of a copy, made as its process would."""
        told = world("fork", owner="demo", state="paused", **arguments)
        record = Record(world.worlds.root / told["world"])
        assert told["parent"] == NAME
        return Run(city, record.recipe(), record.journal(), record)

    def use(self, world: Asked) -> None:
        world("advance", steps=5, limit=0)
        world("event", event={"type": "leak", "target": "street-0001"})
        world("command", orders=[{**LAMP, "set": {"dim": 0.25}}])
        world("advance", steps=5, limit=0)

    def test_a_copy_of_now_goes_on_as_the_world_does(self, city, world):
        self.use(world)
        copy = self.fork(city, world)
        assert copy.caught_up
        assert not copy.seen
        assert copy.time == world.simulation.running.time
        said = [copy.step() for _ in range(20)]
        again = world("advance", steps=20, limit=10**6)
        assert [item["value"] for item in again["items"]] == [value for e in said for value in e.values.tolist()]
        assert [item["seq"] for item in again["items"]][:1] == said[0].seq.tolist()[:1]

    def test_a_copy_of_before_has_only_what_was_done_before(self, city, world):
        self.use(world)
        copy = self.fork(city, world, start="2026-01-05T17:00:25Z")
        while not copy.caught_up:
            copy.step()
        assert copy.time == START + 2 * TICK
        assert copy.world.effects == ()
        plain = Run(city, recipe(), Journal(None))
        while plain.time < START + 10 * TICK:
            plain.step()
        while copy.time < plain.time:
            copy.step()
        assert {name: array.tobytes() for name, array in copy.world.state().items()} == {
            name: array.tobytes() for name, array in plain.world.state().items()
        }

    def test_a_milestone_spares_the_way_to_it(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "12h"})
        world("advance", end="2026-01-05T17:15:00Z", limit=0)
        begun = Record(world.worlds.root / world("fork", owner="demo", start="2026-01-05T17:12:00Z")["world"])
        assert begun.checkpoint()["world.time"] == parse_time("2026-01-05T17:10:00Z")
        copy = Run(city, begun.recipe(), begun.journal(), begun)
        while not copy.caught_up:
            copy.step()
        whole = Run(city, copy.recipe, Journal(None, copy.journal.since(0)))
        while not whole.caught_up:
            whole.step()
        ones, others = ([run.step() for _ in range(10)] for run in (copy, whole))
        assert all((one.values == other.values).all() for one, other in zip(ones, others, strict=True))
        assert copy.digest.hexdigest() == whole.digest.hexdigest()

    def test_nobody_has_more_than_its_share(self, world):
        for _ in range(2):
            world("fork", owner="demo")
        assert world.refuses("fork", owner="demo")[0] == "quota"
        world("fork", owner="eve")
        assert world.refuses("fork", owner="zoe")[0] == "limit"
        assert len(world.worlds.names()) == 3

    def test_a_copy_of_the_live_city_has_a_clock_of_its_own(self, live):
        told = live("fork", owner="eve", speed=60)
        assert (told["live"], told["speed"], told["owner"]) == (False, 60.0, "eve")


class TestRecord:
    def test_it_is_enough_to_tell_the_world_again(self, city, world):
        TestForks().use(world)
        history = history_of(world)
        assert (history.world, len(history.journal)) == (NAME, 2)
        assert replayed(city, history) == history.last.digest

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
        TestForks().use(world)
        copy = TestForks().fork(city, world)
        for _ in range(20):
            copy.step()
        told = History(world="w-2", recipe=copy.recipe, journal=copy.journal.since(0), marks=[], last=copy.mark())
        assert replayed(city, told) == copy.digest.hexdigest()


def test_whoever_asks_uses_it_unless_it_is_the_host(world):
    before = world.control.activity.idle
    world("status", used=False)
    assert world.control.activity.idle > before
    world("status")
    assert world.control.activity.idle < TIMEOUT


def test_a_world_that_ends_says_so(world):
    world.close()
    assert world.refuses("advance", steps=1)[0] == "away"


def test_a_world_tells_the_networks_of_its_city(world):
    water = world("network", network="water", format="node-link")
    assert {node["type"] for node in water["nodes"]} == {"junction", "tank", "source"}
    assert world("network", network="water", format="inp").startswith("[TITLE]")
    reason, text = world.refuses("network", network="sewers", format="geojson")
    assert "sewers" in reason + text
