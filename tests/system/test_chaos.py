"""Whatever is killed at whatever moment: the ledger balances, with nothing missing and nothing twice.

`make soak` kills twenty times; `make test` an InfluxDB and who writes to it, in test_chaos_influx.py.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.system.readings import START
from tests.system.running import SMALL, RunningCity, running_city
from tests.zenata.store.data import ALWAYS
from zenata.city.kinds import KINDS
from zenata.city.readings import Selection
from zenata.store import open_store
from zenata.store.base import Query, Store

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


def messages(store: Store) -> int:
    """Count the messages in a store; each is there whole and once, and the numbers of each sensor are 1, 2, 3, ..."""
    table = store.query(Query(selection=Selection(worlds=("zenata",)), limit=10**8, **ALWAYS))
    assert not table.more
    order = np.lexsort((table.columns["seq"], table.series))
    series, seq = table.series[order], table.columns["seq"][order]
    _, first, count = np.unique(series, return_index=True, return_counts=True)
    assert np.array_equal(seq, np.concatenate([np.arange(1, n + 1) for n in count.tolist()]))
    sizes: dict[str, list[int]] = {}
    for number, size in zip(series[first].tolist(), count.tolist(), strict=True):
        sizes.setdefault(table.catalog[number].sensor, []).append(size)
    assert all(len(set(of)) == 1 for of in sizes.values())
    properties = Counter(table.catalog[number].sensor for number in series[first].tolist())
    assert all(properties[sensor] == len(KINDS[sensor.rpartition("-")[0]].properties) for sensor in sizes)
    return sum(of[0] for of in sizes.values())
