"""As test_chaos.py has it, with the readings in an InfluxDB that is killed too."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.running import RunningCity
from tests.system.test_chaos import everything, processes, torment
from tests.zenata.store.influxd import Influxd
from tests.zenata.store.influxd import running as running_influxd


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[Influxd]:
    with running_influxd(tmp_path / "influxd") as server:
        yield server


@pytest.mark.slow
def test_the_ledger_balances_though_influxdb_was_killed(tmp_path: Path, influxd: Influxd) -> None:
    def server(_: RunningCity) -> None:
        influxd.kill()
        time.sleep(1)
        influxd.start()

    steps = (server, processes("ingest"), processes("broker"), processes("api"), everything)
    torment(tmp_path / "data", f"influxdb://127.0.0.1:{influxd.port}/zenata", steps)
