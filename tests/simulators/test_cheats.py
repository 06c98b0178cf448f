"""Cheats against scores, in the city of every challenge: none gets more than an honest service does (`make soak`)."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from simulators.trials import collect, play
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.trials.challenge import Actions, Challenge, Policy, Run, Setting, Step, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

SEEDS = (7, 8, 9)
"""The seed that is played in, and those that the cheat has seen before."""

Worlds = tuple[Challenge, Sequence[Run]]


@pytest.fixture(scope="module")
def city() -> City:
    """Return the city of Zenata."""
    return load_city()


@pytest.fixture(scope="module", params=CHALLENGES)
def worlds(city: City, request: pytest.FixtureRequest) -> Worlds:
    """Return a challenge, and the worlds of its seeds."""
    challenge = CHALLENGES[request.param]
    return challenge, [collect(city, challenge, plan_of(challenge, practice_seed(seed))) for seed in SEEDS]


def policy_of(challenge: Challenge, name: str, world: Run) -> Policy:
    truth = world if name == "oracle" else None
    return challenge.policies[name](Setting(city=world.city, network=world.network, truth=truth))


def points(challenge: Challenge, world: Run, policy: Policy) -> float:
    """Return what a policy gets in the first seed."""
    plan = plan_of(challenge, practice_seed(SEEDS[0]))
    return challenge.score(play(world.city, challenge, plan, policy, world)).points


@pytest.fixture(scope="module")
def honest(worlds: Worlds) -> float:
    """Return what the reference gets in the first seed, or doing nothing if that is more."""
    challenge, (world, *_) = worlds
    return max(points(challenge, world, policy_of(challenge, "reference", world)), 0.0)


def together(policies: Sequence[Policy]) -> Policy:
    """Return the policy of a team: what all say, and the first of what they command."""

    def act(step: Step) -> Actions:
        actions = [policy(step) for policy in policies]
        commands = {sensor: set_ for one in actions[::-1] for sensor, set_ in one.commands.items()}
        return Actions(answers=[answer for one in actions for answer in one.answers], commands=commands)

    return act


@pytest.mark.soak
def test_the_truth_of_another_seed_gains_nothing(worlds: Worlds, honest: float) -> None:
    challenge, (world, *others) = worlds
    for other in others:
        assert points(challenge, world, policy_of(challenge, "oracle", other)) <= honest


@pytest.mark.soak
def test_a_team_that_pools_what_it_knows_of_other_seeds_gains_nothing(worlds: Worlds, honest: float) -> None:
    challenge, (world, *others) = worlds
    team = together([policy_of(challenge, "oracle", other) for other in others])
    assert points(challenge, world, team) <= honest


@pytest.mark.soak
def test_answers_after_the_fact_get_less_than_at_once(worlds: Worlds) -> None:
    challenge, (world, *_) = worlds
    if challenge.closed_loop:
        pytest.skip("it is answered by commands, which act from when they are given")
    made = play(
        world.city, challenge, plan_of(challenge, practice_seed(SEEDS[0])), policy_of(challenge, "oracle", world), world
    )
    last = int(made.times[-1])
    late = [(min(time + 8 * made.step, last), answer) for time, answer in made.answers]
    assert challenge.score(replace(made, answers=late)).points < challenge.score(made).points


@pytest.mark.soak
def test_saying_the_same_again_and_again_gains_nothing(worlds: Worlds) -> None:
    challenge, (world, *_) = worlds
    if challenge.closed_loop:
        pytest.skip("it takes no answers")
    policy = policy_of(challenge, "reference", world)
    made = play(world.city, challenge, plan_of(challenge, practice_seed(SEEDS[0])), policy, world)
    flood = [one for one in made.answers for _ in range(5)]
    assert challenge.score(replace(made, answers=flood)).points == challenge.score(made).points


@pytest.mark.soak
def test_answers_beside_the_steps_that_count_gain_nothing(worlds: Worlds) -> None:
    challenge, (world, *_) = worlds
    made = play(
        world.city, challenge, plan_of(challenge, practice_seed(SEEDS[0])), policy_of(challenge, "oracle", world), world
    )
    beside: list[tuple[int, msgspec.Struct]] = []
    for offset in (-1, 1, -int(made.times[-1]), 365 * 86_400 * 10**6):
        beside += [(time + offset, answer) for time, answer in made.answers]
    assert challenge.score(replace(world, answers=beside)).points <= 0
