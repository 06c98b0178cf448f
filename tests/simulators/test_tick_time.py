"""Time of a tick: it does not tell whether a hidden event is on."""

import gc
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulators.host.tick_floor import LONGEST, TickFloor
from simulators.record.record import Record
from simulators.trials import Recording, world_of
from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.trials.challenge import DAY, Challenge, Plan, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

SEEDS = (201, 202, 203)
SHORTER = 2 * DAY
"""What is scored here, of days that take long to run."""

ALWAYS_ON = "street-lighting"
"""Has lamps that failed before its warm-up, and no hour without."""


def tick_times(city: City, challenge: Challenge, plan: Plan) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the processor time of each tick with the hidden events and without, that of recording it too, and how many were on at its end.

    The first two are of shape (2, n_ticks).
    """
    worlds = [world_of(city, challenge, one) for one in (plan, replace(plan, events=()))]
    recordings = [Recording(city, challenge, world, {}) for world in worlds]
    ticks = challenge.steps * (challenge.step // challenge.tick)
    took, recorded, on = np.zeros((2, ticks)), np.zeros((2, ticks)), np.zeros(ticks)
    gc.collect()
    gc.disable()
    try:
        for tick in range(ticks):
            for which in (0, 1) if tick % 2 else (1, 0):  # neither is always the first, which finds colder caches
                begun = time.thread_time()
                emission = worlds[which].step(challenge.tick * SECOND)
                made = time.thread_time()
                recordings[which].tick(emission)
                took[which, tick], recorded[which, tick] = made - begun, time.thread_time() - made
            on[tick] = sum(event.under_way(worlds[0].time) for event, _ in worlds[0].timeline.effects)
    finally:
        gc.enable()
    return took, recorded, on


def answered(took: FloatArray, first: int, folder: Path) -> FloatArray:
    """Return when ticks that took so long to make are shown, from the first that counts on [s]."""
    floor = TickFloor(first, Record(folder))
    return np.array([one + floor.pause(number, one, 0.0) for number, one in enumerate(took.tolist(), 1)])[first:]


def area(on: FloatArray, off: FloatArray) -> float:
    """Return the area under the curve of a detector that has higher values where something is on: 0.5 is chance."""
    return float(((on[:, None] > off).mean() + (on[:, None] >= off).mean()) / 2)


@pytest.mark.soak
@pytest.mark.parametrize("name", CHALLENGES)
def test_how_long_a_tick_takes_does_not_tell_whether_an_event_is_on(zenata: City, name: str, tmp_path: Path) -> None:
    """By processor time, which is less noisy than what a service sees over HTTP; the same hours without events beside it."""
    challenge = CHALLENGES[name]
    challenge = replace(challenge, duration=min(challenge.duration, SHORTER))
    areas, bare = [], []
    for seed in SEEDS:
        took, recorded, on = tick_times(zenata, challenge, plan_of(challenge, practice_seed(seed)))
        first = challenge.warm_up // challenge.tick
        during = on[first:] > 0
        if during.sum() < 8 or (~during).sum() < 8:
            continue
        shown = [answered(one, first, tmp_path / f"{seed}-{number}") for number, one in enumerate(took)]
        with_, without = (one + rest[first:] for one, rest in zip(shown, recorded, strict=True))
        hidden = area(with_[during], with_[~during]) - area(without[during], without[~during])  # less what the hours do
        areas.append(0.5 + hidden / 2)
        bare.append(area(took[0, first:][during], took[0, first:][~during]))
    print(f"{name}: area {np.round(areas, 3)}, of bare times {np.round(bare, 3)}")  # noqa: T201 - a figure of `make soak`
    if name == ALWAYS_ON:
        pytest.skip("its events are on from the warm-up to the end: there is nothing to tell")
    assert areas, "no seed has ticks with and without events"
    assert abs(np.mean(areas) - 0.5) < 0.05, areas


def test_ticks_are_shown_no_sooner_than_nearly_all_of_the_warm_up_were(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    took = chance.normal(0.010, 0.0003, 800)
    took[500:] += 0.0006  # something is going on
    took[3] = 5.0  # a machine that was busy once
    seen = answered(took, 300, tmp_path / "world")
    assert area(took[500:], took[300:500]) > 0.9
    assert abs(area(seen[200:], seen[:200]) - 0.5) < 0.02
    assert seen.max() < 0.013
    assert (answered(took, 0, tmp_path / "other") == took).all()  # nothing is known yet


def test_a_machine_that_was_slow_in_the_warm_up_does_not_hold_a_trial_up_for_long(tmp_path: Path) -> None:
    assert answered(np.full(20, 9.0), 10, tmp_path / "world").tolist() == [9.0] * 10
    floor = TickFloor(2, Record(tmp_path / "other"))
    assert [floor.pause(tick, took, 0.0) for tick, took in ((1, 9.0), (2, 9.0), (3, 0.01))] == [
        0.0,
        0.0,
        LONGEST - 0.01,
    ]


def test_a_process_that_comes_after_the_warm_up_holds_ticks_back_as_the_one_before(tmp_path: Path) -> None:
    first = TickFloor(100, Record(tmp_path))
    for tick in range(1, 101):
        first.pause(tick, 0.010, 0.0)
    held = first.pause(101, 0.004, 0.0)
    assert held == pytest.approx(0.011 - 0.004)
    assert TickFloor(100, Record(tmp_path)).pause(150, 0.004, 0.0) == held


@pytest.mark.parametrize(("seen", "least"), [(49, LONGEST), (50, 0.011)])
def test_a_process_that_has_seen_little_of_the_warm_up_is_on_the_safe_side(
    tmp_path: Path, seen: int, least: float
) -> None:
    """As one that comes when another was killed at the end of the warm-up, which had told nobody yet."""
    floor = TickFloor(100, Record(tmp_path))
    for tick in range(101 - seen, 101):
        floor.pause(tick, 0.010, 0.0)
    assert floor.pause(101, 0.004, 0.0) == pytest.approx(least - 0.004)
