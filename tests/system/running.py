"""The whole city as its users run it: `zenata up` in processes of its own, on free ports of loopback."""

import faulthandler
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from tests.waiting import PATIENCE, wait_until
from tests.zenata.broker.running import Running

ZENATA = (sys.executable, "-P", "-m", "sandbox")
FREE_PORTS = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
NO_PAST = ("--history-days", "0")
SMALL = ("--city", "valdeira")
"""Of a city that is not looked at: the smaller one starts and runs at a third of the cost."""
FORKS = multiprocessing.get_context("forkserver")
_PRELOADED = [f"sandbox.{name}" for name in ("cli.main", "up", "serve", "ingest", "simulate", "backfill", "doctor")]
FORKS.set_forkserver_preload([*_PRELOADED, __name__, "tests.system.preloaded"])  # this, too: each fork would import it
_CLIENT = httpx.Client(timeout=60, trust_env=False)  # one for all: to make one takes 27 ms of processor


@dataclass(frozen=True)
class RunningCity:
    """A city that runs on a data directory."""

    folder: Path
    process: "Command"
    about: dict[str, Any]
    """What run.json said first."""

    @property
    def http(self) -> str:
        return self.about["http"]

    @property
    def mqtt(self) -> str:
        return self.about["mqtt"]

    @property
    def ws(self) -> str:
        return self.about["ws"]

    @property
    def broker(self) -> Running:
        """Where the MQTT clients of the tests connect."""
        mqtt, ws = urlsplit(self.mqtt), urlsplit(self.ws)
        return Running(mqtt.hostname, mqtt.port, ws.port, self.process)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, as run.json has them now."""
        return json.loads((self.folder / "run.json").read_text())["pids"]

    @property
    def key(self) -> str:
        return (self.folder / "demo.key").read_text().strip()

    @property
    def admin_key(self) -> str:
        return (self.folder / "admin.key").read_text().strip()

    @property
    def printed(self) -> str:
        """What a person has read so far, in this run and in those before."""
        return output_of(self.folder).read_text()

    def get(self, path: str, key: str = "") -> Any:
        """Ask the API with a key, which is that of the demo pilot if none is given."""
        answer = _CLIENT.get(self.http + path, headers={"Authorization": f"Bearer {key or self.key}"})
        answer.raise_for_status()
        return answer.json()

    def client(self, key: str = "") -> httpx.Client:
        """Return a client with a key, which is that of the demo pilot if none is given."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.http, headers=headers, timeout=60, trust_env=False)

    def newest(self, kind: str = "weather") -> str:
        """Return the newest time that any sensor of a kind has a reading of; empty while the API is away."""
        try:
            return max((item["time"] for item in self.get(f"/v1/latest?kind={kind}")["items"]), default="")
        except httpx.HTTPError:
            return ""

    def halt(self, *, lost: bool = False) -> None:
        """Stop the shared city's clock, and wait until everything it has published is stored, or is missing where some is `lost`.

        A broker may take seconds to deliver a message that it did not get through at first.
        """
        with self.client(self.admin_key) as admin:

            def paused() -> bool:
                # 503 while the simulators, perhaps killed a moment ago, are not there yet.
                answer = admin.patch("/v1/worlds/zenata/clock", json={"state": "paused"})
                assert answer.status_code in (200, 503), answer.text
                return answer.status_code == 200

            wait_until(paused, "the clock stops")

            def look() -> tuple[str, int, int, int]:
                world, balance = admin.get("/v1/worlds/zenata").json(), admin.get("/v1/ledger").json()["items"][0]
                there = balance["stored"] + (balance["missing"] if lost else 0)
                return world["state"], world["messages"], balance["published"], there

            def settled() -> bool:
                state, *counts = look()
                return state == "paused" and len(set(counts)) == 1

            try:
                wait_until(settled, "everything is stored")
            except AssertionError as error:
                error.add_note(f"state, and messages by the city, published and stored by the ledger: {look()}")
                raise

    def wait_for_more(self) -> None:
        """Wait until readings come that are newer than all there are."""
        wait_until(self.newest, "the API answers")
        before = self.newest()
        wait_until(lambda: self.newest() > before, f"readings after {before}")

    def kill(self, *names: str) -> None:
        """SIGKILL some of the processes at once, and wait until others have taken their places."""
        before = self.pids
        for name in names:
            os.kill(before[name], signal.SIGKILL)
        for name in names:
            wait_until(lambda name=name: self.pids[name] != before[name], f"{name} runs again")


@contextmanager
def running_city(folder: Path, *options: str) -> Iterator[RunningCity]:
    """Run a city until the end of the block, and leave none of its processes."""
    run_file, output = folder / "run.json", output_of(folder)
    process = _start(folder, output, options)
    children: set[psutil.Process] = set()
    try:
        wait_until(lambda: process.poll() is not None or _pid_of(run_file) == process.pid, "the city is ready")
        if process.poll() is not None and "is taken: choose another" in output.read_text().splitlines()[-1]:
            process = _start(folder, output, options)  # somebody else took a port between our choice and our use of it
            wait_until(lambda: process.poll() is not None or _pid_of(run_file) == process.pid, "the city is ready")
        assert process.poll() is None, output.read_text()
        yield RunningCity(folder, process, json.loads(run_file.read_text()))
    finally:
        if process.poll() is None:
            children = set(psutil.Process(process.pid).children(recursive=True))
            process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # it says where it is
            process.wait(PATIENCE)
            raise AssertionError(f"the city does not stop: {output.read_text()[-5000:]}") from None
        finally:
            process.kill()
            for child in psutil.wait_procs(children, 10)[1]:
                child.kill()


def _start(folder: Path, output: Path, options: Sequence[str]) -> "Command":
    return Command(["up", "--data-dir", str(folder), *FREE_PORTS, *NO_PAST, *options], output, output)


def output_of(folder: Path) -> Path:
    """Return the file of what `zenata up` says to a person."""
    return folder.with_name(f"{folder.name}.out")


class Command:
    """A command of `zenata` that runs, in the manner of `subprocess.Popen`.

    It is a fork of a process that has imported everything, as imports would take most of its time. What tests of the
    command line ask of a program of its own, they ask of `ZENATA`.
    """

    def __init__(self, args: Sequence[str], out: Path, err: Path, folder: Path | None = None) -> None:
        self.args = args
        self._process = FORKS.Process(
            target=_run_command, args=(args, dict(os.environ), folder or Path.cwd(), out, err), daemon=True
        )
        self._process.start()
        self.pid = self._process.pid
        self.terminate, self.kill = self._process.terminate, self._process.kill

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def zenata(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        command = Command(args, out, err)
        try:
            command.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
            raise
        return subprocess.CompletedProcess(args, command.wait(), out.read_text(), err.read_text())


_FORKED = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.connect("{path}")
    client.sendall(json.dumps([os.getpid(), os.getcwd(), sys.argv[1:]]).encode())
    sys.exit(int(client.recv(9)))
"""


@contextmanager
def forked_program(folder: Path) -> Iterator[Path]:
    """Make a program that is `zenata` for shells, but a fork: commands that end are half imports.

    It has the folder, the output and the exit status of whoever calls it, and the environment of the tests.
    """
    path, program = folder / "zenata.sock", folder / "zenata"
    program.write_text(_FORKED.format(python=sys.executable, path=path))
    program.chmod(0o700)

    def serve() -> None:
        while True:
            connection = server.accept()[0]
            with connection:
                if not (request := connection.recv(2**16)):
                    return
                pid, cwd, args = json.loads(request)
                out, err = (Path(f"/proc/{pid}/fd/{number}") for number in (1, 2))
                connection.sendall(b"%d" % Command(args, out, err, Path(cwd)).wait(PATIENCE))

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = Thread(target=serve)
        thread.start()
        yield program
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
        thread.join()


def _run_command(args: Sequence[str], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """Be the command `zenata`; this runs in the forked process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    faulthandler.enable()
    sys.argv = ["zenata", *args]
    import_module("sandbox.cli.main").main()


def user_lines(stderr: str) -> list[str]:
    """Return what the command line told its user, without log lines and progress."""
    log_line = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
    lines = [line for line in stderr.splitlines() if line and not log_line.match(line)]
    return [line for line in lines if not line.endswith(" ...")]


def _pid_of(run_file: Path) -> int | None:
    try:
        return json.loads(run_file.read_text())["pids"]["supervisor"]
    except FileNotFoundError:
        return None
