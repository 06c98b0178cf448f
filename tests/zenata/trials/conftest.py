"""A city of three districts and a water main of six pipes in a line, and runs in it that nothing has simulated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zenata.city.model import City, District, Sensor, Street
from zenata.city.readings import FloatArray, IntArray
from zenata.trials.air_alert import LIMITS, POLLUTANTS
from zenata.trials.challenge import DAY, Challenge, Occurrence, Run, Setting, Table, Tables, answered

START = 1_780_272_000_000_000
"""2026-06-01T00:00:00Z [us]."""

AIR_STEPS, AIR_FIRST, AIR_STATIONS = 240, 120, 5
"""Hours of a run of air, of its warm-up, and how many stations it has."""


def sensor(id_: str, district: str = "west", at: tuple[float, float] = (0, 0), **attributes: Any) -> Sensor:
    """Return a sensor of the kind that its id begins with."""
    kind = id_.partition("-")[0]
    return Sensor(id=id_, kind=kind, district=district, longitude=at[0], latitude=at[1], attributes=attributes)


def ends(steps: int, minutes: int = 15) -> IntArray:
    """Return the ends of steps from `START` on [us since the Unix epoch]."""
    return START + minutes * 60_000_000 * np.arange(1, steps + 1)


def run_in(city: City, times: IntArray, first: int, truth: Tables | None = None, **members: Any) -> Run:
    """Return a run without commands, of which nothing else is known but the members given."""
    tables = truth or {}
    usual = {"truth": tables, "without": tables, "readings": {}, "occurrences": (), "network": {}}
    return Run(city=city, times=times, first=first, **{**usual, **members})


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
    return City(
        id="line",
        name="Line",
        timezone="Africa/Casablanca",
        bbox=(0, 0, 1, 1),
        districts=districts,
        streets=streets,
        sensors=tuple(sensor(f"parking-{number}", ("west", "east")[number % 2]) for number in range(20)),
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

    def make(*leaks: tuple[int, float, float]) -> Run:
        times = ends(4 * 96)
        occurrences = []
        for number, (street, hour, flow) in enumerate(leaks):
            start = START + round(hour * 3600e6)
            occurrences.append(
                Occurrence(
                    id=f"leak-{number}",
                    type="leak",
                    targets=(f"street-{street}",),
                    start=start,
                    end=int(times[-1]) + 1,
                    parameters={},
                    size=flow * (times >= start),
                )
            )
        return run_in(city, times, 96, occurrences=tuple(occurrences), network={"water": water})

    return make


@pytest.fixture(scope="session")
def parked(city: City) -> Run:
    """Return a run of four days of parking in which bays fill and empty every day, by chance too."""
    steps = 4 * DAY // 900
    hour = np.arange(steps)[:, None] % 96 / 96
    chance = np.random.default_rng(1)
    values = (chance.random((steps, 20)) < 0.5 + 0.4 * np.sin(2 * np.pi * hour)).astype(np.float64)
    table = {"occupied": Table(sensors=tuple(bay.id for bay in city.sensors), values=values)}
    return run_in(city, ends(steps), 192, table, readings=table)


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
    stations = tuple(sensor(name) for name in truth["no2"].sensors)
    return run_in(replace(city, sensors=stations), ends(AIR_STEPS, 60), AIR_FIRST, truth, readings=read)


def played(challenge: Challenge, run: Run, name: str) -> Run:
    """Return a run with the answers of one of the challenge's policies."""
    return answered(challenge.policies[name](Setting(city=run.city, network=run.network, truth=run)), run)
