"""Rounds of kills, stops, full disks and damaged blocks of the broker, under load: nothing lost, nothing doubled, all told.

Left out of `make test`: `make soak` runs some rounds, `ZENATA_SOAK_ROUNDS=200 make soak` the whole. What stops is to be
told within `ZENATA_SOAK_SECONDS` (15), which a machine that has other work to do may not reach.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.load import Load, loading
from tests.system.running import RunningCity, running_city, wait_until, zenata
from tests.system.test_chaos import messages
from zenata.process.ports import free_ports
from zenata.store import open_store

ROUNDS = int(os.environ.get("ZENATA_SOAK_ROUNDS", "20"))
SECONDS = float(os.environ.get("ZENATA_SOAK_SECONDS", "15"))
HEALING = 600.0  # far beyond what healing takes, also on a machine that has other work [s]
SIZE = 512  # of the small disk [MiB]

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@dataclass
class Rig:
    """A city on a disk of its own, which is started again as often as it must."""

    disk: Path
    options: tuple[str, ...]
    stack: ExitStack = field(default_factory=ExitStack)
    city: RunningCity | None = None
    delays: list[tuple[str, float]] = field(default_factory=list)

    @property
    def running(self) -> RunningCity:
        assert self.city is not None
        return self.city

    def start(self) -> None:
        """Start the city; a start is clear: it comes alive, or says in a line why not."""
        self.city = self.stack.enter_context(running_city(self.disk / "data", *self.options))

    def end(self) -> None:
        """Stop the city as a person does."""
        self.stack.close()

    def get(self, path: str) -> httpx.Response | None:
        """Ask as an administrator; None if nobody answers."""
        headers = {"Authorization": f"Bearer {self.running.admin_key}"}
        with suppress(httpx.HTTPError):
            return httpx.get(self.running.http + path, headers=headers, timeout=2, trust_env=False)
        return None

    def is_well(self) -> bool:
        answer = self.get("/readyz")
        return answer is not None and answer.status_code == 200

    def wait_until_told(self, what: str) -> None:
        """Wait until all who can be asked say that the city is not well, and note how long it took."""
        begin = time.monotonic()
        wait_until(lambda: not self.is_well(), f"{what}: /readyz tells")
        self.delays.append((what, time.monotonic() - begin))
        alerts, metrics = self.get("/v1/alerts"), self.get("/metrics")
        if (
            alerts is not None and metrics is not None and not self.is_well()
        ):  # an API that stands tells by not answering
            assert "not-ready" in {one["kind"] for one in alerts.json()["items"]}
            assert "zenata_ready 0.0" in metrics.text
        doctor = zenata("doctor", "--data-dir", str(self.running.folder))
        if not self.is_well():
            assert doctor.returncode != 0
            assert "FAIL  city" in doctor.stdout

    def wait_until_well(self) -> None:
        try:
            wait_until(self.is_well, "it is ready again", HEALING)
        except AssertionError as error:
            answer = self.get("/readyz")
            error.add_note("nobody answers" if answer is None else answer.text)
            for log in sorted((self.disk / "data" / "logs").glob("*.log")):
                error.add_note(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")
            raise
        self.running.wait_for_more()


Fault = Callable[[Rig], None]


def kill(*names: str) -> Fault:
    return lambda rig: rig.running.kill(*names)


def kill_everything(rig: Rig) -> None:
    """Kill the supervisor, whom nothing outlives, and start again."""
    rig.running.process.kill()
    rig.running.process.wait()
    rig.end()
    rig.start()


def stop(name: str) -> Fault:
    """Let a process stand still until that is told."""

    def fault(rig: Rig) -> None:
        pid = rig.running.pids[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            rig.wait_until_told(f"{name} stands")
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    return fault


def fill_disk(rig: Rig) -> None:
    """Leave no room until that is told."""
    filler = rig.disk / "filler"

    def fill() -> None:
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(65_536))

    def reported() -> bool:
        fill()
        return not rig.is_well()

    try:
        wait_until(reported, "a full disk is told")
    finally:
        filler.unlink(missing_ok=True)


def damage_blocks(rig: Rig) -> None:
    """Damage what the broker has on disk while it is stopped, once all that it had was stored."""
    rig.running.halt()
    rig.end()
    for file in sorted((rig.disk / "data" / "broker").rglob("*.blk")):
        content = bytearray(file.read_bytes())
        for place in range(len(content) // 3, len(content), 997):
            content[place] ^= 0xFF
        file.write_bytes(content)
    rig.start()
    headers = {"Authorization": f"Bearer {rig.running.admin_key}"}
    url = f"{rig.running.http}/v1/worlds/zenata/clock"
    answer = httpx.patch(url, headers=headers, json={"state": "running"}, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text


FAULTS: dict[str, Fault] = {
    "api killed": kill("api"),
    "broker killed": kill("broker"),
    "simulators killed": kill("simulators"),
    "broker stands": stop("broker"),
    "api stands": stop("api"),
    "simulators stand": stop("simulators"),
    "broker and api killed": kill("broker", "api"),
    "everything killed": kill_everything,
    "disk full": fill_disk,
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    ports = free_ports("127.0.0.1", {"--http-port": 0, "--mqtt-port": 0, "--ws-port": 0})
    options = [word for name, port in ports.items() for word in (name, str(port))]
    with mounted(disk):
        made = Rig(disk, (*options, "--start", "2026-03-01T06:00:00Z", "--speed", "3", "--webhook-private"))
        try:
            yield made
        finally:
            made.end()


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Mount a small disk."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}M", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_nothing_is_lost_or_doubled_and_every_stop_is_reported(rig: Rig) -> None:
    seed = int(os.environ.get("ZENATA_CHAOS_SEED", time.time_ns() % 10**6))
    moments = random.Random(seed)  # noqa: S311 - no secret
    say(f"ZENATA_CHAOS_SEED={seed}")  # to have the same moments again
    rig.start()
    with loading(rig.running.http, rig.running.mqtt, rig.running.folder) as load:
        for number in range(ROUNDS):
            name = list(FAULTS)[number % len(FAULTS)]
            say(f"round {number + 1}: {name}")
            time.sleep(moments.uniform(0.2, 4.0))
            FAULTS[name](rig)
            rig.wait_until_well()
        load.end()
        check(rig, load)
        damage_blocks(rig)
        rig.wait_until_well()
        check(rig, load)
    rig.end()
    with closing(open_store(f"duckdb:///{rig.disk}/data/readings.duckdb")) as store:
        assert messages(store) == store.ledger.balance("zenata").stored
    late = [one for one in rig.delays if one[1] > SECONDS]
    say(f"told after {sorted(rig.delays, key=lambda one: -one[1])[:5]}")
    say(f"{load.published} + {load.posted} messages, {len(load.turns)} deliveries, exports {dict(load.exports)}")
    assert late == []


def say(text: str) -> None:
    """Write what a person who waits wants to know."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def check(rig: Rig, load: Load) -> None:
    """Look whether everything is there once."""
    load.check()
    rig.running.halt()
    assert load.ask("PATCH", f"/v1/worlds/{load.world}/clock", json={"state": "paused"}).status_code == 200

    def lines() -> dict[str, dict[str, Any]]:
        return {line["world"]: line for line in load.ask("GET", "/v1/ledger").json()["items"]}

    wait_until(lambda: all(line["published"] == line["stored"] for line in lines().values()), f"it balances: {lines()}")
    for world in ("zenata", load.world):
        line, status = lines()[world], load.ask("GET", f"/v1/worlds/{world}").json()
        assert line["stored"] == status["messages"] > 0, (line, status)
        assert (line["missing"], line["rejected"], line["in_flight"]) == (0, 0, 0), line
