"""Events of a world: begun, ended, repaired and hidden."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from simulators.events.base import Event
from simulators.record.record import Pace, seal_of
from simulators.world.world import TICK
from tests.simulators.host.running import NAME, START, RunningWorld, assert_replays, recipe
from tests.zenata.broker.client import Client
from zenata.city.clock import SECOND


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

    def test_a_leak_is_reported_in_the_labels_and_nowhere_else(self, world, broker):
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
        assert (world.record.files.folder / "labels.json").exists()

    def test_a_closed_road_is_announced(self, world, broker):
        with Client(broker, "demo") as demo:
            demo.subscribe(f"{NAME}/events")
            event = world("event", event={"type": "road_closure"})
            world("advance", steps=1, limit=0)
            demo.wait_for_count(1)
        assert msgspec.json.decode(demo.messages[0].payload)["targets"] == event["targets"]


class TestEndsAndRepairs:
    def test_an_event_that_goes_on_ends_with_the_tick(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "6h", "id": "a"})
        world("advance", steps=3, limit=0)
        assert world("end-event", id="a") == {"id": "a", "end": "2026-01-05T17:00:20.000001Z"}
        (event,) = world("events")
        assert event["end"] == "2026-01-05T17:00:20.000001Z"
        assert world.refuses("end-event", id="a") == ("invalid", "event 'a' is over already")
        world("advance", steps=3, limit=0)
        assert_replays(city, world)

    def test_an_event_that_has_not_begun_is_taken_back(self, world):
        world("event", event={"type": "leak", "target": "street-0001", "start": "+2h", "id": "a"})
        assert world("end-event", id="a") == {"id": "a", "end": None}
        assert world("events") == []
        assert world.refuses("end-event", id="a")[0] == "unknown"

    def test_a_crew_ends_what_it_finds(self, city, world):
        world("event", event={"type": "leak", "target": "street-0001", "duration": "48h", "area": 0.003})
        repair = world("repair", target="street-0001", by="demo")
        world("repair", target="street-0002")
        assert (repair["status"], repair["found"], repair["cost"]) == ("on its way", None, 400.0)
        world("advance", end="2026-01-05T18:00:00Z", every="5m", limit=0)
        working, idle = world("repairs")
        assert (working["status"], working["found"], working["cost"]) == ("working", ["leak"], 6400.0)
        assert (idle["status"], idle["found"], idle["cost"]) == ("done", [], 400.0)
        world("advance", end="2026-01-05T20:00:00Z", every="5m", limit=0)
        done, _ = world("repairs")
        assert (done["status"], world("events")[0]["end"]) == ("done", done["done"])
        (label,) = world("labels")
        assert label["end"] == done["done"]
        assert_replays(city, world)

    def test_a_world_has_so_many_repairs(self, world, monkeypatch):
        monkeypatch.setattr("simulators.host.event_control.MAX_REPAIRS", 1)
        world("repair", target="street-0001")
        assert world.refuses("repair", target="street-0001")[0] == "limit"

    @pytest.mark.parametrize("target", ["nowhere", "", "street-9999"])
    def test_a_crew_goes_to_what_there_is(self, world, target):
        assert world.refuses("repair", target=target)[0] == "invalid"


BLIND = [
    Event(id="hole", type="leak", start=START + TICK, end=START + 600 * SECOND, parameters={"target": "street-0001"}),
    Event(id="works", type="road_closure", start=START + TICK, end=START + 600 * SECOND),
]


class TestWhatIsHidden:
    @pytest.fixture
    def hiding(self, city, tmp_path, broker, impatient) -> Iterator[Callable[..., RunningWorld]]:
        opened = []

        def make(secret: bytes | None = None, **changes) -> RunningWorld:
            opened.append(
                RunningWorld(
                    city, tmp_path, broker, recipe(events=tuple(BLIND), **changes), Pace(state="paused"), secret
                )
            )
            return opened[-1]

        yield make
        for made in opened:
            made.close()

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
