"""Supervisor: runs processes, restarts those that die, and leaves none behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from zenata.errors import SetupError
from zenata.process.backoff import Backoff

MAX_RESTARTS = 5
"""Deaths within `WINDOW` after which a process is given up on."""

WINDOW = 60.0
"""[s]"""

TRY_AGAIN = 75
"""Exit code of a program that ended for what may pass, a full disk or a broker that does not answer: it is never given up on.

It is `EX_TEMPFAIL` of BSD's ``sysexits.h``.
"""

MAX_LOG = 64 << 20
"""Bytes of a log from which on it is moved to ``.1``, in the place of the one before. A default: some days without trouble."""

USER_ERROR = "zenata: "
"""Beginning of the last line of a program that ended with code 2, where it says what its user can mend."""

_GRACE = 5.0  # time a process has to end by itself after SIGTERM [s]
_RESTART = Backoff(first=0.1, limit=5.0)  # after the second death and those that follow [s]
_PASSING_PAUSE = 2.0  # before a program that ended for what may pass is started again [s]
_TAIL = 5  # last lines of a log that are shown
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A process to run.

    Parameters
    ----------
    name : str
        What it is called in messages and in its log file's name.
    args : sequence of str
    env : mapping
        Added to the environment; the place for secrets, as arguments are seen by everybody on the machine.
    nice : int
        How far it stands back when the processor is wanted, from 0 to 19.
    once : bool
        Whether it has an end: then it is not started again; and when it is given up on, the others go on without it.
    """

    name: str
    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    nice: int = 0
    once: bool = False


class Process(Protocol):
    """A process that was started, in the manner of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """Return the status that it ended with, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most so long [s]; return its status."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it still runs."""

    def terminate(self) -> None:
        """Send it SIGTERM."""

    def kill(self) -> None:
        """Send it SIGKILL."""


def execute(program: Program, log_file: Path, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    """Run a program, which ends with the thread that calls this."""
    if shutil.which(program.args[0]) is None:
        raise FileNotFoundError(program.args[0])
    child = (sys.executable, "-I", "-S", str(_CHILD), str(os.getpid()), str(program.nice))
    with log_file.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own programs
            (*child, *program.args),
            env={**os.environ, **program.env},
            stdin=stdin,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is ours to handle, not theirs
        )


class GivenUp(SetupError):  # noqa: N818 - it names what happened
    """A process cannot be kept running; the message is, or ends with, its last output."""


class Supervisor:
    """Runs programs, in their order of starting; stops them in the reverse order.

    The thread that starts them must live as long as the process: when it ends, they end.

    Parameters
    ----------
    logs : Path
        Folder of their output, one file a program; that of the run before, or of more than `MAX_LOG`, is moved to ``.1``.
    say : callable
        Takes what a person should read.
    launch : callable
        Starts a program whose output goes to a file; see `zenata.process.template` for another way.
    """

    def __init__(
        self, *, logs: Path, say: Callable[[str], None], launch: Callable[[Program, Path], Process] = execute
    ) -> None:
        self._launch = launch
        self._logs = logs
        self._say = say
        self._programs: list[Program] = []
        self._running: dict[str, Process] = {}
        self._deaths: dict[str, deque[float]] = {}
        self._waiting: dict[str, tuple[str, float]] = {}  # what was said last of what may pass, and the death after it
        self._due: dict[str, float] = {}  # when to start again what has died, on the monotonic clock
        try:
            logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"the folder of logs {logs} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: process.pid for name, process in self._running.items()}

    def start(self, program: Program) -> None:
        """Start a program."""
        log_file = self._log_file(program)
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".log.1"))
        self._deaths[program.name] = deque(maxlen=MAX_RESTARTS)
        self._spawn(program)
        self._programs.append(program)

    def check(self) -> None:
        """Restart what has died, after a pause if it did so before, and bound the logs; it never waits itself.

        Raises
        ------
        GivenUp
            If a process dies again and again, or ended because it cannot run with its settings.
        """
        for program in tuple(self._programs):
            self._bound_log(program)
            status = self._running[program.name].poll()
            if status is None:
                continue
            if program.once and (status in {0, 2} or len(self._deaths[program.name]) == MAX_RESTARTS - 1):
                self._finish(program)
                continue
            if program.name not in self._due:
                self._due[program.name] = time.monotonic() + self._pause_after(program, status)
            if time.monotonic() >= self._due[program.name]:
                del self._due[program.name]
                self._spawn(program)

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a program; one that is dead will start without it."""
        self._running[name].send_signal(number)

    def restart(self, name: str, reason: str) -> None:
        """Stop a program and start it again, saying why; this counts as no death."""
        (program,) = (one for one in self._programs if one.name == name)
        self._say(f"{name} is started again: {reason}")
        self._end(self._running[name])
        self._due.pop(name, None)
        self._spawn(program)

    def stop(self) -> None:
        """End every process: politely first, and for certain after a few seconds."""
        for program in reversed(self._programs):
            process = self._running.pop(program.name)
            self._due.pop(program.name, None)
            self._end(process)
        self._programs.clear()

    def _end(self, process: Process) -> None:
        """End a process: politely first, and for certain after a few seconds."""
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _finish(self, program: Program) -> None:
        """Report the last line of a program that has ended."""
        self._programs.remove(program)
        del self._running[program.name]
        self._say(f"{program.name}: {self._last_line(program).removeprefix(USER_ERROR)}")

    def _pause_after(self, program: Program, status: int) -> float:
        """Return how long to wait before a program that has just died is started again [s], or give it up."""
        if status == TRY_AGAIN:
            line, now = self._last_line(program).removeprefix(USER_ERROR), time.monotonic()
            said, last = self._waiting.get(program.name, ("", now))
            if line != said or now - last > WINDOW:
                self._say(f"{program.name}: {line}; it is started again until that is over")
            self._waiting[program.name] = line, now
            return _PASSING_PAUSE
        self._waiting.pop(program.name, None)
        deaths = self._deaths[program.name]
        deaths.append(time.monotonic())
        if status == 2 and (line := self._last_line(program)).startswith(USER_ERROR):
            raise GivenUp(line.removeprefix(USER_ERROR))
        if status == 2 or (len(deaths) == MAX_RESTARTS and deaths[-1] - deaths[0] < WINDOW):
            raise GivenUp(f"{program.name} {_how(status)} and is given up on:\n{self._tail(program)}")
        self._say(f"{program.name} {_how(status)}; starting it again (its log is {self._log_file(program)})")
        return _RESTART.pause(len(deaths) - 1)

    def _spawn(self, program: Program) -> None:
        self._running[program.name] = self._launch(program, self._log_file(program))

    def _bound_log(self, program: Program) -> None:
        """Move a log that has become too long to ``.1``: by a copy, as its program goes on writing to the end of this file."""
        file = self._log_file(program)
        with suppress(OSError):  # it is not there, or there is no room for the copy
            if file.stat().st_size > MAX_LOG:
                try:
                    shutil.copyfile(file, file.with_suffix(".log.1"))
                finally:
                    os.truncate(file, 0)

    def _log_file(self, program: Program) -> Path:
        return self._logs / f"{program.name}.log"

    def _lines(self, program: Program) -> list[str]:
        return self._log_file(program).read_text(encoding="utf-8", errors="replace").splitlines()

    def _last_line(self, program: Program) -> str:
        return (self._lines(program) or [""])[-1]

    def _tail(self, program: Program) -> str:
        return "\n".join(f"  {line}" for line in self._lines(program)[-_TAIL:]) or "  (no output)"


def _how(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit code {status}"
