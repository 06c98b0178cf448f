"""Leaderboards and comparisons of graded trials."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.trials.documents import comparison, leaderboard
from zenata.control.trial_tables import TrialRow


def attempt(pilot: str, points: list[float], name: str | None = None) -> TrialRow:
    results = [{"seed": number, "points": value} for number, value in enumerate(points, 1)]
    return TrialRow(
        pilot=pilot,
        name=pilot.title() if name is None else name,
        results=results,
        seeds=[{}] * len(points),
        phase="done",
        step=1,
        current=0,
        parallel=1,
    )


def around(mean: float, seed: int, spread: float = 2.0) -> list[float]:
    return (mean + spread * np.random.default_rng(seed).standard_normal(20)).tolist()


def test_ranks_follow_from_the_last_three_and_never_from_the_best():
    lucky = [attempt("lucky", around(mean, number)) for number, mean in enumerate((90, 10, 10, 10))]
    steady = [attempt("steady", around(50, 10 + number)) for number in range(2)]
    items = leaderboard("c", "e", [*lucky, *steady]).items
    assert [(one.rank, one.name, one.attempts) for one in items] == [(1, "Steady", 2), (2, "Lucky", 4)]
    assert items[1].low < 10 < items[1].high
    assert abs(items[1].mean - 10) < 1


def test_more_attempts_than_three_are_ranked_lower_by_the_luck_of_stopping():
    """Two get the same in their last three; one of them might have tried until it did."""
    last = [around(50, number, 20) for number in range(3)]
    once = [attempt("once", points) for points in last]
    stopped = [attempt("stopped", around(50, 10 + number, 20)) for number in range(27)]
    stopped += [attempt("stopped", points) for points in last]
    items = leaderboard("c", "e", [*once, *stopped]).items
    assert [(one.name, one.attempts) for one in items] == [("Once", 3), ("Stopped", 30)]
    assert items[0].mean == items[1].mean
    error = (items[1].high - items[1].low) / 2 / 2.093
    assert (items[0].luck, items[1].luck) == (0.0, pytest.approx(1.85 * error, rel=0.02))
    found = comparison("c", "e", [*once, *stopped], "Once", "Stopped")
    assert found.difference == pytest.approx(items[1].luck)


def test_what_was_given_up_counts_as_doing_nothing():
    """Who cancels what goes badly is not ranked by what went well alone."""
    fair = [attempt("fair", around(mean, number)) for number, mean in enumerate((80, 20, 80))]
    picking = [attempt("picking", around(80, 7)), attempt("picking", around(0, 8)), attempt("picking", around(80, 9))]
    picking[1].phase, picking[1].results = "cancelled", []
    rows = leaderboard("c", "e", [*fair, *picking]).items
    assert [one.name for one in rows] == ["Fair", "Picking"]
    assert abs(rows[1].mean - 160 / 3) < 2
    picking[1].step, picking[1].current = 0, 0  # never begun
    assert not picking[1].is_given_up
    for one in picking:
        one.phase, one.step = "cancelled", 1
    assert leaderboard("c", "e", picking).items == []


def test_those_who_differ_by_chance_alone_share_a_rank():
    rows = [attempt(name, around(50, number, 10)) for number, name in enumerate(("a", "b", "c"))]
    rows.append(attempt("d", around(-20, 9, 10)))
    assert [one.rank for one in leaderboard("c", "e", rows).items] == [1, 1, 1, 4]


def test_only_who_shows_a_name_is_listed_and_by_the_newest():
    rows = [attempt("quiet", around(50, 1), ""), attempt("a", around(50, 2), "Old"), attempt("a", around(50, 3), "New")]
    assert [one.name for one in leaderboard("c", "e", rows).items] == ["New"]
    assert leaderboard("c", "e", []).items == []


def test_two_are_compared_seed_by_seed():
    rows = [attempt("a", around(60, 1)), attempt("b", around(50, 2))]
    found = comparison("c", "e", rows, "A", "B")
    assert found.low < found.difference < found.high
    assert found.low < 10 < found.high
    assert (found.seeds, found.p < 0.001) == (20, True)
    assert comparison("c", "e", rows, "B", "A").difference == -found.difference
    with pytest.raises(KeyError):
        comparison("c", "e", rows, "A", "nobody")


@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5), min_size=1, max_size=4))
def test_ranks_ascend_and_means_descend(points):
    items = leaderboard("c", "e", [attempt(f"p{number}", one) for number, one in enumerate(points)]).items
    assert [one.rank for one in items] == sorted(one.rank for one in items)
    assert [one.mean for one in items] == sorted((one.mean for one in items), reverse=True)
