"""sensor-quality: alarms against the windows of faults, and what is refused."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from tests.zenata.trials.conftest import ends, played, run_in, sensor
from zenata.city.model import City
from zenata.contract.answers import SensorAnswer, SuspectSensor
from zenata.trials.challenge import Occurrence, Run, Table
from zenata.trials.exhibits import first_trace
from zenata.trials.sensor_quality import CHALLENGE, check, events, exhibit, score

Alarm = tuple[int, int]
"""Step and sensor."""


@pytest.fixture
def measured(city: City) -> Run:
    """Return nine days of 24 containers that warm and cool together, of which one sticks and one makes a step."""
    steps, chance = 9 * 96, np.random.default_rng(3)
    sensors = tuple(sensor(f"waste-{number:04d}") for number in range(1, 25))
    hour = np.arange(steps)[:, None] % 96 / 96
    truth = 20 + 6 * np.sin(2 * np.pi * hour) + chance.normal(0, 1, (steps, 1)).cumsum(axis=0) / 30 + np.arange(24) / 8
    read = np.round(truth + chance.normal(0, 0.1, truth.shape), 1)
    read[700:800, 2] = read[699, 2]
    read[720:780, 5] += 9
    times = ends(steps)

    def fault(number: int, type_: str, begin: int, end: int, how: str | None = None) -> Occurrence:
        lasts = np.zeros(steps)
        lasts[begin:end] = 1
        return Occurrence(
            id=f"fault-{number}",
            type=type_,
            targets=(sensors[number].id,),
            start=int(times[begin]),
            end=int(times[end]),
            parameters={"fault": how} if how else {},
            size=lasts,
        )

    tables = {"temperature": Table(sensors=tuple(one.id for one in sensors), values=read)}
    faults = fault(2, "sensor_stuck", 700, 800), fault(5, "sensor_fault", 720, 780, "step")
    return run_in(replace(city, sensors=sensors), times, 672, tables, readings=tables, occurrences=faults)


def answered(run: Run, alarms: Iterable[Alarm], level: float = 1.0) -> Run:
    suspects = ((step, SuspectSensor(sensor=f"waste-{number + 1:04d}", score=level)) for step, number in alarms)
    return replace(run, answers=[(int(run.times[step]), SensorAnswer(suspects=(one,))) for step, one in suspects])


def test_measures_of_an_alarm_at_each_onset(measured: Run) -> None:
    best = score(played(CHALLENGE, measured, "oracle"))
    assert best.measures["named_right"] == (1.0, "1")
    assert best.measures["vus_pr"][0] > 0.95


def test_a_comparison_with_peers_finds_what_sticks_and_what_steps(measured: Run) -> None:
    made = score(played(CHALLENGE, measured, "reference"))
    assert made.measures["found"] == (2, "1")
    assert made.points > 50


def test_a_long_alarm_counts_once_and_one_that_comes_and_goes_each_time(measured: Run) -> None:
    long = score(answered(measured, [(step, 9) for step in range(680, 700)]))
    flapping = score(answered(measured, [(step, 9) for step in range(680, 700, 2)]))
    assert long.measures["false_alarms"] == (1, "1")
    assert flapping.measures["false_alarms"] == (10, "1")
    assert flapping.points < long.points < 0


def test_a_score_below_a_half_is_no_alarm(measured: Run) -> None:
    assert score(answered(measured, [(700, 2)], level=0.49)).points == 0


def test_an_alarm_that_began_before_the_fault_does_not_find_it(measured: Run) -> None:
    assert score(answered(measured, [(step, 2) for step in range(690, 800)])).measures["found"] == (0, "1")


def test_a_sensor_that_the_trial_does_not_have_is_refused(measured: Run) -> None:
    suspect = SuspectSensor(sensor="air-0001", score=1.0)
    with pytest.raises(ValueError, match="unknown sensor 'air-0001': the trial has those of waste, crowd, weather"):
        check(SensorAnswer(suspects=(suspect,)), 0, measured.city)


def test_faults_come_after_the_warm_up_each_in_a_sensor_of_its_own() -> None:
    for seed in range(20):
        faults = [event for event in events(np.random.default_rng(seed)) if event["type"].startswith("sensor_")]
        broken = [event.get("sensor") or event["sensors"][0] for event in faults]
        assert len(set(broken)) == len(broken) > 5
        assert all(int(event["start"][1:-1]) >= CHALLENGE.warm_up for event in faults)


def test_the_first_trace_of_a_fault_is_the_first_reading_further_from_the_truth_than_before_it(measured: Run) -> None:
    name, (stuck, jump) = "temperature", measured.occurrences
    table = measured.readings[name]
    truth = table.values.copy()
    truth[704:800, 2] += 1.0  # it stuck in step 700, and the air warms from step 704 on
    truth[720:780, 5] -= 9
    readings = truth + np.where(np.arange(len(truth)) % 2, 0.1, -0.1)[:, None]
    readings[700:800, 2] = truth[700, 2]
    readings[720:780, 5] += 9
    run = replace(
        measured,
        truth={name: replace(table, values=truth)},
        readings={name: replace(table, values=readings)},
        occurrences=(stuck, jump, replace(stuck, id="leak-1", type="leak")),
    )
    traces = [first_trace(run, one) for one in run.occurrences]
    assert traces[1:] == [int(run.times[720]), None]
    assert stuck.start <= (traces[0] or 0) <= int(run.times[704])
    quiet = readings.copy()
    quiet[:, 2] = truth[:, 2]
    quiet[710, 2] = np.nan  # the first that is missing
    assert first_trace(replace(run, readings={name: replace(table, values=quiet)}), stuck) == int(run.times[710])
    assert [one.trace is not None for one in exhibit(run).events][:2] == [True, True]
