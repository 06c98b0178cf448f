import re

import pytest

from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES


def test_the_fourteen_kinds() -> None:
    assert " ".join(KINDS) == (
        "weather air noise traffic parking charger streetlight pv power meter water waste crowd bus"
    )


@pytest.mark.parametrize("name", KINDS)
def test_kind_observes_known_quantities(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert re.fullmatch("[a-z]+", name), "a word of topics and ids"
    assert kind.properties
    assert set(kind.properties) <= set(QUANTITIES)
    assert len(set(kind.properties)) == len(kind.properties)
    assert 10 <= kind.period <= 3600


def test_every_quantity_is_observed() -> None:
    assert {name for kind in KINDS.values() for name in kind.properties} == set(QUANTITIES)


def test_only_parking_speaks_on_change() -> None:
    assert [kind.name for kind in KINDS.values() if kind.on_change] == ["parking"]
