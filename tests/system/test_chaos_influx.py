"""As test_chaos.py has it, with the readings in an InfluxDB that is killed too; in `make test`, that alone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.running import RunningCity
from tests.system.test_chaos import ROUNDS, everything, processes, torment
from tests.zenata.store.influxd import Influxd
from tests.zenata.store.influxd import running as running_influxd
from zenata.store.influx import http as influx_http


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

    def server_while_others_start(city: RunningCity) -> None:
        """Both start while the server is away, for longer than a request is tried again: the city goes on."""
        influxd.kill()
        city.kill("ingest", "api")
        time.sleep(influx_http.PATIENCE + 2)
        assert city.process.poll() is None, city.printed
        influxd.start()

    rounds = ROUNDS if "ZENATA_CHAOS_ROUNDS" in os.environ else 2
    steps = (server, server_while_others_start, processes("broker"), processes("api", "ingest"), everything)
    torment(tmp_path / "data", f"influxdb://127.0.0.1:{influxd.port}/zenata", steps, rounds)
