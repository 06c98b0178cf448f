"""Crews mend what they are sent to, and nothing else."""

import numpy as np
import pytest

from simulators.domains.streetlight import DAY_BURNING, failures
from simulators.events.base import HOUR, Event
from simulators.events.repair import CALL_OUT, WORKS, price, send
from simulators.world.world import TICK, World
from tests.simulators.events.conftest import START
from zenata.city.clock import SECOND

QUARTER = 900 * SECOND


def world_with(city, type_, kinds, hours=10, **parameters):
    event = Event(id="it", type=type_, start=START, end=START + hours * HOUR, parameters=parameters)
    return World(city, seed=1, start=START, events=[event], kinds=kinds, warm_up=False)


def run_until(world, time):
    while world.time < time:
        world.step(QUARTER)


def crew(world, target):
    repair = send(world.city, target, len(world.timeline.repairs) + 1, world.time, "somebody")
    world.timeline.repair(repair)
    return repair


def test_a_crew_mends_the_sensor_it_is_sent_to_and_the_others_stay_stuck(city):
    world = world_with(city, "sensor_stuck", ("air", "noise"), sensors=["noise-0002", "air-0001"])
    world.step(QUARTER)
    first = crew(world, "air-0001")
    stuck = world._now.disturbance.stuck
    run_until(world, first.there + HOUR)
    assert [city.sensors[place].id for place in np.flatnonzero(stuck)] == ["noise-0002"]
    assert (world.timeline.effects[0][0].end, world.found(first)) == (START + 10 * HOUR, ["sensor_stuck"])
    again = crew(world, "air-0001")
    last = crew(world, "noise-0002")
    run_until(world, last.there + HOUR)
    assert not stuck.any()
    assert world.timeline.effects[0][0].end == last.done("sensor_stuck")  # all are mended
    assert (world.found(again), price(world.found(again))) == ([], CALL_OUT)
    assert price(world.found(last)) == CALL_OUT + WORKS["sensor_stuck"].price


def test_a_district_has_its_power_back_station_by_station(city):
    world = world_with(city, "power_outage", ("power",), target="homes", what="transformer")
    world.step(QUARTER)
    repair = crew(world, "power-0003")
    run_until(world, repair.done("power_outage"))
    assert [city.sensors[place].id for place in np.flatnonzero(world._now.disturbance.out)] == ["power-0001"]
    assert world.timeline.effects[0][0].under_way(world.time)


def test_a_gateway_is_one_thing_behind_whichever_of_its_sensors(city):
    world = world_with(city, "gateway_down", ("air", "noise"), sensors=["noise-0002", "air-0001"])
    world.step(QUARTER)
    repair = crew(world, "air-0001")
    assert world.timeline.effects[0][0].end == repair.done("gateway_down")


def test_a_copy_and_a_world_that_takes_over_know_what_is_mended(city):
    world = world_with(city, "sensor_stuck", ("air", "noise"), sensors=["noise-0002", "air-0001"])
    world.step(QUARTER)
    repair = crew(world, "air-0001")
    twin, heir = world.copy(), world_with(city, "heatwave", ("air", "noise"))
    heir.timeline.adopt(world.timeline)
    for one in (world, twin, heir):
        run_until(one, repair.done("sensor_stuck"))
        assert [city.sensors[place].id for place in np.flatnonzero(one._now.disturbance.stuck)] == ["noise-0002"]


def test_a_lamp_that_has_failed_is_mended_until_it_fails_again(city, monkeypatch):
    """All lamps fail at the beginning of every third day."""

    def fail(seed, day, count):
        return np.full(count, DAY_BURNING, dtype=np.int8), np.full(count, day // 3 * 3)

    monkeypatch.setattr("simulators.domains.streetlight.failures", fail)
    world = World(city, seed=1, start=START + 12 * HOUR, kinds=("streetlight",), warm_up=False)
    lamps = [place for place, sensor in enumerate(city.sensors) if sensor.kind == "streetlight"]
    burning = world.domains["streetlight"].arrays["burning"]
    world.step(QUARTER)
    assert burning.all()
    repair = crew(world, city.sensors[lamps[3]].id)
    run_until(world, repair.there - 1)
    assert burning.all()
    run_until(world, repair.done("lamp_failure"))
    assert np.flatnonzero(burning == 0).tolist() == [3]
    assert (world.found(repair), price(world.found(repair))) == (["lamp_failure"], 1200.0)
    again = crew(world, repair.target)
    run_until(world, START + 3 * 24 * HOUR + 12 * HOUR)
    assert world.found(again) == []
    assert burning.all()


def test_a_lamp_knows_the_day_it_failed_on():
    """It is the first of the days on which it is out of order."""
    today = 740_000
    mode, since = failures(1, today, 3000)
    for lamp in np.flatnonzero(mode).tolist():
        assert failures(1, int(since[lamp]), 3000)[1][lamp] == since[lamp]
        assert failures(1, int(since[lamp]) - 1, 3000)[1][lamp] != since[lamp]
    assert (since[mode > 0] <= today).all()
    assert np.count_nonzero(mode) > 2


@pytest.mark.parametrize("target", ["air-0001", "street-0001"])
def test_a_crew_that_finds_nothing_is_paid_its_way(city, target):
    world = World(city, seed=1, start=START, kinds=("air",), warm_up=False)
    repair = crew(world, target)
    run_until(world, repair.there + TICK)
    assert (world.found(repair), repair.done(*world.found(repair))) == ([], repair.there)
