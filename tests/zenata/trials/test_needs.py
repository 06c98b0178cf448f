"""What challenges need of a city: all of them are tried in all city packs."""

import re
from dataclasses import replace

import pytest

from sandbox.parts import city_of
from simulators.trials import baselines, collect, world_of
from zenata.city.pack import CITIES
from zenata.errors import TrialError
from zenata.trials.challenge import plan_of
from zenata.trials.needs import lack_of, playable
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

PACKS = sorted(folder.name for folder in CITIES.iterdir())
ELSEWHERE = ["leak-detection", "parking-forecast", "air-alert"]
"""What can be played in Valdeira."""


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", CHALLENGES)
def test_a_challenge_is_refused_in_a_city_that_its_hidden_events_do_not_fit_and_played_in_any_other(name, pack):
    city, challenge = city_of(pack), CHALLENGES[name]
    if lack := lack_of(challenge, city):
        assert name not in ELSEWHERE
        assert pack != "zenata"
        with pytest.raises(TrialError, match=f"^{name} cannot be played in .*: {lack}; use {', '.join(ELSEWHERE)}$"):
            playable(CHALLENGES, name, city)
        return
    assert playable(CHALLENGES, name, city) is challenge
    for number in range(20):
        plan = plan_of(challenge, practice_seed(number))
        for sensor in re.findall(r"'([a-z]+-\d{4})'", str(plan.events)):
            assert sensor in city.sensor_by_id
    if pack != "zenata":  # where every challenge is played in other tests
        world_of(city, challenge, plan)  # raises if an event does not fit


@pytest.mark.soak
@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_played_in_a_small_town_is_scored_there(name):
    city, challenge = city_of("valdeira"), CHALLENGES[name]
    plan = plan_of(challenge, practice_seed(1))
    run = collect(city, challenge, plan)
    assert challenge.score(run).points == 0
    assert baselines(city, challenge, plan, run)["oracle"].points == pytest.approx(100, abs=0.01)


def test_hidden_events_choose_among_the_sensors_that_are_declared():
    """One sensor fewer of those a challenge declares, and it is refused: no seed can meet what is not there."""
    city = city_of("zenata")
    for challenge in CHALLENGES.values():
        for kind, count in challenge.sensors.items():
            last = f"{kind}-{count:04d}"
            fewer = replace(city, sensors=tuple(sensor for sensor in city.sensors if sensor.id != last))
            assert lack_of(challenge, fewer) == f"it has no {last}, and {kind}-0001 to {last} are needed"


def test_the_lack_of_a_kind_or_a_district_is_named():
    city = city_of("zenata")
    for name, left_out, lack in (
        ("air-alert", lambda sensor: sensor.kind == "air", "it has no air sensors"),
        ("ev-charging", lambda sensor: sensor.kind == "charger", "it has no charger sensors in living-01, living-02"),
    ):
        without = replace(city, sensors=tuple(sensor for sensor in city.sensors if not left_out(sensor)))
        assert lack_of(CHALLENGES[name], without).startswith(lack)
    assert lack_of(CHALLENGES["ev-charging"], replace(city, districts=())) == "it has no district living-01"


def test_the_variant_of_ramadan_is_for_cities_that_keep_it():
    assert playable(CHALLENGES, "air-alert", city_of("zenata"), "ramadan")
    assert playable(CHALLENGES, "air-alert", city_of("valdeira"), "heat-wave")
    with pytest.raises(TrialError, match=r"^Valdeira \(fictional\) keeps no Ramadan: ") as refusal:
        playable(CHALLENGES, "air-alert", city_of("valdeira"), "ramadan")
    assert refusal.value.reason == "variant"


def test_what_is_no_challenge_is_refused_with_those_that_can_be_played():
    with pytest.raises(TrialError, match=f"^there is no challenge 'leek'; use {', '.join(ELSEWHERE)}$"):
        playable(CHALLENGES, "leek", city_of("valdeira"))
    with pytest.raises(TrialError, match=r"^ev-charging cannot be played in .*, nor can any other$"):
        playable({"ev-charging": CHALLENGES["ev-charging"]}, "ev-charging", city_of("valdeira"))
