import numpy as np
import pytest

from simulators.labels.difference import WINDOW, Tally, Threshold, affected
from simulators.world.measurement import Channels
from simulators.world.world import TICK


@pytest.fixture(scope="module")
def channels(city):
    return Channels.of(city)


def channel_of(channels, kind, name):
    return list(zip(channels.kind, channels.property, strict=True)).index((kind, name))


def found(city, channels, seen, otherwise, windows=1):
    tally = Tally(channels, Threshold(channels))
    for tick in range(windows * WINDOW // TICK):
        tally.add(seen, otherwise, (tick + 1) * TICK)
    return tally, list(affected(city, channels, tally.found()))


def test_nothing_differs_between_equal_worlds(city, channels):
    same = np.linspace(0, 50, len(channels))
    same[5] = np.nan
    tally, none = found(city, channels, same, same, 2)
    assert none == []
    assert tally.settled


@pytest.mark.parametrize(
    ("kind", "name", "level", "small", "large"),
    [
        ("air", "no2", 50.0, 1.6, 1.9),  # three times 0.8 and 2 %, over the root of ten readings
        ("water", "head", 40.0, 0.06, 0.07),  # of two
        ("traffic", "flow", 7.9, 4.1, 5.0),  # three standard deviations of two Poisson numbers in ten minutes
        ("parking", "occupied", 0.0, 0.9, 1.1),
        ("noise", "laeq", 60.0, 0.9, 1.1),
    ],
)
def test_a_difference_counts_beyond_noise_resolution_and_chance(city, channels, kind, name, level, small, large):
    channel = channel_of(channels, kind, name)
    other = np.zeros(len(channels))
    other[channel] = level
    for more, expected in ((small, 0), (large, 1)):
        seen = other.copy()
        seen[channel] += more
        tally, hits = found(city, channels, seen, other)
        assert len(hits) == expected
        assert tally.settled == (not expected)
    (hit,) = hits
    assert (hit.sensor, hit.property, hit.start, hit.end) == (f"{kind}-0001", name, 0, WINDOW)
    assert hit.largest == pytest.approx(large)


def test_of_counters_what_they_gain_in_a_window_counts(city, channels):
    channel = channel_of(channels, "pv", "energy")
    tally = Tally(channels, Threshold(channels))
    for tick in range(3 * WINDOW // TICK):
        seen = np.zeros(len(channels))
        seen[channel] = 0.01 * min(tick + 1, WINDOW // TICK)  # it strays in the first window, and keeps what it has
        tally.add(seen, np.zeros(len(channels)), (tick + 1) * TICK)
    (hit,) = affected(city, channels, tally.found())
    assert (hit.property, hit.start, hit.end, hit.largest) == ("energy", 0, WINDOW, pytest.approx(0.6))
    assert tally.settled


def test_a_bus_in_another_place_is_affected(city, channels):
    seen = np.zeros(len(channels))
    seen[channel_of(channels, "bus", "latitude")] = 0.001
    assert found(city, channels, seen, np.zeros(len(channels)))[1] == []
    seen *= 3
    assert [hit.sensor for hit in found(city, channels, seen, np.zeros(len(channels)))[1]] == ["bus-0001"]


def test_directions_differ_the_short_way_round(city, channels):
    channel = channel_of(channels, "weather", "wind_direction")
    seen, other = np.zeros((2, len(channels)))
    seen[channel], other[channel] = 359.5, 0.5
    assert found(city, channels, seen, other)[1] == []
    other[channel] = 20.0
    assert found(city, channels, seen, other)[1][0].largest == pytest.approx(-20.5)


def test_silence_in_one_world_counts_and_has_no_size(city, channels):
    seen, other = np.zeros((2, len(channels)))
    channel = channel_of(channels, "pv", "energy")
    seen[channel] = np.nan
    (hit,) = found(city, channels, seen, other)[1]
    assert (hit.sensor, hit.property, hit.largest) == ("pv-0001", "energy", None)
    other[channel] = np.nan
    assert found(city, channels, seen, other)[1] == []


def test_the_largest_window_is_stored_with_its_sign(city, channels):
    channel = channel_of(channels, "water", "head")
    tally = Tally(channels, Threshold(channels), 7)
    for window, more in enumerate((0.0, -2.0, 1.0, 0.0)):
        for tick in range(WINDOW // TICK):
            seen = np.zeros(len(channels))
            seen[channel] = more
            tally.add(seen, np.zeros(len(channels)), 7 + window * WINDOW + (tick + 1) * TICK)
    (hit,) = affected(city, channels, tally.found())
    assert (hit.start, hit.end, hit.largest) == (7 + WINDOW, 7 + 3 * WINDOW, pytest.approx(-2.0))
    assert tally.settled
