"""Worlds of some kinds: they compute what these need, and have the values of the whole city."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from simulators.domains.registry import DOMAINS, NEEDS, needed
from simulators.events.base import Event
from simulators.world.delivery import BATTERY
from simulators.world.draws import SealedSeed
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND, parse_time

START = parse_time("2026-03-02T17:00:00Z")  # lamps come on, in Ramadan
STEPS = (TICK, TICK, 30 * TICK, 90 * TICK, TICK, 360 * TICK)
KINDS = sorted({domain.kind for domain in DOMAINS.values() if domain.kind})
HOURS = 3600 * SECOND
EVENTS = [
    Event(id="dark", type="power_outage", start=START + 31 * TICK, end=START + 2 * HOURS, parameters={"what": "cable"}),
    Event(id="shops", type="power_outage", start=START + TICK, end=START + HOURS, parameters={"target": "crowd-0001"}),
    Event(id="storm", type="flood", start=START, end=START + 3 * HOURS),
    Event(id="hole", type="leak", start=START + TICK, end=START + 9 * HOURS, parameters={"target": "street-0001"}),
]


def messages(city, kinds=(), districts=(), events=(), seed=5) -> dict:
    """Return the readings of every message by time and sensor."""
    world = World(city, seed=seed, start=START, kinds=kinds, districts=districts, events=events)
    found = {}
    for every in STEPS:
        emission = world.step(every)
        for index, sensor in enumerate(emission.sensors.tolist()):
            values = emission.values[emission.offsets[index] : emission.offsets[index + 1]]
            found[emission.time, city.sensors[sensor].id, int(emission.seq[index])] = (
                int(emission.times[index]),
                values.tolist(),
            )
    return found


@pytest.fixture(scope="module")
def whole(city):
    return cache(lambda seed: messages(city, events=EVENTS, seed=seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_by_itself_has_the_values_of_the_whole_city(city, whole, kind):
    expected = {key: value for key, value in whole(5).items() if city.sensor_by_id[key[1]].kind == kind}
    assert expected
    assert messages(city, kinds=[kind], events=EVENTS) == expected


def test_so_has_a_district_and_a_sealed_city(city, whole):
    seed = SealedSeed(5, bytes(32))
    district = city.districts[0].id
    expected = {
        key: value
        for key, value in whole(seed).items()
        if city.sensor_by_id[key[1]].kind in ("water", "air") and city.sensor_by_id[key[1]].district == district
    }
    assert expected
    assert messages(city, kinds=["water", "air"], districts=[district], events=EVENTS, seed=seed) == expected


def test_a_world_of_water_needs_no_traffic():
    assert "traffic" not in needed(["water"])
    assert needed(["weather"]) == ["weather", "solar"]
    assert needed(()) == list(DOMAINS) == needed(KINDS)
    assert NEEDS.keys() == DOMAINS.keys()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in BATTERY])
def test_what_hangs_on_the_mains_needs_the_grid(kind):
    assert "power" in needed([kind])


def test_what_is_not_computed_takes_no_commands(city):
    world = World(city, seed=5, start=START, kinds=["waste"])
    assert (
        world.command("streetlight", "streetlight-0001", {"dim": 0.5})
        == "this world has no sensors of kind streetlight"
    )
    assert "streetlight.dim" not in {name for name in world.state() if "waste" in name}


def test_what_nobody_reads_is_not_read(city):
    """Buses need traffic, and that the whole grid; but only buses are observed, measured and numbered."""
    world = World(city, seed=5, start=START, kinds=["bus"], events=EVENTS)
    for every in STEPS:
        world.step(every)
    assert {"traffic", "power", "meter", "pv", "streetlight"} < world.domains.keys()
    unread = np.array([kind != "bus" for kind in world.channels.kind])
    assert_array_equal(np.isnan(world.truth()), unread)
    assert_array_equal(world.state()["world.seq"] > 0, [sensor.kind == "bus" for sensor in city.sensors])


def test_a_copy_and_a_checkpoint_are_of_the_same_kinds(city):
    world = World(city, seed=5, start=START, kinds=["water"], events=EVENTS)
    world.step(90 * TICK)
    copy = world.copy()
    again = World(city, seed=5, start=START, kinds=["water"], events=EVENTS, warm_up=False)
    again.restore(world.state())
    assert copy.domains.keys() == again.domains.keys() == world.domains.keys()
    first = world.step(90 * TICK)
    for other in (copy, again):
        assert_array_equal(other.step(90 * TICK).values, first.values)
