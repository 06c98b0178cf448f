"""Whatever is killed at whatever moment: the ledger balances, with nothing missing and nothing twice.

`make test` runs a few rounds, `make soak` twenty.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests.system.readings import START, opened
from tests.system.running import running_city
from tests.system.test_nothing_is_lost import duplicates, incomplete, misnumbered

ROUNDS = int(os.environ.get("ZENATA_CHAOS_ROUNDS", "5"))
VICTIMS = (("api",), ("broker",), ("simulators",), ("broker", "api"), ("supervisor",))
"""In turn. The last kills everything, as nothing outlives its supervisor."""


@pytest.mark.slow
def test_the_ledger_balances_whatever_was_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("ZENATA_CHAOS_SEED", time.time_ns() % 10**6))
    print(f"ZENATA_CHAOS_SEED={seed}")  # noqa: T201 - shown when the test fails, to have the same moments again
    moments, folder = random.Random(seed), tmp_path / "data"  # noqa: S311 - no secret
    left = [VICTIMS[number % len(VICTIMS)] for number in range(ROUNDS)]
    while left:
        with running_city(folder, "--start", START, "--speed", "60", "--seed", "1") as city:
            while left:
                time.sleep(moments.uniform(0.2, 4.0))
                victims = left.pop(0)
                if victims == ("supervisor",):
                    city.process.kill()
                    city.process.wait()
                    break
                city.kill(*victims)
    with running_city(folder, "--start", START, "--speed", "60", "--seed", "1") as city:
        city.wait_for_more()
        city.halt()
        (balance,) = [line for line in city.get("/v1/ledger")["items"] if line["world"] == "zenata"]
    assert balance["published"] == balance["stored"] > 0
    with opened(folder) as store:
        assert duplicates(store) == []
        assert misnumbered(store) == []
        assert incomplete(store) == []
        messages = store.execute("SELECT count(*) FROM (SELECT DISTINCT sensor, seq FROM stored)").fetchone()
        assert messages == (balance["stored"],)
