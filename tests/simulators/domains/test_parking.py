import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.conditions import TICK
from simulators.domains.parking import Parking, turnover
from zenata.errors import CityError


def test_rates_keep_occupancy_on_its_course():
    occupancy, change, stay = np.array([0.3, 0.8, 0.5]), np.array([0.2, -0.1, 0.0]), np.array([1.0, 5.0, 2.0])
    taken, left = turnover(occupancy, change, stay)
    assert_allclose(taken * (1 - occupancy) - left * occupancy, change)
    assert (left >= 1 / stay).all()


@pytest.fixture
def wide(city):
    """The small city with fifty times the bays."""
    bays = [sensor for sensor in city.sensors if sensor.kind == "parking"]
    return dataclasses.replace(city, sensors=tuple(bays * 50))


def test_occupancy_follows_the_day(wide, conditions):
    conditions.move_to(1767603600_000000)  # a Monday, 10:00 local
    parking = Parking(wide, conditions)
    homes = np.array([sensor.district == "homes" for sensor in wide.sensors])
    for _ in range(1440):
        conditions.move_to(conditions.time + TICK)
        parking.step(conditions)
    taken = parking.observe(conditions)[:, 0]  # 14:00: halfway between the means of 13 to 14 and 14 to 15 hours
    assert taken[homes].mean() == pytest.approx(0.60, abs=0.05)
    assert taken[~homes].mean() == pytest.approx(0.84, abs=0.05)
    assert set(taken) == {0.0, 1.0}


def test_a_district_without_a_use_is_named(city, conditions):
    districts = tuple(dataclasses.replace(district, category="moon") for district in city.districts)
    with pytest.raises(CityError, match="moon"):
        Parking(dataclasses.replace(city, districts=districts), conditions)
