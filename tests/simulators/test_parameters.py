import dataclasses

import pytest

from simulators.parameters import read_table
from simulators.world import World
from zenata.errors import CityError


@dataclasses.dataclass(frozen=True)
class Table:
    level: float
    course: tuple[float, ...]
    spare: float = 2.0


def with_table(city, table):
    return dataclasses.replace(city, parameters={"table": table})


def test_lists_become_tuples_and_defaults_stay(city):
    assert read_table(with_table(city, {"level": 1, "course": [1, 2]}), "table", Table) == Table(1, (1, 2), 2.0)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"level": 1}, r"\[table\] lacks course"),
        ({"level": 1, "course": [], "lvel": 2}, r"\[table\] has unknown lvel"),
    ],
)
def test_wrong_keys_are_named(city, table, message):
    with pytest.raises(CityError, match=message):
        read_table(with_table(city, table), "table", Table)


def test_a_world_without_its_tables_says_which(city):
    tables = {name: table for name, table in city.parameters.items() if name != "climate"}
    with pytest.raises(CityError, match=r"\[climate\] is missing"):
        World(dataclasses.replace(city, parameters=tables), seed=1, start=0)
