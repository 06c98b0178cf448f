"""Worlds that run beside a broker which the tests of a module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.host import worlds as worlds_module
from simulators.record import run as run_module
from simulators.record.record import Pace, Record
from tests.simulators.host.running import RunningWorld, recipe
from zenata.city.clock import SECOND


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Let nobody wait for copies, which nobody runs, or for what is kept on the way."""
    monkeypatch.setattr(worlds_module, "_ANSWER", 0.0)
    monkeypatch.setattr(run_module, "MARK_EVERY", 600 * SECOND)
    monkeypatch.setattr(run_module, "MILESTONE_EVERY", 600 * SECOND)


@pytest.fixture
def world(city, tmp_path, broker, impatient) -> Iterator[RunningWorld]:
    """A world that is paused before its first tick."""
    made = RunningWorld(city, tmp_path, broker, recipe(), Pace(state="paused"))
    yield made
    made.close()


@pytest.fixture
def live(city, tmp_path, broker, impatient) -> Iterator[RunningWorld]:
    made = RunningWorld(city, tmp_path, broker, recipe(live=True), Pace())
    yield made
    made.close()


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)
