"""ev-charging: what schedules pay, on five chargers whose batteries charge at any level, and the bound beside an LP."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zenata.trials.conftest import ends, run_in, sensor
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.trials.challenge import Run, Setting, Step, Table, Tables
from zenata.trials.charging import CHALLENGE, score
from zenata.trials.charging_schedule import (
    HOURS,
    MISSED,
    Sites,
    blocks_of,
    bound,
    schedule,
    sessions_of,
    tariff_of,
)

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
STEPS, FIRST = 108, 12
TIMES = ends(STEPS, 5)
RATED = np.array([22.0, 22.0, 7.4, 22.0, 7.4])
SITE = np.array([0, 0, 1, 2, 3])
LIMIT = np.array([26.4, 7.4, 22.0, 7.4])
TARIFF = [1.2, 1.5, 2.0, 2.0, 1.2, 1.5, *[1.5] * 18]

Stay = tuple[int, int, int, float, float]
"""Charger, first and last step, what it asks for [kWh], and what it draws at most [kW]."""
# They come and leave with the blocks of the schedule, so that it can be driven.
STAYS: tuple[Stay, ...] = (
    (0, 6, 59, 40.0, 11.0),
    (0, 60, 89, 15.0, 22.0),
    (1, 21, 71, 30.0, 22.0),
    (2, 3, 107, 12.0, 7.4),
    (3, 15, 29, 25.0, 11.0),
    (3, 42, 107, 30.0, 11.0),
    (4, 51, 80, 30.0, 7.4),
)


@pytest.fixture
def chargers(city: City) -> City:
    """Return the city with five chargers in two districts, two of which share a site."""
    made = (
        sensor(f"charger-{number}", "west" if number < 3 else "east", watts=1000 * rated)
        for number, rated in enumerate(RATED.tolist())
    )
    return replace(city, sensors=tuple(made))


def network() -> dict[str, Any]:
    sites = [
        {"limit": 1000 * limit, "chargers": [f"charger-{one}" for one in np.flatnonzero(number == SITE)]}
        for number, limit in enumerate(LIMIT.tolist())
    ]
    return {"power": {"graph": {"tariff": TARIFF, "charging_sites": sites}}}


def charged(limit: FloatArray, stays: tuple[Stay, ...] = STAYS) -> Tables:
    """Return the truth where chargers are limited, shape (n_steps, n_chargers) [kW]; sites share what they have."""
    power, requested, departure, occupied = np.zeros((4, STEPS, 5))
    left = [stay[3] for stay in stays]
    for step in range(STEPS):
        here = [number for number, stay in enumerate(stays) if stay[1] <= step <= stay[2]]
        for number in here:
            charger = stays[number][0]
            want = min(limit[step, charger], stays[number][4], RATED[charger])
            power[step, charger] = want if left[number] > 1e-9 else 0.0
        total = np.bincount(SITE, power[step], len(LIMIT))
        power[step] *= np.minimum(LIMIT / np.maximum(total, 1e-9), 1.0)[SITE]
        for number in here:
            charger, _, end, _, _ = stays[number]
            energy = min(power[step, charger] * HOURS, left[number])
            left[number] -= energy
            power[step, charger] = energy / HOURS
            occupied[step, charger], requested[step, charger] = 1, left[number]
            departure[step, charger] = 5 * (end - step) + 1
    names = tuple(f"charger-{number}" for number in range(5))
    values = {
        "power": 1000 * power,
        "energy": 100 + np.cumsum(power * HOURS, axis=0),
        "requested": requested,
        "departure": departure,
        "occupied": occupied,
    }
    return {name: Table(sensors=names, values=array) for name, array in values.items()}


FREE = np.full((STEPS, 5), np.inf)


def run_of(city: City, limit: FloatArray, stays: tuple[Stay, ...] = STAYS) -> Run:
    """Return a run in which limits are set when commands are taken."""
    limit = np.where(np.arange(STEPS)[:, None] <= FIRST, np.inf, limit)
    return run_in(city, TIMES, FIRST, charged(limit, stays), without=charged(FREE), network=network())


def best(city: City) -> FloatArray:
    """Return the limits of the cheapest schedule [kW]."""
    run = run_of(city, FREE)
    sessions, limit = sessions_of(run.without, run), np.zeros((STEPS, 5))
    plan = schedule(Sites.of(run), sessions, tariff_of(run), FIRST + 1)
    block = blocks_of(np.arange(FIRST + 1, STEPS), FIRST + 1)
    for one, charger in enumerate(sessions.charger.tolist()):
        for step in range(int(sessions.begin[one]), int(sessions.end[one]) + 1):
            inside = [
                other
                for other in range(int(sessions.begin[one]), int(sessions.end[one]) + 1)
                if block[other - FIRST - 1] == block[step - FIRST - 1]
            ]
            limit[step, charger] = plan[one, block[step - FIRST - 1]] / (len(inside) * HOURS)
    return limit


def test_sessions_are_read_from_what_is_seen(chargers: City) -> None:
    run = run_of(chargers, FREE)
    sessions = sessions_of(run.without, run)
    assert sorted(zip(sessions.charger.tolist(), sessions.begin.tolist(), sessions.end.tolist(), strict=True)) == [
        (charger, max(begin, FIRST + 1), end) for charger, begin, end, _, _ in sorted(STAYS)
    ]
    came_later = [number for number, stay in enumerate(sorted(STAYS)) if stay[1] > FIRST]
    order = np.lexsort((sessions.begin, sessions.charger))
    expected = np.array([stay[3] for stay in sorted(STAYS)])
    assert sessions.need[order][came_later] == pytest.approx(expected[came_later])
    assert sessions.power[order].tolist() == [stay[4] for stay in sorted(STAYS)]


def test_no_control_gets_0_and_the_cheapest_schedule_100(chargers: City) -> None:
    assert score(run_of(chargers, FREE)).points == pytest.approx(0)
    made = score(run_of(chargers, best(chargers)))
    assert made.points == pytest.approx(100, abs=0.1)
    assert made.measures["over_limit"][0] == pytest.approx(0, abs=0.1)
    assert made.measures["cost_over_nothing"][0] < 1
    assert made.impact["money"][0] > 0


def test_the_bound_agrees_with_a_linear_programme(chargers: City) -> None:
    from scipy.optimize import linprog

    run = run_of(chargers, FREE)
    sites, sessions, price = Sites.of(run), sessions_of(run.without, run), tariff_of(run)
    pairs = [(one, k) for one in range(len(sessions.need)) for k in range(sessions.begin[one], sessions.end[one] + 1)]
    steps = range(FIRST + 1, STEPS)
    rows, most = [], []
    for one, need in enumerate(sessions.need.tolist()):
        rows.append([float(pair[0] == one) for pair in pairs])
        most.append(need)
    for of, limits in ((sites.site, sites.site_limit), (sites.district, sites.district_limit)):
        for number, limit in enumerate(limits.tolist()):
            for step in steps:
                rows.append([float(k == step and of[sessions.charger[one]] == number) for one, k in pairs])
                most.append(limit * HOURS)
    gain = [price[k - FIRST - 1] - MISSED for _, k in pairs]
    top = [(0, sessions.power[one] * HOURS) for one, _ in pairs]
    found = linprog(gain, A_ub=np.array(rows), b_ub=most, bounds=top)
    least = MISSED * sessions.need.sum() + found.fun
    mine = bound(sites, sessions, price, FIRST + 1)
    assert mine <= least + 1e-6
    assert mine == pytest.approx(least, rel=1e-3)


def test_what_a_vehicle_leaves_without_and_what_is_above_the_limit_is_paid(chargers: City) -> None:
    none = score(run_of(chargers, np.zeros((STEPS, 5))))
    assert none.points < 0
    assert none.measures["delivered"][0] < 0.1
    assert none.measures["met"][0] < 0.5
    assert score(run_of(chargers, FREE)).measures["over_limit"][0] > 0


def test_turning_vehicles_away_counts_as_missing_and_others_in_their_place_count_nothing(chargers: City) -> None:
    starved = FREE.copy()
    starved[:, 1] = 0
    fewer = score(run_of(chargers, FREE, STAYS[:2] + STAYS[3:]))
    assert fewer.points == pytest.approx(score(run_of(chargers, starved)).points)
    others = (*STAYS[:2], (1, 22, 69, 30.0, 22.0), *STAYS[3:])
    assert score(run_of(chargers, FREE, others)).points < fewer.points


@RELAXED
@given(levels=st.lists(st.floats(0, 1.2), min_size=15, max_size=15), more=st.floats(0.5, 1.5))
def test_no_limits_beat_the_bound(chargers: City, levels: list[float], more: float) -> None:
    by_hours = np.repeat(np.array(levels).reshape(3, 5), STEPS // 3, axis=0)
    assert score(run_of(chargers, by_hours * RATED)).points <= 100
    assert score(run_of(chargers, best(chargers) * more)).points <= 100.1


def test_what_happened_before_commands_were_taken_counts_nothing(chargers: City) -> None:
    limit = best(chargers)
    limit[:FIRST] = 0
    assert score(run_of(chargers, limit)).points == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("name", ["naive", "reference"])
def test_policies_hold_the_limit_and_gain(chargers: City, name: str) -> None:
    """Step by step, each with the limits that were set behind the one before."""
    setting = Setting(city=chargers, network=network())
    policy, limit = CHALLENGE.policies[name](setting), FREE.copy()
    watts = {f"charger-{number}": number for number in range(5)}
    for index in range(STEPS - 1):
        actions = policy(Step.of(charged(limit), index, FIRST, int(TIMES[index])))
        limit[index + 1] = limit[index]
        for charger, setpoints in actions.commands.items():
            value = setpoints["limit"]
            limit[index + 1, watts[charger]] = np.inf if value is None else value / 1000
    made = score(run_of(chargers, limit))
    assert 0 < made.points <= 100
    assert made.measures["over_limit"][0] < score(run_of(chargers, FREE)).measures["over_limit"][0]
