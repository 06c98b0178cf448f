"""Whatever is killed at whatever moment: the ledger balances, with nothing missing and nothing twice.

`make soak` kills twenty times; `make test` an InfluxDB and who writes to it, in test_chaos_influx.py.
"""

import os
import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.readings import START, messages
from tests.system.running import SMALL, RunningCity, running_city
from zenata.store import open_store

ROUNDS = int(os.environ.get("ZENATA_CHAOS_ROUNDS", "5"))

Kill = Callable[[RunningCity], None]


def processes(*names: str) -> Kill:
    return lambda city: city.kill(*names)


def everything(city: RunningCity) -> None:
    """Kill the supervisor, whom nothing outlives."""
    city.process.kill()
    city.process.wait()


@pytest.mark.slow
@pytest.mark.soak  # the gate kills each of them in test_nothing_is_lost.py, and the supervisor in test_up_stops.py
def test_the_ledger_balances_whatever_was_killed(tmp_path: Path) -> None:
    steps = (processes("api"), processes("broker"), processes("simulators"), processes("broker", "api"), everything)
    torment(tmp_path / "data", f"duckdb:///{tmp_path}/data/readings.duckdb", steps)


def torment(folder: Path, store: str, steps: tuple[Kill, ...], rounds: int = ROUNDS) -> None:
    """Run a city, kill in turn what `steps` kill, and look whether all it said is stored."""
    seed = int(os.environ.get("ZENATA_CHAOS_SEED", time.time_ns() % 10**6))
    print(f"ZENATA_CHAOS_SEED={seed}")  # noqa: T201 - shown when the test fails, to have the same moments again
    moments = random.Random(seed)  # noqa: S311 - no secret
    left = [steps[number % len(steps)] for number in range(rounds)]
    options = (*SMALL, "--start", START, "--speed", "30", "--seed", "1", "--store", store)
    while left:
        with running_city(folder, *options) as city:
            while left and city.process.poll() is None:
                time.sleep(moments.uniform(0.2, 4.0))
                left.pop(0)(city)
    with running_city(folder, *options) as city:
        city.wait_for_more()
        city.halt()
        (balance,) = [line for line in city.get("/v1/ledger")["items"] if line["world"] == "zenata"]
    assert balance["published"] == balance["stored"] > 0
    with closing(open_store(store)) as opened:
        assert messages(opened) == balance["stored"]
