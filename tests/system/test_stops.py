"""Whatever stops is reported, and what can heal heals: each stop is made for real, on one city."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.disks import mounted
from tests.system.faults import pids
from tests.system.running import SMALL, RunningCity, running_city, zenata
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

SIZE = 96  # of the small disk [MiB]
HELD_FULL = 15.0  # enough for what dies again and again to be given up on [s]
SETTINGS = (*SMALL, "--start", "2026-03-01T06:00:00Z", "--speed", "10")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk of its own."""
    with mounted(tmp_path_factory.mktemp("disk"), f"size={SIZE}M") as folder:
        yield folder


@pytest.fixture(scope="module")
def city(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    with running_city(disk / "data", *SETTINGS) as running:
        yield running


def ready(city: RunningCity) -> tuple[bool, str]:
    answer = httpx.get(f"{city.http}/readyz", timeout=60, trust_env=False)
    return answer.status_code == 200, answer.json().get("detail", "")


def wait_until_reported(city: RunningCity) -> str:
    """Wait until the city says that it is not well, everywhere where it can be asked; return what is wrong."""
    wait_until(lambda: not ready(city)[0], "it is not ready")
    wait_until(
        lambda: "not-ready" in {one["kind"] for one in city.get("/v1/alerts", city.admin_key)["items"]}, "an alert"
    )
    doctor = zenata("doctor", "--data-dir", str(city.folder))
    assert doctor.returncode != 0
    assert "FAIL  city" in doctor.stdout
    return ready(city)[1]


def wait_until_well(city: RunningCity) -> None:
    wait_until(lambda: ready(city)[0], "it is ready again")
    city.wait_for_more()


@pytest.mark.parametrize("name", ["broker", "simulators"])
def test_a_process_that_stands_still_is_reported(city: RunningCity, name: str) -> None:
    wait_until_well(city)
    pid = city.pids[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "zenata" in wait_until_reported(city)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until_well(city)


def test_a_full_disk_is_reported_and_heals_when_there_is_room(city: RunningCity, disk: Path) -> None:
    """What is killed meanwhile, the private world among it, finds no room to start: none of it is given up on."""
    wait_until_well(city)
    with city.client() as pilot:
        world = pilot.post("/v1/worlds", json={"speed": 10, "kinds": ["weather"]}).json()["world"]
    wait_until(lambda: _stored(city, world), "a private world publishes")
    broker = city.pids["broker"]
    filler = disk / "filler"
    _fill(filler, lambda: not ready(city)[0])
    wait_until_reported(city)
    os.kill(city.pids["simulators"], signal.SIGKILL)
    full_until = time.monotonic() + HELD_FULL
    _fill(filler, lambda: time.monotonic() > full_until)
    own = city.get("/v1/me/activity")["alerts"]
    assert [one["kind"] for one in own if world in one["detail"]] == ["not-stored"]
    filler.unlink()
    wait_until(lambda: pids(city).get("broker", broker) != broker, "the broker is started again")
    assert "broker is started again: its disk was full" in city.printed
    wait_until_well(city)
    before = _stored(city, world)
    wait_until(lambda: _stored(city, world) > before, "the private world goes on publishing")
    assert list((city.folder / "worlds").glob("*/failed")) == []
    assert city.process.poll() is None
    city.halt()
    ledger = city.get("/v1/ledger", city.admin_key)["items"][0]
    assert (ledger["missing"], ledger["in_flight"]) == (0, 0)


def _stored(city: RunningCity, world: str) -> int:
    """Return how many messages of a world are stored."""
    return sum(line["stored"] for line in city.get("/v1/ledger")["items"] if line["world"] == world)


def _fill(filler: Path, until: Callable[[], bool]) -> None:
    """Keep a disk full until something has happened."""
    deadline = time.monotonic() + PATIENCE
    with filler.open("ab", buffering=0) as file:
        while not until():
            assert time.monotonic() < deadline
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                time.sleep(0.2)
