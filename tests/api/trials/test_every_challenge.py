"""Kinds of cheats against every challenge, where answers are taken, attempts begun and worlds made: each is refused by construction."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

import zenata.control.trials as trials_module
from api.trials.documents import trial_document
from sandbox.parts import city_of
from simulators.host.requests import NewTrialWorldRequest
from simulators.host.trials import trial_recipe
from simulators.world.draws import SealedSeed
from simulators.world.world import World
from tests.clocks import StandingClock
from tests.simulators.conftest import small_city
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import SECOND
from zenata.contract.trials import NewAnswers, NewTrial
from zenata.control.database import open_database
from zenata.control.register import Register
from zenata.control.trial_tables import TrialRow
from zenata.control.trials import MAX_GRADED, Trials
from zenata.errors import TrialError
from zenata.trials.challenge import plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import Seed, graded_seed, practice_seed

ANSWERS = {
    "leak-detection": [{"streets": ["street-0033"]}, {"streets": ["street-0153"]}],
    "sensor-quality": [{"suspects": [{"sensor": "waste-0042", "score": score}]} for score in (0.2, 0.9)],
    "parking-forecast": [
        {"forecasts": [{"district": "retail", "minutes": 15, "quantiles": [share] * 9}]} for share in (0.1, 0.9)
    ],
    "air-alert": [
        {"alerts": [{"station": "air-0042", "pollutant": "no2", "probability": share}]} for share in (0.1, 0.9)
    ],
    "traffic-incident": [{"streets": ["street-0033"]}, {"streets": ["street-0153"]}],
}
"""Two answers that are taken; other challenges take none."""

PILOTS = ("alone", "friend")


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """The register of trials of two pilots, in the city of Zenata, with no worlds."""
    engine = open_database(sqlite_in(tmp_path_factory.mktemp("cheats")))
    register = Register(engine)
    for pilot in PILOTS:
        register.add(pilot, edition="2026", by="test")
    yield Trials(engine, city_of("zenata"), CHALLENGES, StandingClock())
    engine.dispose()


@pytest.fixture(params=CHALLENGES)
def challenge(request: pytest.FixtureRequest) -> str:
    return request.param


def running(trials: Trials, challenge: str, step: int) -> TrialRow:
    """Begin a trial, and let it be at a step of its first seed, in a world that nobody runs."""
    for row in trials.trials("alone", trials_module.OPEN):
        trials.change(row.id, phase="cancelled")
    row = trials.begin("alone", NewTrial(challenge=challenge, mode="graded"), "2026")
    trials.change(row.id, phase="running", world="w-none", start=1_780_272_000_000_000, step=step)
    return trials.trial(row.id)


def refusal(trials: Trials, row: TrialRow, pilot: str = "alone", **members) -> str:  # type: ignore[no-untyped-def]
    """Return the reason why answers are refused."""
    with pytest.raises(TrialError) as caught:
        trials.answer(row.id, pilot, NewAnswers(**members))
    return caught.value.reason


@pytest.fixture(autouse=True)
def plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let as many graded trials begin as tests need."""
    monkeypatch.setattr(trials_module, "MAX_GRADED", 10_000)


def test_answers_of_another_time_are_refused_whatever_clock_they_bring(trials: Trials, challenge: str) -> None:
    first, steps = CHALLENGES[challenge].first, CHALLENGES[challenge].steps
    answers = ANSWERS.get(challenge, [])
    early = running(trials, challenge, first)
    assert refusal(trials, early, answers=answers or [{}]) == "early"
    row = running(trials, challenge, first + 5)
    for step, reason in ((first + 4, "late"), (first + 6, "early"), (1, "late"), (steps + 1, "early")):
        assert refusal(trials, row, answers=answers, step=step) == reason
    assert refusal(trials, row, answers=answers, seed=2) == "late"
    for member in ("time", "at", "step", "seed", "bt"):
        assert refusal(trials, row, answers=[{**(answers or [{}])[0], member: first}]) == "invalid"
    trials.change(row.id, phase="scoring")
    assert refusal(trials, row, answers=answers) == "over"
    trials.change(row.id, phase="done")
    assert refusal(trials, row, answers=answers) == "over"


def test_no_clock_of_the_wall_changes_when_an_answer_counts(trials: Trials, challenge: str) -> None:
    wall = trials._clock
    assert isinstance(wall, StandingClock)
    times = []
    for leap in (0, 3600, -7200):
        row = running(trials, challenge, CHALLENGES[challenge].first + 3)
        wall.time += leap * SECOND
        if challenge not in ANSWERS:
            assert refusal(trials, row, answers=[{}]) == "invalid"
            continue
        trials.answer(row.id, "alone", NewAnswers(answers=ANSWERS[challenge][:1]))
        times += [time for time, _ in trials.answers(row.id, 0)]
    assert len(set(times)) <= 1
    assert len(times) == (3 if challenge in ANSWERS else 0)


def test_where_a_world_runs_by_itself_nobody_answers_a_step_by_what_came_after_it(
    trials: Trials, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ticks of `air-alert` are a quarter of its steps: such answers counted nowhere once, without a word."""
    made, step = CHALLENGES[challenge], CHALLENGES[challenge].first + 3
    row = running(trials, challenge, step)
    trials.change(row.id, speed=600.0)
    for later in (0, made.tick, made.step):
        monkeypatch.setattr(trials, "time_of", lambda row, later=later: trials.end_of(row, step) + later * SECOND)
        answers = ANSWERS.get(challenge, [{}])[:1]
        if challenge not in ANSWERS:
            assert refusal(trials, row, answers=answers) in ("invalid", "late")
        elif later % made.step:
            assert refusal(trials, row, answers=answers) == "late"
        else:
            trials.answer(row.id, "alone", NewAnswers(answers=answers))
    times = [time for time, _ in trials.answers(row.id, 0)]
    assert times == ([trials.end_of(row, one) for one in (step, step + 1)] if challenge in ANSWERS else [])


def test_a_flood_counts_nothing_and_what_is_repeated_counts_once(
    trials: Trials, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = running(trials, challenge, CHALLENGES[challenge].first + 3)
    monkeypatch.setattr(trials_module, "MAX_ANSWERS", 1)
    if challenge not in ANSWERS:
        assert refusal(trials, row, answers=[{}] * 5) == "invalid"
        return
    one, other = ANSWERS[challenge]
    assert refusal(trials, row, answers=[one, other]) == "limit"
    assert trials.answers(row.id, 0) == []
    assert trials.answer(row.id, "alone", NewAnswers(answers=[one] * 5))[2:] == (1, 4)
    assert refusal(trials, row, answers=[other]) == "limit"
    assert len(trials.answers(row.id, 0)) == 1


def test_a_part_of_the_answers_shows_nothing_of_what_is_right(trials: Trials, challenge: str) -> None:
    seen = []
    for answers in ([], *([one] for one in ANSWERS.get(challenge, []))):
        row = running(trials, challenge, CHALLENGES[challenge].first + 3)
        found = trials.answer(row.id, "alone", NewAnswers(answers=answers))[1:]
        document = trial_document(trials, trials.trial(row.id))
        assert (document.results, document.score, document.baselines, document.above_reference) == ([], None, {}, None)
        assert document.numbers is None
        seen.append(found)
    assert all(one == (CHALLENGES[challenge].first + 3, 1, 0) for one in seen[1:])


def test_attempts_are_three_a_day_those_given_up_among_them(
    trials: Trials, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials_module, "MAX_GRADED", MAX_GRADED)
    wall = trials._clock
    assert isinstance(wall, StandingClock)
    wall.time += 2 * 86_400 * SECOND
    for _ in range(MAX_GRADED):
        running(trials, challenge, 1)
    with pytest.raises(TrialError, match="go on tomorrow") as caught:
        running(trials, challenge, 1)
    assert caught.value.reason == "limit"


def test_pilots_of_a_team_have_no_seed_in_common_and_no_way_into_each_other_s_trials(
    trials: Trials, challenge: str
) -> None:
    row = running(trials, challenge, CHALLENGES[challenge].first + 3)
    other = trials.begin("friend", NewTrial(challenge=challenge, mode="graded"), "2026")
    assert {seed.secret for seed in row.drawn}.isdisjoint(seed.secret for seed in other.drawn)
    assert {seed.number for seed in row.drawn}.isdisjoint(seed.number for seed in other.drawn)
    assert refusal(trials, row, pilot="friend", answers=ANSWERS.get(challenge, [])) == "unknown"
    trials.change(other.id, phase="cancelled")
    with pytest.raises(ValueError, match="hidden"):
        NewTrial(challenge=challenge, mode="graded", seeds=(row.drawn[0].number,))


def test_a_seed_whose_number_is_known_hides_other_things_under_another_secret(challenge: str) -> None:
    number = practice_seed(7).number
    seeds = [practice_seed(7), *(Seed(number=number, secret=graded_seed().secret) for _ in range(20))]
    plans = [plan_of(CHALLENGES[challenge], seed) for seed in seeds]
    for one, other in combinations(plans, 2):
        assert (one.start, one.events) != (other.start, other.events)


def test_the_world_of_a_seed_is_sealed_and_says_which_trial_it_is_of(trials: Trials, challenge: str) -> None:
    city, seed = trials._city, graded_seed()
    request = NewTrialWorldRequest(owner="alone", trial="t-1", challenge=challenge, seed=seed)
    recipe = trial_recipe(city, request)
    assert recipe.sealed
    assert seed.secret not in recipe.sealed
    assert (recipe.trial, recipe.owner, recipe.live) == ("t-1", "alone", False)


def test_a_clone_with_the_number_of_a_seed_has_other_weather_and_other_readings(
    challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no world that a pilot makes and runs ahead foretells one of a trial, and nothing is recognised by its weather."""
    monkeypatch.setattr("simulators.world.world.WARM_UP", 6)
    city, start, rules = small_city(), 1_780_272_000_000_000, CHALLENGES[challenge]
    secret = graded_seed().key

    def seen(seed: int) -> list[np.ndarray]:
        world = World(city, seed=seed, start=start, kinds=rules.kinds)
        emissions = [world.step(rules.tick * SECOND) for _ in range(12)]
        return [np.concatenate([one.values for one in emissions]), world.truth()]

    trial, again = seen(SealedSeed(7, secret)), seen(SealedSeed(7, secret))
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(trial, again, strict=True))
    for clone in (7, SealedSeed(7, practice_seed(7).key), SealedSeed(8, secret)):
        assert not any(
            np.array_equal(one, other, equal_nan=True) for one, other in zip(trial, seen(clone), strict=True)
        )
