import numpy as np
import pytest

from zenata.errors import ScenarioError


def dead(city, mask):
    return [city.sensors[index].id for index in np.flatnonzero(mask)]


def test_a_cable_or_a_transformer_fails(make, disturbed, city):
    cable = disturbed(make("power_outage", target="power-0002"))
    assert dead(city, cable.cut) == ["power-0002"]
    assert not cable.out.any()
    transformer = disturbed(make("power_outage", target="power-0002", what="transformer"))
    assert dead(city, transformer.out) == ["power-0002"]
    assert not transformer.cut.any()


def test_a_district_means_all_of_its_stations(make):
    assert make("power_outage", target="homes").targets == ("power-0001", "power-0003")


def test_a_sensor_means_the_station_that_feeds_it(make):
    (station,) = make("power_outage", target="noise-0001").targets
    assert station.startswith("power-")


def test_severity_is_the_rating_that_is_lost(make):
    assert make("power_outage", target="homes").severity == 1.0  # two of four stations


def test_any_station_is_chosen_by_chance(make):
    assert len({make("power_outage", id_=str(number)).targets for number in range(40)}) == 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"target": "power-9"}, "unknown station, sensor or district 'power-9'; near it are power-000"),
        ({"what": "line"}, 'power_outage: what: "line" is not allowed: give "'),
    ],
)
def test_what_is_wrong_is_named(make, parameters, message):
    with pytest.raises(ScenarioError, match=message):
        make("power_outage", **parameters)
