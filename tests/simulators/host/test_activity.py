"""How fast a world has gone lately."""

from types import SimpleNamespace

import pytest

from simulators.host import activity
from zenata.city.clock import SECOND


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A wall clock that stands where it is put [s]."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(activity, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def run(wall: SimpleNamespace, world: activity.Activity, seconds: float, *, tick: float, speed: float) -> None:
    """Look at a world for some seconds, ten times a second: it goes on by a tick [s of the world] at a time."""
    for _ in range(round(10 * seconds)):
        wall.now += 0.1
        world.see(int((wall.now + 1e-6) * speed // tick * tick * SECOND))


@pytest.mark.parametrize(("tick", "speed"), [(10, 1), (10, 60), (60, 1), (0.1, 1)])
def test_the_pace_is_that_of_the_ticks(wall: SimpleNamespace, tick: float, speed: float) -> None:
    world = activity.Activity()
    run(wall, world, 3.5 * max(tick / speed, 10), tick=tick, speed=speed)
    for _ in range(20):  # wherever between two ticks it is asked
        run(wall, world, 0.7, tick=tick, speed=speed)
        assert world.pace == pytest.approx(speed, rel=0.1)


def test_a_world_that_stands_still_has_no_pace(wall: SimpleNamespace) -> None:
    world = activity.Activity()
    assert world.pace == 0
    run(wall, world, 30, tick=10, speed=1)
    wall.now += 600
    world.see(30 * SECOND)
    assert world.pace < 0.1


def test_what_was_before_another_pace_does_not_count(wall: SimpleNamespace) -> None:
    world = activity.Activity()
    run(wall, world, 30, tick=10, speed=1)
    wall.now += 600  # it is paused
    world.forget()
    assert world.pace == 0
    for _ in range(100):
        wall.now += 0.1
        world.see(int((wall.now + 1e-6) * 60 // 10 * 10 * SECOND))
    assert world.pace == pytest.approx(60, rel=0.1)
