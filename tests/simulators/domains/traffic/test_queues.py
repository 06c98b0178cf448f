from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.traffic.domain import Traffic
from simulators.domains.traffic.queues import Queues, advance, split
from simulators.world.conditions import Conditions
from tests.simulators.conftest import small_city

NETWORK = Traffic(small_city(), Conditions.of(small_city(), seed=1)).network
LINKS = len(NETWORK.length)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), load=st.floats(0, 30), busy=st.floats(0, 1))
def test_no_vehicle_is_lost_however_full_the_streets(seed, load, busy):
    rng = np.random.default_rng(seed)
    queues = Queues(np.floor(busy * NETWORK.storage), np.zeros(LINKS), np.zeros(LINKS))
    before, totals = queues.moving.sum(), np.zeros(2)
    for _ in range(30):
        coming, green = rng.poisson(load, LINKS).astype(float), rng.random(LINKS)
        _, entered, left = advance(NETWORK, queues, green, coming, rng.random((3, LINKS)))
        totals += entered.sum(), left.sum()
        stored = queues.moving + queues.queue
        assert (stored <= NETWORK.storage).all()
    assert totals[0] - totals[1] == stored.sum() - before
    for counts in (queues.moving, queues.queue, queues.waiting):
        assert (counts >= 0).all()
        assert_array_equal(counts, np.floor(counts))


def test_vehicles_turn_in_the_right_shares():
    rng = np.random.default_rng(1)
    ready = rng.integers(0, 4, LINKS).astype(float)
    total, ended = np.zeros(NETWORK.ways.shape), np.zeros(LINKS)
    for _ in range(4000):
        left, moved = split(NETWORK, ready, rng.random(LINKS))
        total += moved
        ended += left
    assert_allclose(total / 4000, ready * NETWORK.share, atol=0.05)
    assert_allclose(ended / 4000, ready * (1 - NETWORK.cumulative[-1]), atol=0.05)


def test_queues_discharge_at_the_saturation_flow_and_not_at_red():
    queues = Queues(np.zeros(LINKS), np.full(LINKS, 1e9), np.zeros(LINKS))
    rng, green = np.random.default_rng(1), np.where(np.arange(LINKS) % 3, 1.0, 0.0)
    green[1::3] = 0.4
    endless = replace(NETWORK, storage=np.full(LINKS, 1e10))
    gone = np.zeros(LINKS)
    for _ in range(720):
        before = queues.queue.copy()
        reached, _, _ = advance(endless, queues, green, np.zeros(LINKS), rng.random((3, LINKS)))
        gone += before + reached - queues.queue
    assert_allclose(gone, NETWORK.saturation * green, rtol=0.03)


def test_nobody_enters_a_link_without_room():
    full = replace(NETWORK, storage=np.where(np.arange(LINKS) % 5, NETWORK.storage, 0.0))
    queues = Queues(np.zeros(LINKS), np.minimum(NETWORK.storage, 5.0), np.zeros(LINKS))
    rng, before = np.random.default_rng(1), 5.0
    for _ in range(20):
        advance(full, queues, np.ones(LINKS), np.ones(LINKS), rng.random((3, LINKS)))
        stored = (queues.moving + queues.queue)[::5]
        assert (stored <= before).all()
        before = stored
    assert (queues.waiting[::5] == 20).all()
    assert stored.sum() < 5 * len(stored)  # who is there may leave
