"""The second city is data alone, and behaves like a city."""

from collections import Counter

import numpy as np
import pytest

from sandbox.parts import city_of
from simulators.world.measurement import Channels
from simulators.world.world import World
from zenata.city.clock import SECOND, parse_time
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.readings import FloatArray

MINUTE = 60 * SECOND


@pytest.fixture(scope="module")
def city() -> City:
    return city_of("valdeira")


@pytest.fixture(scope="module")
def day(city: City) -> dict[tuple[str, str], FloatArray]:
    """The truth at the end of every five minutes of a working day in June, shape (288, n_sensors), by kind and property."""
    world = World(city, seed=1, start=parse_time("2026-06-08T23:00:00Z"))  # midnight there
    channels = Channels.of(city)
    rows = []
    for _ in range(24 * 12):
        world.step(5 * MINUTE)
        rows.append(world.truth())
    truth = np.array(rows)
    pairs = list(zip(channels.kind, channels.property, strict=True))
    return {pair: truth[:, [other == pair for other in pairs]] for pair in dict.fromkeys(pairs)}


def hours(values: FloatArray) -> FloatArray:
    """Means over sensors and the local hours, shape (24,)."""
    return values.reshape(24, -1).mean(axis=1)


def test_it_is_small_and_whole(city):
    assert Counter(sensor.kind for sensor in city.sensors).keys() == KINDS.keys()
    assert 300 <= len(city.sensors) <= 500
    assert 60 <= len(city.streets) <= 120
    assert len({district.category for district in city.districts}) >= 5
    assert any(street.signal for street in city.streets)
    assert "fictional" in city.name


def test_it_keeps_other_days_and_clocks_than_zenata(city):
    other = city_of("zenata")
    assert city.timezone != other.timezone
    assert city.parameters["calendar"]["ramadan"] == []


def test_every_sensor_speaks_within_an_hour(city):
    world = World(city, seed=1, start=parse_time("2026-06-09T05:00:00Z"))
    spoken: set[int] = set()
    for _ in range(360):
        spoken.update(world.step().sensors.tolist())
    assert spoken == set(range(len(city.sensors)))


def test_traffic_peaks_in_the_morning_and_evening_and_flows(day):
    flow = hours(day["traffic", "flow"])
    assert flow[8] > 3 * flow[3]
    assert flow[8] > flow[10]
    assert flow[18] > flow[15]
    assert day["traffic", "speed"].mean() > 40
    assert day["traffic", "occupancy"].max() < 0.5, "no street is jammed"  # at a standstill it is 1


def test_water_keeps_its_pressure(day):
    head, level = np.split(day["water", "head"], [-1], axis=1)  # the last logger stands at the tank
    assert 20 < head.min() < head.max() < 80
    assert 0.5 < level.min() < level.max() <= 4.1
    assert np.abs(day["water", "discharge"]).max() > 1


def test_the_grid_keeps_its_voltage(day):
    voltage = day["power", "voltage"]
    assert 215 < voltage.min() < voltage.max() < 245


def test_sun_and_lamps_take_turns(day):
    assert hours(-day["pv", "power"])[13] > 0
    assert hours(day["weather", "ghi"])[[0, 3, 23]].max() == 0
    assert hours(day["streetlight", "dim"])[[1, 13]] == pytest.approx([0.4, 0.0], abs=0.01)


def test_people_come_and_go(day):
    people, aboard = hours(day["crowd", "people"]), hours(day["bus", "occupancy"])
    assert people[17] > 10 * people[3]
    assert aboard[8] > aboard[3] == 0
    assert hours(day["parking", "occupied"])[10] > 0.3
    assert day["charger", "power"].max() > 3000
    assert 0.05 < day["waste", "fill"].mean() < 0.9


def test_the_air_and_the_sound_follow_the_traffic(day):
    assert hours(day["noise", "laeq"])[8] > hours(day["noise", "laeq"])[3] + 5
    assert hours(day["air", "no2"])[8] > hours(day["air", "no2"])[3]
