"""Anomaly scores: windows of NAB, VUS-PR, and what must hold of any scorer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.trials.anomalies import FALSE, nab, runs, sigmoid, vus_pr

BEGIN, END = np.array([20, 60]), np.array([29, 79])


def test_an_alarm_at_every_onset_is_perfect_and_none_misses_every_window() -> None:
    assert nab(BEGIN, BEGIN, END)[0] == pytest.approx(2)
    assert nab(np.array([], dtype=np.int64), BEGIN, END)[0] == -2


def test_an_early_alarm_earns_more_than_a_late_one() -> None:
    scores = [nab(np.array([step]), BEGIN, END)[0] for step in range(20, 30)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > -2


def test_a_false_alarm_costs_more_far_behind_a_window_than_just_behind_it() -> None:
    near, far, before = (nab(np.array([step]), BEGIN, END)[0] for step in (30, 59, 3))
    assert -2 > near > far
    assert before == pytest.approx(-2 - FALSE)


def test_a_series_without_faults_counts_false_alarms_alone() -> None:
    none = np.array([], dtype=np.int64)
    assert nab(np.array([5, 9]), none, none)[0] == pytest.approx(-2 * FALSE)
    assert nab(none, none, none)[0] == 0


@given(alarms=st.lists(st.integers(0, 99), max_size=40), chance=st.randoms())
def test_neither_order_nor_repeats_matter_and_nothing_beats_the_onsets(alarms, chance) -> None:  # type: ignore[no-untyped-def]
    score = nab(np.array(alarms, dtype=np.int64), BEGIN, END)[0]
    again = [*alarms, *alarms]
    chance.shuffle(again)
    assert nab(np.array(again, dtype=np.int64), BEGIN, END)[0] == score
    assert score <= 2 + 1e-12


def test_the_weight_falls_from_the_onset_to_far_behind_the_window() -> None:
    assert sigmoid(np.array([-1.0, 0.0, 3.0])) == pytest.approx([0.98661, 0, -1], abs=1e-5)


def test_runs_are_found() -> None:
    begin, end = runs(np.array([True, False, True, True]))
    assert begin.tolist() == [0, 2]
    assert end.tolist() == [1, 4]


@given(begin=st.integers(0, 80), length=st.integers(1, 19))
def test_a_perfect_score_has_a_volume_of_1(begin: int, length: int) -> None:
    label = np.zeros(100, dtype=np.bool_)
    label[begin : begin + length] = True
    assert vus_pr(label, label.astype(np.float64), 8) == pytest.approx(1)
    assert vus_pr(label, np.zeros(100), 8) < 1
