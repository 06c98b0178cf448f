"""Faults of a running city for `make soak`: kills, stops, full disks and damaged blocks of the broker, and who reports them.

A stop counts as reported by a route that says so, or by an API that answers nobody within two seconds.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sandbox.parts import PATIENCE
from tests.system.running import RunningCity, running_city, zenata
from tests.waiting import wait_until
from zenata.process.signals import process_exists

HEALING = 600.0  # far beyond what healing takes, also on a machine that has other work [s]
STANDING = 2.0  # how long messages are in flight, and no more are stored, before somebody who looks calls it a stop [s]
ROUTES = ("/readyz", "/v1/alerts", "/metrics", "ledger")
"""Who reports a stop; `zenata doctor` is asked once all of them have."""

UNPUBLISHED = ROUTES[:3]
"""Who reports that nothing can be published: the ledger is balanced, and right, if nothing was in flight before."""


@dataclass
class Rig:
    """A city on a folder, which is started again as often as it must, with the moments of its faults drawn from a seed."""

    folder: Path
    options: tuple[str, ...]
    moments: random.Random
    stack: ExitStack = field(default_factory=ExitStack)
    city: RunningCity | None = None
    delays: list[tuple[str, str, float]] = field(default_factory=list)
    """Fault, who reported it, and after how long [s]."""
    stored: int = -1
    """Messages of the city by the ledger, at the look before."""
    since: float = 0.0
    """Until when all was stored, or more was, on the monotonic clock."""
    damaged: int = 0
    """How often blocks of the broker were damaged."""

    @property
    def running(self) -> RunningCity:
        assert self.city is not None
        return self.city

    def start(self) -> None:
        """Start the city; a start is clear: it comes alive, or says in a line why not."""
        self.city = self.stack.enter_context(running_city(self.folder / "data", *self.options))

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

    def ledger(self) -> dict[str, Any] | None:
        """Return the line of the shared city."""
        answer = self.get("/v1/ledger")
        if answer is None or answer.status_code != 200:
            return None
        return next((line for line in answer.json()["items"] if line["world"] == "zenata"), None)

    def signs(self) -> dict[str, bool]:
        """Return who says now that something stands; the ledger by messages in flight, while no more are stored."""
        with ThreadPoolExecutor(4) as threads:  # all at once: one that takes long to answer makes no other late
            answers = [threads.submit(self.get, path) for path in ("/v1/alerts", "/metrics")]
            well, line = threads.submit(self.is_well), threads.submit(self.ledger).result()
        alerts, metrics = (answer.result() for answer in answers)
        if line is None or line["in_flight"] == 0 or line["stored"] != self.stored:
            self.since = time.monotonic()
        stands = line is None or time.monotonic() - self.since > STANDING
        self.stored = -1 if line is None else line["stored"]
        return {
            "/readyz": not well.result(),
            "/v1/alerts": alerts is None or "not-ready" in {one["kind"] for one in alerts.json()["items"]},
            "/metrics": metrics is None or "zenata_ready 0.0" in metrics.text,
            "ledger": stands,
        }

    def wait_until_reported(
        self, what: str, routes: Collection[str] = ROUTES, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        """Wait until all have said that the city is not well, and note how long each took."""
        begin, awaited = time.monotonic(), set(routes)
        self.since = begin

        def is_reported() -> bool:
            meanwhile()
            now = self.signs()
            for route in [route for route in awaited if now[route]]:
                self.delays.append((what, route, time.monotonic() - begin))
                awaited.remove(route)
            return not awaited

        with self.explained():
            try:
                wait_until(is_reported, f"{what} is reported")
            except AssertionError as error:
                error.add_note(f"silent: {awaited}")
                raise
        meanwhile()
        doctor = zenata("doctor", "--data-dir", str(self.running.folder))
        meanwhile()
        if not self.is_well():
            self.delays.append((what, "doctor", time.monotonic() - begin))
            assert doctor.returncode != 0
            assert "FAIL  city" in doctor.stdout

    def wait_until_well(self) -> None:
        with self.explained():
            wait_until(self.is_well, "it is ready again", HEALING)
            self.running.wait_for_more()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Add to what fails inside what the city says of itself, its logs, and what each thread of the API is at."""
        try:
            yield
        except AssertionError as error:
            for path in ("/readyz", "/v1/ledger", "/v1/worlds", "/v1/alerts"):
                answer = self.get(path)
                error.add_note(f"{path}: {'nobody answers' if answer is None else answer.text}")
            with suppress(KeyError, OSError):
                os.kill(self.running.pids["api"], signal.SIGABRT)  # its log then has what each of its threads is at
                time.sleep(1.0)
            for log in sorted((self.folder / "data" / "logs").glob("*.log")):
                error.add_note(f"{log.name}: {log.read_text(errors='replace')[-10_000:]}")
            raise


Fault = Callable[[Rig], None]


def kill(*names: str) -> Fault:
    return lambda rig: rig.running.kill(*names)


def end(name: str) -> Fault:
    """Ask a process to end, and wait until another has taken its place."""

    def fault(rig: Rig) -> None:
        before = rig.running.pids[name]
        os.kill(before, signal.SIGTERM)
        wait_until(lambda: pids(rig.running).get(name, before) != before, f"{name} runs again")

    return fault


def pids(city: RunningCity) -> dict[str, int]:
    """Return process ids by name, none while nobody can say them."""
    try:
        return city.pids
    except (OSError, json.JSONDecodeError):
        return {}


def kill_everything(rig: Rig) -> None:
    """Kill the supervisor, whom nothing outlives, and start again."""
    rig.running.process.kill()
    rig.running.process.wait()
    rig.end()
    rig.start()


def end_everything(rig: Rig) -> None:
    """Stop the city as a person does, and start it again."""
    rig.end()
    rig.start()


def stop(name: str, routes: Collection[str] = ROUTES) -> Fault:
    """Let a process stand still until that is reported."""

    def fault(rig: Rig) -> None:
        pid = rig.running.pids[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            rig.wait_until_reported(f"{name} stands", routes)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    return fault


def kill_without_broker(rig: Rig) -> None:
    """Kill what needs the broker, and let that stand for longer than a service waits for it."""
    broker = rig.running.pids["broker"]
    os.kill(broker, signal.SIGSTOP)
    try:
        rig.running.kill("api", "simulators")
        time.sleep(PATIENCE + 5)
    finally:
        os.kill(broker, signal.SIGCONT)


def fill_disk(rig: Rig) -> None:
    """Leave no room until that is reported."""
    filler = rig.folder / "filler"

    def fill() -> None:
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(65_536))

    fill()
    log = rig.folder / "data" / "logs" / "broker.log"
    before = log.stat().st_size
    try:
        # What is still in a file that has room goes through; the fault begins with the first write that fails.
        wait_until(lambda: fill() or "critical write error" in tail(log, before) or not rig.is_well(), "it fails")
        rig.wait_until_reported("disk full", UNPUBLISHED, meanwhile=fill)
    finally:
        filler.unlink(missing_ok=True)


def tail(file: Path, begin: int) -> str:
    with file.open("rb") as stream:
        stream.seek(begin)
        return stream.read().decode(errors="replace")


def damage(*streams: str) -> Fault:
    """Let messages wait in the broker, kill everything, damage what it has on disk of one of some streams, and start again."""
    return lambda rig: damage_blocks(rig, rig.moments.choice(streams))


def damage_blocks(rig: Rig, of: str) -> None:
    """Do so with the blocks of a stream; an empty name is all."""
    with suppress(ProcessLookupError):
        os.kill(rig.running.pids["api"], signal.SIGSTOP)
    time.sleep(rig.moments.uniform(1.0, 4.0))
    before = pids(rig.running).values()
    for pid in before:  # a process that stands takes no other signal
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    rig.running.process.wait()
    wait_until(lambda: not any(map(process_exists, before)), "all have ended")
    rig.end()
    rig.damaged += 1
    how = rig.moments.choice(("flipped", "cut", "one byte", "gone"))
    for file in sorted((rig.folder / "data" / "broker").rglob("*.blk")):
        content = bytearray(file.read_bytes())
        if of not in str(file) or not content:
            continue
        if how == "gone":
            file.unlink()
            continue
        if how == "cut":
            del content[len(content) * 2 // 3 :]
        for index in range(len(content) // 3, len(content), 997 if how == "flipped" else len(content)):
            content[index] ^= 0xFF
        file.write_bytes(content)
    rig.start()


FAULTS: dict[str, Fault] = {
    "api killed": kill("api"),
    "broker killed": kill("broker"),
    "simulators killed": kill("simulators"),
    "broker stands": stop("broker", UNPUBLISHED),
    "api stands": stop("api"),
    "simulators stand": stop("simulators", UNPUBLISHED),
    "api ended": end("api"),
    "broker ended": end("broker"),
    "simulators ended": end("simulators"),
    "broker and api killed": kill("broker", "api"),
    "all killed while the broker stands": kill_without_broker,
    "everything killed": kill_everything,
    "everything ended": end_everything,
    "disk full": fill_disk,
    "blocks damaged": damage("$MQTT_msgs", "$MQTT_rmsgs", ""),
    "sessions damaged": damage("$MQTT_sess"),
}
