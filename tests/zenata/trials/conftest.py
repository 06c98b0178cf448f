"""A city of three districts and a water main of six pipes in a line, and runs in it that nothing has simulated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zenata.city.model import City, District, Sensor, Street
from zenata.city.readings import FloatArray
from zenata.trials.air_alert import LIMITS, POLLUTANTS
from zenata.trials.challenge import DAY, Challenge, Occurrence, Run, Setting, Step, Table

START = 1_780_272_000_000_000
"""2026-06-01T00:00:00Z [us]."""

AIR_STEPS, AIR_FIRST, AIR_STATIONS = 240, 120, 5
"""Hours of a run of air, of its warm-up, and how many stations it has."""


@pytest.fixture(scope="session")
def city() -> City:
    """Return the city."""
    districts = tuple(
        District(id=name, name=name, category="living", population=100, ring=((0, 0), (1, 0), (1, 1), (0, 0)))
        for name in ("west", "east", "north")
    )
    streets = tuple(
        Street(
            id=f"street-{number}",
            start=f"n{number}",
            end=f"n{number + 1}",
            road="residential",
            lanes=1,
            limit=50,
            length=200,
            signal=False,
            line=((number / 500, 0), ((number + 1) / 500, 0)),
        )
        for number in range(6)
    )
    bays = tuple(
        Sensor(id=f"parking-{number}", kind="parking", district=("west", "east")[number % 2], longitude=0, latitude=0)
        for number in range(20)
    )
    return City(
        id="line",
        name="Line",
        timezone="Africa/Casablanca",
        bbox=(0, 0, 1, 1),
        districts=districts,
        streets=streets,
        sensors=bays,
        parameters={},
    )


@pytest.fixture(scope="session")
def water(city: City) -> dict[str, Any]:
    """Return its water network as node-link JSON: junctions 200 m apart."""
    nodes = [{"id": f"n{number}", "type": "junction"} for number in range(7)]
    edges = [
        {
            "id": f"pipe-{number}",
            "type": "pipe",
            "source": f"n{number}",
            "target": f"n{number + 1}",
            "length": 200.0,
            "streets": [f"street-{number}"],
            "devices": [],
        }
        for number in range(6)
    ]
    return {"nodes": nodes, "edges": edges}


@pytest.fixture
def leaking(city: City, water: dict[str, Any]) -> Callable[..., Run]:
    """Return what makes a run of four days in which pipes leak: (street, first hour, l/s) each."""

    def make(*leaks: tuple[int, float, float], days: int = 4, first: int = 96) -> Run:
        times = START + 900_000_000 * np.arange(1, days * 96 + 1)
        end = int(times[-1]) + 1
        occurrences = []
        for number, (street, hour, flow) in enumerate(leaks):
            start = START + round(hour * 3600e6)
            occurrences.append(
                Occurrence(
                    id=f"leak-{number}",
                    type="leak",
                    targets=(f"street-{street}",),
                    start=start,
                    end=end,
                    parameters={},
                    size=flow * (times >= start),
                )
            )
        return Run(
            city=city,
            times=times,
            first=first,
            truth={},
            readings={},
            without={},
            occurrences=tuple(occurrences),
            network={"water": water},
        )

    return make


@pytest.fixture(scope="session")
def parked(city: City) -> Run:
    """Return a run of four days of parking in which bays fill and empty every day, by chance too."""
    steps = 4 * DAY // 900
    hour = np.arange(steps)[:, None] % 96 / 96
    chance = np.random.default_rng(1)
    values = (chance.random((steps, 20)) < 0.5 + 0.4 * np.sin(2 * np.pi * hour)).astype(np.float64)
    table = {"occupied": Table(sensors=tuple(sensor.id for sensor in city.sensors), values=values)}
    return Run(
        city=city,
        times=START + 900_000_000 * np.arange(1, steps + 1),
        first=192,
        truth=table,
        readings=table,
        without=table,
        occurrences=(),
        network={},
    )


def air_tables(**values: FloatArray) -> dict[str, Table]:
    """Return pollutants at stations, clean air where no values are given, shape (AIR_STEPS, AIR_STATIONS) [ug/m3]."""
    names = tuple(f"air-{number + 1:04d}" for number in range(AIR_STATIONS))
    clean = np.full((AIR_STEPS, AIR_STATIONS), 1.0)
    return {name: Table(sensors=names, values=values.get(name, clean)) for name in POLLUTANTS}


def air_run(city: City) -> Run:
    """Return ten days at five stations, in which the air gets worse and better again over days, and every evening."""
    chance = np.random.default_rng(5)
    hour = np.arange(1, AIR_STEPS + 1)[:, None]
    slow = np.sin(2 * np.pi * hour / 70) + 0.4 * np.sin(2 * np.pi * hour / 24)
    shape = AIR_STEPS, AIR_STATIONS
    truth = air_tables(
        **{
            name: limit * np.exp(0.35 * slow - 0.15 + chance.normal(0, 0.1, shape))
            for name, (limit, _) in LIMITS.items()
        }
    )
    read = {
        name: Table(sensors=table.sensors, values=table.values * chance.normal(1, 0.03, shape))
        for name, table in truth.items()
    }
    read["no2"].values[130:140, 2] = np.nan
    stations = tuple(
        Sensor(id=f"air-{number + 1:04d}", kind="air", district="west", longitude=0, latitude=0)
        for number in range(AIR_STATIONS)
    )
    return Run(
        city=replace(city, sensors=stations),
        times=START + 3_600_000_000 * np.arange(1, AIR_STEPS + 1),
        first=AIR_FIRST,
        truth=truth,
        readings=read,
        without=truth,
        occurrences=(),
        network={},
    )


def played(challenge: Challenge, run: Run, name: str) -> Run:
    """Return a run with the answers of one of the challenge's policies."""
    policy = challenge.policies[name](Setting(city=run.city, network={}, truth=run))
    answers = []
    for index, moment in enumerate(run.times.tolist()):
        readings = {key: table.head(index + 1) for key, table in run.readings.items()}
        step = Step(index=index, first=run.first, time=moment, readings=readings)
        answers += [(moment, answer) for answer in policy(step).answers if index >= run.first]
    return replace(run, answers=answers)
