"""A city of three districts and a water main of six pipes in a line, and runs in it that nothing has simulated."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zenata.city.model import City, District, Sensor, Street
from zenata.trials.challenge import DAY, Occurrence, Run, Table

START = 1_780_272_000_000_000
"""2026-06-01T00:00:00Z [us]."""


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
