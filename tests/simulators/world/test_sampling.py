import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.world.measurement import Channels
from simulators.world.sampling import Changes, Schedule
from simulators.world.world import SIMULATED
from zenata.city.kinds import KINDS


@pytest.fixture(scope="module")
def times_due(city):
    """How often each sensor is due in an hour, at which ticks."""
    schedule = Schedule(city, SIMULATED, 1)
    due = [schedule.due(tick - 1, tick) for tick in range(1000, 1360)]
    return [np.flatnonzero([number in sensors for sensors in due]) for number in range(len(city.sensors))]


def test_every_simulated_sensor_keeps_its_period(city, times_due):
    for sensor, ticks in zip(city.sensors, times_due, strict=True):
        if sensor.kind in SIMULATED:
            period = KINDS[sensor.kind].period // 10
            assert len(ticks) == 360 // period
            assert (np.diff(ticks) == period).all()
        else:
            assert len(ticks) == 0


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_in_longer_ticks_everybody_is_due_who_was_in_short_ones(city, ticks):
    schedule, after = Schedule(city, SIMULATED, 1), 1000
    for ticks_on in ticks:
        due = schedule.due(after, after + ticks_on)
        shorter = [schedule.due(tick, tick + 1) for tick in range(after, after + ticks_on)]
        assert sorted(due) == sorted(set(np.concatenate(shorter)))
        after += ticks_on


def test_sensors_of_a_kind_spread_over_the_period(city, times_due):
    lamps = [ticks[0] for sensor, ticks in zip(city.sensors, times_due, strict=True) if sensor.kind == "streetlight"]
    assert max(lamps.count(tick) for tick in range(90)) == 1  # 40 lamps over 90 ticks


def test_a_change_is_seen_once(city):
    channels = Channels.of(city)
    changes = Changes(city, channels, SIMULATED)
    bays = [number for number, sensor in enumerate(city.sensors) if sensor.kind == "parking"]
    truth = np.zeros(len(channels))
    assert changes.see(truth).tolist() == bays  # nothing was known before
    assert changes.see(truth).tolist() == []
    truth[channels.first[bays[3]]] = 1
    assert changes.see(truth).tolist() == [bays[3]]
    assert changes.see(truth).tolist() == []
