"""Requests to worlds: their status, pace and advance, with a real broker beside them."""

from concurrent.futures import ThreadPoolExecutor

from simulators.host.activity import Activity
from simulators.host.requests import MAX_STEPS
from simulators.record.journal import Journal
from simulators.record.record import Pace
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.host.running import LAMP, NAME, TIMEOUT, assert_replays, recipe
from tests.zenata.broker.client import Client
from zenata.city.clock import ZONE_RULES


def test_status_shows_how_it_is(world):
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
        "reasons": None,
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
    def test_it_changes_in_part_and_is_stored(self, world):
        assert world("pace", speed=60)["speed"] == 60.0
        assert world.record.pace() == Pace(state="paused", speed=60)
        assert world("pace", speed="max")["speed"] == "max"
        assert world("pace", state="running")["state"] == "running"
        assert world.record.pace() == Pace(state="running", speed=0)

    def test_it_is_measured_while_the_world_runs(self, world, monkeypatch):
        monkeypatch.setattr(Activity, "pace", 144.0)  # of an advance
        assert world("status")["pace"] == 0.0
        forgotten: list[str] = []
        monkeypatch.setattr(world.control.activity, "forget", lambda: forgotten.append("what was before"))
        assert world("pace", state="running")["pace"] == 144.0
        assert forgotten == ["what was before"]

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
        assert world("status")["time"] == "2026-01-05T17:02:00Z"

    def test_two_at_once_go_no_farther_than_their_end(self, world):
        end = "2026-01-05T17:10:00Z"
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(world, "advance", end=end, limit=0) for _ in range(2)]
        assert world("status")["time"] == end
        made = [one.result()["steps"] for one in both if one.exception() is None]  # the second may find it there
        assert sum(made) == 61

    def test_no_more_is_returned_than_requested(self, world):
        answer = world("advance", steps=1, limit=5)
        assert len(answer["items"]) == 5
        assert answer["rows"] > 5
        assert answer["more"]

    def test_it_is_published_too(self, world, broker):
        with Client(broker, "demo") as demo:
            assert demo.subscribe(f"{NAME}/telemetry/+/weather/#")
            rows = world("advance", steps=2, limit=10_000)["items"]
            published = {(row["sensor"], row["seq"]) for row in rows if row["kind"] == "weather"}
            demo.wait_for_count(len(published))
        assert len(published) >= 2

    def test_too_many_steps_are_too_many(self, world):
        assert world.refuses("advance", steps=MAX_STEPS + 1) == (
            "limit",
            "that is 8,641 ticks; a request makes up to 8,640",
        )
        assert world.refuses("advance", end="2027-01-01")[0] == "limit"

    def test_a_world_that_runs_is_not_advanced(self, world):
        world("pace", state="running")
        assert world.refuses("advance", steps=1)[0] == "conflict"


class TestLongTicks:
    def test_an_advance_takes_ticks_of_another_length(self, world):
        answer = world("advance", steps=2, every="15m", limit=0)
        assert (answer["from"], answer["time"], answer["steps"]) == ("2026-01-05T16:59:50Z", "2026-01-05T17:15:00Z", 2)
        assert world("advance", steps=1, limit=0)["time"] == "2026-01-05T17:15:10Z"
        assert world("advance", end="2026-01-05T19:00:00Z", every="1h", limit=0)["steps"] == 2

    def test_the_record_replays_them(self, city, world):
        world("advance", steps=3, every="15m", limit=0)
        world("advance", steps=3, limit=0)
        world("advance", steps=1, every="1h", limit=0, orders=[{**LAMP, "set": {"dim": 0.25}}])
        assert_replays(city, world)

    def test_a_world_that_runs_goes_on_in_short_ones(self, world):
        world("advance", steps=1, every="1h", limit=0)
        world("pace", state="running", speed="max")
        (answer,) = world("command", orders=[{**LAMP, "set": {"dim": 0.5}}], wait=TIMEOUT)
        world("pace", state="paused")
        assert world.simulation.running.every == TICK
        assert answer["status"] == "applied"


def test_whoever_asks_uses_it_unless_it_is_the_host(world):
    before = world.control.activity.idle
    world("status", used=False)
    assert world.control.activity.idle > before
    world("status")
    assert world.control.activity.idle < TIMEOUT


def test_a_world_that_ends_says_so(world):
    world.close()
    assert world.refuses("advance", steps=1)[0] == "away"


def test_a_world_shows_the_networks_of_its_city(world):
    water = world("network", network="water", format="node-link")
    assert {node["type"] for node in water["nodes"]} == {"junction", "tank", "source"}
    assert world("network", network="water", format="inp").startswith("[TITLE]")
    reason, text = world.refuses("network", network="sewers", format="geojson")
    assert "sewers" in reason + text
