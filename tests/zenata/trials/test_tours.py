"""Tours: their prices are below the length of every tour, and the tours that are planned are short and within room."""

from collections.abc import Sequence
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenata.city.readings import FloatArray
from zenata.trials.tours import plan_tours, tour_prices

RELAXED = settings(max_examples=15, deadline=None)


def ways(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return distances of random stops from a depot and between them."""
    at = np.random.default_rng(seed).random((count + 1, 2)) * 4
    between = np.hypot(*(at[:, None] - at).transpose(2, 0, 1))
    return between[0, 1:], between[1:, 1:]


def length(tour: list[int], depot: FloatArray, between: FloatArray) -> float:
    return float(depot[tour[0]] + depot[tour[-1]] + sum(between[a, b] for a, b in pairwise(tour)))


def shortest(stops: Sequence[int], depot: FloatArray, between: FloatArray, *, back: bool = True) -> float:
    """Return the length of the shortest tour to some stops, or of the shortest way that does not return."""
    legs = [length(list(order), depot, between) - (0 if back else depot[order[-1]]) for order in permutations(stops)]
    return float(min(legs))


@RELAXED
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 6),
    stops=st.integers(1, 5),
    near=st.sampled_from([1.0, 0.01]),
    far=st.sampled_from([0.0, 20.0]),
)
def test_no_tour_is_worth_more_than_it_is_long(seed: int, count: int, stops: int, near: float, far: float) -> None:
    """Every set of stops in its best order; some are close together, or far from the depot."""
    depot, between = ways(count, seed)
    depot, between = near * depot + far, near * between
    weight = np.random.default_rng(seed).integers(0, 4, count).astype(float)
    prices, spare = tour_prices(depot, between, weight, stops)
    assert (prices >= 0).all()
    for size in range(1, min(stops, count) + 1):
        for tour in combinations(range(count), size):
            worth = prices[list(tour)].sum()
            assert worth <= shortest(tour, depot, between) + 1e-9
            assert worth <= shortest(tour, depot, between, back=False) + spare + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_prices_bound_the_best_partition_into_tours_and_are_close_below_it(seed: int) -> None:
    """Seven stops, each once, in tours of three, beside all partitions."""
    depot, between = ways(7, seed)
    prices, _ = tour_prices(depot, between, np.ones(7), 3)
    least = cheapest(frozenset(range(7)), 3, depot, between)
    assert 0.85 * least < prices.sum() <= least + 1e-9


def cheapest(left: frozenset[int], limit: int, depot: FloatArray, between: FloatArray) -> float:
    """Return the length of the shortest tours of at most so many stops to all that are left."""
    if not left:
        return 0.0
    first, others = min(left), sorted(left - {min(left)})
    tours = [(first, *rest) for size in range(limit) for rest in combinations(others, size)]
    return min(shortest(tour, depot, between) + cheapest(left - set(tour), limit, depot, between) for tour in tours)


def test_stops_that_are_never_needed_and_a_single_one_have_a_price_too() -> None:
    prices, spare = tour_prices(np.array([3.0]), np.zeros((1, 1)), np.zeros(1), 4)
    assert prices == pytest.approx([6.0])
    assert spare == pytest.approx(3.0)


@RELAXED
@given(seed=st.integers(0, 10_000), room=st.floats(3, 20))
def test_planned_tours_come_to_every_stop_once_within_the_room(seed: int, room: float) -> None:
    depot, between = ways(20, seed)
    load = np.random.default_rng(seed).uniform(0.5, 3, 20)
    tours = plan_tours(depot, between, load, room)
    assert sorted(stop for tour in tours for stop in tour) == list(range(20))
    assert all(load[tour].sum() <= room or len(tour) == 1 for tour in tours)
    total = sum(length(tour, depot, between) for tour in tours)
    assert total <= 2 * depot.sum() + 1e-9
    prices, _ = tour_prices(depot, between, np.ones(20), max(len(tour) for tour in tours))
    assert prices.sum() <= total + 1e-9


def test_planned_tours_are_near_the_shortest() -> None:
    found, best = 0.0, 0.0
    for seed in range(10):
        depot, between = ways(6, seed)
        found += length(plan_tours(depot, between, np.ones(6), 10)[0], depot, between)
        best += min(length(list(tour), depot, between) for tour in permutations(range(6)))
    assert found < 1.05 * best
