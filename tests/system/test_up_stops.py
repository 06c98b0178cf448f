"""`zenata up` when it is stopped, killed, or cannot go on: each in a city of its own."""

import os
import signal

import psutil
import pytest

from tests.system.running import SMALL, RunningCity, running_city
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

FAST = (*SMALL, "--start", "2026-03-01T06:00:00Z", "--speed", "30")
SERVICES = {"broker", "simulators", "api"}


def gone(pids: dict[str, int]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids.values())


def stop(city: RunningCity, number: signal.Signals) -> None:
    """Send a signal, and look whether it stops everything."""
    pids = city.pids
    city.process.send_signal(number)
    assert city.process.wait(PATIENCE) == 0
    assert gone(pids)
    assert not (city.folder / "run.json").exists()
    assert city.printed.endswith("stopping ...\n")


def test_killed_services_and_a_killed_template_are_started_again_and_data_and_keys_outlive_signals_and_a_killed_supervisor(
    tmp_path,
):
    def seq(a: RunningCity) -> int:
        return max(item["seq"] for item in a.get("/v1/latest?kind=weather")["items"])

    def history(a: RunningCity, end: str) -> list[dict]:
        return a.get(f"/v1/readings?kind=weather&property=rain&start=2026-03-01T06:00:00Z&end={end}")["items"]

    with running_city(tmp_path / "data", *FAST) as first:
        for name in sorted(SERVICES):
            others = {other: pid for other, pid in first.pids.items() if other != name}
            first.kill(name)
            first.wait_for_more()
            assert {other: first.pids[other] for other in others} == others
            assert f"{name} was killed by SIGKILL; starting it again" in first.printed
        before = first.pids
        psutil.Process(before["api"]).parent().kill()
        wait_until(lambda: all(first.pids[name] != before[name] for name in ("api", "simulators")), "they run again")
        first.wait_for_more()
        assert first.pids["broker"] == before["broker"]
        assert "the template process has ended, and with it all that it had started" in first.printed
        end, last, keys = first.newest(), seq(first), {first.key, first.admin_key}
        readings = history(first, end)
        stop(first, signal.SIGTERM)
    assert readings
    assert len(keys) == 2
    with running_city(tmp_path / "data", *SMALL, "--speed", "30") as second:
        wait_until(lambda: seq(second) > last, "the numbering goes on")
        assert history(second, end) == readings
        assert {second.key, second.admin_key} == keys
        children = {name: pid for name, pid in second.pids.items() if name != "supervisor"}
        for name in SERVICES:  # what stands takes no signal but one
            os.kill(children[name], signal.SIGSTOP)
        second.process.kill()
        second.process.wait()
    # At once: what is left of the one before may still be stopping.
    with running_city(tmp_path / "data", *SMALL, "--speed", "30") as third:
        wait_until(lambda: gone(children), "the children of the killed one end")
        third.wait_for_more()
        stop(third, signal.SIGINT)


def test_a_service_that_dies_again_and_again_is_given_up_on(tmp_path):
    with running_city(tmp_path / "data", *SMALL) as city:
        pids = city.pids
        for _ in range(4):
            city.kill("simulators")
        os.kill(city.pids["simulators"], signal.SIGKILL)
        assert city.process.wait(PATIENCE) == 2
        assert "zenata: simulators was killed by SIGKILL and is given up on:" in city.printed
        assert gone(pids)
        assert not (city.folder / "run.json").exists()


def test_a_service_that_cannot_run_is_given_up_on_at_once(tmp_path):
    with running_city(tmp_path / "data", *SMALL) as city:
        database = city.folder / "control" / "control.db"
        for file in database.parent.iterdir():
            file.unlink()
        database.mkdir()
        os.kill(city.pids["api"], signal.SIGKILL)
        assert city.process.wait(PATIENCE) == 2
        last = city.printed.splitlines()[-1]
        assert last.startswith(
            f"zenata: the control data in sqlite:///{database} cannot be opened: unable to open database file"
        )
