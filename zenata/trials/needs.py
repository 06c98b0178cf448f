"""What a challenge needs of a city: where one lacks it, a trial is refused before it begins.

Challenges are made for the city pack of Zenata; in another city those can be played whose hidden events name nothing that is
only there.
"""

from collections.abc import Mapping
from datetime import timedelta

from zenata.city.clock import time_of
from zenata.city.model import City
from zenata.errors import TrialError
from zenata.trials.challenge import Challenge
from zenata.trials.variants import RAMADAN, RAMADAN_DAYS


def numbered(kind: str, number: int) -> str:
    """Return the sensor of a number from 1 on, as the city pack of Zenata names it."""
    return f"{kind}-{number:04d}"


def playable(challenges: Mapping[str, Challenge], name: str, city: City, variant: str = "plain") -> Challenge:
    """Return the challenge of a name, if it can be played in a city under a variant.

    Raises
    ------
    TrialError
        If there is none of that name, or the city lacks what it or the variant needs.
    """
    if name not in challenges:
        text = f"there is no challenge {name[:80]!r}"
    elif lack := lack_of(challenges[name], city):
        text = f"{name} cannot be played in {city.name}: {lack}"
    elif variant == "ramadan" and not _keeps_ramadan(city):
        raise TrialError(f"{city.name} keeps no Ramadan: practise under another variant", "variant")
    else:
        return challenges[name]
    others = [one for one, challenge in challenges.items() if not lack_of(challenge, city)]
    raise TrialError(f"{text}; use {', '.join(others)}" if others else f"{text}, nor can any other", "challenge")


def lack_of(challenge: Challenge, city: City) -> str:
    """Return what a city lacks for a challenge, such as ``it has no district la-ferme``; empty if nothing."""
    for district in challenge.districts:
        if district not in city.district_by_id:
            return f"it has no district {district}"
    everywhere, within = not challenge.districts, ", ".join(challenge.districts)
    there = {sensor.kind for sensor in city.sensors if everywhere or sensor.district in challenge.districts}
    for kind in challenge.kinds:
        if kind not in there:
            return f"it has no {kind} sensors" if everywhere else f"it has no {kind} sensors in {within}"
    for kind, count in challenge.sensors.items():
        for sensor in (numbered(kind, number) for number in range(1, count + 1)):
            if sensor not in city.sensor_by_id:
                return f"it has no {sensor}, and {numbered(kind, 1)} to {numbered(kind, count)} are needed"
    return ""


def _keeps_ramadan(city: City) -> bool:
    """Return whether the days of the variant are days of Ramadan in a city."""
    first = time_of(RAMADAN).date()
    last = first + timedelta(days=RAMADAN_DAYS - 1)
    return any(begin <= first and last <= end for begin, end in city.parameters["calendar"]["ramadan"])
