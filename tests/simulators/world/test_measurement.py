import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.world.conditions import TICK, Conditions
from simulators.world.measurement import EXACT, INSTRUMENTS, Channels, Measurement
from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES

WEEK = 60_480  # ticks


@pytest.fixture(scope="module")
def channels(city):
    return Channels.of(city)


def where(channels, kind, name):
    pairs = zip(channels.kind, channels.property, strict=True)
    return np.array([number for number, pair in enumerate(pairs) if pair == (kind, name)])


@pytest.fixture
def at(city):
    """Makes the conditions at a tick."""
    return lambda tick: Conditions.of(city, seed=1, time=tick * TICK)


@pytest.fixture
def readings(channels, at):
    return lambda *of: _readings(channels, at, *of)


def _readings(channels, at, kind, name, truth, ticks=400):
    """Readings of a constant truth, shape (ticks, sensors)."""
    measurement = Measurement(channels, 1)
    picked = where(channels, kind, name)
    return np.array([measurement.read(np.full(len(channels), truth), picked, at(tick)) for tick in range(ticks)])


def test_channels_of_a_sensor_lie_side_by_side(city, channels):
    sensors = np.array([0, 3, 6])
    picked, offsets = channels.gather(sensors)
    for sensor, low, high in zip(sensors, offsets[:-1], offsets[1:], strict=True):
        kind = city.sensors[sensor].kind
        assert [channels.property[number] for number in picked[low:high]] == list(KINDS[kind].properties)
        assert {channels.kind[number] for number in picked[low:high]} == {kind}
    assert offsets[-1] == len(picked)


def test_gathering_nothing(channels):
    picked, offsets = channels.gather(np.zeros(0, dtype=np.int32))
    assert len(picked) == 0
    assert offsets.tolist() == [0]


def test_every_instrument_measures_something_that_exists():
    assert all(name in KINDS[kind].properties for kind, name in INSTRUMENTS)


def test_kinds_that_publish_on_change_have_exact_instruments():
    """Else noise would be a change, and what `Changes` watches would not be what is published."""
    for kind in KINDS.values():
        for name in kind.properties if kind.on_change else ():
            assert INSTRUMENTS.get((kind.name, name), EXACT) == EXACT


def test_noise_bias_and_gain_have_the_spread_of_the_table(readings):
    got = readings("traffic", "speed", 50.0)
    noise = INSTRUMENTS["traffic", "speed"].noise
    assert_allclose(got.std(axis=0), noise, rtol=0.25)
    assert 0 < np.abs(got.mean(axis=0) - 50).max() < 2.5 * 0.02 * 50 + 0.2
    assert len(np.unique(got.mean(axis=0).round(1))) > 3  # each sensor strays in its own way


def test_drift_starts_again_at_calibration(channels, at):
    measurement, picked = Measurement(channels, 1), where(channels, "air", "no2")
    truth = np.full(len(channels), 50.0)
    weeks = np.array([measurement.read(truth, picked, at(week * WEEK)) for week in range(160)])
    assert np.abs(weeks[:52] - weeks[52:104]).mean() < 2.5  # a year on, less a day, about the same drift
    assert np.ptp(weeks, axis=0).max() < 16


def test_readings_are_rounded_and_within_their_range(channels, at):
    measurement = Measurement(channels, 1)
    every = np.arange(len(channels))
    digits = np.array([QUANTITIES[name].digits for name in channels.property])
    for truth in (-1e12, -3.0, 0.0, 0.77, 4e3, 1e12):
        got = measurement.read(np.full(len(channels), truth), every, at(5))
        for value, name, places in zip(got.tolist(), channels.property, digits.tolist(), strict=True):
            assert QUANTITIES[name].low <= value <= QUANTITIES[name].high
            assert value == round(value, places)
        assert not np.signbit(got[got == 0]).any()


def test_wind_direction_lives_on_a_circle(readings):
    got = readings("weather", "wind_direction", 359.5)
    assert ((got > 340) | (got < 20)).all()
    assert (got < 20).any()
    assert (got > 340).any()


def test_a_reading_does_not_depend_on_exact_ones_read_with_it(channels, at):
    measurement, truth = Measurement(channels, 1), np.ones(len(channels))
    noisy, exact = where(channels, "traffic", "speed"), where(channels, "parking", "occupied")
    alone = measurement.read(truth, noisy, at(9))
    together = measurement.read(truth, np.concatenate([exact[:3], noisy, exact[3:]]), at(9))
    assert_array_equal(together[3 : 3 + len(noisy)], alone)
    assert (measurement.read(truth, noisy, at(10)) != alone).any()


def test_a_stuck_sensor_shows_its_last_value_again(city, channels, at):
    measurement, picked = Measurement(channels, 1), where(channels, "air", "no2")
    before = measurement.read(np.full(len(channels), 50.0), picked, at(1))
    now = at(2)
    now.disturbance.stuck[[sensor.kind == "air" for sensor in city.sensors]] = True
    assert_array_equal(measurement.read(np.full(len(channels), 90.0), picked, now), before)
    assert measurement.read(np.full(len(channels), 90.0), picked, at(3)).min() > 70


def test_what_sticks_before_electronics_that_work_is_read_with_its_noise(city, channels, at):
    """About the value that it holds, of which no later truth is seen, neither in the mean nor in the size of the noise."""
    measurement, picked = Measurement(channels, 1), where(channels, "air", "no2")
    before = measurement.read(np.full(len(channels), 50.0), picked, at(1))
    spread = INSTRUMENTS["air", "no2"].noise + INSTRUMENTS["air", "no2"].relative * 50
    for share in (0.5, 1.0):
        rows = []
        for tick in range(2, 202):
            now = at(tick)
            air = [sensor.kind == "air" for sensor in city.sensors]
            now.disturbance.stuck[air], now.disturbance.tremor[air] = True, share
            rows.append(measurement.read(np.full(len(channels), 300.0), picked, now))
        assert_allclose(np.mean(rows, axis=0), before, atol=share * spread)
        assert_allclose(np.std(rows, axis=0).mean(), share * spread, rtol=0.1)
        assert_array_equal(measurement.shown[picked], before)
        assert_array_equal(np.round(rows, 1), rows)
    assert measurement.read(np.full(len(channels), 90.0), picked, at(203)).min() > 70


def test_a_drifting_sensor_shows_more_and_more(channels, at):
    picked, now, truth = where(channels, "air", "no2"), at(1), np.full(len(channels), 50.0)
    right = Measurement(channels, 1).read(truth, picked, now)
    now.disturbance.offset[picked] = 7.0
    assert_allclose(Measurement(channels, 1).read(truth, picked, now), right + 7)
