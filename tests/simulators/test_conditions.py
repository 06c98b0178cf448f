from zoneinfo import ZoneInfo

import pytest

from simulators.conditions import Conditions
from zenata.city.clock import parse_time


@pytest.mark.parametrize(
    ("moment", "hour", "weekend"),
    [
        ("2026-01-05T12:30:00Z", 13.5, False),
        ("2026-03-01T12:30:00Z", 12.5, True),  # Ramadan 2026: UTC+0
        ("2026-07-31T23:15:00Z", 0.25, True),
    ],
)
def test_the_calendar_is_local(moment, hour, weekend):
    now = Conditions(seed=1, zone=ZoneInfo("Africa/Casablanca"))
    now.move_to(parse_time(moment))
    assert (now.hour, now.weekend) == (hour, weekend)


def test_ticks_count_from_the_epoch():
    now = Conditions(seed=1, zone=ZoneInfo("UTC"))
    now.move_to(20_000_000)
    assert now.tick == 2
