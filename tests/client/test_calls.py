"""Every call against the real API: what is asked arrives, what is answered is read."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.running import MINUTES
from tests.client.clients import opened
from zenata_client import ProblemError

HOURS = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00Z"}


def test_the_city(client):
    city = client.city()
    assert (city.id, city.sensors, city.bbox) == ("zenata", 4, (-7.5, 33.5, -7.4, 33.7))
    assert city.newest == datetime(2026, 1, 1, 1, 59, tzinfo=UTC)
    assert [district.id for district in client.districts()] == ["la-ferme", "coast"]
    assert client.districts()[0].geometry.coordinates[0][0] == (-7.5, 33.5)
    (kind,) = (kind for kind in client.kinds() if kind.name == "streetlight")
    assert "dim" in {setting.name for setting in kind.settings}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["air-0001", "air-0002", "noise-0001", "traffic-0001"]),
        ({"kind": "air"}, ["air-0001", "air-0002"]),
        ({"kind": ["noise", "traffic"], "district": "coast"}, ["traffic-0001"]),
        ({"near": (-7.45, 33.61), "within": 1500}, ["air-0002", "air-0001", "noise-0001"]),
        ({"bbox": (-7.5, 33.615, -7.4, 33.625)}, ["noise-0001"]),
    ],
)
def test_sensors(client, options, expected):
    sensors = client.sensors(**options)
    assert sorted(sensor.id for sensor in sensors) == sorted(expected)
    assert sensors[0].id == expected[0]
    assert (sensors[0].distance is not None) == ("near" in options)


def test_one_sensor_comes_with_its_latest_readings(client):
    sensor = client.sensor("noise-0001")
    assert (sensor.kind, sensor.attributes) == ("noise", {"n": 2})
    assert {reading.seq for reading in sensor.latest} == {MINUTES}


def test_latest(client):
    rows = client.latest(kind="air", property=["pm25", "no2"])
    assert {(row.sensor, row.property) for row in rows} == {
        (sensor, name) for sensor in ("air-0001", "air-0002") for name in ("pm25", "no2")
    }
    assert all(row.time == datetime(2026, 1, 1, 1, 59, tzinfo=UTC) for row in rows)


@pytest.mark.parametrize("page", [7, 240, 10_000])
def test_pages_are_followed_to_the_end_and_are_the_whole(client, api, page):
    rows = list(client.readings(kind="noise", page=page, **HOURS))
    with api.client() as plain:
        whole = plain.get("/v1/readings", params={"kind": "noise", **HOURS}).json()["items"]
    assert [(row.time, row.property, row.value, row.seq) for row in rows] == [
        (datetime.fromisoformat(row["time"]), row["property"], row["value"], row["seq"]) for row in whole
    ]
    assert len(rows) >= MINUTES


def test_reading_may_stop_anywhere(client):
    rows = client.readings(kind="noise", page=5, **HOURS)
    assert [next(rows).seq for _ in range(7)]
    rows.close()
    assert client.city().id == "zenata"


def test_times_may_be_datetimes_and_aggregates_are_requested(client):
    start = datetime(2026, 1, 1, 2, tzinfo=UTC).astimezone()
    rows = client.readings(
        sensor="noise-0001", start=start - timedelta(hours=2), end=start, every="1h", agg=["mean", "count"]
    )
    assert {(row.count, row.mean is None, row.value) for row in rows} == {(60, False, None)}


def test_devices_come_speak_and_go(client):
    made = client.add_device("roof", name="On the roof", longitude=-7.45, latitude=33.62)
    assert (made.state, made.topic, made.district) == ("new", "pilots/test-pilot/telemetry/roof", "la-ferme")
    with pytest.raises(ProblemError) as refused:
        client.add_device("roof")
    assert (refused.value.status, refused.value.type) == (409, "/problems/device-conflict")
    now = datetime.now(UTC)
    taken = client.send("roof", {"temperature": 21.5, "door": True, "who": "me", "time": now})
    assert (taken.devices, taken.readings, taken.left_out) == (["roof"], 2, ["who"])
    roof = client.device("roof")
    assert {(row.property, row.value, row.time) for row in roof.latest} == {
        ("temperature", 21.5, now),
        ("door", 1, now),
    }
    assert [device.id for device in client.devices(state="online")] == ["roof"]
    changed = client.change_device("roof", name="Below", longitude=None, latitude=None)
    assert (changed.name, changed.longitude) == ("Below", None)
    assert client.remove_device("roof") is None
    assert client.devices() == []


def test_worlds(client, simulators):
    simulators.forget()
    assert {world.world for world in client.worlds()} == {"zenata", "w-own"}
    assert client.world("w-own").owner == "test-pilot"
    start = datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert client.make_world(seed=7, start=start, state="paused", kinds=["water"]).world == "w-new"
    assert client.fork_world("w-own", speed="max").world == "w-new"
    assert client.set_clock("w-own", state="running", speed=60).world == "w-own"
    moved = client.advance("w-own", steps=1, limit=1)
    assert (moved.time - moved.from_, moved.items[0].property) == (timedelta(seconds=10), "no2")
    assert client.add_event("w-own", "leak", target="water-0010", area=0.002).type == "leak"
    assert len(client.events("w-own")) == 3
    assert client.delete_world("w-own") is None
    options = {verb: arguments for _, verb, arguments in simulators.requests}
    assert options["create"].items() >= {"seed": 7, "start": "2026-07-01T06:00:00Z", "kinds": ["water"]}.items()
    assert options["fork"]["speed"] == "max"
    assert options["pace"] == {"state": "running", "speed": 60}
    assert options["advance"].items() >= {"steps": 1, "limit": 1}.items()
    assert options["event"]["event"] == {"type": "leak", "target": "water-0010", "area": 0.002}


def test_commands(client, simulators):
    simulators.forget()
    done = client.command("w-own", "air-0001", {"heater": 1, "fan": None}, id="a1", wait=1)
    assert (done.id, done.status) == ("a1", "applied")
    ((world, verb, arguments),) = simulators.requests
    assert (world, verb, arguments["orders"][0]["set"]) == ("w-own", "command", {"heater": 1.0, "fan": None})


def test_webhooks(client):
    condition = {"type": "threshold", "property": "pm25", "above": 1e6}
    made = client.add_webhook("https://example.org/hook", condition, name="mine")
    assert made.secret
    assert (made.condition.property, made.condition.above) == ("pm25", 1e6)
    assert client.webhooks() == [client.webhook(made.id)]
    other = client.new_secret(made.id)
    assert other.secret
    assert other.secret != made.secret
    assert client.change_webhook(made.id, name="yours").name == "yours"
    test = client.test_webhook(made.id)
    assert test.type == "test"
    assert [delivery.id for delivery in client.deliveries(made.id)] == [test.id]
    assert client.retry_delivery(made.id, test.id).id == test.id
    assert client.change_webhook(made.id, enabled=False).enabled is False
    client.remove_webhook(made.id)
    assert client.webhooks() == []


@pytest.mark.parametrize("word", ["../pilots", "a/b", "é", "a?b=c"])
def test_a_name_cannot_lead_to_another_route(client, word):
    with pytest.raises(ProblemError) as refused:
        client.device(word)
    assert refused.value.status == 404


@pytest.mark.parametrize(("limit", "page"), [(10, 10_000), (10, 3), (1, 1), (240, 7)])
def test_l5_a_limit_is_the_most_that_comes(client, limit, page):
    whole = list(client.readings(kind="noise", **HOURS))
    assert list(client.readings(kind="noise", limit=limit, page=page, **HOURS)) == whole[:limit]
    assert client.arrow(kind="noise", limit=limit, **HOURS).num_rows == min(limit, len(whole))
    assert len(client.pandas(kind="noise", limit=limit, **HOURS)) == min(limit, len(whole))
    assert len(client.sensors(limit=3)) == 3


def test_z4_times_may_be_durations_and_numbers(client):
    hour = [row.seq for row in client.readings(sensor="noise-0001", property="laeq", start="-1h")]
    assert [row.seq for row in client.readings(sensor="noise-0001", property="laeq", start=timedelta(hours=-1))] == hour
    buckets = client.readings(sensor="noise-0001", every=timedelta(minutes=15), start=timedelta(minutes=-30))
    assert {row.time.minute % 15 for row in buckets} == {0}


def test_everything_else_that_a_pilot_may_ask(client):
    assert client.me().name == "test-pilot"
    assert client.my_activity().pilot == client.activity("test-pilot").pilot == "test-pilot"
    assert {feature.properties["layer"] for feature in client.map(kind="air").features} == {"district", "sensor"}
    assert {line.world for line in client.ledger().items} == {"zenata", "w-own"}
    assert {line.sensor for line in client.accounts("w-own", all=True)} == set()
    assert client.dead_letters() == []
    assert client.record("w-own") == {"format": 1, "world": "w-own"}
    assert client.backfill("w-own", "2026-01-02T00:00:00Z", every=timedelta(minutes=15)).world == "w-own"
    key = client.add_key("test-pilot", "web", scopes=["read"])
    assert "web" in {one.name for one in client.keys("test-pilot")}
    assert client.rotate_key("test-pilot", "web").key != key.key
    assert client.revoke_key("test-pilot", "web") is None
    assert client.budget("test-pilot").left == 0
    assert client.audit(limit=1)[0].who == "test-pilot"


def test_what_those_who_run_the_sandbox_may_ask(api, kind):
    with opened(kind, api.url, api.secrets["admin"]) as client:
        made = client.add_pilot(f"aqua-{kind}", theme="water", quotas={"worlds": 2}, expires="2030-01-01T00:00:00Z")
        assert (made.issued.key[:3], made.quotas.worlds) == ("zk_", 2)
        assert client.change_pilot(made.name, quotas={"worlds": None}, contact="a@example.org").quotas.worlds > 2
        assert client.suspend_pilot(made.name, "a test").suspended
        assert client.resume_pilot(made.name).suspended is None
        assert client.pilot(made.name) in client.pilots()
        assert client.find_keys(made.issued.prefix)[0].pilot == made.name
        assert client.enter_budget(made.name, 50_000, "2026-11-23").amount == client.budget(made.name).left
        assert client.replay_dead_letters().mended == 0
        assert client.truth("w-own")[0].type == "leak"
        assert client.alerts() == [] or client.alerts()[0].detail
