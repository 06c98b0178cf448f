"""The attack: a pilot with every parameter that can be read, worlds of its own and time predicts nothing of the shared city."""

import numpy as np
import pytest

from simulators.events.base import Event
from simulators.host.documents import describe, shown
from simulators.record.record import Pace, Recipe, seal_of, seed_of
from simulators.world.draws import Stream, draws
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND, parse_time

SECRET = bytes(range(7, 39))
START = parse_time("2026-01-05T17:00:00Z")
HOUR = 3600 * SECOND
HIDDEN = Event(id="hole", type="leak", start=START + HOUR, end=START + 9 * HOUR, parameters={"area": 0.003})
SHARED = Recipe(city="small", seed=1, start=START, live=True, events=(HIDDEN,), sealed=seal_of(SECRET))
QUARTER = 90 * TICK


def readings(world: World, steps: int = 8) -> dict:
    """Return every reading by sensor, time and property."""
    found = {}
    for _ in range(steps):
        emission = world.step(QUARTER)
        for index, sensor in enumerate(emission.sensors.tolist()):
            for number, value in enumerate(
                emission.values[emission.offsets[index] : emission.offsets[index + 1]].tolist()
            ):
                found[sensor, int(emission.times[index]), number] = value
    return found


def alike(city, one: dict, other: dict, kind: str) -> float:
    """Return the share of equal readings of a kind."""
    common = [key for key in one.keys() & other.keys() if city.sensors[key[0]].kind == kind]
    return float(np.mean([one[key] == other[key] for key in common]))


@pytest.fixture(scope="module")
def city_readings(city) -> dict:
    return readings(World(city, seed=seed_of(SHARED, SECRET), start=START, events=SHARED.events))


@pytest.mark.parametrize("kind", ["weather", "parking", "charger", "power", "pv", "crowd", "air", "water"])
def test_a_private_world_of_all_that_can_be_read_is_another_city(city, city_readings, private, kind):
    between = alike(city, private(1), private(2), kind)  # of two worlds that have nothing in common
    for seed in (1, 2, 3):
        assert alike(city, city_readings, private(seed), kind) <= between + 0.2
        assert alike(city, city_readings, private(seed), kind) < 0.9


@pytest.fixture(scope="module")
def private(city):
    """Worlds as a pilot makes them: of any seed, and of the start that the status of the city tells."""
    start = parse_time(describe("zenata", SHARED, START, Pace(), []).start.isoformat())
    made = {seed: readings(World(city, seed=seed, start=start)) for seed in (1, 2, 3)}
    return made.__getitem__


def test_who_has_the_secret_makes_the_very_city(city, city_readings):
    again = readings(World(city, seed=seed_of(SHARED, SECRET), start=START, events=SHARED.events))
    assert again == city_readings


def test_no_small_seed_repeats_a_draw_of_the_city():
    """What took 38 us a try: the departures of the instruments, of which readings tell, from every seed in turn."""
    seen = draws(seed_of(SHARED, SECRET), Stream.MEASUREMENT).standard_normal(4)
    for seed in range(20_000):
        assert not np.isclose(draws(seed, Stream.MEASUREMENT).standard_normal(4), seen, atol=0.01).all()


def test_what_a_pilot_reads_of_the_city_names_nothing_hidden():
    status = describe("zenata", SHARED, START + 2 * HOUR, Pace(), shown(SHARED.events, SHARED, [], START + 2 * HOUR))
    assert (status.seed, status.events) == (None, 0)
    quiet = Recipe(city="small", seed=1, start=START, live=True, sealed=SHARED.sealed)
    assert status == describe("zenata", quiet, START + 2 * HOUR, Pace(), [])
    assert SECRET.hex() not in str(status)
    assert SHARED.sealed not in str(status)
