import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.power.network import lay_out
from simulators.domains.power.protection import COLD, HEATING, LIMIT, Relays, first_cables


def test_feeders_are_known_by_their_first_cable():
    positions = np.array([[-7.45 + 0.002 * number, 33.65] for number in (1, 2, 3, -1, -2)])
    layout = lay_out(positions, np.full(5, 400.0), np.array([[-7.45, 33.65]]), 40_000.0, 1300.0)
    assert_array_equal(layout.upstream, [-1, 0, 1, -1, 3])
    assert_array_equal(first_cables(layout), [0, 0, 0, 3, 3])


@pytest.mark.parametrize("seconds", [10.0, 60.0, 900.0])
def test_what_is_loaded_by_half_too_much_trips_when_its_heat_says(seconds):
    """By IEC 60255-149 after tau ln(I2 / (I2 - k2)) from cold, here within a step of it."""
    relays = Relays(3)
    relays.loading[1] = 1.5, 1.19, 1.0
    passed = 0.0
    while not relays.open.any():
        relays.warm(seconds)
        passed += seconds
    expected = HEATING * np.log(1.5**2 / (1.5**2 - LIMIT))
    assert expected <= passed < expected + seconds
    assert relays.open.tolist() == [[False] * 3, [True, False, False]]
    for _ in range(1000):
        relays.warm(seconds)
    assert relays.open.sum() == 1


def test_it_closes_when_it_has_cooled():
    relays = Relays(1)
    relays.trip(0)
    assert relays.open[0, 0]
    relays.warm(HEATING * np.log(LIMIT / COLD) * 0.99)
    assert relays.open[0, 0]
    relays.warm(HEATING * 0.02)
    assert not relays.open.any()


def test_heat_is_the_same_in_one_step_or_many():
    one, many = Relays(1), Relays(1)
    one.loading[:] = many.loading[:] = 0.8
    one.warm(900)
    for _ in range(90):
        many.warm(10)
    assert_allclose(one.heat, many.heat)
