"""Cheats by the time and number of answers, in runs that nothing has simulated, of every challenge that takes answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.trials.conftest import air_run, played
from tests.zenata.trials.test_incidents import road, run_of
from tests.zenata.trials.test_sensor_quality import measured
from zenata.city.model import City
from zenata.contract.answers import (
    AirAlert,
    AirAnswer,
    IncidentAnswer,
    LeakAnswer,
    NoAnswer,
    ParkingAnswer,
    ParkingForecast,
    SensorAnswer,
    SuspectSensor,
)
from zenata.trials.air_alert import POLLUTANTS
from zenata.trials.challenge import Challenge, Run
from zenata.trials.registry import CHALLENGES

__all__ = ["measured", "road"]

OPEN = [name for name, challenge in CHALLENGES.items() if not challenge.closed_loop]
ANSWERS: dict[str, Callable[[int, float], Any]] = {
    "leak-detection": lambda number, _: LeakAnswer(streets=(f"street-{number % 6}",)),
    "sensor-quality": lambda number, level: SensorAnswer(
        suspects=(SuspectSensor(sensor=f"waste-{number % 24 + 1:04d}", score=level),)
    ),
    "parking-forecast": lambda number, level: ParkingAnswer(
        forecasts=(ParkingForecast(district=("west", "east")[number % 2], minutes=15, quantiles=(level,) * 9),)
    ),
    "air-alert": lambda number, level: AirAnswer(
        alerts=(AirAlert(station=f"air-{number % 5 + 1:04d}", pollutant=POLLUTANTS[number % 4], probability=level),)  # type: ignore[arg-type] # the words are those of the contract
    ),
    "traffic-incident": lambda number, _: IncidentAnswer(streets=(f"street-{number % 6}",)),
}
"""Answers, by the number of what they name and how sure they are."""
GIVEN = st.lists(st.tuples(st.integers(-6, 10**4), st.integers(0, 119), st.floats(0, 1)), max_size=30)
"""Answers' steps after the first that counts, what they name, and how sure they are."""
RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=2 * settings.default.max_examples
)


def answered(challenge: Challenge, run: Run, given: list[tuple[int, int, float]]) -> Run:
    """Return a run with these answers after those that it has."""
    steps = len(run.times) - run.first
    times = [int(run.times[run.first + (step if step < 0 else step % steps)]) for step, _, _ in given]
    made = [ANSWERS[challenge.name](number, level) for _, number, level in given]
    return replace(run, answers=[*run.answers, *zip(times, made, strict=True)])


@pytest.fixture(params=OPEN)
def case(request: pytest.FixtureRequest) -> tuple[Challenge, Run, Run]:
    """Return a challenge, a run without answers, and the same with those of the oracle."""
    makers: dict[str, Callable[[], Run]] = {
        "leak-detection": lambda: request.getfixturevalue("leaking")((0, 26, 2.0), (1, 31.3, 5.0), (4, 70, 9.0)),
        "sensor-quality": lambda: request.getfixturevalue("measured"),
        "parking-forecast": lambda: request.getfixturevalue("parked"),
        "air-alert": lambda: air_run(request.getfixturevalue("city")),
        "traffic-incident": lambda: run_of(
            request.getfixturevalue("road"),
            *((5, 510, 40, True), (5, 520, 60, True), (1, 633.3, 45, True), (3, 900, 60, False)),
        ),
    }
    challenge, run = CHALLENGES[request.param], makers[request.param]()
    return challenge, run, played(challenge, run, "oracle")


def test_the_oracle_gets_100_and_nothing_0(case: tuple[Challenge, Run, Run]) -> None:
    challenge, run, best = case
    assert challenge.score(run).points == 0
    assert challenge.score(best).points == pytest.approx(100, abs=0.01)


@RELAXED
@given(some=GIVEN, chance=st.randoms())
def test_nothing_beats_the_oracle_and_neither_order_nor_repeats_matter(case, some, chance) -> None:  # type: ignore[no-untyped-def]
    challenge, run, best = case
    points = challenge.score(answered(challenge, run, some)).points
    assert points <= challenge.score(best).points + 1e-9
    again = [*some, *some]
    chance.shuffle(again)
    assert challenge.score(answered(challenge, run, again)).points == points
    assert challenge.score(answered(challenge, best, some)).points <= 100 + 1e-9


@pytest.mark.parametrize("case", ["sensor-quality", "parking-forecast", "air-alert"], indirect=True)
@RELAXED
@given(levels=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_several_answers_to_one_thing_are_worth_one_of_them_in_any_order(case, levels) -> None:  # type: ignore[no-untyped-def]
    challenge, run, _ = case
    several = [(30, 0, level) for level in levels]
    points = challenge.score(answered(challenge, run, several)).points
    assert points in [challenge.score(answered(challenge, run, [one])).points for one in several]
    assert points == challenge.score(answered(challenge, run, several[::-1])).points


@pytest.mark.parametrize("case", ["leak-detection", "traffic-incident"], indirect=True)
def test_a_million_alarms_are_scored(case: tuple[Challenge, Run, Run]) -> None:
    challenge, run, _ = case
    streets = type(ANSWERS[challenge.name](0, 1))(streets=tuple(f"street-{number % 6}" for number in range(1000)))
    steps = np.random.default_rng(1).integers(run.first, len(run.times), 1000)
    assert challenge.score(replace(run, answers=[(int(run.times[step]), streets) for step in steps])).points < 0


def test_answers_after_the_fact_get_less_than_at_once(case: tuple[Challenge, Run, Run]) -> None:
    challenge, _, best = case
    late = [(min(time + 8 * best.step, int(best.times[-1])), answer) for time, answer in best.answers]
    assert challenge.score(replace(best, answers=late)).points < challenge.score(best).points


def test_saying_the_same_again_and_again_gains_nothing(case: tuple[Challenge, Run, Run]) -> None:
    challenge, _, best = case
    flood = [one for one in best.answers for _ in range(5)]
    assert challenge.score(replace(best, answers=flood)).points == challenge.score(best).points


def test_answers_beside_the_steps_that_count_gain_nothing(case: tuple[Challenge, Run, Run]) -> None:
    challenge, run, best = case
    for offset in (-1, 1, -int(run.times[-1]), int(run.times[0] - run.times[run.first]), 365 * 86_400 * 10**6):
        moved = [(time + offset, answer) for time, answer in best.answers]
        outside = [one for one in moved if one[0] < run.begin or one[0] > run.times[-1] or offset in (-1, 1)]
        assert challenge.score(replace(run, answers=outside)).points == 0, offset


def test_a_part_of_the_answers_never_gets_more_than_all(case: tuple[Challenge, Run, Run]) -> None:
    """Who probes by leaving some out, and sees the score, learns only that they were right."""
    challenge, _, best = case
    whole = challenge.score(best).points
    for part in (best.answers[::2], best.answers[1::2], best.answers[:3]):
        assert challenge.score(replace(best, answers=part)).points <= whole


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ev-charging", "the setpoint limit"),
        ("street-lighting", "the setpoint dim"),
        ("waste-collection", "empty, truck and rank"),
    ],
)
def test_where_commands_alone_count_every_answer_is_refused_with_what_to_do_instead(
    city: City, name: str, what: str
) -> None:
    with pytest.raises(ValueError, match=f"{name} takes no answers: command {what}"):
        CHALLENGES[name].check(NoAnswer(), 0, city)
    assert {*OPEN, "ev-charging", "street-lighting", "waste-collection"} == {*CHALLENGES}
