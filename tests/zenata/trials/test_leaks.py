"""leak-detection: what detections earn and cost, on a main of six pipes of 200 m."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.trials.conftest import played, run_in, sensor
from zenata.city.model import City
from zenata.contract.answers import LeakAnswer
from zenata.trials.challenge import Run, Table
from zenata.trials.leaks import CHALLENGE, CREW, REACH, WATER, Pipes, check, exhibit, score

Leaking = Callable[..., Run]
Named = tuple[int, int]
"""Step and street of a detection."""

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
DETECTIONS = st.lists(st.tuples(st.integers(90, 383), st.integers(0, 5)), max_size=12)


def answered(run: Run, named: Iterable[Named]) -> Run:
    return replace(
        run, answers=[(int(run.times[step]), LeakAnswer(streets=(f"street-{street}",))) for step, street in named]
    )


def perfect(run: Run) -> Run:
    return played(CHALLENGE, run, "oracle")


def test_distances_are_along_pipes_between_their_middles(leaking: Leaking) -> None:
    pipes = Pipes.of(leaking().network["water"])
    assert pipes.between[0].tolist() == [0, 200, 400, 600, 800, 1000]


def test_measures_of_a_perfect_detector(leaking: Leaking) -> None:
    best = score(perfect(leaking((0, 30, 5.0), (3, 50.1, 8.0))))
    assert best.measures["f1"] == (1.0, "1")
    assert best.measures["delay"] == (0.0, "h")


def test_a_detection_earns_the_water_that_would_still_be_lost_less_the_way_to_the_leak(leaking: Leaking) -> None:
    run = leaking((2, 30, 5.0))
    made = score(answered(run, [(200, 3)]))
    water = 5.0 * 900 / 1000 * (383 - 200)
    assert made.impact["water"][0] == pytest.approx(water)
    assert made.impact["money"][0] == pytest.approx(water * WATER - CREW * 200 / REACH)
    assert made.measures["distance"] == (200.0, "m")
    assert made.measures["delay"][0] == pytest.approx((200 - 119) / 4)


def test_a_false_alarm_costs_a_crew_once_a_street_and_day(leaking: Leaking) -> None:
    run = leaking((0, 30, 5.0))
    far = [(step, 5) for step in range(96, 192)]
    assert score(answered(run, far)).impact["money"][0] == -CREW
    assert score(answered(run, [*far, (192, 5)])).impact["money"][0] == -2 * CREW


def test_a_detection_before_the_leak_is_a_false_alarm(leaking: Leaking) -> None:
    assert score(answered(leaking((0, 30, 5.0)), [(100, 0)])).measures["false_crews"] == (1, "1")


def test_naming_all_streets_around_a_leak_finds_it_at_the_farthest(leaking: Leaking) -> None:
    run = leaking((2, 30, 5.0))
    spray = score(answered(run, [(200, street) for street in (1, 2, 3)]))
    assert spray.measures["distance"] == (200.0, "m")
    assert spray.points < score(answered(run, [(200, 2)])).points


def test_an_open_leak_of_the_same_pipe_is_no_second_one(leaking: Leaking) -> None:
    assert score(perfect(leaking((0, 30, 5.0), (0, 40, 2.0)))).points == pytest.approx(100)


def test_alarms_where_nothing_leaks_are_below_0(leaking: Leaking) -> None:
    assert score(leaking()).points == 0
    assert score(answered(leaking(), [(200, 0)])).points < 0


@RELAXED
@given(named=DETECTIONS)
def test_rates_agree_with_scikit_learn(leaking, named) -> None:  # type: ignore[no-untyped-def]
    from sklearn import metrics

    made = score(answered(leaking((0, 26, 2.0), (4, 70, 9.0)), named)).measures
    found, false = int(made["found"][0]), int(made["false_crews"][0])
    true = np.array([True] * 2 + [False] * false)
    alarms = np.array([number < found for number in range(2)] + [True] * false)
    rates = metrics.precision_recall_fscore_support(true, alarms, average="binary", zero_division=np.nan)
    for name, theirs in zip(("precision", "recall", "f1"), rates[:3], strict=True):
        assert made[name][0] == pytest.approx(theirs, nan_ok=True), name


def test_a_street_without_a_pipe_is_refused_by_name(city: City) -> None:
    with pytest.raises(ValueError, match="no pipe runs under 'street-99'"):
        check(LeakAnswer(streets=("street-99",)), 0, city)
    check(LeakAnswer(streets=("street-1",)), 0, city)


def test_hidden_events_open_after_the_warm_up() -> None:
    for seed in range(20):
        for event in CHALLENGE.events(np.random.default_rng(seed)):
            assert CHALLENGE.warm_up < int(event["start"][1:-1]) < CHALLENGE.warm_up + CHALLENGE.duration


def test_the_first_trace_of_a_leak_is_when_the_meters_around_its_pipe_show_more_than_their_errors(
    leaking: Leaking, water: dict[str, Any]
) -> None:
    meters = tuple(f"water-{number}" for number in range(6))
    pipes = [
        {**pipe, "devices": [{"sensor": one, "along": 1}]} for pipe, one in zip(water["edges"], meters, strict=True)
    ]

    def trace(error: float, growth: float) -> int | None:
        run = leaking((2, 30, 5.0))
        leak = run.occurrences[0]
        opening = (leak.size > 0).cumsum()
        truth = np.full((len(run.times), len(meters)), 20.0)
        noise = np.random.default_rng(1).standard_normal(truth.shape)
        measured = truth + error * noise
        measured = replace(
            run,
            network={"water": {**water, "edges": pipes}},
            truth={"discharge": Table(sensors=meters, values=truth)},
            readings={"discharge": Table(sensors=meters, values=measured)},
            occurrences=(replace(leak, size=np.minimum(leak.size, growth * opening)),),
        )
        (event,) = exhibit(measured).events
        return None if event.trace is None else round((event.trace - event.start) / timedelta(seconds=900))

    assert trace(error=0.1, growth=5.0) == 0
    assert 0 < (trace(error=0.1, growth=0.1) or 0) < (trace(error=0.4, growth=0.1) or 0)
    assert exhibit(leaking((2, 30, 5.0))).events[0].trace is None, "nothing measures flow there"


@pytest.fixture
def loggers(city: City) -> City:
    """Return the city with a logger in each street, and one at a tank."""
    made = [sensor(f"water-{n}", street=f"street-{n}") for n in range(6)]
    return replace(city, sensors=(*made, sensor("water-6", supply=1)))


def said(city: City, values: npt.NDArray[np.float64]) -> dict[int, str]:
    """Return the street that the naive policy names, by step."""
    head = Table(sensors=tuple(logger.id for logger in city.sensors), values=values)
    run = run_in(city, np.arange(len(values)), 288, readings={"head": head})
    return {index: street for index, answer in played(CHALLENGE, run, "naive").answers for street in answer.streets}


def test_the_naive_policy_names_where_the_head_of_a_night_has_fallen_most_each_leak_once(loggers: City) -> None:
    head = np.random.default_rng(1).normal(40, 0.05, (960, 7))
    head[400:, 2] -= 1.0
    head[400:, 3] -= 0.5
    head[700:, 5] -= 1.0
    assert said(loggers, head) == {495: "street-2", 783: "street-5"}  # at 4 o'clock


def test_the_naive_policy_is_silent_where_all_heads_fall_a_tank_does_or_nothing_is_heard(loggers: City) -> None:
    head = np.random.default_rng(1).normal(40, 0.05, (960, 7))
    head[400:] -= 2.0
    head[500:, 6] -= 2.0
    head[600:, 1] = np.nan
    head[:300, 4] = np.nan
    assert said(loggers, head) == {}
