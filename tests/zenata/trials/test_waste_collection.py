"""waste-collection: costs, the bound below them, and what gains nothing."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.domains.air.dispersion import METRES_A_DEGREE
from simulators.domains.waste import DETOUR as WAY
from tests.zenata.trials.conftest import ends, run_in, sensor
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.contract.answers import NoAnswer
from zenata.trials.challenge import Run, Setting, Step, Table, Tables
from zenata.trials.waste_collection import (
    CARBON,
    CHALLENGE,
    DRIVEN,
    FUEL,
    HOUR,
    bound,
    collected_at_least,
    events,
    score,
)
from zenata.trials.waste_policies import DEGREE, DETOUR, Fleet, thrown_in

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
COUNT, STEPS, FIRST = 12, 8 * 96, 96
TIMES = ends(STEPS)
RATE = np.random.default_rng(2).uniform(0.5, 2.5, (STEPS, COUNT))  # kg in a step, so full in one to six days
Visits = list[tuple[int, list[int]]]
"""Step and containers of each tour; a truck is back within its step."""


@pytest.fixture(scope="module")
def containers(city: City) -> City:
    """Return the city with twelve containers round a depot."""
    at = np.random.default_rng(4).uniform(-0.006, 0.006, (COUNT, 2))
    sensors = tuple(sensor(f"waste-{n:04d}", at=tuple(point), litres=1100) for n, point in enumerate(at.tolist(), 1))
    table = {"density": 250.0, "trucks": 2, "truck_load": 1000.0, "depot": (0.0, 0.0)}
    return replace(city, sensors=sensors, parameters={"waste": table})


def tables(city: City, visits: Visits) -> Tables:
    """Return what tours leave behind."""
    fleet, names = Fleet.of(city), tuple(sensor.id for sensor in city.sensors)
    mass, lying, driven = np.full(COUNT, 100.0), np.zeros((STEPS, COUNT)), np.zeros((STEPS, 1))
    fill = np.zeros((STEPS, COUNT))
    for step in range(STEPS):
        mass = mass + RATE[step]
        for _, tour in (visit for visit in visits if visit[0] == step):
            mass[tour] = 0.0
            legs = fleet.between[tour[:-1], tour[1:]].sum()
            driven[step:] += fleet.depot[tour[0]] + legs + fleet.depot[tour[-1]]
        fill[step], lying[step] = np.minimum(mass / 275, 1), np.maximum(mass - 275, 0)
    found = {"fill": Table(sensors=names, values=fill), "overflow": Table(sensors=names, values=lying)}
    return {**found, DRIVEN: Table(sensors=(DRIVEN,), values=driven)}


def rounds(every: int, begin: int, end: int = STEPS) -> Visits:
    """Return tours to three times four containers every so many steps."""
    groups = [list(range(first, first + 4)) for first in (0, 4, 8)]
    return [(step, group) for step in range(begin, end, every) for group in groups]


BEFORE = rounds(4 * 96, 80, FIRST)
"""The city's own tours of the warm-up."""


@pytest.fixture(scope="module")
def collected(containers: City) -> Run:
    """Return a week in which the city's own rounds come every fourth day."""
    found = tables(containers, rounds(4 * 96, 80))
    readings = {name: found[name] for name in ("fill", "overflow")}
    return run_in(containers, TIMES, FIRST, found, readings=readings)


def test_the_figures_are_those_of_the_city() -> None:
    assert pytest.approx(METRES_A_DEGREE, rel=1e-5) == DEGREE
    assert DETOUR == WAY


def test_the_citys_own_rounds_get_0(collected: Run) -> None:
    assert score(collected).points == 0


def test_a_cost_is_kilometres_and_hours_of_overflow(collected: Run) -> None:
    made = score(collected).measures
    lying = collected.truth["overflow"].values[FIRST:] > 0
    driven = collected.truth[DRIVEN].values[:, 0]
    assert made["overflow"][0] == lying.sum() / 4 > 0
    assert made["driven"][0] == pytest.approx(driven[-1] - driven[FIRST - 1])
    assert made["cost"][0] == pytest.approx(made["driven"][0] + HOUR * made["overflow"][0])
    assert made["emptied"][0] == 12


def test_what_was_thrown_in_is_never_more_than_it_was(collected: Run) -> None:
    fleet = Fleet.of(collected.city)
    _, added = thrown_in(collected.without, fleet.capacity)
    assert (added[1:] <= RATE[1:] + 1e-9).all()
    assert np.isclose(added[1:], RATE[1:]).mean() > 0.99


def test_tours_before_they_overflow_gain_points_and_none_lose_them(collected: Run) -> None:
    daily = replace(collected, truth=tables(collected.city, BEFORE + rounds(96, FIRST + 40)))
    never = replace(collected, truth=tables(collected.city, BEFORE))
    assert score(daily).points > 20
    impact = score(daily).impact
    assert impact["overflow"][0] > 0
    assert impact["carbon"][0] == pytest.approx(impact["distance"][0] * FUEL * CARBON)
    assert 2.6 < CARBON < 2.75  # kg CO2 of a litre of diesel
    assert score(never).points < 0
    assert score(never).measures["emptied"][0] == 0


@RELAXED
@given(
    visits=st.lists(
        st.tuples(st.integers(FIRST, STEPS - 1), st.lists(st.integers(0, COUNT - 1), min_size=1, unique=True)),
        max_size=40,
    )
)
def test_no_tours_go_below_the_bound(collected: Run, visits: Visits) -> None:
    """A truck of this fleet takes three or four full containers; tours that took more would have to be cut."""
    visits = [(step, tour[at : at + 3]) for step, tour in visits for at in range(0, len(tour), 3)]
    made = score(replace(collected, truth=tables(collected.city, BEFORE + visits)))
    assert made.measures["cost"][0] >= made.measures["bound"][0]
    assert made.points <= 100


def test_good_tours_stay_above_the_bound_too(collected: Run) -> None:
    least = bound(collected)
    assert least > 5
    for every in (96, 144, 192, 240):
        for size in (2, 3, 4):
            order = np.argsort(Fleet.of(collected.city).depot)
            groups = np.split(order, range(size, COUNT, size))
            visits = [(step, group.tolist()) for step in range(FIRST + 4, STEPS, every) for group in groups]
            made = score(replace(collected, truth=tables(collected.city, BEFORE + visits)))
            assert made.measures["cost"][0] >= least


@RELAXED
@given(data=st.data())
def test_no_plan_of_a_few_containers_is_below_the_bound(containers: City, data: st.DataObject) -> None:
    """Every plan there is: two or three containers, which bulky waste fills at once, and a truck on its way back in the end."""
    count = data.draw(st.integers(2, 3))
    steps = 8 // count
    chance = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    added = chance.exponential(60, (steps + 1, count)) * chance.choice([0.3, 1, 4], (steps + 1, count))
    table = {**containers.parameters["waste"], "truck_load": float(chance.choice([300.0, 560.0])), "trucks": 1}
    near = tuple(
        replace(one, longitude=one.longitude * scale, latitude=one.latitude * scale)
        for one, scale in zip(containers.sensors[:count], chance.choice([0.05, 0.3, 1], count).tolist(), strict=True)
    )
    city = replace(containers, sensors=near, parameters={"waste": table})
    fleet, names = Fleet.of(city), tuple(sensor.id for sensor in near)

    def lies(plan: tuple[tuple[int, ...], ...]) -> tuple[list[FloatArray], float]:
        """Return what is in the containers at the end of each step, and what the plan costs."""
        mass, level, cost = np.zeros(count), [], 0.0
        for step, more in enumerate(added):
            mass = mass + more
            if step and plan:
                last = step == len(added) - 1  # the truck has not returned then
                cost += shortest_tours(mass, plan[step - 1], fleet, open_=last)
                mass[list(plan[step - 1])] = 0
            level.append(mass.copy())
            cost += HOUR / 4 * float((mass > 275).sum()) * (step > 0)
        return level, cost

    level = np.array(lies(())[0])
    nothing = {
        "fill": Table(sensors=names, values=np.minimum(level / 275, 1)),
        "overflow": Table(sensors=names, values=np.maximum(level - 275, 0)),
    }
    run = run_in(city, TIMES[: steps + 1], 1, nothing)
    visits = [tuple(one for one in range(count) if code >> one & 1) for code in range(2**count)]
    best = min(lies(plan)[1] for plan in product(visits, repeat=steps))
    assert bound(run) <= best + 1e-9


def shortest_tours(mass: FloatArray, visited: tuple[int, ...], fleet: Fleet, *, open_: bool) -> float:
    """Return the length of the shortest tours that come to some containers, each ended by what fills the truck."""
    if not visited:
        return 0.0
    found = []
    for order in permutations(visited):
        for cuts in product((False, True), repeat=len(order) - 1):
            tours = [[order[0]]]
            for cut, stop in zip(cuts, order[1:], strict=True):
                if cut:
                    tours.append([])
                tours[-1].append(stop)
            if any(mass[tour[:-1]].sum() > fleet.room for tour in tours):
                continue
            way = sum(fleet.depot[tour[0]] + fleet.between[tour[:-1], tour[1:]].sum() for tour in tours)
            back = [float(fleet.depot[tour[-1]]) for tour in tours]
            found.append(float(way) + sum(back) - (back[-1] if open_ else 0.0))
    return min(found)


@RELAXED
@given(seed=st.integers(0, 10_000))
def test_a_container_costs_no_less_than_any_way_to_empty_it(seed: int) -> None:
    """All times at which one is emptied, before or after what is thrown in in that step."""
    chance = np.random.default_rng(seed)
    added = chance.exponential(80, (6, 1)) * chance.choice([0.2, 1, 3], (6, 1))
    there, price = chance.uniform(0, 400, 1), chance.uniform(0, 2, 1)
    least = collected_at_least(there, added.cumsum(axis=0), np.full(1, 275.0), price, 280.0)
    for plan in product((None, 0.0, 0.5, 1.0), repeat=6):
        mass, cost = float(there[0]), 0.0
        for more, share in zip(added[:, 0].tolist(), plan, strict=True):
            if share is not None:
                taken = mass + share * more
                cost, mass = cost + float(price[0]) * min(taken, 280.0) / 280.0, (1 - share) * more
            else:
                mass += more
            cost += HOUR / 4 * (mass > 275)
        assert least[0] <= cost + 1e-9


def test_emptying_what_is_empty_costs_its_way(collected: Run) -> None:
    once = BEFORE + rounds(96, FIRST + 40)
    again = sorted(once + [(step + 1, tour) for step, tour in once if step >= FIRST and step + 1 < STEPS])
    points = [score(replace(collected, truth=tables(collected.city, visits))).points for visits in (once, again)]
    assert points[1] < points[0]


def test_answers_count_nothing(collected: Run) -> None:
    flood = [(int(time), NoAnswer()) for time in TIMES for _ in range(3)]
    assert score(replace(collected, answers=flood)) == score(collected)


@pytest.mark.parametrize("name", ["naive", "reference", "oracle"])
def test_policies_take_containers_out_of_rounds_and_send_trucks_by_night(collected: Run, name: str) -> None:
    policy = CHALLENGE.policies[name](Setting(city=collected.city, network={}, truth=collected))
    sent: dict[int, list[str]] = {}
    for index, moment in enumerate(TIMES.tolist()):
        commands = policy(Step.of(collected.readings, index, FIRST, moment)).commands
        assert index >= FIRST or not commands
        ordered = [sensor for sensor, values in commands.items() if values["empty"] == 1]
        left = [sensor for sensor, values in commands.items() if values["empty"] == 0]
        assert len(ordered) + len(left) == len(commands)
        if ordered and index != FIRST:
            sent[index] = ordered
    hours = {(index + 1) // 4 % 24 for index in sent}
    assert sent
    assert hours <= {21, 22, 23, 0, 1, 2, 3}  # UTC, an hour or none behind


def test_a_report_has_what_was_driven_and_what_overflows(collected: Run) -> None:
    shown = CHALLENGE.exhibit(collected) if CHALLENGE.exhibit else None
    assert shown is not None
    assert [chart.name for chart in shown.charts] == ["overflow", "driven"]
    assert all(len(curve.values) == STEPS - FIRST for chart in shown.charts for curve in chart.curves)
    driven = shown.charts[1].curves[0].values[-1]
    assert driven == pytest.approx(score(collected).measures["driven"][0], rel=1e-4)
    assert {place.verdict for place in shown.places} == {"false"}


def test_sensors_stick_and_festivals_begin_in_the_scored_part() -> None:
    for seed in range(20):
        found = events(np.random.default_rng(seed))
        assert all(int(event["start"][1:-1]) >= CHALLENGE.warm_up for event in found)
        assert len(found[0]["sensors"]) > 5


def test_a_bound_that_is_remembered_is_that_of_the_seed(collected: Run) -> None:
    later = replace(collected, first=collected.first + 4 * 96)  # after a round
    bounds = [bound(run) for run in (collected, later, collected, replace(collected, commands=()))]
    assert bounds[0] == bounds[2] == bounds[3] > bounds[1]
