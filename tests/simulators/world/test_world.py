import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from simulators.events.base import Event
from simulators.record.digest import Digest
from simulators.world.measurement import Channels
from simulators.world.world import SIMULATED, TICK, World
from zenata.city.clock import parse_time
from zenata.city.kinds import KINDS
from zenata.city.pack import load_city
from zenata.city.quantities import QUANTITIES
from zenata.errors import CityError

START = parse_time("2026-01-05T16:59:57Z")  # a Monday, an hour before dusk
NIGHT, NOON = parse_time("2026-06-21T23:30:00Z"), parse_time("2026-06-21T12:30:00Z")


def fingerprint(world, ticks):
    digest = Digest()
    for _ in range(ticks):
        digest.update(world.step())
    return digest.hexdigest()


def by_kind(city, world):
    """The truth of each kind, shape (sensors, properties)."""
    channels, truth = Channels.of(city), world.truth()
    kinds = np.array(channels.kind)
    return {kind: truth[kinds == kind].reshape(-1, len(KINDS[kind].properties)) for kind in SIMULATED}


@pytest.fixture(scope="module")
def run(city):
    """The emissions of forty minutes."""
    world = World(city, seed=1, start=START)
    return [world.step() for _ in range(240)]


def test_time_starts_at_a_tick_and_moves_by_ticks(city, run):
    world = World(city, seed=1, start=START)
    assert world.time == START // TICK * TICK - TICK
    assert [emission.time for emission in run] == [START // TICK * TICK + number * TICK for number in range(240)]


def test_all_simulated_sensors_publish_at_the_first_tick(city, run):
    expected = [number for number, sensor in enumerate(city.sensors) if sensor.kind in SIMULATED]
    assert run[0].sensors.tolist() == expected
    assert (run[0].seq == 1).all()


def test_emissions_are_well_formed(city, run):
    for emission in run:
        assert (np.diff(emission.sensors) > 0).all()
        properties = [KINDS[city.sensors[number].kind].properties for number in emission.sensors]
        assert_array_equal(np.diff(emission.offsets), [len(names) for names in properties])
        assert emission.offsets[0] == 0
        for name, value in zip(itertools.chain.from_iterable(properties), emission.values.tolist(), strict=True):
            assert QUANTITIES[name].low <= value <= QUANTITIES[name].high, name
        types = (emission.sensors.dtype, emission.seq.dtype, emission.offsets.dtype, emission.values.dtype)
        assert types == (np.int32, np.int64, np.int32, np.float64)


def test_messages_count_from_one_without_gaps(run):
    last: dict[int, int] = {}
    for emission in run:
        for sensor, seq in zip(emission.sensors.tolist(), emission.seq.tolist(), strict=True):
            assert seq == last.get(sensor, 0) + 1
            last[sensor] = seq


def test_parking_speaks_when_a_bay_changes_and_to_keep_alive(city, run):
    bays = {number for number, sensor in enumerate(city.sensors) if sensor.kind == "parking"}
    shown: dict[int, float] = {}
    same = other = 0
    for emission in run:
        for index, sensor in enumerate(emission.sensors.tolist()):
            if sensor in bays:
                value = emission.values[emission.offsets[index]]
                same, other = same + (shown.get(sensor) == value), other + (shown.get(sensor) != value)
                shown[sensor] = value
    assert other - len(bays) > 10  # more than the first words
    assert 0 < same <= len(bays)  # in forty minutes of an hour's keep-alive


def test_the_same_seed_and_start_give_the_same_readings(city):
    assert fingerprint(World(city, seed=1, start=START), 100) == fingerprint(World(city, seed=1, start=START), 100)


def test_another_seed_or_start_gives_others(city):
    prints = {fingerprint(World(city, seed=seed, start=START + late), 30) for seed in (1, 2) for late in (0, TICK)}
    assert len(prints) == 4


def test_a_restored_world_goes_on_bit_for_bit(city):
    world = World(city, seed=1, start=START)
    fingerprint(world, 37)
    saved = world.state()
    expected, state = fingerprint(world, 100), world.state()
    other = World(city, seed=1, start=NOON)
    other.restore(saved)
    assert other.time == int(saved["world.time"])
    assert fingerprint(other, 100) == expected
    for name, array in other.state().items():  # the truth too
        assert_array_equal(array, state[name], err_msg=name)
    world.restore(saved)  # back in its own past
    assert fingerprint(world, 100) == expected


def test_what_seldom_changes_is_saved_and_restored_too(city):
    """Vehicles that wait, relays that are hot or open, taps that have turned, and tanks that give nothing."""
    world = World(city, seed=1, start=START)
    state = world.state()
    for name in ("charger.waiting", "power.heat", "power.open", "power.taps", "water.giving"):
        state[name] = ~state[name] if state[name].dtype == bool else state[name] + 1
    world.restore(state)
    for name, array in world.state().items():
        assert_array_equal(array, state[name], err_msg=name)


def test_a_state_that_does_not_fit_is_refused(city):
    world = World(city, seed=1, start=START)
    state = world.state()
    state["traffic.queue"] = np.zeros(3)
    del state["pv.energy"]
    with pytest.raises(CityError, match=r"pv\.energy, traffic\.queue"):
        world.restore(state)


def test_a_saved_state_does_not_move_with_the_world(city):
    world = World(city, seed=1, start=START)
    saved = world.state()
    before = {name: array.copy() for name, array in saved.items()}
    fingerprint(world, 10)
    for name, array in saved.items():
        assert_array_equal(array, before[name])


def test_the_weather_of_a_seed_is_the_same_whatever_the_start(city):
    early, late = World(city, seed=3, start=START), World(city, seed=3, start=START + 50 * TICK)
    fingerprint(early, 51)
    fingerprint(late, 1)
    assert early.time == late.time
    assert_array_equal(by_kind(city, early)["weather"], by_kind(city, late)["weather"])


def test_no_value_leaves_its_range_in_a_week(city):
    """The truth too, at every tenth hour."""
    for hour in range(0, 168, 10):
        world = World(city, seed=hour, start=START + hour * 3600 * 1_000_000)
        for _ in range(6):  # streets fill, and air mixes
            world.skip(300 * 1_000_000)
        fingerprint(world, 3)
        for kind, truth in by_kind(city, world).items():
            for name, column in zip(KINDS[kind].properties, truth.T, strict=True):
                assert QUANTITIES[name].low <= column.min() <= column.max() <= QUANTITIES[name].high, (kind, name, hour)


def test_night_and_day(city):
    night, noon = World(city, seed=1, start=NIGHT), World(city, seed=1, start=NOON)
    dark, light = by_kind(city, night), by_kind(city, noon)
    assert (dark["streetlight"][:, 0] > 0).all()
    assert (light["streetlight"][:, 0] == 0).all()
    assert (light["streetlight"][:, 2] > 1000).all()
    assert (dark["pv"][:, 0] == 0).all()
    assert (light["pv"][:, 0] < -500).all()  # fed in
    assert (light["weather"][:, 6] > 300).all()
    assert light["traffic"][:, 0].sum() > 2 * dark["traffic"][:, 0].sum()


def test_zenata_runs_through_its_evening_rush(monkeypatch):
    """The real pack at 18:30 on a working day: it is complete, flows, and its streets hold their traffic."""
    monkeypatch.setattr("simulators.world.world.WARM_UP", 180)
    city = load_city("zenata")
    world = World(city, seed=1, start=parse_time("2026-01-05T17:30:00Z"))
    first = world.step()
    assert len(first.sensors) == sum(sensor.kind in SIMULATED for sensor in city.sensors)
    for _ in range(29):
        world.step()
    traffic = by_kind(city, world)["traffic"]
    assert 100 < traffic[:, 0].sum() < 10_000
    assert np.median(traffic[:, 1]) > 35
    state = world.state()
    assert state["traffic.waiting"].sum() < 10
    entered, left = state["traffic.totals"]
    assert entered - left == state["traffic.moving"].sum() + state["traffic.queue"].sum()


def test_what_is_seen_is_the_truth_but_for_the_instruments_departures(city):
    """And nothing of sensors that cannot be heard; a stuck one shows what it showed."""
    faults = [
        Event(id="a", type="gateway_down", start=START, end=2 * START, parameters={"sensors": ["air-0002"]}),
        Event(id="b", type="sensor_stuck", start=START, end=2 * START, parameters={"sensors": ["noise-0001"]}),
        Event(
            id="c", type="sensor_drift", start=START, end=2 * START, parameters={"sensor": "noise-0002", "rate": -60}
        ),
    ]
    world = World(city, seed=1, start=START, events=faults)
    first = world.step()
    shown = float(first.values[first.offsets[np.flatnonzero(first.sensors == _number(city, "noise-0001"))[0]]])
    for _ in range(60):
        world.step()
    seen, truth, channels = world.seen(), world.truth(), world.channels
    of = {
        name: int(channels.first[_number(city, name)]) for name in ("air-0001", "air-0002", "noise-0001", "noise-0002")
    }
    assert np.isnan(seen[of["air-0002"] : of["air-0002"] + 5]).all()
    assert np.isnan(seen).sum() == 5
    assert seen[of["noise-0001"]] == shown
    assert seen[of["noise-0002"]] == pytest.approx(truth[of["noise-0002"]] - 10, abs=2)
    assert seen[of["air-0001"]] == pytest.approx(truth[of["air-0001"]], rel=0.3)


def _number(city, name):
    return [sensor.id for sensor in city.sensors].index(name)


def test_a_device_reports_when_it_has_obeyed(city):
    """It does not wait for its regular message; and a command that is refused makes nobody speak."""
    world = World(city, seed=1, start=NIGHT)
    for _ in range(8):
        world.step()
    lamp = next(index for index, sensor in enumerate(city.sensors) if sensor.kind == "streetlight")
    name = city.sensors[lamp].id
    quiet, commanded = world.copy(), world.copy()
    assert quiet.command("streetlight", name, {"dim": 2.0}) is not None
    assert commanded.command("streetlight", name, {"dim": 0.25}) is None
    assert lamp not in quiet.step().sensors
    emission = commanded.step()
    (index,) = np.flatnonzero(emission.sensors == lamp)
    assert emission.values[emission.offsets[index]] == 0.25
    assert lamp not in commanded.step().sensors
