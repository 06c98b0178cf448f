import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.power.flow import (
    CABLE_C,
    CABLE_R,
    CABLE_X,
    HIGH,
    LOW,
    MAGNETISING,
    MEDIUM,
    SHORT_CIRCUIT,
    STATION_SECONDARY,
    SUBSTATION_IDLE_LOSS,
    SUBSTATION_IMPEDANCE,
    SUBSTATION_LOAD_LOSS,
    TAP,
    Grid,
)
from simulators.domains.power.network import Layout

BASE = 1e6  # [VA]
SOURCE_RX = 0.1
LAYOUT = Layout(
    upstream=np.array([-1, 0, 1, 0, -1]),
    substation=np.array([0, 0, 0, 0, 1]),
    length=np.array([900.0, 1200.0, 400.0, 2500.0, 1500.0]),
    rating=np.array([630.0, 1000.0, 400.0, 630.0, 1000.0]),
    substation_rating=np.array([20_000.0, 10_000.0]),
)
POWER = np.array([400e3, 750e3, -250e3, 500e3, 600e3])
REACTIVE = np.array([120e3, 200e3, 0.0, 160e3, 150e3])
TAPS = np.array([-2, 1])
CLOSED = np.ones(5, dtype=bool)
LOSSES = {400.0: (3250.0, 387.0), 630.0: (4600.0, 540.0), 1000.0: (7600.0, 693.0)}
"""Regulation (EU) 548/2014, table I.1, tier 2 [W]."""


def pi(admittance, one, other, series, shunt, ratio=1.0):
    """Add a branch with half its shunt at either end, behind an ideal transformer at the side of `one`."""
    own = series + shunt / 2
    admittance[one, one] += own / ratio**2
    admittance[other, other] += own
    admittance[one, other] -= series / ratio
    admittance[other, one] -= series / ratio


def transformer(secondary, nominal, rating, impedance, load_loss, idle_loss):
    """Return the series and shunt admittance over base, from short-circuit and idle tests."""
    scale = nominal**2 / BASE
    z, r = impedance * secondary**2 / rating, load_loss * secondary**2 / rating**2
    series = scale / complex(r, np.sqrt(z**2 - r**2))
    idle = max(MAGNETISING, idle_loss / rating) * rating / secondary**2
    g = idle_loss / secondary**2
    return series, scale * complex(g, -np.sqrt(max(idle**2 - g**2, 0.0)))


def network():
    """Return the node admittances over base: two ideal sources, 60 kV, 20 kV, stations' 20 kV and low voltage."""
    count = len(LAYOUT.upstream)
    admittance = np.zeros((6 + 2 * count, 6 + 2 * count), dtype=complex)
    for root, rating in enumerate(LAYOUT.substation_rating * 1000):
        z = BASE / SHORT_CIRCUIT
        x = z / np.hypot(1, SOURCE_RX)
        pi(admittance, root, 2 + root, 1 / complex(SOURCE_RX * x, x), 0)
        branch = transformer(
            MEDIUM, MEDIUM, rating, SUBSTATION_IMPEDANCE, SUBSTATION_LOAD_LOSS * rating, SUBSTATION_IDLE_LOSS * rating
        )
        pi(admittance, 2 + root, 4 + root, *branch, ratio=1 + TAP * TAPS[root])
    for station, up in enumerate(LAYOUT.upstream):
        km, base = LAYOUT.length[station] / 1000, MEDIUM**2 / BASE
        shunt = 2j * np.pi * 50 * CABLE_C * km * base
        start = 4 + LAYOUT.substation[station] if up < 0 else 6 + up
        pi(admittance, start, 6 + station, base / (complex(CABLE_R, CABLE_X) * km), shunt)
        rating = LAYOUT.rating[station]
        impedance = 0.04 if rating <= 630 else 0.06
        branch = transformer(STATION_SECONDARY, LOW, rating * 1000, impedance, *LOSSES[rating])
        pi(admittance, 6 + station, 6 + count + station, *branch, ratio=LOW / STATION_SECONDARY)
    return admittance


def oracle():
    """Return the voltages of all nodes over their base, by the implicit Z-bus method."""
    admittance, count = network(), len(LAYOUT.upstream)
    drawn = np.zeros(4 + 2 * count, dtype=complex)
    drawn[4 + count :] = (POWER + 1j * REACTIVE) / BASE
    voltage = np.ones(len(drawn), dtype=complex)
    for _ in range(200):
        current = -np.conj(drawn / voltage) - admittance[2:, :2].sum(axis=1)
        voltage = np.linalg.solve(admittance[2:, 2:], current)
    return np.concatenate([[1, 1], voltage])


def test_voltages_and_currents_are_those_of_an_independent_solution():
    """The implicit Z-bus method on a network built here; phase shifts of transformers do not change magnitudes."""
    flow, voltage = Grid(LAYOUT).solve(POWER, REACTIVE, CLOSED, CLOSED, TAPS), oracle()
    assert_allclose(flow.voltage * np.sqrt(3) / LOW, np.abs(voltage[-5:]), atol=1e-6)
    assert_allclose(flow.busbar, np.abs(voltage[4:6]), atol=1e-6)
    assert_allclose(flow.current, np.hypot(POWER, REACTIVE) / (3 * flow.voltage), rtol=1e-6)
    source = voltage[2:4] * np.conj((network() @ voltage)[:2]) * BASE  # as it arrives at the 60 kV bars
    assert_allclose(flow.infeed, source.real, rtol=1e-6)


def test_what_comes_in_is_what_is_drawn_and_what_conductors_turn_to_heat():
    """Ohmic losses by hand: 3 R I^2 in cables, load and idle losses of transformers."""
    flow = Grid(LAYOUT).solve(POWER, REACTIVE, CLOSED, CLOSED, TAPS)
    assert_allclose(flow.power, POWER, rtol=1e-9, atol=1e-3)
    cables = (3 * CABLE_R * LAYOUT.length / 1000 * flow.cable_current**2).sum()
    rated = LAYOUT.rating * 1000 / (np.sqrt(3) * STATION_SECONDARY)
    load, idle = np.array([LOSSES[rating] for rating in LAYOUT.rating]).T
    stations = (load * (flow.current / rated) ** 2 + idle * (flow.voltage * np.sqrt(3) / STATION_SECONDARY) ** 2).sum()
    through = flow.infeed / LAYOUT.substation_rating / 1000
    substations = (1000 * LAYOUT.substation_rating * (SUBSTATION_LOAD_LOSS * through**2 + SUBSTATION_IDLE_LOSS)).sum()
    losses = flow.infeed.sum() - POWER.sum()
    assert losses == pytest.approx(cables + stations + substations, rel=0.03)
    assert 0.005 < losses / POWER.sum() < 0.03


def test_one_station_on_one_cable_is_the_closed_form():
    """V^4 + (2 (R P + X Q) - E^2) V^2 + |Z|^2 |S|^2 = 0, all impedances in series and seen from the low voltage."""
    layout = Layout(
        upstream=np.array([-1]),
        substation=np.array([0]),
        length=np.array([3000.0]),
        rating=np.array([1000.0]),
        substation_rating=np.array([40_000.0]),
    )
    grid, closed, tap = Grid(layout), np.ones(1, dtype=bool), np.zeros(1, dtype=int)
    power, reactive = 800e3, 260e3
    idle = grid.solve(np.zeros(1), np.zeros(1), closed, closed, tap).voltage[0] * np.sqrt(3)
    loaded = grid.solve(np.array([power]), np.array([reactive]), closed, closed, tap).voltage[0] * np.sqrt(3)
    station = STATION_SECONDARY**2 / 1e6 * complex(0.0076, np.sqrt(0.06**2 - 0.0076**2))
    root = complex(SUBSTATION_LOAD_LOSS, np.sqrt(SUBSTATION_IMPEDANCE**2 - SUBSTATION_LOAD_LOSS**2)) / 40e6
    source = complex(SOURCE_RX, 1) / np.hypot(1, SOURCE_RX) / SHORT_CIRCUIT
    z = station + STATION_SECONDARY**2 * (3 * complex(CABLE_R, CABLE_X) / MEDIUM**2 + root + source)
    half = idle**2 / 2 - (z.real * power + z.imag * reactive)
    expected = np.sqrt(half + np.sqrt(half**2 - abs(z) ** 2 * (power**2 + reactive**2)))
    assert loaded == pytest.approx(expected, rel=2e-4)  # the shunts are left out here


def test_opening_a_cable_takes_the_voltage_from_what_hangs_on_it():
    grid, lines = Grid(LAYOUT), CLOSED.copy()
    whole = grid.solve(POWER, REACTIVE, CLOSED, CLOSED, TAPS)
    lines[1] = False
    flow = grid.solve(POWER, REACTIVE, lines, CLOSED, TAPS)
    assert_array_equal(flow.voltage > 0, [True, False, False, True, True])
    assert (flow.current[[1, 2]] == 0).all()
    assert (flow.power[[1, 2]] == 0).all()
    assert flow.infeed[0] == pytest.approx(POWER[[0, 3]].sum(), rel=0.03)
    assert flow.infeed[1] == pytest.approx(whole.infeed[1])
    again = grid.solve(POWER, REACTIVE, CLOSED, CLOSED, TAPS)
    for name in ("voltage", "current", "power", "busbar", "infeed"):
        assert_array_equal(getattr(again, name), getattr(whole, name))  # no trace of what was before


def test_opening_a_transformer_takes_the_voltage_from_its_station_alone():
    closed = CLOSED.copy()
    closed[0] = False
    flow = Grid(LAYOUT).solve(POWER, REACTIVE, CLOSED, closed, TAPS)
    assert_array_equal(flow.voltage > 0, [False, True, True, True, True])


@settings(max_examples=30)
@given(st.lists(st.floats(-0.9, 0.9), min_size=5, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_energy_is_never_made(loading, closed):
    power = np.array(loading) * LAYOUT.rating * 1000
    flow = Grid(LAYOUT).solve(power, np.abs(power) / 4, np.array(closed), CLOSED, TAPS)
    losses = flow.infeed.sum() - flow.power.sum()
    assert 0 < losses < 0.03 * np.abs(flow.power).sum() + 40e3
    assert_allclose(flow.power, np.where(flow.voltage > 0, power, 0.0), atol=1.0)


def test_rated_voltages_are_those_of_morocco():
    assert (HIGH, MEDIUM, LOW) == (60_000.0, 20_000.0, 400.0)
