"""Forecast scores against values worked out by hand; tests/zenata/trials/test_agreement.py has other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.trials.forecasts import LEVELS, brier, coverage, critical_success, crps, mase, pinball, skill


def test_the_pinball_loss_weighs_both_sides_by_the_level() -> None:
    assert pinball(np.array([10.0]), np.array([[8.0, 12.0]]), np.array([0.1, 0.1])) == pytest.approx(
        np.array([[0.2, 1.8]])
    )


@given(st.floats(-1e3, 1e3), st.lists(st.floats(-1e3, 1e3), min_size=9, max_size=9))
def test_only_a_forecast_that_is_exact_at_all_levels_loses_nothing(value: float, quantiles: list[float]) -> None:
    loss = crps(np.array(value), np.array(sorted(quantiles)))
    assert loss >= 0
    assert crps(np.array(value), np.full(len(LEVELS), value)) == 0


def test_mase_is_defined_where_the_training_data_repeat() -> None:
    daily = np.tile([1.0, 2.0], 6)[:, None]
    assert mase(daily, daily, daily, 2) == 0
    assert mase(daily + 1, daily, daily, 2) == np.inf


def test_warnings_are_counted() -> None:
    event, warned = np.array([1.0, 1, 0, 0, 0]), np.array([1.0, 0, 1, 0, 0])
    assert critical_success(event, warned) == pytest.approx(1 / 3)
    assert np.isnan(critical_success(np.zeros(2), np.zeros(2)))
    assert brier(event, warned) == pytest.approx(0.4)
    assert skill(0.4, 0.8) == pytest.approx(0.5)
    assert np.isnan(skill(0.0, 0.0))
    assert coverage(np.array([1.0, 5.0]), np.array([1.0, 1.0]), np.array([2.0, 2.0])) == 0.5
