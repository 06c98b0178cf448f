"""Cheats against scores in the city of every challenge, over many seeds: none gains a point over an honest service (`make soak`)."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import msgspec
import numpy as np
import pytest

from simulators.trials import collect, play
from zenata.city.model import City
from zenata.trials.challenge import Actions, Challenge, Policy, Run, Setting, Step, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

SEEDS = range(7, 7 + int(os.environ.get("ZENATA_CHEAT_SEEDS", "20")))
"""The seeds that are played in, side by side; with all 20 a challenge takes up to half an hour of processor time."""

SEEN = (101, 102)
"""Seeds that the cheat has seen before, with their truth."""

BY_ANSWERS = ("late", "repeated", "beside")
BY_TRUTH = ("another seed", "team", "recognised")
_shared: list[
    Any
] = []  # city, challenge and the seeds seen before: processes for the seeds are forks, and have them too
Points = dict[str, float]


@pytest.fixture(scope="module", params=CHALLENGES)
def gains(zenata: City, request: pytest.FixtureRequest) -> list[Points]:
    """Return by how many points each cheat is ahead of what it is compared with, in each seed of a challenge."""
    challenge, found = CHALLENGES[request.param], []
    seen = [collect(zenata, challenge, plan_of(challenge, practice_seed(seed))) for seed in SEEN]
    _shared[:] = zenata, challenge, seen
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        for seed, gain in zip(SEEDS, pool.map(gains_in, SEEDS), strict=True):
            found.append(gain)
            print(f"{challenge.name} seed {seed}:", {name: round(one, 1) for name, one in gain.items()}, flush=True)  # noqa: T201 - how far it is
    return found


def gains_in(seed: int) -> Points:
    """Return by how many points each cheat is ahead of what it is compared with, in one seed."""
    city, challenge, seen = _shared
    plan = plan_of(challenge, practice_seed(seed))
    world = collect(city, challenge, plan)
    played = partial(play, city, challenge, plan, without=world)
    reference = played(policy_of(challenge, "reference", world))
    honest = max(challenge.score(reference).points, 0.0)

    def oracles() -> list[Policy]:  # anew for each run, as policies remember what they have commanded
        return [policy_of(challenge, "oracle", other) for other in seen]

    runs = {"another seed": oracles()[0], "team": together(oracles()), "recognised": recognising(oracles(), seen)}
    found = {name: challenge.score(played(policy)).points - honest for name, policy in runs.items()}
    if challenge.closed_loop:
        return found
    oracle = played(policy_of(challenge, "oracle", world))
    for name, run, compared in (
        ("late", late(oracle), oracle),
        ("repeated", replace(reference, answers=[one for one in reference.answers for _ in range(5)]), reference),
        ("beside", beside(oracle, world), world),
    ):
        found[name] = challenge.score(run).points - challenge.score(compared).points
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
def test_no_cheat_gains_a_point_over_the_seeds(gains: list[Points], cheat: str) -> None:
    """Answers of a closed loop are commands, which act from when they are given: those cheats are refused as they come."""
    if cheat in BY_ANSWERS and cheat not in gains[0]:
        pytest.skip("it takes no answers")
    of_cheat = [gain[cheat] for gain in gains]
    assert len(of_cheat) == len(SEEDS)
    assert np.mean(of_cheat) < 1.0, of_cheat
