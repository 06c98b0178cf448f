"""The whole city as ``zenata up`` runs it: how soon it lives, what memory and what time it takes."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as paho
import psutil  # type: ignore[import-untyped]
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.api import Client
from benchmarks.table import Row
from tests.zenata.broker.running import HOST, Running, password, running_broker, standard_users
from zenata.process.ports import free_ports

IMPORTS = "import numpy, duckdb, fastapi; print(flush=True); input()"
"""What a bare Python does in place of our services."""

BURST = 20_000
"""Messages the bare publisher sends."""

_PATIENCE = 60.0  # time the city has to start [s]
_MESSAGES = re.compile(rb"^zenata_ingest_messages_total ([0-9.e+]+)$", re.MULTILINE)


class _Life(NamedTuple):
    """What was seen of a city: times [s], memory [bytes], messages [1/s] and processor time [s/s]."""

    start: float
    ran: float
    memory: int
    messages: float
    load: float


class _Bare(NamedTuple):
    """The least one could compare with: time [s], memory [bytes], processor time of a message [s]."""

    start: float
    memory: int
    message: float


def run(minutes: float = 1.0) -> list[Row]:
    """Measure a city that runs for some minutes."""
    bare = _bare()
    life = _live(minutes * 60)
    publishing = bare.message * life.messages
    ran = f"{life.ran:.0f} s"
    return [
        Row(
            "from `zenata up` to the first reading served",
            "< 5 s",
            f"{life.start:.2f} s",
            f"{bare.start:.2f} s (nats-server, and Python importing numpy, duckdb, fastapi)",
            f"{life.start / bare.start:.1f}",
        ),
        Row(
            f"memory of the whole stack (PSS) after {ran}",
            "< 600 MB after 600 s",
            f"{life.memory / 1e6:.0f} MB",
            f"{bare.memory / 1e6:.0f} MB (the same two)",
            f"{life.memory / bare.memory:.1f}",
        ),
        Row(
            f"processor time of the simulators, {life.messages:.0f} messages/s in real time, over {ran}",
            "< 25 % of a core",
            f"{life.load:.1%}",
            f"{publishing:.1%} (paho that publishes as many)",
            f"{life.load / publishing:.1f}",
        ),
    ]


def _live(seconds: float) -> _Life:
    """Run the city, look at it when it lives and again after some time [s]."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = free_ports(HOST, {"--http-port": 0, "--mqtt-port": 0, "--ws-port": 0})
        options = [str(word) for option in ports.items() for word in option]
        begin = time.monotonic()
        with process([str(Path(sys.executable).parent / "zenata"), "up", "--data-dir", name, *options]) as running:
            while not _serves(ports["--http-port"], folder / "demo.key"):
                if running.poll() is not None or time.monotonic() > begin + _PATIENCE:
                    raise RuntimeError("the city did not start")
                time.sleep(0.02)
            start = time.monotonic() - begin
            while not (folder / "run.json").exists():
                time.sleep(0.02)
            simulators = psutil.Process(json.loads((folder / "run.json").read_text())["pids"]["simulators"])
            key = (folder / "admin.key").read_text().strip()
            before = time.monotonic(), _messages(ports["--http-port"], key), _processor_time(simulators)
            time.sleep(seconds)
            after = time.monotonic(), _messages(ports["--http-port"], key), _processor_time(simulators)
            ran, messages, used = (b - a for a, b in zip(before, after, strict=True))
            memory = _memory([running.pid])
    return _Life(start, ran, memory, messages / ran, used / ran)


def _bare() -> _Bare:
    """Start the broker and a Python with the libraries side by side; let paho publish a burst."""
    begin = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        process([sys.executable, "-c", IMPORTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as python,
        running_broker("nats", Path(folder), standard_users("nats")) as broker,
    ):
        assert python.stdout is not None
        python.stdout.readline()
        start = time.monotonic() - begin
        memory = _memory([python.pid, broker.process.pid])
        return _Bare(start, memory, _publish_bare(broker) / BURST)


def _publish_bare(broker: Running) -> float:
    """Return the processor time [s] that paho takes to publish `BURST` messages."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("simulators", password("simulators"))
    client.max_inflight_messages_set(1000)
    client.connect(HOST, broker.mqtt_port)
    client.loop_start()
    begin = time.process_time()
    for number in range(BURST):
        topic = f"zenata/telemetry/la-ferme/air/air-{number % 1000:04}"
        sent = client.publish(topic, bytes(150), qos=1, retain=True)
    sent.wait_for_publish(_PATIENCE)
    took = time.process_time() - begin
    client.disconnect()
    client.loop_stop()
    return took


@contextmanager
def process(
    args: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, with more in its environment, and end it."""
    with subprocess.Popen(
        args, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})}
    ) as running:
        try:
            yield running
        finally:
            running.terminate()


def _serves(port: int, key_file: Path) -> bool:
    """Return whether readings are served already."""
    try:
        with closing(Client(port, key_file.read_text().strip())) as get:
            return bool(json.loads(get("/v1/latest?kind=weather"))["items"])
    except (OSError, HTTPException, RuntimeError):
        return False


def _messages(port: int, key: str) -> float:
    """Return how many messages ingest has made durable."""
    with closing(Client(port, key)) as get:
        found = _MESSAGES.search(get("/metrics"))
    if found is None:
        raise RuntimeError("the API does not tell how many messages ingest has stored")
    return float(found[1])


def _processor_time(process: psutil.Process) -> float:
    """Return the time [s] a process has had of any core."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory(pids: Sequence[int]) -> int:
    """Return the memory of processes and their children [bytes]; what several share is counted once (PSS)."""
    parents = [psutil.Process(pid) for pid in pids]
    processes = [process for parent in parents for process in (parent, *parent.children(recursive=True))]
    return sum(int(process.memory_full_info().pss) for process in processes)
