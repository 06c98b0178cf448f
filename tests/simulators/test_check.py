import dataclasses
import re

import pytest

from sandbox.parts import city_of
from simulators.check import ATTRIBUTES, find_problems
from simulators.domains.registry import DOMAINS
from simulators.world.conditions import Conditions
from zenata.city.model import City

NEEDED = [(kind, name) for kind, names in ATTRIBUTES.items() for name in names]


@pytest.fixture(scope="module")
def town() -> City:
    return city_of("valdeira")


def with_attributes(city, choose):
    sensors = tuple(dataclasses.replace(sensor, attributes=choose(sensor)) for sensor in city.sensors)
    return dataclasses.replace(city, sensors=sensors)


def with_street(city, **changes):
    first, *others = city.streets
    return dataclasses.replace(city, streets=(dataclasses.replace(first, **changes), *others))


def with_table(city, name, **changes):
    return dataclasses.replace(city, parameters={**city.parameters, name: {**city.parameters.get(name, {}), **changes}})


def test_the_needed_attributes_are_enough(town):
    bare = with_attributes(
        town,
        lambda sensor: {
            name: sensor.attributes[name]
            for name in {**ATTRIBUTES.get(sensor.kind, {}), "supply": None}
            if name in sensor.attributes
        },
    )
    assert find_problems(bare) == []


@pytest.mark.parametrize(("kind", "name"), NEEDED)
def test_a_needed_attribute_is_needed_and_missed(town, kind, name):
    poor = with_attributes(
        town,
        lambda sensor: {key: value for key, value in sensor.attributes.items() if (sensor.kind, key) != (kind, name)},
    )
    with pytest.raises(KeyError, match=name):
        DOMAINS[kind](poor, Conditions.of(poor, seed=1))
    problems = find_problems(poor)
    assert problems[0] == f"sensors/{kind}.geojson: {kind}-001: lacks {name!r}"
    assert len(problems) == sum(sensor.kind == kind and "supply" not in sensor.attributes for sensor in town.sensors)


@pytest.mark.parametrize(
    ("value", "problem"), [("x", "kva 'x' is no number"), (True, "kva True is no number"), (-1, "kva -1 is no number")]
)
def test_an_attribute_of_another_type_is_named(town, value, problem):
    city = with_attributes(
        town, lambda sensor: {**sensor.attributes, **({"kva": value} if sensor.id == "power-002" else {})}
    )
    (found,) = find_problems(city)
    assert found.startswith(f"sensors/power.geojson: power-002: {problem}")


def test_problems_of_several_domains_are_found_at_once(town):
    city = with_table(with_table(town, "traffic", trips_daily="many"), "waste", nigths=2)
    assert find_problems(city) == [
        "city.toml of valdeira: [traffic] Expected `float`, got `str` - at `trips_daily`",
        "city.toml of valdeira: [waste] has unknown nigths",
    ]


def test_what_no_domain_foresees_is_one_line_too(town):
    (problem,) = find_problems(with_table(town, "power", substations=[]))
    assert re.match(r"city valdeira: power cannot be simulated: \w+Error: ", problem)
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"length": 1.2}, "streets.geojson: street-001: length is 1.2 m, that of its line "),
        ({"line": ((-7.75, 38.64), (-7.74, 38.64))}, "streets.geojson: street-003: node-13 is "),
    ],
)
def test_streets_that_do_not_fit_are_named(town, changes, problem):
    assert any(found.startswith(problem) for found in find_problems(with_street(town, **changes)))


def test_a_motorway_of_ramps_alone_is_refused(town):
    streets = tuple(dataclasses.replace(street, lanes=1) for street in town.streets)
    (problem,) = find_problems(dataclasses.replace(town, streets=streets))
    assert problem.startswith("streets.geojson of valdeira: no motorway has two lanes")


def test_a_city_elsewhere_than_it_says_is_named(town):
    problems = find_problems(dataclasses.replace(town, bbox=(0.0, 0.0, 1.0, 1.0)))
    assert len(problems) == len(town.districts)
    assert problems[0] == "districts.geojson: old-town: lies outside bbox of city.toml"


def test_implausible_values_are_named_once(town):
    problems = find_problems(with_table(town, "climate", temperature_max=[90.0] * 12))
    assert "sensors/weather.geojson: weather-001: temperature leaves the range of -15 to 60 Cel" in problems
    assert len(problems) == len(set(problems))
