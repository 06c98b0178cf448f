"""Runs processes, restarts those that die, and leaves none behind."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from zenata.errors import SetupError

log = logging.getLogger(__name__)

MOST_RESTARTS = 5
"""Deaths within `WINDOW` after which a process is given up on."""

WINDOW = 60.0
"""[s]"""

TOLD = "zenata: "
"""How the last line of a program begins that ended with code 2 and has told what its user can mend."""

_GRACE = 5.0  # time a process has to end by itself after SIGTERM [s]
_PR_SET_PDEATHSIG = 1  # prctl(2)
_TAIL = 5  # last lines of a log that are shown


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
    """

    name: str
    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


class GivenUp(SetupError):  # noqa: N818 - it names what happened
    """A process cannot be kept running; the message is, or ends with, the last it said."""


class Supervisor:
    """Runs programs, in their order of starting; stops them in the reverse order.

    Parameters
    ----------
    logs : Path
        Folder of their output, one file a program; that of the run before is kept as ``.1``.
    say : callable
        Takes what a person should read.

    Attributes
    ----------
    on_change : callable
        Called after a process was restarted.
    """

    def __init__(self, *, logs: Path, say: Callable[[str], None]) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._logs = logs
        self._say = say
        self._programs: list[Program] = []
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, deque[float]] = {}
        logs.mkdir(parents=True, exist_ok=True)

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
        self._deaths[program.name] = deque(maxlen=MOST_RESTARTS)
        self._spawn(program)
        self._programs.append(program)

    def check(self) -> None:
        """Restart what has died.

        Raises
        ------
        GivenUp
            If a process dies again and again, or ended because it cannot run as it was told to.
        """
        for program in self._programs:
            status = self._running[program.name].poll()
            if status is None:
                continue
            deaths = self._deaths[program.name]
            deaths.append(time.monotonic())
            if status == 2 and (said := self._last_words(program)).startswith(TOLD):
                raise GivenUp(said.removeprefix(TOLD))
            if status == 2 or (len(deaths) == MOST_RESTARTS and deaths[-1] - deaths[0] < WINDOW):
                raise GivenUp(f"{program.name} {_how(status)} and is given up on:\n{self._tail(program)}")
            self._say(f"{program.name} {_how(status)}; starting it again (its log is {self._log_file(program)})")
            time.sleep(0.1 * 2 ** (len(deaths) - 1))
            self._spawn(program)
            self.on_change()

    def stop(self) -> None:
        """End every process: politely first, and for certain after a few seconds."""
        for program in reversed(self._programs):
            process = self._running.pop(program.name)
            process.terminate()
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._programs.clear()

    def _spawn(self, program: Program) -> None:
        with self._log_file(program).open("ab") as output:
            self._running[program.name] = subprocess.Popen(  # noqa: S603 - our own programs
                program.args,
                env={**os.environ, **program.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to handle, not theirs
                preexec_fn=_die_with_parent,  # there are no threads here
            )

    def _log_file(self, program: Program) -> Path:
        return self._logs / f"{program.name}.log"

    def _lines(self, program: Program) -> list[str]:
        return self._log_file(program).read_text(encoding="utf-8", errors="replace").splitlines()

    def _last_words(self, program: Program) -> str:
        return (self._lines(program) or [""])[-1]

    def _tail(self, program: Program) -> str:
        return "\n".join(f"  {line}" for line in self._lines(program)[-_TAIL:]) or "  (it said nothing)"


def _how(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit code {status}"


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, even by SIGKILL; Linux only, elsewhere nothing."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
