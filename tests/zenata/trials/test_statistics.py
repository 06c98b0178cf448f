"""Intervals, tests and rankings over seeds, against scipy and by counting."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.trials.statistics import holm, interval, ranking, sign_flip, stopping_luck, student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 4, 19, 200])
@pytest.mark.parametrize("level", [0.75, 0.95, 0.975, 0.9995])
def test_quantiles_of_student_agree_with_scipy(level: float, degrees: int) -> None:
    from scipy import stats

    assert student_quantile(level, degrees) == pytest.approx(stats.t.ppf(level, degrees), rel=1e-9)


def test_the_interval_over_seeds_agrees_with_scipy() -> None:
    from scipy import stats

    values = [41.0, 55.5, 38.2, 60.1, 47.7]
    mean, low, high = interval(values)
    expected = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)
    assert mean == pytest.approx(np.mean(values))


def test_one_seed_says_nothing_of_the_spread() -> None:
    assert interval([3.0]) == (3.0, -math.inf, math.inf)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_a_run_that_failed_has_no_place_in_the_statistics(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"seed|finite"):
        interval(values)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=9))
def test_the_sign_flip_test_counts_all_sign_changes(pairs: list[tuple[int, int]]) -> None:
    a, b = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    difference = np.subtract(a, b)
    flips = [abs(np.dot(signs, difference)) for signs in product((1, -1), repeat=len(pairs))]
    assert sign_flip(a, b) == pytest.approx(np.mean(np.array(flips) >= abs(difference.sum()) - 1e-9))


def test_drawn_sign_changes_agree_with_scipy() -> None:
    from scipy import stats

    chance = np.random.default_rng(5)
    a, b = chance.normal(0.6, 1, 20), np.zeros(20)
    expected = stats.permutation_test((a - b,), np.sum, permutation_type="samples", n_resamples=20_000, rng=1).pvalue
    assert sign_flip(a.tolist(), b.tolist()) == pytest.approx(expected, abs=0.01)


def test_holm_adjusts_in_steps() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_services_that_do_not_differ_share_a_group() -> None:
    chance = np.random.default_rng(2)
    base = chance.normal(0, 5, 20)
    scores = {"best": base + 30, "alike": base + 30 + chance.normal(0, 1, 20), "worse": base}
    groups = ranking({name: values.tolist() for name, values in scores.items()})
    assert [set(group) for group in groups] == [{"best", "alike"}, {"worse"}]


def test_luck_is_the_expected_maximum_of_moving_means_and_grows_with_attempts() -> None:
    assert [stopping_luck(attempts, 3) for attempts in range(4)] == [0.0] * 4
    known = [stopping_luck(attempts, 3) for attempts in (4, 6, 9, 30, 90)]
    assert known == sorted(known)
    # two moving means of three have two attempts in common: the greater of two normals of correlation 2/3
    assert known[0] == pytest.approx(math.sqrt((1 - 2 / 3) / math.pi), abs=0.02)
    assert stopping_luck(5, 1) == pytest.approx(
        1.163, abs=0.02
    )  # of five normals (Harter 1961, doi:10.1093/biomet/48.1-2.151)


@pytest.mark.parametrize("most", [6, 30])
def test_who_stops_when_the_last_three_were_lucky_gains_less_than_their_standard_error(most: int) -> None:
    """Stopping at a threshold, whichever is best: without taking luck off it is worth more than one standard error."""
    means = np.lib.stride_tricks.sliding_window_view(np.random.default_rng(4).standard_normal((4000, most)), 3, axis=1)
    means = means.sum(axis=2) / math.sqrt(3)
    less = np.array([stopping_luck(attempts, 3) for attempts in range(3, most + 1)])

    def gain(values: np.ndarray) -> float:
        found = []
        for threshold in np.linspace(-0.5, 3, 36):
            above = values > threshold
            at = np.where(above.any(axis=1), above.argmax(axis=1), values.shape[1] - 1)
            found.append(float(values[np.arange(len(values)), at].mean()))
        return max(found)

    assert gain(means - less) < 0.5
    assert most < 30 or gain(means) > 1
