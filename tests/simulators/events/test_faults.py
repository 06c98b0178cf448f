import numpy as np
import pytest

from simulators.world.measurement import Channels
from zenata.errors import ScenarioError


def ids(city, mask):
    return [city.sensors[place].id for place in np.flatnonzero(mask)]


def test_named_sensors_get_stuck_and_no_others(make, disturbed, city):
    stuck = make("sensor_stuck", sensors=["noise-0002", "air-0001"])
    assert ids(city, disturbed(stuck).stuck) == ["air-0001", "noise-0002"]
    assert stuck.severity == pytest.approx(2 / 7)
    assert len(make("sensor_stuck").targets) == 1


def test_a_drift_grows_with_time_in_one_property_or_all(make, disturbed, city):
    channels = Channels.of(city)
    one = disturbed(make("sensor_drift", sensor="air-0002", property="pm10", rate=-2), after=3).offset
    (place,) = np.flatnonzero(one)
    assert (channels.kind[place], channels.property[place], one[place]) == ("air", "pm10", -6)
    every = disturbed(make("sensor_drift", sensor="air-0002"), after=3).offset
    assert every[np.flatnonzero(every)].tolist() == [3.0] * 5


def test_drifts_add_up(make, disturbed):
    drift = make("sensor_drift", sensor="air-0002", property="pm10", rate=-2)
    assert disturbed(drift, drift, after=3).offset.sum() == -12


def test_severity_of_a_drift_is_what_it_comes_to(make):
    assert make("sensor_drift", sensor="air-0001", property="o3", rate=5).severity == pytest.approx(50 / 1000 / 0.1)


def test_a_gateway_holds_messages_or_loses_them(make, disturbed, city):
    kept = disturbed(make("gateway_down", sensors=["water-0001"]))
    assert (ids(city, kept.held), ids(city, kept.silent)) == (["water-0001"], [])
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
