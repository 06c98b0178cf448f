"""sensor-quality: which sensors are broken, and how, in a city that changes too.

An alarm is a step in which the score of a sensor comes to 0.5; it lasts until the score falls below. Each alarm is scored
against the fault windows of its sensor as the Numenta Anomaly Benchmark does (`zenata.trials.anomalies.nab`), where NAB
counts every record of a long alarm. Points are ``100 (score - nothing) / (perfect - nothing)``, sums over sensors.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import SensorAnswer, SuspectSensor
from zenata.contract.reports import Exhibit
from zenata.trials import exhibits
from zenata.trials.anomalies import nab, vus_pr
from zenata.trials.challenge import DAY, Actions, Challenge, Policy, Run, Score, Setting, Step
from zenata.trials.needs import numbered
from zenata.trials.sensor_policies import naive, reference
from zenata.trials.variants import planned

STEP = 900
"""Time between two answers [s]."""

WARM_UP, DURATION = 7 * DAY, 7 * DAY
"""For learning, and what is scored [s]."""

SENSORS = {"waste": 500, "crowd": 136, "weather": 14}
"""How many of each kind the city pack of Zenata has, for which this challenge is made."""

UNITS = (
    ("waste", "temperature", 4.0),
    ("waste", "temperature", 4.0),
    ("crowd", "people", 40.0),
    ("weather", "temperature", 3.0),
    ("weather", "humidity", 15.0),
)
"""What breaks: kind, property, and the size of a clear error [unit of the quantity] (defaults)."""

FAULTS = ("stuck", "drift", "noise", "spike", "step", "gain")

ALARM = 0.5
"""Score from which a sensor is under alarm."""

BUFFER = 8
"""Longest buffer of VUS-PR [steps] (default)."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return 10 to 18 faults of different sensors, a heat wave, and a festival."""
    found: list[Mapping[str, Any]] = []
    taken: set[str] = set()
    for number in range(int(chance.integers(10, 19))):
        kind, name, unit = UNITS[int(chance.integers(len(UNITS)))]
        sensor = numbered(kind, int(chance.integers(1, SENSORS[kind] + 1)))
        fault = FAULTS[int(chance.integers(len(FAULTS)))]
        begin, hours = int(chance.integers(WARM_UP, WARM_UP + 5 * DAY)), int(chance.integers(12, 49))
        scale, sign = float(chance.uniform(0.7, 2.0)), int(chance.choice([-1, 1]))
        if sensor in taken:
            continue
        taken.add(sensor)
        parameters: dict[str, Any] = {"sensor": sensor, "property": name}
        if fault == "stuck":
            parameters = {"sensors": [sensor]}
        elif fault == "drift":
            parameters["rate"] = round(sign * scale * unit * 3 / hours, 4)
        else:
            size = {"noise": scale * unit, "spike": sign * 4 * scale * unit, "step": sign * scale * unit}
            parameters |= {"fault": fault, "size": round(size.get(fault, sign * 0.3 * scale), 4)}
        type_ = f"sensor_{fault}" if fault in {"stuck", "drift"} else "sensor_fault"
        found.append(planned(type_, f"hidden-{number}", begin, hours * 3600, **parameters))
    feast = WARM_UP + int(chance.integers(0, 6)) * DAY + int(chance.integers(12, 18)) * 3600
    heat = WARM_UP + int(chance.integers(0, 4)) * DAY
    return (
        *found,
        planned("festival", "hidden-festival", feast, 6 * 3600),
        planned("heatwave", "hidden-heatwave", heat, 2 * DAY),
    )


def check(answer: SensorAnswer, time: int, city: City) -> None:
    """Raise ValueError if an answer cannot be scored."""
    for suspect in answer.suspects:
        sensor = city.sensor_by_id.get(suspect.sensor)
        if sensor is None or sensor.kind not in SENSORS:
            raise ValueError(f"unknown sensor {suspect.sensor!r}: the trial has those of {', '.join(SENSORS)}")


def score(run: Run) -> Score:
    """Return the score of one seed."""
    sensors = list(dict.fromkeys(name for table in run.truth.values() for name in table.sensors))
    row = {sensor: number for number, sensor in enumerate(sensors)}
    given, named = _scores(run, row)
    windows = _windows(run, row)
    raw = idle = best = 0.0
    delays, right, volumes, false = [], [], [], 0
    alarming = given >= ALARM
    rising = alarming & ~np.concatenate([np.zeros((1, len(sensors)), dtype=np.bool_), alarming[:-1]])
    for number in np.flatnonzero(rising.any(axis=0) | np.isin(np.arange(len(sensors)), list(windows))).tolist():
        begin, end, faults = windows.get(number, (np.zeros(0, np.int64), np.zeros(0, np.int64), ()))
        alarms = np.flatnonzero(rising[:, number])
        points, first = nab(alarms, begin, end)
        raw, best, idle = raw + points, best + len(begin), idle - len(begin)
        inside = (alarms >= begin[:, None]) & (alarms <= end[:, None])
        false += len(alarms) - int(inside.sum())
        for at, onset, fault in zip(first.tolist(), begin.tolist(), faults, strict=True):
            if at >= 0:
                delays.append((at - onset) * STEP / 3600)
                right.append(named.get((at, number)) == fault)
        if len(begin):
            label = np.zeros(len(given), dtype=np.bool_)
            for a, b in zip(begin.tolist(), end.tolist(), strict=True):
                label[a : b + 1] = True
            volumes.append(vus_pr(label[run.first :], given[run.first :, number], BUFFER))
    count = sum(len(begin) for begin, _, _ in windows.values())
    return Score(
        points=100 * (raw - idle) / (best - idle) if best > idle else 100 * raw,
        measures={
            "faults": (count, "1"),
            "found": (len(delays), "1"),
            "false_alarms": (false, "1"),
            "recall": (len(delays) / count if count else np.nan, "1"),
            "precision": (len(delays) / (len(delays) + false) if delays or false else np.nan, "1"),
            "vus_pr": (float(np.mean(volumes)) if volumes else np.nan, "1"),
            "delay": (float(np.mean(delays)) if delays else np.nan, "h"),
            "named_right": (float(np.mean(right)) if right else np.nan, "1"),
        },
    )


def _scores(run: Run, row: Mapping[str, int]) -> tuple[FloatArray, dict[tuple[int, int], str]]:
    """Return the score of every sensor, shape (n_steps, n_sensors), and what faults were named, by step and sensor.

    Of several of one sensor and step the highest counts, and of faults the first in the alphabet.
    """
    given = np.zeros((len(run.times), len(row)))
    named: dict[tuple[int, int], str] = {}
    for step, answer in run.answers_of(SensorAnswer):
        for suspect in answer.suspects:
            at = step, row[suspect.sensor]
            given[at] = max(given[at], suspect.score)
            if suspect.fault is not None:
                named[at] = min(named.get(at, suspect.fault), suspect.fault)
    return given, named


def _windows(run: Run, row: Mapping[str, int]) -> dict[int, tuple[IntArray, IntArray, tuple[str, ...]]]:
    """Return first and last step of each fault, and how it is broken, by sensor."""
    found: dict[int, list[tuple[int, int, str]]] = {}
    for fault in run.occurrences:
        steps = np.flatnonzero(run.lasts(fault))
        if fault.type.startswith("sensor_") and len(steps):
            how = str(fault.parameters.get("fault", fault.type.removeprefix("sensor_")))
            for target in fault.targets:
                found.setdefault(row[target], []).append((int(steps[0]), int(steps[-1]), how))
    made = {}
    for number, spans in found.items():
        begin, end, how_all = zip(*sorted(spans), strict=True)
        made[number] = np.array(begin), np.array(end), how_all
    return made


def exhibit(run: Run) -> Exhibit:
    """Return the faults beside the alarms."""
    names = [sensor.id for sensor in run.city.sensors if sensor.kind in SENSORS]
    row = {name: number for number, name in enumerate(names)}
    given, _ = _scores(run, row)
    alarming = given >= ALARM
    rising = alarming & ~np.concatenate([np.zeros((1, len(names)), dtype=np.bool_), alarming[:-1]])
    broken = {fault.id: set(fault.targets) for fault in run.occurrences if fault.type.startswith("sensor_")}
    lasts = {fault.id: run.lasts(fault) for fault in run.occurrences}
    found: dict[str, int] = {}
    detections = []
    for step, number in zip(*(axis.tolist() for axis in np.nonzero(rising)), strict=True):
        hits = [id_ for id_, targets in broken.items() if names[number] in targets and lasts[id_][step]]
        found = {**dict.fromkeys(hits, step), **found}
        detections.append((step, names[number], bool(hits)))
    faults = [one for one in run.occurrences if one.id in broken and one.end > run.begin]
    charts = exhibits.witnesses(run, faults)
    return exhibits.exhibit(run, events=exhibits.hidden(run, found, "sensor_"), detections=detections, charts=charts)


def oracle(setting: Setting) -> Policy:
    """Return the policy that raises an alarm when a fault begins."""
    run = setting.known
    broken = [
        (fault.start, fault.end, target, fault.parameters.get("fault", fault.type.removeprefix("sensor_")))
        for fault in run.occurrences
        if fault.type.startswith("sensor_")
        for target in fault.targets
    ]

    def act(step: Step) -> Actions:
        now = [
            SuspectSensor(sensor=target, score=1.0, fault=how)
            for start, end, target, how in broken
            if start <= step.time < end
        ]
        return Actions(answers=[SensorAnswer(suspects=tuple(now))] if now else [])

    return act


CHALLENGE = Challenge(
    name="sensor-quality",
    title="Sensor quality",
    summary="Say at every step which sensors are broken, how sure you are, and how they are broken.",
    kinds=tuple(SENSORS),
    sensors=SENSORS,
    tick=STEP,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    events=events,
    answer=SensorAnswer,
    check=check,
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
)
