"""street-lighting: what dimming saves, and what it saves where a road gets too dark."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.trials.conftest import ends, run_in, sensor
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.trials.challenge import Run, Table, Tables
from zenata.trials.lighting import power, required, score

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
RATED, STEPS, FIRST = 100.0, 4 * 96, 96
TIMES = ends(STEPS)
HOUR = np.arange(1, STEPS + 1) / 4 % 24
DARK = (HOUR >= 19) | (HOUR < 5)
LIGHT = np.linspace(15.5, 19.5, 6)
DAYLIGHT = np.where(DARK, 0.0, 5000.0)[:, None]


@pytest.fixture
def lamps(city: City) -> City:
    """Return the city with six lamps in residential streets."""
    made = (sensor(f"streetlight-{number:04d}", street="street-0", watts=RATED) for number in range(1, 7))
    return replace(city, sensors=tuple(made))


def tables(city: City, dim: FloatArray) -> Tables:
    names = tuple(sensor.id for sensor in city.sensors)
    values = {"dim": dim, "power": power(dim, np.full(6, RATED)), "illuminance": LIGHT * dim + DAYLIGHT}
    return {name: Table(sensors=names, values=array) for name, array in values.items()}


def own(level: float = 0.5) -> FloatArray:
    """Return what lamps do by themselves: full light, and less in the small hours."""
    small = (HOUR >= 22) | (HOUR < 4)
    return np.repeat(np.where(DARK, np.where(small, level, 1.0), 0.0)[:, None], 6, axis=1)


def run_of(city: City, dim: FloatArray) -> Run:
    return run_in(city, TIMES, FIRST, tables(city, dim), without=tables(city, own()))


def least(city: City) -> FloatArray:
    names = tuple(sensor.id for sensor in city.sensors)
    return np.clip((required(city, names, TIMES) - DAYLIGHT) / LIGHT, 0, 1)


def test_quiet_hours_ask_for_less(lamps: City) -> None:
    names = tuple(sensor.id for sensor in lamps.sensors)
    assert set(required(lamps, names, TIMES).ravel().tolist()) == {7.5, 5.0}


def test_the_least_level_gets_100_and_the_lamps_own_control_0(lamps: City) -> None:
    assert score(run_of(lamps, own())).points == pytest.approx(0)
    best = score(run_of(lamps, least(lamps)))
    assert best.points == pytest.approx(100)
    assert best.measures["lit_nights"] == (1.0, "1")
    assert best.impact["energy"][0] > 0


def test_a_road_that_is_too_dark_for_a_quarter_of_an_hour_saves_nothing_that_night(lamps: City) -> None:
    dim = least(lamps)
    step = FIRST + 96  # the first midnight that counts
    dim[step, 2] *= 0.9
    made = score(run_of(lamps, dim))
    assert made.points < 100
    assert made.measures["lit_nights"][0] == pytest.approx(1 - 1 / 18)


def test_darkness_saves_less_than_doing_nothing(lamps: City) -> None:
    assert score(run_of(lamps, np.zeros((STEPS, 6)))).points < 0


def test_burning_by_day_is_paid(lamps: City) -> None:
    assert score(run_of(lamps, np.ones((STEPS, 6)))).points < score(run_of(lamps, own(1.0))).points < 0


def test_the_night_that_had_begun_when_commands_were_first_taken_does_not_count(lamps: City) -> None:
    dim = least(lamps)
    dim[FIRST : FIRST + 40] = 0
    assert score(run_of(lamps, dim)).points == pytest.approx(100)


@RELAXED
@given(factor=st.lists(st.floats(0, 1.5), min_size=6, max_size=6))
def test_no_levels_beat_the_oracle(lamps: City, factor: list[float]) -> None:
    assert score(run_of(lamps, np.clip(least(lamps) * factor, 0, 1))).points <= 100.01
