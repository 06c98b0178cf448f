"""Cheats against scores in the city of every challenge, over many seeds: none gains a point over an honest service (`make soak`)."""

import os
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from simulators.trials import collect, play
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.trials.challenge import Actions, Challenge, Policy, Run, Setting, Step, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

SEEDS = range(7, 7 + int(os.environ.get("ZENATA_CHEAT_SEEDS", "20")))
"""The seeds that are played in; with all 20 a challenge takes up to half an hour."""

SEEN = (101, 102)
"""Seeds that the cheat has seen before, with their truth."""

BY_ANSWERS = ("late", "repeated", "beside")
BY_TRUTH = ("another seed", "team", "recognised")
Points = dict[str, list[float]]


@pytest.fixture(scope="module")
def city() -> City:
    """Return the city of Zenata."""
    return load_city()


@pytest.fixture(scope="module", params=CHALLENGES)
def points(city: City, request: pytest.FixtureRequest) -> Points:
    """Return what each cheat gets in each seed of a challenge, and what it is compared with as ``of NAME``."""
    challenge = CHALLENGES[request.param]
    seen = [collect(city, challenge, plan_of(challenge, practice_seed(seed))) for seed in SEEN]
    found: Points = {}
    for seed in SEEDS:
        plan = plan_of(challenge, practice_seed(seed))
        world = collect(city, challenge, plan)

        def played(policy: Policy, plan=plan, world=world) -> Run:  # type: ignore[no-untyped-def] - bound here
            return play(city, challenge, plan, policy, world)

        reference = played(policy_of(challenge, "reference", world))
        honest = max(challenge.score(reference).points, 0.0)
        oracles = [policy_of(challenge, "oracle", other) for other in seen]
        runs = {"another seed": oracles[0], "team": together(oracles), "recognised": recognising(oracles, seen)}
        for name, policy in runs.items():
            found.setdefault(name, []).append(challenge.score(played(policy)).points)
            found.setdefault(f"of {name}", []).append(honest)
        if challenge.closed_loop:
            continue
        oracle = played(policy_of(challenge, "oracle", world))
        for name, run, compared in (
            ("late", late(oracle), oracle),
            ("repeated", replace(reference, answers=[one for one in reference.answers for _ in range(5)]), reference),
            ("beside", beside(oracle, world), world),
        ):
            found.setdefault(name, []).append(challenge.score(run).points)
            found.setdefault(f"of {name}", []).append(challenge.score(compared).points)
    return found


def policy_of(challenge: Challenge, name: str, world: Run) -> Policy:
    truth = world if name == "oracle" else None
    return challenge.policies[name](Setting(city=world.city, network=world.network, truth=truth))


def together(policies: Sequence[Policy]) -> Policy:
    """Return the policy of a team: what all say, and the first of what they command."""

    def act(step: Step) -> Actions:
        actions = [policy(step) for policy in policies]
        commands = {sensor: set_ for one in actions[::-1] for sensor, set_ in one.commands.items()}
        return Actions(answers=[answer for one in actions for answer in one.answers], commands=commands)

    return act


def recognising(policies: Sequence[Policy], worlds: Sequence[Run]) -> Policy:
    """Return the policy that does what is right in the world it knows whose readings were most like these in the warm-up."""
    chosen: list[int] = []

    def act(step: Step) -> Actions:
        actions = [policy(step) for policy in policies]
        if step.index >= step.first and not chosen:
            chosen.append(int(np.argmin([distance(step, world) for world in worlds])))
        return actions[chosen[0]] if chosen else Actions()

    return act


def distance(step: Step, world: Run) -> float:
    """Return how far the readings up to a step are from those of a world, each property by its spread."""
    found = []
    for name, table in step.readings.items():
        there, here = world.readings[name].values[: step.first], table.values[: step.first]
        spread = float(np.nanstd(there)) or 1.0
        if np.isfinite(both := here - there).any():
            found.append(float(np.nanmean(np.abs(both))) / spread)
    return float(np.mean(found))


def late(made: Run) -> Run:
    """Return a run whose answers come eight steps later."""
    last = int(made.times[-1])
    return replace(made, answers=[(min(time + 8 * made.step, last), answer) for time, answer in made.answers])


def beside(made: Run, world: Run) -> Run:
    """Return a run whose answers come a moment beside the steps, in the warm-up and a year later."""
    answers: list[tuple[int, msgspec.Struct]] = []
    for offset in (-1, 1, -int(made.times[-1]), 365 * 86_400 * 10**6):
        answers += [(time + offset, answer) for time, answer in made.answers]
    return replace(world, answers=answers)


@pytest.mark.soak
@pytest.mark.parametrize("cheat", [*BY_TRUTH, *BY_ANSWERS])
def test_no_cheat_gains_a_point_over_the_seeds(points: Points, cheat: str) -> None:
    """Answers of a closed loop are commands, which act from when they are given: those cheats are refused as they come."""
    if cheat in BY_ANSWERS and cheat not in points:
        pytest.skip("it takes no answers")
    gains = np.subtract(points[cheat], points[f"of {cheat}"])
    assert len(gains) == len(SEEDS)
    assert gains.mean() < 1.0, gains
