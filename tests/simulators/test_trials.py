"""Worlds of seeds in process: what is recorded of them, and what commands change."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.trials import collect, networks_of, play
from zenata.city.model import City
from zenata.trials.challenge import DAY, Challenge, Command, Plan, Run, Setting, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

LEAKS = replace(CHALLENGES["leak-detection"], warm_up=DAY // 4, duration=DAY // 4)
"""The challenge in half a day."""


@pytest.fixture(scope="module")
def leaking(zenata: City) -> tuple[Plan, Run]:
    """Return a seed with a burst after seven hours, and what it left."""
    seed = replace(
        plan_of(LEAKS, practice_seed(1)),
        events=(
            {"type": "leak", "id": "one", "start": "+7h", "duration": "6h", "target": "street-0153", "area": 1e-3},
        ),
    )
    return seed, collect(zenata, LEAKS, seed)


def test_a_seed_leaves_truth_readings_and_hidden_events(zenata: City, leaking: tuple[Plan, Run]) -> None:
    seed, run = leaking
    assert run.times.tolist() == [seed.start + 900_000_000 * number for number in range(1, 49)]
    assert run.truth["head"].values.shape == run.readings["head"].values.shape == (48, 350)
    assert np.isfinite(run.truth["discharge"].values).all()
    assert np.isfinite(run.readings["head"].values).mean() > 0.95
    error = run.readings["head"].values - run.truth["head"].values
    assert 0 < np.nanstd(error) < 1  # instruments err, little
    (leak,) = run.occurrences
    assert leak.targets == ("street-0153",)
    assert (leak.size > 0).tolist() == [index >= 27 for index in range(48)]
    assert 8 < leak.size[30] < 30  # 0.6 A sqrt(2 g h) of 10 cm2 at 10 to 100 m


def test_an_oracle_gets_100_in_a_simulated_city(zenata: City, leaking: tuple[Plan, Run]) -> None:
    seed, run = leaking
    oracle = LEAKS.policies["oracle"](Setting(city=zenata, network=run.network, truth=run))
    assert LEAKS.score(play(zenata, LEAKS, seed, oracle, run)).points == pytest.approx(100)


def test_commands_change_the_city_and_the_counterfactual_stays(zenata: City, leaking: tuple[Plan, Run]) -> None:
    seed, run = leaking
    at = int(run.times[30])
    pumps = next(sensor.id for sensor in zenata.sensors if sensor.kind == "water" and "supply" in sensor.attributes)
    commands = [
        Command(time=at, sensor=pumps, set={"pumps": 0.0}),
        Command(time=at, sensor="parking-0001", set={"price": 1.0}),
    ]
    acted = collect(zenata, LEAKS, seed, commands=commands, without=run)
    assert [command.status for command in acted.commands] == ["applied", "rejected"]
    assert np.array_equal(acted.without["head"].values, run.truth["head"].values)
    assert np.array_equal(acted.truth["head"].values[:31], run.truth["head"].values[:31])
    assert not np.array_equal(acted.truth["head"].values[31:], run.truth["head"].values[31:])


def test_what_trucks_have_driven_is_recorded_with_the_truth_alone(zenata: City) -> None:
    challenge = replace(CHALLENGES["waste-collection"], warm_up=2 * 3600, duration=2 * 3600)
    seed = replace(plan_of(challenge, practice_seed(1)), events=())
    run = collect(zenata, challenge, seed)
    orders = [
        Command(time=int(run.times[7]), sensor=f"waste-{number:04d}", set={"empty": 1.0, "truck": 1.0, "rank": number})
        for number in range(1, 31)
    ]
    acted = collect(zenata, challenge, seed, commands=orders, without=run)
    driven, usual = (tables["waste.driven"].values[:, 0] for tables in (acted.truth, acted.without))
    assert "waste.driven" not in acted.readings
    assert (np.diff(driven) >= 0).all()
    assert np.array_equal(driven[:8], usual[:8])
    assert driven[-1] > usual[-1] + 1
    assert acted.truth["waste.driven"].sensors == ("waste.driven",)


def test_evidence_is_what_the_labels_say_of_the_place_of_an_event(zenata: City) -> None:
    challenge = replace(CHALLENGES["traffic-incident"], warm_up=DAY // 3, duration=DAY // 12)
    accidents = [("seen", "+8h", "traffic-0003"), ("unseen", "+2h", "street-0001")]
    events = tuple(
        {"type": "accident", "id": name, "start": start, "duration": "1h", "target": target, "capacity": 0.1}
        for name, start, target in accidents
    )
    plan = replace(plan_of(challenge, practice_seed(1)), start=1_780_358_400_000_000, events=events)  # a Tuesday
    run = collect(zenata, challenge, plan)
    assert {one.id: one.evidence for one in run.occurrences} == {"seen": True, "unseen": False}
    assert np.array_equal(run.times[[0, -1]], plan.start + 300_000_000 * np.array([1, 120]))
    oracle = challenge.policies["oracle"](Setting(city=zenata, network=run.network, truth=run))
    assert challenge.score(play(zenata, challenge, plan, oracle, run)).points == pytest.approx(100)


def test_networks_are_those_of_the_api(zenata: City) -> None:
    assert {edge["type"] for edge in networks_of(zenata, LEAKS)["water"]["edges"]} == {"pipe", "pump"}


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=list(CHALLENGES))
def test_hidden_events_of_every_challenge_fit_its_world(zenata: City, challenge: Challenge) -> None:
    short = replace(challenge, warm_up=0, duration=challenge.step)
    for number in range(2):
        run = collect(zenata, short, plan_of(challenge, practice_seed(number)))
        assert len(run.times) > 0
        assert run.readings
