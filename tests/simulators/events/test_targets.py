from itertools import pairwise

import numpy as np
import pytest

from simulators.events.targets import (
    away,
    opposite,
    point_of,
    sensors_in,
    sensors_named,
    stations,
    street_of,
    unknown,
    way_between,
)
from zenata.errors import ScenarioError


def test_a_street_is_known_by_its_id_and_by_its_sensors(city):
    assert street_of(city, "street-0005") == 4
    assert street_of(city, "traffic-0002") == street_of(
        city, str(city.sensor_by_id["traffic-0002"].attributes["street"])
    )


def test_what_is_no_street_gets_a_hint(city):
    with pytest.raises(ScenarioError, match=r"unknown street or sensor 'stret-0005'; near it are .*street-0005"):
        street_of(city, "stret-0005")
    with pytest.raises(ScenarioError, match="crowd-0001 stands in no street"):
        street_of(city, "crowd-0001")


def test_the_opposite_street_leads_back(city):
    (back,) = opposite(city, 0)
    assert (city.streets[back].start, city.streets[back].end) == (city.streets[0].end, city.streets[0].start)


def test_the_way_between_two_junctions_joins_up(city):
    way = [city.streets[place] for place in way_between(city, "node-0-0", "node-2-1")]
    assert (way[0].start, way[-1].end, len(way)) == ("node-0-0", "node-2-1", 3)
    assert all(one.end == other.start for one, other in pairwise(way))


def test_no_way_and_no_junction_are_errors(city):
    with pytest.raises(ScenarioError, match="unknown junction 'node-9-9'"):
        way_between(city, "node-0-0", "node-9-9")
    with pytest.raises(ScenarioError, match="no street leads from"):
        way_between(city, "node-0-0", "node--2--1")  # out on the motorway


def test_sensors_come_in_city_order_and_once(city):
    places = sensors_named(city, ("noise-0002", "air-0001", "noise-0002"))
    assert [city.sensors[place].id for place in places] == ["air-0001", "noise-0002"]
    with pytest.raises(ScenarioError, match="unknown sensor 'air-1'; near it are air-0001"):
        sensors_named(city, ("air-1",))


def test_sensors_of_a_district_and_kinds(city):
    found = [city.sensors[place] for place in sensors_in(city, "homes", ("air", "noise"))]
    assert {sensor.district for sensor in found} == {"homes"}
    assert {sensor.kind for sensor in found} == {"air", "noise"}
    assert len(sensors_in(city, "homes")) > len(found)
    with pytest.raises(ScenarioError, match="unknown district 'home'; near it are homes"):
        sensors_in(city, "home")
    with pytest.raises(ScenarioError, match="no sensor is a 'dog': the kinds are air, bus"):
        sensors_in(city, "homes", ("dog",))


def test_stations_are_those_of_the_grid(city):
    assert [city.sensors[place].id for place in stations(city)] == [
        "power-0001",
        "power-0002",
        "power-0003",
        "power-0004",
    ]


def test_a_point_is_a_place_in_the_city(city):
    sensor = city.sensor_by_id["air-0002"]
    here = point_of(city, "air-0002")
    assert here.tolist() == [sensor.longitude, sensor.latitude]
    assert away(here, np.stack([here, point_of(city, "homes")])).round().tolist()[0] == 0
    with pytest.raises(ScenarioError, match="lies outside the city: longitude"):
        point_of(city, (0.0, 0.0))
    with pytest.raises(ScenarioError, match="lies outside the city"):
        point_of(city, (np.nan, np.nan))
    with pytest.raises(ScenarioError, match="unknown place"):
        point_of(city, "moon")


def test_a_hint_is_given_even_where_nothing_is_near():
    assert str(unknown("thing", "zzz", ["a", "b", "c", "d"])) == "unknown thing 'zzz'; near it are a, b, c"
