"""A world of the small city that runs in a thread and takes requests, with a real broker beside it."""

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.service import Simulation
from simulators.host.worlds import Limits, Worlds
from simulators.record.journal import Journal
from simulators.record.record import History, Pace, Recipe, Record
from simulators.record.run import Run
from tests.zenata.broker.running import Running
from zenata.city.clock import ZONE_RULES, parse_time
from zenata.errors import ControlError
from zenata.wire.mqtt import Publisher
from zenata.worlds.folders import WorldFolders

TIMEOUT = 60.0  # far beyond what anything here takes [s]
START = parse_time("2026-01-05T17:00:00Z")
NAME = "w-1"  # so that demo may hear it
LAMP = {"kind": "streetlight", "sensor": "streetlight-0001"}


class Deaf:
    """Takes what a world publishes, and counts it."""

    published = 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published += 1

    def drain(self, timeout: float) -> bool:
        return True


class RunningWorld:
    """A world that runs in a thread, and what it answers."""

    def __init__(
        self, city, folder: Path, broker: Running, recipe: Recipe, pace: Pace, secret: bytes | None = None
    ) -> None:
        self.record = Record(folder / NAME)
        self.worlds = Worlds(WorldFolders(folder), Limits(of_one=2, in_all=3))
        self.stop = threading.Event()
        self._publisher = Publisher(broker.address("simulators"), client_id="simulators")
        self._publisher.connect(TIMEOUT)
        self.simulation = Simulation(
            run=Run(city, recipe, self.record.journal(), self.record, secret=secret),
            encoder=Encoder(city, NAME),
            publisher=self._publisher,
            record=self.record,
            pace=pace,
        )
        self.control = WorldControl(
            name=NAME, simulation=self.simulation, record=self.record, worlds=self.worlds, stop=self.stop
        )
        self._thread = threading.Thread(target=self.simulation.run, args=(self.stop,))
        self._thread.start()

    def __call__(self, verb: str, **arguments):
        """Ask, and return the answer as it arrives."""
        return msgspec.json.decode(msgspec.json.encode(self.control.handle(verb, arguments)))

    def refuses(self, verb: str, **arguments) -> tuple[str, str]:
        with pytest.raises(ControlError) as failure:
            self(verb, **arguments)
        return failure.value.reason, str(failure.value)

    def close(self) -> None:
        self.stop.set()
        self._thread.join()
        self._publisher.close()


def recipe(**changes) -> Recipe:
    usual = {"city": "small", "seed": 3, "start": START, "live": False, "owner": "demo", "zone_rules": ZONE_RULES}
    return Recipe(**{**usual, **changes})


def caught_up(run: Run, until: int = 0) -> Run:
    """Let a run catch up and come to a time."""
    while run.time < until or not run.caught_up:
        run.step()
    return run


def replayed(city, history: History) -> str:
    """Return the hash of a world replayed from its record."""
    return caught_up(Run(city, history.recipe, Journal(None, history.journal)), history.last.time).digest.hexdigest()


def assert_replays(city, world: RunningWorld) -> History:
    """Check that the record of a world tells all that it published."""
    history = history_of(world)
    assert replayed(city, history) == history.last.digest
    return history


def history_of(world: RunningWorld) -> History:
    return msgspec.json.decode(msgspec.json.encode(world.control.handle("record", {})), type=History)


def made(city, start: int = START) -> Run:
    """A world of that recipe at its start, kept nowhere."""
    return Run(city, Recipe(city="small", seed=3, start=start, live=False), Journal(None))


def fingerprint(run: Run, ticks: int) -> str:
    for _ in range(ticks):
        run.step()
    return run.digest.hexdigest()


def same(one, other) -> bool:
    return np.array_equal(one, other, equal_nan=True)
