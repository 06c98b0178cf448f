import numpy as np
import pytest
from numpy.testing import assert_array_equal

from simulators.events.base import HOUR, Event
from simulators.world.measurement import Channels
from simulators.world.world import TICK, World
from zenata.city.clock import SECOND, parse_time
from zenata.city.kinds import KINDS
from zenata.errors import ScenarioError

START = parse_time("2026-01-05T17:00:00Z")


def ids(city, mask):
    return [city.sensors[index].id for index in np.flatnonzero(mask)]


def test_named_sensors_get_stuck_and_no_others(make, disturbed, city):
    stuck = make("sensor_stuck", sensors=["noise-0002", "air-0001"])
    assert ids(city, disturbed(stuck).stuck) == ["air-0001", "noise-0002"]
    assert stuck.severity == pytest.approx(2 / 7)
    assert len(make("sensor_stuck").targets) == 1


def test_a_drift_grows_with_time_in_one_property_or_all(make, disturbed, city):
    channels = Channels.of(city)
    one = disturbed(make("sensor_drift", sensor="air-0002", property="pm10", rate=-2), after=3).offset
    (index,) = np.flatnonzero(one)
    assert (channels.kind[index], channels.property[index], one[index]) == ("air", "pm10", -6)
    every = disturbed(make("sensor_drift", sensor="air-0002"), after=3).offset
    assert every[np.flatnonzero(every)].tolist() == [3.0] * 5


def test_drifts_add_up(make, disturbed):
    drift = make("sensor_drift", sensor="air-0002", property="pm10", rate=-2)
    assert disturbed(drift, drift, after=3).offset.sum() == -12


def test_severity_of_a_drift_is_what_it_comes_to(make):
    assert make("sensor_drift", sensor="air-0001", property="o3", rate=5).severity == pytest.approx(50 / 1000 / 0.1)


def test_a_gateway_holds_messages_or_loses_them(make, disturbed, city):
    effect = disturbed(make("gateway_down", sensors=["water-0001"]))
    assert (ids(city, effect.held), ids(city, effect.silent)) == (["water-0001"], [])
    lost = disturbed(make("gateway_down", sensors=["water-0001"], lost=True))
    assert (ids(city, lost.held), ids(city, lost.silent)) == ([], ["water-0001"])


def test_a_gateway_serves_the_radios_of_a_district_unless_kinds_are_named(make):
    kinds = {name.partition("-")[0] for name in make("gateway_down", district="homes").targets}
    assert kinds == {"parking", "waste", "water"}
    assert {name[:4] for name in make("gateway_down", district="homes", kinds=["pv"]).targets} == {"pv-0"}
    assert make("gateway_down").targets in (
        make("gateway_down", district="homes").targets,
        make("gateway_down", district="offices").targets,
    )


@pytest.mark.parametrize(
    ("type_", "parameters", "message"),
    [
        ("sensor_stuck", {"sensors": ["noise-2"]}, "unknown sensor 'noise-2'; near it are noise-000"),
        ("sensor_drift", {"rate": 0}, "rate is 0: nothing would drift"),
        ("sensor_drift", {"sensor": "noise-0001", "property": "no2"}, "noise-0001 observes no 'no2': it has laeq"),
        ("gateway_down", {"sensors": ["air-0001"], "district": "homes"}, "name sensors, or a district and kinds"),
        ("gateway_down", {"district": "homes", "kinds": ["dog"]}, "no sensor is a 'dog'"),
    ],
)
def test_what_is_wrong_is_named(make, type_, parameters, message):
    with pytest.raises(ScenarioError, match=message):
        make(type_, **parameters)


def fault(**parameters):
    given = {"sensor": "air-0001", **parameters}
    return Event(id="f", type="sensor_fault", start=START + TICK, end=START + 6 * HOUR, parameters=given)


def hour(city, *events):
    """Return times and first values of what air-0001 sends in an hour, and the truth after it."""
    world, sent = World(city, seed=3, start=START, events=events, kinds=["air"]), []
    sensor = [one.id for one in city.sensors].index("air-0001")
    for _ in range(60):
        emission = world.step(6 * TICK)
        indices = np.flatnonzero(emission.sensors == sensor).tolist()
        sent += [(emission.times[index], emission.values[emission.offsets[index]]) for index in indices]
    return *np.array(sent).T, world.truth()


@pytest.fixture(scope="module")
def sound(city):
    return hour(city)


class TestSensorFault:
    @pytest.mark.parametrize(
        ("kind", "size"), [("noise", 20.0), ("spike", 200.0), ("step", 15.0), ("gain", 0.5), ("clock", 600.0)]
    )
    def test_it_shows_in_its_sensor_alone(self, city, sound, kind, size):
        times, values, truth = hour(city, fault(fault=kind, property="no2", size=size))
        late = times > START + 700 * SECOND
        off, right = (values - sound[1])[late], sound[1][late]
        if kind == "clock":
            assert set((times - sound[0])[late].tolist()) == {600 * SECOND}
        elif kind == "noise":
            assert 10 < off.std() < 30
        elif kind == "spike":
            assert 0 < (np.abs(off) > 100).mean() < 0.2
        elif kind == "step":
            assert np.abs(off - 15).max() < 0.2
        else:
            assert np.abs(off - 0.5 * right).max() < 1
        assert_array_equal(truth, sound[2])

    @pytest.mark.parametrize(
        ("parameters", "reason"),
        [
            ({"size": 0}, "size is 0"),
            ({"fault": "clock", "size": 4000}, "3600 s at most"),
            ({"property": "head", "sensor": "air-0001"}, "observes no 'head'"),
            ({"fault": "rust"}, "rust"),
        ],
    )
    def test_what_is_no_fault_is_refused(self, city, parameters, reason):
        with pytest.raises(ScenarioError, match=reason):
            World(city, seed=3, start=START, events=[fault(**parameters)], warm_up=False)


def test_a_drifting_counter_has_a_severity(city):
    event = Event(
        id="d", type="sensor_drift", start=START, end=START + 48 * HOUR,
        parameters={"sensor": "meter-0001", "property": "energy", "rate": -0.1},
    )  # fmt: skip
    ((_, effect),) = World(city, seed=3, start=START, events=[event], warm_up=False).timeline.effects
    assert effect.severity == pytest.approx(0.48)


def test_a_leak_cannot_be_at_a_bus(city):
    event = Event(id="l", type="leak", start=START, end=START + HOUR, parameters={"target": "bus-0001"})
    with pytest.raises(ScenarioError, match="name a street"):
        World(city, seed=3, start=START, events=[event], warm_up=False)


def test_a_stuck_parking_sensor_sends_nothing_off_its_schedule(city):
    bays = tuple(sensor.id for sensor in city.sensors if sensor.kind == "parking")
    stuck = Event(id="s", type="sensor_stuck", start=START + TICK, end=START + 9 * HOUR, parameters={"sensors": bays})
    counts = []
    for events in ([], [stuck]):
        world = World(city, seed=3, start=START, events=events, kinds=["parking"])
        world.step()
        counts.append(sum(len(world.step().sensors) for _ in range(360)))
    assert counts[1] < counts[0]
    period = next(kind.period for kind in KINDS.values() if kind.name == "parking")
    assert counts[1] <= len(bays) * (3600 / period + 1)
