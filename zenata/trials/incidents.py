"""traffic-incident: where accidents block lanes, by what detectors under the road show.

An alarm names a street. It is true if an accident blocks that street, or one that a queue of at most 500 m in that street
comes from. Points are those of a cost and a benefit (Petty et al. 2000, UCB-ITS-PWP-2000-11): the first true alarm of an
accident earns the share of the accident's time that is then still to come, a false one costs a patrol, once for a street
and hour. What repeats an alarm costs and earns nothing. Points are 100 times the sum over that of naming every accident at
the end of the step in which it begins.

Beside it stand detection rate, false alarm rate and mean time to detect, as Payne and Tignor have them (1978, Transportation
Research Record 682, 30-37). Accidents count that left evidence: those of which the truth labels say that they changed the
occupancy of the very street.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.contract.answers import IncidentAnswer
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Actions, Challenge, Occurrence, Policy, Run, Score, Setting, Step
from zenata.trials.incident_policies import naive, reference
from zenata.trials.needs import numbered
from zenata.trials.variants import planned

REACH = 500.0
"""Length of the queue in which an alarm is true, from the start of the accident's street back [m] (default)."""

PATROL = 0.2
"""What a false alarm costs, in accidents found at once (default)."""

CLEARING = 3600
"""Time after an accident in which its queue clears, and alarms in it are neither true nor false [s] (default)."""

STEP = 300
"""Time between two answers [s]."""

WARM_UP, DURATION = 2 * DAY, 3 * DAY
"""For learning, and what is scored [s]."""

PRIMARY, DETECTORS = 102, 400
"""How many detectors of the city pack of Zenata, the first ones, stand in primary streets, and how many there are."""

DAYTIME = (6, 20)
"""Hours of the day (UTC) between which accidents happen, when there is traffic that they stop [h]."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return six to twelve accidents in primary streets, a festival to which people drive, and two broken detectors."""
    found: list[Mapping[str, Any]] = []
    for number in range(int(chance.integers(6, 13))):
        begin = WARM_UP + int(chance.integers(DURATION // DAY)) * DAY
        begin += int(chance.integers(DAYTIME[0] * 3600, DAYTIME[1] * 3600))
        found.append(
            planned(
                "accident",
                f"hidden-accident-{number}",
                begin,
                int(chance.integers(30, 91)) * 60,
                target=numbered("traffic", int(chance.integers(1, PRIMARY + 1))),
                capacity=round(float(chance.uniform(0.1, 0.4)), 2),
            )
        )
    feast = WARM_UP + int(chance.integers(DURATION // DAY)) * DAY + int(chance.integers(12, 17)) * 3600
    found.append(planned("festival", "hidden-festival", feast, 6 * 3600, trips=600))
    for number, detector in enumerate(dict.fromkeys((chance.integers(1, DETECTORS + 1, 2)).tolist())):
        begin = WARM_UP + int(chance.integers(DURATION - DAY // 2))
        sensor = numbered("traffic", detector)
        fault = {"sensor": sensor, "property": "occupancy", "fault": "noise", "size": 0.2}
        type_, parameters = ("sensor_stuck", {"sensors": [sensor]}) if number else ("sensor_fault", fault)
        found.append(planned(type_, f"hidden-fault-{number}", begin, DAY // 2, **parameters))
    return tuple(found)


def check(answer: IncidentAnswer, time: int, city: City) -> None:
    """Raise ValueError if an answer cannot be scored."""
    known = {street.id for street in city.streets}
    for street in answer.streets:
        if street not in known:
            raise ValueError(f"unknown street {street!r}: name a street of GET /v1/networks/traffic")


def ways_back(city: City, street: str) -> dict[str, float]:
    """Return the streets that a queue fills that begins in one and is `REACH` long, with how far back each ends [m]."""
    into: dict[str, list[tuple[str, str, float]]] = {}
    for one in city.streets:
        into.setdefault(one.end, []).append((one.id, one.start, float(one.length)))
    (begin,) = (one.start for one in city.streets if one.id == street)
    found, waiting = {street: 0.0}, [(begin, 0.0)]
    while waiting:
        node, way = waiting.pop()
        for name, start, length in into.get(node, []):
            if way <= REACH and way < found.get(name, np.inf):
                found[name] = way
                waiting.append((start, way + length))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Accident:
    """An accident that is scored, or excused.

    Parameters
    ----------
    streets : mapping of str to float
        In which an alarm belongs to it, as `ways_back` has them.
    start, end, cleared : int
        [us since the Unix epoch]
    counts : bool
        Whether it left evidence.
    """

    streets: Mapping[str, float]
    start: int
    end: int
    cleared: int
    counts: bool

    @classmethod
    def of(cls, run: Run, accident: Occurrence) -> "_Accident":
        return cls(
            streets=ways_back(run.city, accident.targets[0]),
            start=accident.start,
            end=accident.end,
            cleared=accident.end + CLEARING * SECOND,
            counts=accident.evidence and bool(_steps(run, accident)),
        )

    def explains(self, street: str, time: int) -> bool:
        """Return whether an alarm is no false one because of this accident."""
        return self.start <= time < self.cleared and street in self.streets


def _steps(run: Run, accident: Occurrence) -> list[int]:
    """Return the times of the scored steps at whose end an accident blocks the road [us since the Unix epoch]."""
    return [time for time in run.times[run.first :].tolist() if accident.start <= time < accident.end]


def _alarms(run: Run) -> Iterator[tuple[int, int, str]]:
    """Yield step, time [us since the Unix epoch] and street of every alarm in the scored part, in the order of time."""
    alarms = {(step, street) for step, answer in run.answers_of(IncidentAnswer) for street in answer.streets}
    return ((step, int(run.times[step]), street) for step, street in sorted(alarms))


def score(run: Run) -> Score:
    """Return the score of one seed."""
    accidents = [_Accident.of(run, one) for one in run.occurrences if one.type == "accident"]
    begun = {
        number: next(time for time in run.times[run.first :].tolist() if time >= one.start)
        for number, one in enumerate(accidents)
        if one.counts
    }
    found: dict[int, int] = {}
    false: set[tuple[str, int]] = set()
    for _, time, street in _alarms(run):
        explained = [number for number, one in enumerate(accidents) if one.explains(street, time)]
        for number in explained:
            if accidents[number].counts and time < accidents[number].end:
                found.setdefault(number, time)
        if not explained:
            false.add((street, (time - run.begin) // (3600 * SECOND)))
    earned = sum(
        (accidents[number].end - time) / (accidents[number].end - begun[number]) for number, time in found.items()
    )
    delays = [(time - accidents[number].start) / (60 * SECOND) for number, time in found.items()]
    detectors = len({str(one.attributes.get("street")) for one in run.city.sensors if one.kind == "traffic"})
    tests = detectors * (len(run.times) - run.first)
    days = (len(run.times) - run.first) * run.step / (DAY * SECOND)
    return Score(
        points=100 * (earned - PATROL * len(false)) / max(len(begun), 1),
        measures={
            "accidents": (len(begun), "1"),
            "detection_rate": (len(found) / len(begun) if begun else np.nan, "1"),
            "false_alarms": (len(false) / days, "1/d"),
            "false_alarm_rate": (100 * len(false) / tests if tests else np.nan, "%"),
            "precision": (len(found) / (len(found) + len(false)) if found or false else np.nan, "1"),
            "time_to_detect": (float(np.mean(delays)) if delays else np.nan, "min"),
        },
        impact={
            "blocked_ahead": (sum(accidents[one].end - time for one, time in found.items()) / (60 * SECOND), "min"),
            "patrols_in_vain": (float(len(false)), "1"),
        },
    )


def exhibit(run: Run) -> Exhibit:
    """Return the accidents beside the streets that were named."""
    accidents = {one.id: (one, _Accident.of(run, one)) for one in run.occurrences if one.type == "accident"}
    found: dict[str, int] = {}
    named = []
    for step, time, street in _alarms(run):
        explained = [id_ for id_, (_, accident) in accidents.items() if accident.explains(street, time)]
        for id_ in explained:
            if time < accidents[id_][0].end:
                found.setdefault(id_, step)
        named.append((step, street, bool(explained)))
    charts = exhibits.witnesses(run, (one for one, accident in accidents.values() if accident.counts), "occupancy")
    events = exhibits.hidden(run, found, "accident")
    return exhibits.exhibit(run, events=events, detections=named, charts=charts)


def oracle(setting: Setting) -> Policy:
    """Return the policy that names every accident at the end of the step in which it begins."""
    run = setting.known
    accidents = [(one, steps[0]) for one in run.occurrences if one.type == "accident" and (steps := _steps(run, one))]

    def act(step: Step) -> Actions:
        now = tuple(one.targets[0] for one, begin in accidents if begin == step.time and one.evidence)
        return Actions(answers=[IncidentAnswer(streets=now)] if now else [])

    return act


CHALLENGE = Challenge(
    name="traffic-incident",
    title="Traffic incidents",
    summary="Name the streets in which accidents block lanes, soon after they happen and without false alarms.",
    kinds=("traffic",),
    sensors={"traffic": DETECTORS},
    networks=("traffic",),
    tick=STEP,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    evidence="occupancy",
    events=events,
    answer=IncidentAnswer,
    check=check,
    score=score,
    exhibit=exhibit,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    factors=(
        Factor(name="patrol", value=PATROL, unit="1", source="default"),
        Factor(name="reach", value=REACH, unit="m", source="default"),
    ),
)
