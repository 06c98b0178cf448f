import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from simulators.domains.base import sensors_of
from simulators.domains.water.network import build_network
from simulators.domains.water.sensors import nearest_stations, sensor_pipes
from tests.simulators.conftest import PARAMETERS, small_city
from zenata.errors import CityError

ARRIVAL = np.array([supply["place"] for supply in PARAMETERS["water"]["supplies"]])
NETWORK = build_network(small_city().streets, ARRIVAL, np.array([500.0, 500.0]))


def loggers(city):
    return [city.sensors[index] for index in sensors_of(city, "water")]


def test_loggers_sit_in_the_pipe_of_their_street_or_in_their_tank_s_main(city):
    pipe, direction, tank = sensor_pipes(NETWORK, loggers(city), "small")
    assert pipe[0] == pipe[1]
    assert direction[:2].tolist() == [1, -1]
    assert_array_equal(pipe[-2:], len(NETWORK.length) - np.array([2, 1]))
    assert_array_equal(NETWORK.start[pipe[-2:]], len(NETWORK.positions) + np.arange(2))
    assert tank.tolist() == [-1] * 4 + [0, 1]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"supply": 3}, "no supply 3; .* has 2"),
        ({"supply": 0}, "no supply 0"),
        ({"street": "alley"}, "its street, alley"),
    ],
)
def test_what_is_nowhere_is_named(city, attributes, message):
    stray = dataclasses.replace(loggers(city)[0], attributes=attributes)
    with pytest.raises(CityError, match=rf"small: {stray.id}: .*{message}"):
        sensor_pipes(NETWORK, [stray], "small")


def test_the_nearest_station_is_found_or_none(city):
    found = nearest_stations(city, ARRIVAL)
    assert [city.sensors[index].id for index in found] == ["power-0001", "power-0003"]
    bare = dataclasses.replace(city, sensors=tuple(loggers(city)))
    assert len(nearest_stations(bare, ARRIVAL)) == 0
