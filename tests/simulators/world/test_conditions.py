import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.world.conditions import TICK, TICK_SECONDS, Conditions
from zenata.city.clock import parse_time


@pytest.mark.parametrize(
    ("moment", "hour", "weekend"),
    [
        ("2026-01-05T12:30:00Z", 13.5, False),
        ("2026-03-01T12:30:00Z", 12.5, True),  # Ramadan 2026: UTC+0
        ("2026-07-31T23:15:00Z", 0.25, True),
    ],
)
def test_the_calendar_is_local(city, moment, hour, weekend):
    now = Conditions.of(city, seed=1, time=parse_time(moment))
    assert (now.hour, now.weekend) == (hour, weekend)


def test_ticks_count_from_the_epoch(city):
    assert Conditions.of(city, seed=1, time=20_000_000).tick == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ticks=st.lists(st.integers(1, 200), min_size=1, max_size=40),
    period=st.integers(1, 90),
    phase=st.integers(0, 89),
)
def test_turns_are_passed_once_however_long_ticks_are(city, ticks, period, phase):
    now = Conditions.of(city, seed=1, time=1000 * TICK)
    for ticks_on in ticks:
        before = now.tick
        now.move_to(now.time + ticks_on * TICK)
        assert now.seconds == ticks_on * TICK_SECONDS
        turns = [tick for tick in range(before + 1, now.tick + 1) if tick % period == phase % period]
        assert now.passes(period, phase) == bool(turns)
