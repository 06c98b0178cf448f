"""Template process: has imported what programs need, and forks itself for each, which starts in a tenth of the time.

The two speak over a pair of sockets that keep the bounds of messages, in JSON: a request to fork, then what has started,
and what has ended with which status. A template has one thread, so that a fork of it is whole. It is itself executed, or a
fork of a process that has one thread as yet. Linux only.
"""

import ctypes
import gc
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from zenata.process.child import lower_priority
from zenata.process.supervisor import Program, execute

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)
_MAX_MESSAGE = 1 << 16  # of a request, which is a program's settings [bytes]
_START = 60.0  # the longest that a template may take to import everything and to fork [s]


class Template:
    """Starts programs as forks of a template process, which is started when it is first needed, or again if it died.

    Forks end with their template, and that with the thread that started the first of them; for this thread only.

    Parameters
    ----------
    args : sequence of str
        Runs a program that calls `fork_on_request`.
    env : mapping
        Added to the environment.
    log : Path
        Takes what the template says; its folder is there when the template is executed.
    say : callable
        Takes a line when the template has ended by itself, and its forks with it.
    """

    def __init__(
        self,
        args: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._args, self._env, self._log, self._say = args, env, log, say
        self._process: subprocess.Popen[bytes] | _Child | None = None
        self._socket: socket.socket | None = None
        self._ended: dict[int, int] = {}
        self.generation = 0
        """How many templates there were."""

    def fork_here(self) -> bool:
        """Fork this process, which has one thread as yet, and return whether we are the fork, which is to be the template.

        That spares the template all that this process has imported already. It leads its own session, and says what it
        says where this process does. Should it die, the next one is executed.
        """
        _freeze()
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        if (pid := os.fork()) == 0:
            _leave(parent, "template")
            own.close()
            with other:
                os.dup2(other.fileno(), 0)
            return True
        other.close()
        self._use(_Child(pid), own)
        return False

    def launch(self, program: Program, log: Path) -> "Fork":
        """Start a program; one that no template starts has ended with status 1."""
        with log.open("a", encoding="utf-8") as output:
            for _ in range(2 if self._socket else 1):  # one that was there before may have died since
                try:
                    return Fork(self, self._fork(program, log))
                except (OSError, EOFError):
                    self._lost()
            output.write(f"the template process that was to start it has ended; its log is {self._log}\n")
            return Fork(self, None)

    def status(self, pid: int, generation: int) -> int:
        """Return how a fork of this generation that has ended did so; by SIGTERM if its template had ended before."""
        try:
            while generation == self.generation and pid not in self._ended:
                self._receive()
        except (OSError, EOFError):
            self._lost()
        return self._ended.pop(pid, -signal.SIGTERM) if generation == self.generation else -signal.SIGTERM

    def close(self) -> None:
        """End the template, and with it whatever it has forked."""
        if self._socket:
            self._socket.close()
        if self._process:
            self._process.kill()  # it has nothing to leave, and may stand (SIGSTOP)
            self._process.wait()
        self._socket = self._process = None

    def _lost(self) -> None:
        """Report, once, that the template has ended by itself."""
        if self._socket:
            self._say(f"the template process has ended, and with it all that it had started (its log is {self._log})")
        self.close()

    def _fork(self, program: Program, log: Path) -> int:
        own = self._socket or self._start()
        request = {
            "name": program.name,
            "args": list(program.args),
            "env": dict(program.env),
            "nice": program.nice,
            "log": str(log.absolute()),
        }
        own.send(json.dumps(request).encode())
        while (pid := self._receive()) is None:
            pass
        return pid

    def _start(self) -> socket.socket:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            template = Program(name="template", args=self._args, env=self._env)
            self._use(execute(template, self._log, other.fileno()), own)
        return own

    def _use(self, process: "subprocess.Popen[bytes] | _Child", own: socket.socket) -> None:
        self.generation += 1
        self._ended.clear()
        own.settimeout(_START)
        self._process, self._socket = process, own

    def _receive(self) -> int | None:
        """Take one message; return the process that has started, or None if one has ended."""
        if self._socket is None:
            raise EOFError("it has ended")
        message = self._socket.recv(_MAX_MESSAGE)
        if not message:
            raise EOFError("it has ended")
        event = json.loads(message)
        if "status" not in event:
            return int(event["pid"])
        self._ended[event["pid"]] = event["status"]
        return None


class _Child:
    """A template that was forked: with the methods of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def kill(self) -> None:
        """Send it SIGKILL; it has not been waited for, so that the number is its own."""
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until it has ended."""
        os.waitpid(self._pid, 0)


class Fork:
    """A program that a template has started, in the manner of `subprocess.Popen`."""

    def __init__(self, template: Template, pid: int | None) -> None:
        self._template, self._generation = template, template.generation
        self.pid = pid or 0
        self._status = 1 if pid is None else None
        self._handle: int | None = None
        if pid is not None:
            with suppress(ProcessLookupError):  # it has ended already, and its status is to come
                self._handle = os.pidfd_open(pid)

    def __del__(self) -> None:
        if self._handle is not None:
            os.close(self._handle)

    def poll(self) -> int | None:
        """Return the status that it ended with, negative for a signal; None while it runs."""
        if self._status is None and self._has_ended(0.0):
            self._status = self._template.status(self.pid, self._generation)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most so long [s]; return its status."""
        if self._status is None and not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None and self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, timeout: float | None) -> bool:
        """Wait at most so long [s]; a handle of a process is readable when that has ended."""
        return self._handle is None or bool(select.select([self._handle], [], [], timeout)[0])


def fork_on_request() -> None:
    """Fork for each request on standard input, a socket; end the process when the other end closes.

    It returns in each fork, where `sys.argv` is then what would have run the program instead.
    """
    _freeze()
    requests = socket.socket(fileno=os.dup(0))
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ, 0)
        while True:
            for key, _ in selector.select():
                if key.data:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _, status = os.waitpid(key.data, 0)
                    _send(requests, {"pid": key.data, "status": os.waitstatus_to_exitcode(status)})
                    continue
                if not (message := requests.recv(_MAX_MESSAGE)):
                    sys.exit()
                request, parent = json.loads(message), os.getpid()
                if (pid := os.fork()) == 0:
                    requests.close()
                    for other in list(selector.get_map().values()):
                        if other.data:
                            os.close(other.fd)
                    _become(request, parent)
                    return
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                _send(requests, {"pid": pid})


def _freeze() -> None:
    """Leave all there is out of collections: at its first, each fork would copy it."""
    gc.collect()
    gc.freeze()


def _send(requests: socket.socket, message: dict[str, int]) -> None:
    try:
        requests.send(json.dumps(message).encode())
    except OSError:
        sys.exit()  # nobody is there to hear it


def _become(request: dict[str, object], parent: int) -> None:
    """Turn a fork into a program: in a session of its own, with its name, environment, output and priority."""
    _leave(parent, str(request["name"]))
    lower_priority(int(str(request["nice"])))
    with Path(str(request["log"])).open("ab") as output, Path(os.devnull).open("rb") as nothing:
        for number, stream in ((0, nothing), (1, output), (2, output)):
            os.dup2(stream.fileno(), number)
    os.environ.update(request["env"])  # type: ignore[call-overload]  # we wrote it ourselves
    sys.argv = request["args"]  # type: ignore[assignment]  # as above


def _leave(parent: int, name: str) -> None:
    """Lead a session of our own, under a name, and end with the parent."""
    os.setsid()
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # as in `zenata.process.child`
    if os.getppid() != parent:
        sys.exit(1)  # too early for the kernel to end us; the parent has told why
    library.prctl(_PR_SET_NAME, name.encode()[:15])
    _show_as(f"zenata: {name}")


def _show_as(text: str) -> None:
    """Write over the arguments that this process was started with, which `ps` shows; proc(5)."""
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])  # fields 48 and 49
    if end > start:  # else nobody may know them
        shown = text.encode()[: end - start - 1]
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, shown, len(shown))
