"""When ticks of the shared city are shown, and who waits for that."""

import math
import threading
from unittest.mock import Mock

import pytest

from simulators.host import service
from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.service import Simulation
from simulators.host.tick_floor import PUNCTUAL, Punctual
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Record
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.host.running import Deaf, recipe
from zenata.city.clock import SECOND
from zenata.worlds.folders import WorldFolders


@pytest.fixture
def made(city, tmp_path):
    """Makes a simulation that nobody runs, with what takes its messages."""

    def make(owner: str, pace: Pace) -> tuple[Simulation, WorldControl, Deaf]:
        record, publisher = Record(tmp_path / "w"), Deaf()
        run = Run(city, recipe(owner=owner), record.journal(), record)
        simulation = Simulation(run=run, encoder=Encoder(city, "w"), publisher=publisher, record=record, pace=pace)  # type: ignore[arg-type]
        worlds = Worlds(WorldFolders(tmp_path), Limits())
        control = WorldControl(name="w", simulation=simulation, record=record, worlds=worlds, stop=threading.Event())
        return simulation, control, publisher

    return make


@pytest.mark.parametrize(
    ("late", "pause"), [(0.02, 0.23), (0.04, 0.21), (0.25, 0.0), (7.0, 0.0), (math.inf, 0.0), (-3600.0, PUNCTUAL)]
)
def test_a_tick_is_shown_a_fixed_time_after_it_was_due(late, pause):
    assert Punctual().pause(5, 0.01, late) == pytest.approx(pause)
    assert Punctual().pause(5, 0.02, late) == pytest.approx(pause)  # however long it took to make


def test_nothing_of_a_tick_of_the_shared_city_is_seen_before_it_is_shown(made):
    """Else shadows, which step before it is published, would tell of each hidden event."""
    simulation, control, publisher = made("", Pace(speed=1.0))
    simulation.tick()
    before, seen = (simulation.shown, publisher.published), []

    def look(tick: int, took: float, late: float) -> float:
        seen.append((simulation.shown, publisher.published, simulation.between_ticks.is_set()))
        return 0.0

    simulation.floor = Mock(pause=look)
    simulation.tick()
    assert seen == [(*before, False)]
    assert simulation.between_ticks.is_set()
    assert simulation.shown[0] == before[0][0] + TICK
    assert publisher.published > before[1]
    assert control.handle("status", {}).time.timestamp() * SECOND == simulation.shown[0]


def test_a_checkpoint_of_the_shared_city_is_written_while_all_wait_for_a_tick(made, monkeypatch):
    """Its state is larger by a world for each hidden event; so it has all that was published, and nothing that was not."""
    monkeypatch.setattr(service, "CHECKPOINT_EVERY", -1.0)
    simulation, _, publisher = made("", Pace(speed=0))
    written: list[tuple[bool, int, int]] = []
    shown: list[tuple[bool, int, int]] = []
    stop = threading.Event()

    def save() -> bool:
        written.append((simulation.between_ticks.is_set(), simulation.running.time, publisher.published))
        return True

    def on_turn() -> None:
        shown.append((False, simulation.running.time, publisher.published))
        if len(shown) == 3:
            stop.set()

    monkeypatch.setattr(simulation, "save_checkpoint", save)
    simulation.run(stop, on_turn)
    *on_the_way, last = written
    assert on_the_way[1:] == shown[:2]
    assert len(on_the_way) == 3
    assert last[0]  # that of the end


def test_who_asks_while_a_tick_is_made_waits_until_it_is_shown(made):
    simulation, control, _ = made("", Pace(speed=1.0))
    simulation.between_ticks.clear()
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(control.handle("status", {})))
    asking.start()
    asking.join(0.2)
    assert asking.is_alive()
    assert answers == []
    simulation.between_ticks.set()
    asking.join()
    assert len(answers) == 1


def test_a_tick_that_fails_keeps_nobody_waiting(made):
    simulation, _, _ = made("", Pace(speed=1.0))
    simulation.floor = Mock(pause=Mock(side_effect=OSError("the disk is full")))
    with pytest.raises(OSError, match="full"):
        simulation.tick()
    assert simulation.between_ticks.is_set()


def test_a_world_of_ones_own_is_not_held_back(made):
    simulation, _, _ = made("demo", Pace(speed=1.0))
    assert simulation.floor is None


@pytest.mark.parametrize(
    ("pace", "counts"),
    [
        (Pace(speed=1.0), True),
        (Pace(speed=40.0), True),
        (Pace(speed=41.0), False),  # ticks are due faster than that, and would be held back for ever
        (Pace(speed=0), False),
        (Pace(state="paused"), False),
    ],
)
def test_ticks_that_nobody_waits_for_are_not_held_back(made, pace, counts):
    simulation, _, _ = made("", pace)
    simulation.floor = Mock(pause=Mock(return_value=0.0))
    simulation.tick()
    _, _, late = simulation.floor.pause.call_args.args
    assert math.isfinite(late) == counts
    assert PUNCTUAL * 40 * SECOND == TICK
