import msgspec
import numpy as np
import pytest

from simulators.events.base import HOUR
from simulators.events.scenario import events_of
from simulators.labels.difference import WINDOW
from simulators.labels.shadows import MAX_SHADOWS, Shadows
from simulators.record.digest import Digest
from simulators.world.world import TICK, World
from zenata.city.clock import parse_time

START = parse_time("2026-06-23T08:00:00Z")
MINUTE = 6 * TICK

ENTRIES = [
    {"id": "leak", "type": "leak", "start": "+10m", "duration": "40m", "target": "street-0001", "area": 0.001},
    {"id": "drift", "type": "sensor_drift", "start": "+20m", "duration": "1h", "sensor": "air-0001", "rate": 30},
    {"id": "gateway", "type": "gateway_down", "start": "+30m", "duration": "30m", "district": "homes"},
]


def shadowed(city, entries=ENTRIES, **options):
    world = World(city, seed=1, start=START, **options)
    for event in events_of(entries, START):
        world.timeline.inject(event)
    return Shadows(world)


def follow(shadows, minutes):
    for _ in range(minutes):
        shadows.step(MINUTE)


def kinds(label):
    return {(hit.sensor.partition("-")[0], hit.property) for hit in label.affected}


@pytest.fixture(scope="module")
def run(city):
    """Labels after an hour and a half, and what was said."""
    shadows, digest = shadowed(city), Digest()
    for _ in range(90):
        digest.update(shadows.step(MINUTE))
    return shadows.labels(), digest.hexdigest()


def test_shadows_leave_no_trace_in_what_is_published(city, run):
    world, digest = World(city, seed=1, start=START, events=events_of(ENTRIES, START)), Digest()
    for _ in range(90):
        digest.update(world.step(MINUTE))
    assert digest.hexdigest() == run[1]


def test_a_leak_shows_in_pressure_and_flow_and_nowhere_else(city, run):
    label = run[0][0]
    assert (label.event, label.type, label.targets, label.public) == ("leak", "leak", ("street-0001",), False)
    assert label.cause == {"target": "street-0001", "area": 0.001, "growth": 0.0}
    assert (label.start, label.end, label.severity) == (START + 10 * MINUTE, START + 50 * MINUTE, 0.2)
    assert kinds(label) == {("water", "head"), ("water", "discharge"), ("water", "volume")}
    heads = {hit.sensor: hit for hit in label.affected if hit.property == "head"}
    assert all(hit.largest < -0.1 for hit in heads.values())
    assert heads["water-0001"].largest < -0.5  # in that street
    assert heads["water-0001"].start == START + 10 * MINUTE


def test_faults_show_in_the_sensors_that_have_them(city, run):
    _, drift, gateway = run[0]
    assert {hit.sensor for hit in drift.affected} == {"air-0001"}
    assert {hit.property for hit in drift.affected} == {"no2", "pm10", "pm25", "o3", "so2"}
    assert max(hit.largest for hit in drift.affected) == pytest.approx(30, abs=5)
    assert {hit.sensor for hit in gateway.affected} == set(gateway.targets)
    assert {hit.largest for hit in gateway.affected} == {None}
    assert {(hit.start, hit.end) for hit in gateway.affected} == {(START + 30 * MINUTE, START + 60 * MINUTE)}


def test_labels_are_the_same_however_the_run_is_cut(city, run):
    shadows, digest = shadowed(city), Digest()
    for length in (15, 8, 30, 2, 20, 15):
        for _ in range(length):
            digest.update(shadows.step(MINUTE))
        world, saved = shadows._world.state(), shadows.state()
        shadows = shadowed(city, warm_up=False)
        shadows._world.restore(world)
        shadows.restore(saved)
    assert msgspec.json.encode(shadows.labels()) == msgspec.json.encode(run[0])
    assert digest.hexdigest() == run[1]


def test_what_happens_in_the_world_happens_in_the_shadows(city):
    """Commands, and events that are injected later: what they do is no doing of the leak."""
    shadows = shadowed(city, ENTRIES[:1])
    follow(shadows, 12)
    assert shadows.command("streetlight", "streetlight-0001", {"dim": 0.7}) is None
    shadows._world.timeline.inject(
        events_of([{"type": "heatwave", "duration": "30m", "temperature": 15}], START + 12 * MINUTE)[0]
    )
    follow(shadows, 30)
    leak, heat = shadows.labels()
    assert kinds(leak) == {("water", "head"), ("water", "discharge"), ("water", "volume")}
    assert ("weather", "temperature") in kinds(heat)


def test_a_command_ends_what_an_event_does(city):
    """The valve that shuts the pipe ends the leak; the pressure elsewhere comes back as it would be with the pipe shut."""
    shadows = shadowed(city, [{"id": "leak", "type": "leak", "duration": "2h", "target": "street-0001", "area": 0.003}])
    follow(shadows, 30)
    assert shadows.command("water", "water-0001", {"valve": 0}) is None
    follow(shadows, 30)
    (label,) = shadows.labels()
    here = {hit.sensor: hit.end for hit in label.affected if hit.property == "discharge"}
    assert here["water-0001"] == START + 30 * MINUTE


def test_a_shadow_ends_when_nothing_differs_any_more(city):
    entries = [{"type": "sensor_stuck", "duration": "30m", "sensors": ["noise-0001"]}]
    shadows = shadowed(city, entries)
    for _ in range(30):
        shadows.step(MINUTE)
        assert shadows.state()["running"].tolist() == ["sensor_stuck-1"]
    follow(shadows, 11)
    assert shadows.state()["running"].tolist() == []
    assert shadows.state()["over"].tolist() == ["sensor_stuck-1"]


def test_too_many_events_at_once_are_reported(city):
    entries = [
        {"type": "accident", "start": f"+{n + 1}m", "duration": "1h", "target": "street-0001"}
        for n in range(MAX_SHADOWS + 2)
    ]
    entries.append({"type": "sensor_drift", "start": "+1m", "duration": "1h", "rate": 50})  # needs no shadow
    shadows = shadowed(city, entries)
    follow(shadows, MAX_SHADOWS + 4)
    assert [label.affected is None for label in shadows.labels()] == [
        *[False] * MAX_SHADOWS,
        True,
        True,
        False,
    ]


def test_labels_are_those_of_events_that_have_begun(city):
    shadows = shadowed(city)
    shadows.step(MINUTE)
    assert shadows.labels() == []
    follow(shadows, 10)
    assert [label.event for label in shadows.labels()] == ["leak"]


def test_a_world_that_continues_another_keeps_what_was_found(city):
    shadows = shadowed(city)
    follow(shadows, 45)
    later = World(city, seed=1, start=START + 10 * HOUR, events=events_of(ENTRIES, START))
    after = Shadows(later)
    after.inherit(shadows)
    after.step()
    assert msgspec.json.encode(after.labels()) == msgspec.json.encode(shadows.labels())


def test_long_ticks_are_windows_of_their_own(city):
    shadows = shadowed(city)
    for _ in range(6):
        shadows.step(15 * MINUTE)
    leak = shadows.labels()[0]
    assert ("water", "head") in kinds(leak)
    assert {(hit.start - START) % (15 * MINUTE) for hit in leak.affected} == {0}
    assert WINDOW < 15 * MINUTE


def test_a_copy_goes_on_as_the_world_does(city):
    shadows = shadowed(city)
    world = shadows._world
    for _ in range(25):
        world.step(MINUTE)
    copy, without = world.copy(), world.copy(without="drift")
    one, other = Digest(), Digest()
    for _ in range(30):
        one.update(world.step(MINUTE))
        other.update(copy.step(MINUTE))
        without.step(MINUTE)
    assert one.hexdigest() == other.hexdigest()
    assert [event.id for event, _ in without.timeline.effects] == ["leak", "gateway"]
    differs = np.flatnonzero(~np.isclose(world.seen(), without.seen(), equal_nan=True))
    assert {(world.channels.kind[index]) for index in differs} == {"air"}
