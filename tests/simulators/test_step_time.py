"""Time of a step: it does not tell whether a hidden event is on."""

import gc
import time
from dataclasses import replace

import numpy as np
import pytest

from simulators.host.trials import LONGEST, StepFloor
from simulators.trials import Recording, world_of
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.city.readings import FloatArray
from zenata.trials.challenge import DAY, Challenge, Plan, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

SEEDS = (201, 202, 203)
SHORTER = 2 * DAY
"""What is scored here, of days that take long to run."""


@pytest.fixture(scope="module")
def city() -> City:
    """Return the city of Zenata."""
    return load_city()


def step_times(city: City, challenge: Challenge, plan: Plan) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the processor time of each step with the hidden events and without, and how many were on at its end."""
    worlds = [world_of(city, challenge, one) for one in (plan, replace(plan, events=()))]
    recordings = [Recording(city, challenge, world, {}) for world in worlds]
    steps, took, on = challenge.steps, np.zeros((2, challenge.steps)), np.zeros(challenge.steps)
    gc.collect()
    gc.disable()
    try:
        for step in range(steps):
            for which in (0, 1) if step % 2 else (1, 0):  # neither is always the first, which finds colder caches
                world, begun = worlds[which], time.thread_time()
                while world.time < recordings[which].times[step]:
                    recordings[which].tick(world.step(challenge.tick * SECOND))
                took[which, step] = time.thread_time() - begun
            on[step] = sum(event.under_way(worlds[0].time) for event, _ in worlds[0].effects)
    finally:
        gc.enable()
    return took[0], took[1], on


def answered(took: FloatArray, first: int) -> FloatArray:
    """Return when steps that took so long to make are answered, from the first that counts on [s]."""
    floor = StepFloor(first)
    return np.array([one + floor.pause(number, one) for number, one in enumerate(took.tolist(), 1)])[first:]


def area(on: FloatArray, off: FloatArray) -> float:
    """Return the area under the curve of a detector that has higher values where something is on: 0.5 is chance."""
    return float(((on[:, None] > off).mean() + (on[:, None] >= off).mean()) / 2)


@pytest.mark.soak
@pytest.mark.parametrize("name", CHALLENGES)
def test_how_long_a_step_takes_does_not_tell_whether_an_event_is_on(city: City, name: str) -> None:
    """By processor time, which is less noisy than what a service sees over HTTP; the same hours without events beside it."""
    challenge = CHALLENGES[name]
    challenge = replace(challenge, duration=min(challenge.duration, SHORTER))
    areas, bare = [], []
    for seed in SEEDS:
        *both, on = step_times(city, challenge, plan_of(challenge, practice_seed(seed)))
        during, first = on[challenge.first :] > 0, challenge.first
        took, without = (answered(one, first) for one in both)
        if during.sum() < 8 or (~during).sum() < 8:
            continue
        hidden = area(took[during], took[~during]) - area(without[during], without[~during])  # less what the hours do
        areas.append(0.5 + hidden / 2)
        bare.append(area(both[0][first:][during], both[0][first:][~during]))
    print(f"{name}: area {np.round(areas, 3)}, of bare times {np.round(bare, 3)}")  # noqa: T201 - a figure of `make soak`
    assert areas, "no seed has steps with events and steps without"
    assert abs(np.mean(areas) - 0.5) < 0.05, areas


def test_steps_are_answered_no_sooner_than_nearly_all_of_the_warm_up_were() -> None:
    chance = np.random.default_rng(1)
    took = chance.normal(0.010, 0.0003, 800)
    took[500:] += 0.0006  # something is going on
    took[3] = 5.0  # a machine that was busy once
    seen = answered(took, 300)
    assert area(took[500:], took[300:500]) > 0.9
    assert abs(area(seen[200:], seen[:200]) - 0.5) < 0.02
    assert seen.max() < 0.013
    assert (answered(took, 0) == took).all()  # nothing is known yet


def test_a_machine_that_was_slow_in_the_warm_up_does_not_hold_a_trial_up_for_long() -> None:
    assert answered(np.full(20, 9.0), 10).tolist() == [9.0] * 10
    floor = StepFloor(2)
    assert [floor.pause(step, took) for step, took in ((1, 9.0), (2, 9.0), (3, 0.01))] == [0.0, 0.0, LONGEST - 0.01]
