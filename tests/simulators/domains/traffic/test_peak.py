"""The morning peak of Zenata: queues, accidents and signal plans."""

import numpy as np
import pytest

from sandbox.parts import city_of
from simulators.domains.traffic.domain import Traffic
from simulators.domains.traffic.signals import GREEN
from simulators.world.conditions import TICK, Conditions
from zenata.city.clock import parse_time

PEAK = parse_time("2026-06-09T06:50Z")  # a Tuesday, 07:50 in Casablanca
CITY = city_of("zenata")
PRIMARY = np.array([street.road == "primary" for street in CITY.streets])
MINUTES, QUIET = 40, 10
"""Minutes simulated, and those before anything happens."""


def drive(link=None, split=None, minutes=MINUTES):
    """What detectors see in every minute, shape (minutes, n_detectors, 3), the vehicle-hours, and the domain."""
    now = Conditions.of(CITY, seed=1, time=PEAK)
    traffic, seen, hours = Traffic(CITY, now), [], 0.0
    if split is not None:
        now.setpoints.of("traffic", "split")[:] = split
    for tick in range(6 * minutes):
        now.move_to(now.time + TICK)
        now.disturbance.clear()
        if link is not None and tick >= 6 * QUIET:
            now.disturbance.capacity[link] = 0.35  # the default of an accident
        traffic.step(now)
        hours += sum(traffic.arrays[name].sum() for name in ("moving", "queue", "waiting")) / 360
        if tick % 6 == 5:
            seen.append(traffic.observe(now).copy())
    return np.array(seen), hours, traffic


@pytest.fixture(scope="module")
def usual():
    return drive()


def load(traffic, seen):
    """Volume over capacity at each detector."""
    network, links = traffic.network, traffic._detectors
    capacity = network.saturation * np.where(network.signal, GREEN, 1.0)
    return seen[..., 0].mean(axis=0) * 60 / capacity[links]


def test_primary_streets_fill_and_queues_stand(usual):
    seen, _, traffic = usual
    primary = PRIMARY[traffic._detectors]
    ratio = load(traffic, seen)[primary]
    assert 0.8 < np.percentile(ratio, 85) < 1.1
    assert np.median(ratio) > 0.5
    assert (seen[:, primary, 2] > 0.25).mean() > 0.02  # occupancy of a queue


def busy_primaries(usual):
    """Ten primary streets, evenly among those that are more than six tenths full."""
    seen, _, traffic = usual
    ratio, links = load(traffic, seen), traffic._detectors
    busy = np.sort(links[PRIMARY[links] & (ratio > 0.6)])
    return busy[np.linspace(0, len(busy) - 1, 10).round().astype(int)]


@pytest.mark.parametrize("number", range(10))
def test_an_accident_at_the_peak_is_seen_by_several_detectors_for_tens_of_minutes(usual, number):
    """In two stretches of ten minutes or more of thirty flow or occupancy differ by more than chance lets them."""
    link = int(busy_primaries(usual)[number])
    before, after = (seen[QUIET:].reshape(3, 10, -1, 3).mean(axis=1) for seen in (usual[0], drive(link)[0]))
    scatter = np.sqrt((before[..., 0] + after[..., 0] + 0.1) / 10)  # of a mean of ten Poisson numbers
    seen = np.abs(after[..., 0] - before[..., 0]) > 3 * scatter
    seen |= np.abs(after[..., 2] - before[..., 2]) > 0.05
    assert (seen.sum(axis=0) >= 2).sum() >= 2


def test_signal_plans_matter(usual):
    """A plan by the flows of the peak against one that turns it round: more than 15 % of the vehicle-hours."""
    _, _, traffic = usual
    network, signals = traffic.network, traffic._signals
    flow = np.einsum(
        "k,kl->l", traffic._parameters.purposes(Conditions.of(CITY, seed=1, time=PEAK), 8.0), traffic._routes.flow
    )
    ratio = np.where(network.signal, flow / network.saturation, 0.0)
    critical = np.zeros((2, signals._node.max() + 1))
    for phase in (0, 1):
        np.maximum.at(critical[phase], signals._node[network.phase == phase], ratio[network.phase == phase])
    share = np.clip(critical[0] / np.maximum(critical.sum(axis=0), 1e-9), 0.25, 0.75)[signals._node]
    own = np.where(network.phase == 0, share, 1 - share)[traffic._detectors]
    usable = network.signal[traffic._detectors]
    good, bad = np.where(usable, own, np.nan), np.where(usable, 1 - own, np.nan)
    _, saved, _ = drive(split=good)
    _, lost, _ = drive(split=bad)
    assert lost > 1.15 * saved
