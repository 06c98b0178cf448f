"""What the trial runner does at once: no pilot's trials hold up another's."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.trials.service import AT_ONCE, TrialService
from tests.api.trials.hosting import SHORT, STEPS
from tests.simulators.conftest import small_city
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import WallClock
from zenata.contract.trials import NewTrial
from zenata.control.database import open_database
from zenata.control.register import Register
from zenata.control.trials import Trials

TIMEOUT = 60.0  # far beyond what anything here takes [s]


class SlowWorlds:
    """Worlds that are scored when the test lets them be; those that are made are noted."""

    def __init__(self) -> None:
        self.index = SimpleNamespace(deliver=lambda *_: None)
        self.scoring, self.scored, self.made = threading.Semaphore(0), threading.Event(), threading.Event()

    def ask(self, *_: object, **__: object) -> dict[str, Any]:
        self.scoring.release()
        self.scored.wait(TIMEOUT)
        return {"points": math.nan}

    def host(self, verb: str, _: object) -> dict[str, Any]:
        if verb == "create-trial":
            self.made.set()
        return {"world": "w-new", "start": "2026-01-01T00:00:00Z"}


@pytest.fixture
def worlds() -> SlowWorlds:
    return SlowWorlds()


@pytest.fixture
def service(tmp_path: Path, worlds: SlowWorlds) -> Iterator[TrialService]:
    """A runner that looks when it is told to, with as many trials of one pilot to be scored as run at once."""
    engine = open_database(sqlite_in(tmp_path))
    pilots = Register(engine)
    register = Trials(engine, small_city(), {"short": SHORT}, WallClock())
    for pilot in ("aqua", "beta"):
        pilots.add(pilot, by="test")
    for _ in range(AT_ONCE):
        row = register.begin("aqua", NewTrial(challenge="short", seeds=[1]))
        register.change(row.id, phase="scoring", world="w-1", step=STEPS)
    service = TrialService(register=register, pilots=pilots, worlds=worlds, clock=WallClock(), private=b"k" * 32)
    yield service
    worlds.scored.set()
    service._pool.shutdown()
    engine.dispose()


def test_what_scores_all_of_a_pilots_trials_holds_no_other_up(service, worlds):
    service.look()
    for _ in range(AT_ONCE):
        assert worlds.scoring.acquire(timeout=TIMEOUT)
    service.register.begin("beta", NewTrial(challenge="short", seeds=[1]))
    for _ in range(2):  # the first lets it run, the second makes its world
        service.look()
    assert worlds.made.wait(TIMEOUT / 2)


def test_what_waits_for_its_turn_waits_once(service, monkeypatch):
    submitted, submit = [], service._pool.submit
    turn = threading.Event()

    def later(act, id_):
        submitted.append(id_)
        return submit(lambda: turn.wait(TIMEOUT) and act(id_))

    monkeypatch.setattr(service._pool, "submit", later)
    for _ in range(3):
        service.look()
    turn.set()
    assert len(submitted) == AT_ONCE
    assert len(set(submitted)) == AT_ONCE


def test_what_is_done_is_waited_for_no_longer(service, worlds):
    worlds.scored.set()
    service.look()
    for under_way in service._attended.values():
        under_way.result(TIMEOUT)
    assert {row.phase for row in service.register.trials()} == {"failed"}
    service.look()
    assert service._attended == {}
