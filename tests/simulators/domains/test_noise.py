import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.noise import (
    A_WEIGHTING,
    AIR,
    BUILDINGS,
    GROUND,
    HEAVY,
    LIGHT,
    RECEIVER,
    Noise,
    transfer,
    vehicle_power,
)
from simulators.world.conditions import TICK
from zenata.city.model import Sensor, Street

DEGREE = 111_195.0


def street(x0, x1, y=0.0):
    """A street on the equator, in metres."""
    line = ((x0 / DEGREE, y / DEGREE), (x1 / DEGREE, y / DEGREE))
    words = {"road": "secondary", "lanes": 1, "limit": 50.0, "signal": False, "start": "a", "end": "b"}
    return Street(id="street-1", length=x1 - x0, line=line, **words)


def meters(*distances):
    return [
        Sensor(id="noise-1", kind="noise", district="d", longitude=0.0, latitude=distance / DEGREE)
        for distance in distances
    ]


def decibels(energy):
    return 10 * np.log10(energy)


def free_field(energy, slant):
    """Without what air and buildings take."""
    return decibels(energy) + AIR * slant + np.where(slant > 60, BUILDINGS, 0.0)


def test_a_car_at_the_reference_speed_by_hand():
    """At 70 km/h the coefficients A are the levels; added up by hand over octaves with their weights."""
    rolling, propulsion = decibels(vehicle_power(LIGHT, np.array([70.0])))[:, 0]
    tyres = [83.1 - 26.2, 89.2 - 16.1, 87.7 - 8.6, 93.1 - 3.2, 100.1, 96.7 + 1.2, 86.8 + 1.0, 76.2 - 1.1]
    engine = [97.9 - 26.2, 92.5 - 16.1, 90.7 - 8.6, 87.2 - 3.2, 84.7, 88.0 + 1.2, 84.4 + 1.0, 77.1 - 1.1]
    assert rolling == pytest.approx(10 * math.log10(sum(10 ** (level / 10) for level in tyres)))
    assert propulsion == pytest.approx(10 * math.log10(sum(10 ** (level / 10) for level in engine)))
    assert (round(rolling, 1), round(propulsion, 1)) == (102.6, 93.0)
    assert len(A_WEIGHTING) == LIGHT.shape[1] == HEAVY.shape[1] == 8


def test_speed_by_hand():
    """At 35 km/h rolling noise at 1 kHz falls by 32.5 lg 2 and propulsion noise by 4 dB; under 20 km/h nothing changes."""
    only = np.full((4, 8), -1000.0)
    only[:, 4] = LIGHT[:, 4]
    rolling, propulsion = decibels(vehicle_power(only, np.array([35.0])))[:, 0]
    assert rolling == pytest.approx(100.1 - 32.5 * math.log10(2))
    assert propulsion == pytest.approx(84.7 - 4.0)
    assert_allclose(vehicle_power(LIGHT, np.array([3.0])), vehicle_power(LIGHT, np.array([20.0])))


def test_engines_are_louder_in_town_and_tyres_on_the_road():
    slow, fast = decibels(vehicle_power(LIGHT, np.array([20.0, 110.0]))).T
    assert slow[1] > slow[0]
    assert fast[0] > fast[1] + 8
    assert (vehicle_power(HEAVY, np.array([50.0])).sum() > 5 * vehicle_power(LIGHT, np.array([50.0])).sum()).all()


def test_a_long_street_loses_3_db_with_each_doubling_and_matches_the_closed_form():
    ground = np.array([10.0, 20.0, 40.0])
    slant = np.hypot(ground, RECEIVER)
    heard = transfer([street(-2e5, 2e5)], meters(*ground))[:, 0]
    assert_allclose(free_field(heard, slant), decibels(GROUND / (4 * slant)), atol=0.01)
    assert np.diff(free_field(heard, slant))[1] == pytest.approx(-10 * math.log10(slant[2] / slant[1]), abs=0.01)


def test_a_short_one_far_off_loses_6_db_as_a_point_does():
    distance = np.array([400.0, 800.0])
    heard = transfer([street(-5, 5)], meters(*distance))[:, 0]
    assert_allclose(np.diff(free_field(heard, np.hypot(distance, RECEIVER))), -20 * math.log10(2), atol=0.01)
    power = 10.0  # a metre of street sends out the unit
    assert free_field(heard, distance)[0] == pytest.approx(decibels(GROUND * power / (4 * np.pi * 400**2)), abs=0.02)


def test_a_street_in_pieces_is_the_same_street():
    whole = transfer([street(-50, 40)], meters(15.0, 30.0))[:, 0]
    parts = transfer([street(-50, -20), street(-20, 40)], meters(15.0, 30.0)).sum(axis=1)
    assert_allclose(parts, whole, rtol=0.01)  # air is reckoned to the nearest point of each


@pytest.fixture
def busy(city, conditions):
    """The conditions of a busy hour."""
    conditions.link_flow = np.full(len(city.streets), 600.0)
    conditions.link_speed = np.array([float(street.limit) for street in city.streets])
    conditions.temperature = 20.0
    return conditions


def listen(noise, now):
    """The levels at its next turn."""
    now.move_to(now.time + 6 * TICK)
    noise.step(now)
    return noise.observe(now)[:, 0].copy()


def test_twice_the_traffic_is_3_db_more(city, busy):
    noise = Noise(city, busy)
    once = listen(noise, busy)
    busy.link_flow = 2 * busy.link_flow
    assert_allclose(listen(noise, busy) - once, 10 * math.log10(2), atol=0.1)  # the background does not double


def test_cold_tyres_are_louder(city, busy):
    noise = Noise(city, busy)
    levels = [listen(noise, busy)[0] for busy.temperature in (20.0, 10.0)]
    assert 0.4 < levels[1] - levels[0] < 0.8  # at most the 0.08 dB/K of tyres alone


def test_levels_of_a_city(city, busy):
    """Kerbs of busy streets in European cities: 65 to 75 dB by day. Without traffic the background is left."""
    noise = Noise(city, busy)
    motorway, street_, edge = listen(noise, busy)
    assert 68 < motorway < 80
    assert 65 < street_ < 75
    assert edge < street_
    busy.link_flow = np.zeros(len(city.streets))
    busy.activity = 0.0
    assert_allclose(listen(noise, busy), 34.0)


def test_levels_are_held_until_the_next_turn(city, busy):
    noise = Noise(city, busy)
    before = listen(noise, busy)
    busy.link_flow = np.zeros(len(city.streets))
    turns = 0
    for _ in range(12):
        busy.move_to(busy.time + TICK)
        noise.step(busy)
        turns += not np.array_equal(noise.observe(busy)[:, 0], before)
        before = noise.observe(busy)[:, 0].copy()
    assert turns == 1


def test_a_festival_adds_its_energy_where_it_is(city, busy):
    noise = Noise(city, busy)
    usual = listen(noise, busy)
    meter = [place for place, sensor in enumerate(city.sensors) if sensor.kind == "noise"][2]
    busy.disturbance.sound[meter] = 10**8.5
    loud = listen(noise, busy)
    assert loud[2] == pytest.approx(decibels(10**8.5 + 10 ** (usual[2] / 10)))
    assert_allclose(loud[:2], usual[:2])
