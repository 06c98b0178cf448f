"""Cheats by the time and number of answers, in runs that nothing has simulated, of every challenge that takes answers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.zenata.trials.conftest import air_run, played
from tests.zenata.trials.test_incidents import road, run_of
from tests.zenata.trials.test_sensor_quality import measured
from zenata.city.model import City
from zenata.contract.answers import NoAnswer
from zenata.trials.challenge import Challenge, Run
from zenata.trials.registry import CHALLENGES

__all__ = ["measured", "road"]

OPEN = [name for name, challenge in CHALLENGES.items() if not challenge.closed_loop]


@pytest.fixture(params=OPEN)
def case(request: pytest.FixtureRequest) -> tuple[Challenge, Run, Run]:
    """Return a challenge, a run without answers, and the same with those of the oracle."""
    makers: dict[str, Callable[[], Run]] = {
        "leak-detection": lambda: request.getfixturevalue("leaking")((1, 30, 20.0), (4, 40, 5.0)),
        "sensor-quality": lambda: request.getfixturevalue("measured"),
        "parking-forecast": lambda: request.getfixturevalue("parked"),
        "air-alert": lambda: air_run(request.getfixturevalue("city")),
        "traffic-incident": lambda: run_of(request.getfixturevalue("road"), (0, 600, 60, True), (4, 900, 60, True)),
    }
    challenge, run = CHALLENGES[request.param], makers[request.param]()
    return challenge, run, played(challenge, run, "oracle")


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
        assert challenge.score(replace(run, answers=outside)).points <= 0, offset


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
