import pytest

from zenata.city.quantities import QUANTITIES, SENML_UNITS


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantity_has_a_senml_unit_and_a_range(name: str) -> None:
    quantity = QUANTITIES[name]
    assert quantity.unit in SENML_UNITS
    assert quantity.low < quantity.high
    assert quantity.digits >= 0
    assert quantity.title


def test_shares_lie_between_nothing_and_all() -> None:
    shares = {name: (quantity.low, quantity.high) for name, quantity in QUANTITIES.items() if quantity.unit == "/"}
    assert set(shares) == {"occupancy", "occupied", "dim", "fill"}
    assert set(shares.values()) == {(0, 1)}
