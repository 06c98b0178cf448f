import dataclasses

import pytest

from simulators.world.parameters import Hourly, read_table
from simulators.world.world import World
from zenata.errors import CityError


@dataclasses.dataclass(frozen=True)
class Use:
    mean: float
    day: Hourly = ()


@dataclasses.dataclass(frozen=True)
class Table:
    level: float
    course: tuple[float, ...]
    spare: float = 2.0
    uses: tuple[Use, ...] = ()


def with_table(city, table):
    return dataclasses.replace(city, parameters={"table": table})


def test_lists_become_tuples_and_defaults_stay(city):
    assert read_table(with_table(city, {"level": 1, "course": [1, 2]}), "table", Table) == Table(1, (1, 2), 2.0)


def test_tables_within_become_what_they_are_named(city):
    table = {"level": 1, "course": [], "uses": [{"mean": 2}, {"mean": 3, "day": [0] * 24}]}
    assert read_table(with_table(city, table), "table", Table).uses == (Use(2.0), Use(3.0, (0.0,) * 24))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"level": 1}, r"\[table\] Object missing required field `course`"),
        ({"level": 1, "course": [], "lvel": 2}, r"\[table\] has unknown lvel"),
        ({"level": 1, "course": [], "uses": [{"mean": 1}, {"mean": 1, "men": 2}]}, r"\[table\] has unknown men"),
        (
            {"level": 1, "course": [], "uses": [{"mean": "x"}]},
            r"\[table\] Expected `float`, got `str` - at `uses\[0\].mean",
        ),
        ({"level": 1, "course": [], "uses": [{"mean": 1, "day": [1]}]}, r"length >= 24 - at `uses\[0\].day"),
        (3, r"\[table\] Expected `object`, got `int`"),
    ],
)
def test_wrong_keys_and_values_are_named(city, table, message):
    with pytest.raises(CityError, match=message):
        read_table(with_table(city, table), "table", Table)


def test_a_world_without_its_tables_says_which(city):
    tables = {name: table for name, table in city.parameters.items() if name != "climate"}
    with pytest.raises(CityError, match=r"\[climate\] is missing"):
        World(dataclasses.replace(city, parameters=tables), seed=1, start=0)
