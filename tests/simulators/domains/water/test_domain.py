import os
from dataclasses import replace

import numpy as np
import pytest
from epanet import toolkit
from numpy.testing import assert_allclose, assert_array_equal

from sandbox.parts import city_of
from simulators.domains.water.domain import EVERY, PHASE, Water
from simulators.domains.water.tanks import START, STOP
from simulators.world.conditions import TICK, Conditions
from tests.simulators.conftest import small_city
from tests.simulators.domains.driving import drive, steps
from zenata.city.clock import parse_time
from zenata.city.model import Sensor
from zenata.errors import CityError

DAY = 8640
MONDAY = parse_time("2026-03-30T00:00:00Z")
PEOPLE = 231_400


def start(city, time=MONDAY):
    now = Conditions.of(city, seed=1, time=time)
    return Water(city, now), now


def stored(water):
    return float(water.arrays["level"] @ water._tanks._area)


@pytest.fixture(scope="module")
def week():
    """A mild week of Zenata: what was pumped and so on [m3], what tanks gained, pressures and flows at each solution."""
    water, now = start(city_of("zenata"))
    before = stored(water)
    pressures, delivered = [], []
    for _ in steps(now, 7 * DAY, water):
        if now.passes(EVERY, PHASE):
            pressures.append(water.arrays["pressure"].copy())
            delivered.append(water.arrays["rates"][1])
    return water.arrays["totals"], stored(water) - before, np.array(pressures), np.array(delivered)


def test_no_water_is_lost(week):
    (pumped, delivered, leaked, spilt), gained, _, _ = week
    assert spilt == 0
    assert pumped == pytest.approx(delivered + leaked + gained, rel=1e-6)


def test_zenata_consumes_and_loses_what_is_known(week):
    """92 l an inhabitant and day consumed, 120 supplied, 23 % lost (a yield of 77.0 %)."""
    (_, delivered, leaked, _), _, _, _ = week
    assert delivered * 1000 / 7 / PEOPLE == pytest.approx(92, rel=0.05)  # weeks differ
    assert (delivered + leaked) * 1000 / 7 / PEOPLE == pytest.approx(120, rel=0.05)
    assert leaked / (delivered + leaked) == pytest.approx(0.23, abs=0.015)


def test_working_days_draw_as_differently_as_real_ones():
    """The coefficient of variation of a network's working days is 3 to 5 %; seasons in five weeks add little."""
    city = city_of("zenata")
    totals = []
    for seed in range(4):
        now = Conditions.of(city, seed=seed, time=MONDAY)
        water = Water(city, now)
        for day in range(5 * 7):
            draws = []
            for hour in range(24):
                now.move_to(MONDAY + (day * 24 + hour + 1) * 360 * TICK)
                water._draw(now)
                draws.append(water.arrays["demand"].sum())
            if not now.rest_day and day % 7 < 5:
                totals.append((seed, np.mean(draws)))
    by_seed = [np.array([value for number, value in totals if number == seed]) for seed in range(4)]
    variation = np.mean([days.std() / days.mean() for days in by_seed])
    assert 0.02 < variation < 0.06


def test_zenata_has_two_to_six_bar_at_any_hour(week):
    _, _, pressures, delivered = week
    assert pressures.min() > 20.4
    assert pressures.max() < 61.2
    peak, night = delivered.argmax(), delivered.argmin()
    assert pressures[peak].mean() < pressures[night].mean() - 4
    assert 1.45 < delivered.max() / delivered.mean() < 1.8
    assert delivered.min() / delivered.mean() < 0.4


def test_tanks_swing_with_the_day_and_pumps_keep_them_up():
    water, now = start(small_city())
    levels = np.array([water.arrays["level"].copy() for _ in steps(now, 2 * DAY, water)]) / water._tanks._depth
    assert 0.3 < levels.min() < levels.max() <= STOP.max() + 0.01
    assert np.ptp(levels, axis=0).min() > 0.1


def own_run(path, demand, depths):
    """Return the levels of tanks that EPANET's own run over a day gives, with its own controls, every five minutes."""
    project = toolkit.createproject()
    toolkit.open(project, str(path), os.devnull, "")
    for parameter, value in ((toolkit.DURATION, 86400), (toolkit.HYDSTEP, 300), (toolkit.PATTERNSTEP, 300)):
        toolkit.settimeparam(project, parameter, value)
    for node, course in enumerate(demand.T, 1):
        toolkit.addpattern(project, f"pattern-{node}")
        values = toolkit.doubleArray(len(course))
        for index, value in enumerate(course.tolist()):
            values[index] = value
        toolkit.setpattern(project, node, values, len(course))
        toolkit.setnodevalue(project, node, toolkit.BASEDEMAND, 1.0)
        toolkit.setdemandpattern(project, node, 1, node)
    tanks = [toolkit.getnodeindex(project, f"tank-{tank}") for tank in range(len(depths))]
    for tank, node in enumerate(tanks):
        for pump, (start_at, stop_at) in enumerate(zip(START, STOP, strict=True)):
            link = toolkit.getlinkindex(project, f"pump-{tank}-{pump}")
            depth = depths[tank]
            toolkit.addcontrol(project, toolkit.LOWLEVEL, link, toolkit.OPEN, node, start_at * depth)
            toolkit.addcontrol(project, toolkit.HILEVEL, link, toolkit.CLOSED, node, stop_at * depth)
    toolkit.openH(project)
    toolkit.initH(project, toolkit.NOSAVE)
    levels, step = [], 1
    while step > 0:
        if toolkit.runH(project) % 300 == 0:
            levels.append([toolkit.getnodevalue(project, node, toolkit.PRESSURE) for node in tanks])
        step = toolkit.nextH(project)
    toolkit.deleteproject(project)
    return np.array(levels)


def test_a_day_is_as_in_epanets_own_run(tmp_path):
    """Levels of the tanks within 2 cm, where they swing by more than a metre."""
    path = tmp_path / "small.inp"
    water, now = start(small_city(), MONDAY + (PHASE - 1) * TICK)
    levels, demand, running = [], [], []
    for _ in steps(now, DAY, water):
        if now.passes(EVERY, PHASE):
            if not levels:
                toolkit.saveinpfile(water._hydraulics.project, str(path))
            levels.append(water.arrays["level"].copy())
            demand.append(water.arrays["demand"].copy())
            running.append(water.arrays["running"].copy())
    assert (np.diff(running, axis=0)).sum() >= 3
    own = own_run(path, np.array(demand), water._tanks._depth)
    assert_allclose(own[: len(levels)], levels, atol=0.02)


def over(water, pipe):
    """Return the streets over a pipe."""
    return np.flatnonzero(water._under == pipe)


def test_a_leak_lowers_pressure_nearby_and_its_street_s_valves_end_it(zenata):
    water, now = start(zenata, MONDAY + (PHASE + 1) * TICK)
    ticks = steps(now, 4, water)
    next(ticks)
    network, arrays = water._network, water.arrays
    sensor = int(np.flatnonzero((network.length[water._pipe] > 250) & (water._tank < 0))[50])
    pipe = water._pipe[sensor]
    before = {name: array.copy() for name, array in arrays.items()}
    now.disturbance.leak[over(water, pipe)] = 1e-3  # on both sides, 20 cm2 in all
    assert len(over(water, pipe)) == 2
    next(ticks)  # noticed at the next tick, whatever the time
    lost = arrays["rates"][2] - before["rates"][2]
    assert 20 < lost < 45  # about 0.6 A (2 g h)**0.5
    fall = before["pressure"] - arrays["pressure"]
    ends = [network.start[pipe], network.end[pipe]]
    assert fall.min() > 0
    assert fall[ends].min() > np.quantile(fall, 0.9)
    assert fall[ends].min() > 1
    more = arrays["flow"][-2:] - before["flow"][-2:]
    assert more.min() > 0
    assert more.sum() == pytest.approx(lost, rel=0.02)
    now.setpoints.of("water", "valve")[sensor] = 0
    next(ticks)
    assert arrays["rates"][2] == pytest.approx(before["rates"][2], rel=0.02)
    assert_allclose(arrays["flow"][-2:].sum(), before["flow"][-2:].sum(), rtol=0.01)
    assert arrays["flow"][pipe] == pytest.approx(0, abs=1e-4)
    assert arrays["rates"][1] == pytest.approx(before["rates"][1], rel=1e-3)  # the loops serve all others


def test_sensors_see_their_street(zenata):
    water, now = start(zenata)
    before = water.observe(now)
    drive(now, 60, water)
    seen = water.observe(now)
    sensors = [sensor for sensor in zenata.sensors if sensor.kind == "water"]
    assert seen.shape == (len(sensors), 3)
    streets = np.array(["street" in sensor.attributes for sensor in sensors])
    assert (seen[streets, 0] > 20).all()
    assert (seen[:, 2] >= before[:, 2]).all()
    assert seen[:, 2].sum() > before[:, 2].sum()
    twins = {}  # both directions of a street
    for number, sensor in enumerate(sensors):
        if not streets[number]:
            continue
        pipe, direction = water._network.pipe_of[sensor.attributes["street"]]
        twins.setdefault(pipe, {}).setdefault(direction, number)
    pairs = np.array([(both[1], both[-1]) for both in twins.values() if len(both) == 2])
    assert_array_equal(seen[pairs[:, 0], 1], -seen[pairs[:, 1], 1])
    shut = water._pipe[0]
    now.setpoints.of("water", "valve")[0] = 0
    drive(now, 1, water)
    assert (water.observe(now)[water._pipe == shut, 0] == 0).all()


def test_a_full_tank_overflows():
    water, now = start(small_city())
    water.arrays["level"][:] = water._tanks._depth
    water.arrays["inflow"][:] = 3.0
    water.arrays["steady"][:] = np.inf
    drive(now, 1, water)
    assert water.arrays["totals"][3] == pytest.approx(2 * 3.0 * 10 / 1000)
    assert (water.arrays["level"] == water._tanks._depth).all()


def test_heat_and_the_feast_raise_demand(city):
    demand = {}
    for name in ("usual", "hot", "feast"):
        water, now = start(city, MONDAY + (12 * 360 + PHASE - 1) * TICK)
        now.temperature = 29.0 if name == "hot" else 15.0
        water.arrays["warmth"][:] = now.temperature
        now.move_to(now.time + TICK)
        now.aid_el_kebir = name == "feast"
        water.step(now)
        demand[name] = water.arrays["demand"].sum()
    assert demand["hot"] / demand["usual"] == pytest.approx(1.14, rel=0.03)
    assert demand["feast"] / demand["usual"] == pytest.approx(1.14, rel=0.03)


def test_demand_follows_heat_as_fast_in_long_ticks(city):
    warmth = []
    for every in (TICK, 90 * TICK):
        water, now = start(city)
        now.temperature += 10.0
        drive(now, 6 * 360 * TICK // every, water, every=every)
        warmth.append(float(water.arrays["warmth"][0]) - now.temperature)
    assert_allclose(warmth, -10 * np.exp(-0.25), rtol=1e-6)


def test_a_sensor_without_a_pipe_is_refused(city, conditions):
    motorway = next(street.id for street in city.streets if street.road == "motorway")
    stray = Sensor(
        id="water-9999", kind="water", district="homes", longitude=0, latitude=0, attributes={"street": motorway}
    )
    with pytest.raises(CityError, match=motorway):
        Water(replace(city, sensors=(stray,)), conditions)
    for supply in (0, 3, 1.5):
        with pytest.raises(CityError, match=f"water-9999: there is no supply {supply}"):
            Water(replace(city, sensors=(replace(stray, attributes={"supply": supply}),)), conditions)
