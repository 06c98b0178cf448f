"""traffic-incident: what alarms earn and cost, on a road of six streets of 200 m."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sandbox.parts import city_of
from tests.zenata.trials.conftest import START, ends, played, run_in, sensor
from zenata.city.model import City
from zenata.contract.answers import IncidentAnswer
from zenata.trials.challenge import Occurrence, Run, Table
from zenata.trials.incidents import (
    CHALLENGE,
    CLEARING,
    PATROL,
    PRIMARY,
    REACH,
    check,
    exhibit,
    score,
    ways_back,
)

STEPS, FIRST, MINUTE = 288, 96, 60_000_000
Named = tuple[int, int]
"""Step and street of an alarm."""


def run_of(city: City, *accidents: tuple[int, float, float, bool]) -> Run:
    """Return a day in which accidents happen: (street, first minute, minutes, whether there is evidence) each."""
    occurrences = tuple(
        Occurrence(
            id=f"accident-{number}",
            type="accident",
            targets=(f"street-{street}",),
            start=START + round(minute * MINUTE),
            end=START + round((minute + length) * MINUTE),
            parameters={},
            size=np.ones(STEPS),
            evidence=evidence,
        )
        for number, (street, minute, length, evidence) in enumerate(accidents)
    )
    return run_in(city, ends(STEPS, 5), FIRST, occurrences=occurrences)


def answered(run: Run, named: Iterable[Named]) -> Run:
    return replace(
        run, answers=[(int(run.times[step]), IncidentAnswer(streets=(f"street-{street}",))) for step, street in named]
    )


def perfect(run: Run) -> Run:
    return played(CHALLENGE, run, "oracle")


def test_the_exhibit_has_onset_first_trace_and_alarm_beside_what_a_detector_said(road: City) -> None:
    run = run_of(road, (0, 600, 60, True), (4, 900, 60, True), (5, 1200, 60, False))
    begun = run.occurrences[0].start
    occupancy = np.tile(np.linspace(0, 0.5, STEPS)[:, None], (1, 6))
    table = Table(sensors=tuple(f"traffic-{n}" for n in range(6)), values=occupancy)
    noisy = replace(table, values=occupancy + 0.1)
    traced = replace(run.occurrences[0], trace=begun + 7 * MINUTE)
    run = replace(
        run, truth={"occupancy": table}, readings={"occupancy": noisy}, occurrences=(traced, *run.occurrences[1:])
    )
    found = 122  # the step that ends 615 minutes after the start
    shown = exhibit(answered(run, [(found, 0), (270, 2)]))
    first, second, unseen = shown.events
    assert (first.verdict, second.verdict, unseen.verdict) == ("hit", "missed", "hidden")
    assert first.start < first.trace < first.found
    assert (second.trace, second.found) == (None, None)
    assert [(one.target, one.hit) for one in shown.detections] == [("street-0", True), ("street-2", False)]
    chart = shown.charts[0]
    assert (chart.name, chart.of) == ("occupancy", "traffic-0")
    reading, truth = (curve.values for curve in chart.curves)
    assert [curve.name for curve in chart.curves] == ["reading", "truth"]
    assert len(truth) == STEPS - FIRST
    assert reading[0] - truth[0] == pytest.approx(0.1, abs=1e-4)


@pytest.fixture
def road(city: City) -> City:
    """Return the city with a detector under each street."""
    return replace(city, sensors=tuple(sensor(f"traffic-{n}", street=s.id) for n, s in enumerate(city.streets)))


def test_impact_is_the_blockage_still_to_come_when_it_is_found(road: City) -> None:
    run = run_of(road, (5, 600, 60, True))
    made = score(answered(run, [(121, 5), (125, 5), (130, 0)])).impact  # ten minutes after it began; again; in vain
    assert made["blocked_ahead"] == (50.0, "min")
    assert made["patrols_in_vain"][0] == 1


def test_a_queue_reaches_back_500_m(city: City) -> None:
    assert ways_back(city, "street-5") == {"street-5": 0, "street-4": 0, "street-3": 200, "street-2": 400}


def test_queues_agree_with_networkx_in_zenata() -> None:
    import networkx as nx

    zenata = city_of("zenata")
    back = nx.DiGraph()
    for street in zenata.streets:
        if street.length < back.get_edge_data(street.end, street.start, {"weight": np.inf})["weight"]:
            back.add_edge(street.end, street.start, weight=street.length)
    for one in zenata.streets[::31]:
        ways = nx.single_source_dijkstra_path_length(back, one.start, cutoff=REACH)
        expected = {other.id: ways[other.end] for other in zenata.streets if other.end in ways} | {one.id: 0.0}
        assert ways_back(zenata, one.id) == pytest.approx(expected)


def test_measures_of_the_oracle(road: City) -> None:
    best = score(perfect(run_of(road, (5, 601, 45, True), (0, 700, 60, True), (3, 800, 60, False))))
    assert best.measures["accidents"] == (2, "1")
    assert best.measures["detection_rate"] == (1.0, "1")
    assert best.measures["false_alarms"] == (0.0, "1/d")
    assert best.measures["time_to_detect"][0] == pytest.approx((4 + 0) / 2)


def test_an_alarm_earns_the_share_of_the_accident_that_is_to_come(road: City) -> None:
    run = run_of(road, (5, 600, 60, True))  # first seen at the end of step 119, at minute 600
    late = score(answered(run, [(119 + 6, 5)]))
    assert late.points == pytest.approx(50)
    assert late.measures["time_to_detect"] == (30.0, "min")


def test_of_several_alarms_the_first_counts_and_the_others_cost_nothing(road: City) -> None:
    run = run_of(road, (5, 600, 60, True))
    assert score(answered(run, [(125, 5), (126, 4), (128, 3), (130, 5)])).points == pytest.approx(50)


def test_a_false_alarm_costs_a_patrol_once_a_street_and_hour(road: City) -> None:
    run = run_of(road, (5, 600, 60, True))
    hour = [(step, 0) for step in range(FIRST, FIRST + 12)]
    assert score(answered(run, hour)).points == pytest.approx(-100 * PATROL)
    made = score(answered(run, [*hour, (FIRST + 12, 0), (FIRST + 12, 1)]))
    assert made.points == pytest.approx(-300 * PATROL)
    assert made.measures["false_alarms"][0] == pytest.approx(3 / (192 / 288))
    assert made.measures["false_alarm_rate"][0] == pytest.approx(100 * 3 / (6 * 192))


def test_an_early_alarm_is_false_and_one_after_the_fact_earns_nothing(road: City) -> None:
    run = run_of(road, (5, 600, 60, True))
    assert score(answered(run, [(118, 5)])).points == pytest.approx(-100 * PATROL)
    over = 119 + 12
    assert score(answered(run, [(over, 5), (over + 11, 4)])).points == 0
    cleared = over + CLEARING // 300
    assert score(answered(run, [(cleared, 5)])).points == pytest.approx(-100 * PATROL)


def test_what_lies_beyond_an_accident_is_false(road: City) -> None:
    run = run_of(road, (3, 600, 60, True))
    assert score(answered(run, [(119, 4)])).points == pytest.approx(-100 * PATROL)


def test_an_accident_without_evidence_earns_and_costs_nothing(road: City) -> None:
    run = run_of(road, (5, 600, 60, False), (0, 900, 60, True))
    assert score(answered(run, [(119, 5)])).points == 0
    assert score(answered(run_of(road), [(119, 5)])).points == pytest.approx(-100 * PATROL)


def test_answers_in_the_warm_up_count_nothing(road: City) -> None:
    run = run_of(road, (5, 30, 60, True), (5, 600, 60, True))
    assert score(answered(run, [(7, 5), (5, 0)])).points == 0
    assert score(perfect(run)).points == pytest.approx(100)


def test_flooding_never_pays(road: City) -> None:
    run = run_of(road, (5, 600, 60, True), (2, 700, 60, True))
    every = [(step, street) for step in range(FIRST, STEPS) for street in range(6)]
    assert score(answered(run, every)).points < -500
    watch = [(step, 5) for step in range(FIRST, STEPS)]
    assert score(answered(run, watch)).points < 0


def test_an_unknown_street_is_refused_by_name(city: City) -> None:
    with pytest.raises(ValueError, match="unknown street 'street-99'"):
        check(IncidentAnswer(streets=("street-99",)), 0, city)
    check(IncidentAnswer(streets=("street-1",)), 0, city)


def test_the_first_detectors_stand_in_primary_streets() -> None:
    zenata = city_of("zenata")
    roads = {street.id: street.road for street in zenata.streets}
    detectors = [sensor for sensor in zenata.sensors if sensor.kind == "traffic"]
    primary = [roads[str(sensor.attributes["street"])] == "primary" for sensor in detectors]
    assert primary == [number < PRIMARY for number in range(len(detectors))]


def test_accidents_happen_in_the_scored_part_and_by_day() -> None:
    for seed in range(20):
        for event in CHALLENGE.events(np.random.default_rng(seed)):
            begin = int(event["start"][1:-1])
            assert CHALLENGE.warm_up <= begin < CHALLENGE.warm_up + CHALLENGE.duration
            if event["type"] == "accident":
                assert 6 * 3600 <= begin % 86_400 < 20 * 3600


@pytest.fixture
def jam(road: City) -> Run:
    """Return a day in which street-4 jams, and street-3 behind it, after a quiet morning."""
    chance = np.random.default_rng(1)
    occupancy, flow = chance.uniform(0.05, 0.1, (STEPS, 6)), chance.uniform(8, 12, (STEPS, 6))
    occupancy[120:130, 4], flow[120:130, 4] = 0.95, 4
    occupancy[122:130, 3], flow[122:130, 3] = 0.9, 4
    names = tuple(one.id for one in road.sensors)
    values = {"occupancy": occupancy, "flow": flow}
    readings = {name: Table(sensors=names, values=table) for name, table in values.items()}
    edges: list[dict[str, Any]] = [
        {
            "id": street.id,
            "source": street.start,
            "target": street.end,
            "road": "primary",
            "devices": [{"sensor": f"traffic-{number}"}],
        }
        for number, street in enumerate(road.streets)
    ]
    network = {"traffic": {"edges": edges}}
    return replace(run_of(road, (4, 600, 60, True)), readings=readings, network=network)


@pytest.mark.parametrize(
    ("name", "named"),
    [("naive", [(120, ("street-4",)), (122, ("street-3",))]), ("reference", [(120, ("street-4",))])],
)
def test_the_reference_names_the_head_of_a_jam_alone(
    jam: Run, name: str, named: list[tuple[int, tuple[str, ...]]]
) -> None:
    answers = played(CHALLENGE, jam, name).answers
    assert [(jam.times.tolist().index(time), answer.streets) for time, answer in answers] == named
