import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from simulators.domains.traffic.network import UNSIGNALLED, build_network
from simulators.domains.traffic.signals import CYCLE, LOST, Signals, green
from simulators.world.conditions import Conditions
from tests.simulators.conftest import small_city

CITY = small_city()
NETWORK = build_network(CITY.streets)
DETECTORS = [sensor for sensor in CITY.sensors if sensor.kind == "traffic"]
LINKS = np.array([[street.id for street in CITY.streets].index(sensor.attributes["street"]) for sensor in DETECTORS])


@pytest.fixture
def now():
    return Conditions.of(CITY, seed=1)


@pytest.fixture
def signals(now):
    return Signals(CITY, NETWORK, LINKS, now)


def at_the_node_of(link):
    return np.flatnonzero([street.end == CITY.streets[link].end for street in CITY.streets])


@pytest.mark.parametrize("share", [0.1, 0.37, 0.5, 0.9])
def test_phases_share_the_cycle_and_lose_some_of_it(share):
    shares = np.where(NETWORK.phase == 0, share, 1 - share)
    opened = np.array([green(NETWORK, shares, second) for second in range(0, CYCLE, 5)])
    assert_allclose(opened.mean(axis=0)[NETWORK.signal], (shares - LOST / CYCLE)[NETWORK.signal])
    assert_allclose(opened[:, ~NETWORK.signal], 1)


def test_crossing_streets_are_not_green_together():
    node = at_the_node_of(LINKS[1])
    phases = [node[NETWORK.phase[node] == phase] for phase in (0, 1)]
    half = np.full(len(NETWORK.length), 0.5)
    for second in range(CYCLE):
        opened = green(NETWORK, half, second)
        assert opened[phases[0]].max() * opened[phases[1]].max() == 0


def test_a_setpoint_gives_a_street_its_share_and_the_crossing_ones_the_rest(now, signals):
    link = LINKS[1]
    usual = signals.green_shares(now).mean(axis=0)
    now.setpoints.of("traffic", "split")[1] = 0.8
    opened = signals.green_shares(now).mean(axis=0)
    node = at_the_node_of(link)
    same = NETWORK.phase[node] == NETWORK.phase[link]
    assert_allclose(opened[node], np.where(same, 0.8, 0.2) - LOST / CYCLE)
    elsewhere = np.setdiff1d(np.arange(len(usual)), node)
    assert_allclose(opened[elsewhere], usual[elsewhere])
    now.setpoints.of("traffic", "split")[1] = np.nan
    assert_allclose(signals.green_shares(now).mean(axis=0), usual)


def test_the_mean_of_two_detectors_of_a_junction_counts(now):
    pair = np.array([LINKS[1], next(link for link in at_the_node_of(LINKS[1]) if link != LINKS[1])])
    signals = Signals(CITY, NETWORK, np.append(pair, LINKS[2:]), now)
    now.setpoints.of("traffic", "split")[:2] = 0.7, 0.5
    opened = signals.green_shares(now).mean(axis=0)
    same = NETWORK.phase[pair[0]] == NETWORK.phase[pair[1]]
    assert opened[pair[0]] == pytest.approx((0.7 + (0.5 if same else 1 - 0.5)) / 2 - LOST / CYCLE)


def test_without_power_a_junction_works_as_one_that_has_no_signal_and_refuses(now, signals):
    signals.green_shares(now)
    working = next(index for index, link in enumerate(LINKS) if NETWORK.signal[link])
    name = DETECTORS[working].id
    assert now.setpoints.refusal("traffic", name, {"split": 0.6}) is None
    now.powered[:] = False
    assert_allclose(
        signals.green_shares(now), np.where(NETWORK.signal, UNSIGNALLED, 1.0)[None].repeat(CYCLE // 5, axis=0)
    )
    assert "no signal works" in now.setpoints.refusal("traffic", name, {"split": 0.6})
    now.powered[:] = True
    signals.green_shares(now)
    assert now.setpoints.refusal("traffic", name, {"split": 0.6}) is None


def test_a_detector_without_a_signal_refuses(now, signals):
    bare = [index for index, link in enumerate(LINKS) if not NETWORK.signal[link]]
    assert bare
    for index in bare:
        assert "no signal works" in now.setpoints.refusal("traffic", DETECTORS[index].id, {"split": 0.5})


def test_signals_need_no_sensor_on_the_mains(now):
    lonely = dataclasses.replace(CITY, sensors=tuple(DETECTORS[:0]))
    now = Conditions.of(lonely, seed=1)
    assert_allclose(Signals(lonely, NETWORK, LINKS[:0], now).green_shares(now).max(axis=0), 1)
