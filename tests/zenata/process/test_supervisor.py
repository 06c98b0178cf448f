"""Real processes that end, die, refuse to end, and lose their parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tests.zenata.process.forking import Executing
from zenata.process import supervisor as module
from zenata.process.backoff import Backoff
from zenata.process.supervisor import MAX_RESTARTS, TRY_AGAIN, GivenUp, Process, Program, Supervisor, execute

TIMEOUT = 60.0  # far beyond what anything here takes [s]


@pytest.fixture
def messages() -> list[str]:
    return []


Launch = Callable[[Program, Path], Process]


@pytest.fixture(params=["executed", "forked"])
def launch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launch]:
    """Both ways to start a program; a fork becomes whatever it is asked for."""
    if request.param == "executed":
        yield execute
        return
    template = Executing(tmp_path / "template.log")
    yield template.launch
    template.close()


@pytest.fixture
def supervisor(tmp_path: Path, messages: list[str], launch: Launch) -> Iterator[Supervisor]:
    with Supervisor(logs=tmp_path / "logs", say=messages.append, launch=launch) as supervisor:
        yield supervisor


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "it.log"


def shell(script: str, name: str = "it", **env: str) -> Program:
    return Program(name=name, args=("/bin/sh", "-c", script), env=env)


wait_for = partial(wait_until, what="what a test waits for", pause=0.01)


def ended(pid: int) -> bool:
    """Return whether a process is gone, or waits only for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill(supervisor: Supervisor, name: str = "it") -> None:
    pid = supervisor.pids[name]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ended(pid))


def test_programs_run_with_their_environment_and_log(supervisor, messages, log):
    supervisor.start(shell('echo "out $SECRET"; echo err >&2; exec sleep 60', SECRET="word"))
    wait_for(lambda: log.exists() and log.read_text() == "out word\nerr\n")
    supervisor.check()
    assert not ended(supervisor.pids["it"])
    assert messages == []
    assert "word" not in repr(shell("", SECRET="word"))


def test_the_log_of_the_run_before_is_stored(tmp_path, log, launch):
    for run in (1, 2, 3):
        with Supervisor(logs=tmp_path / "logs", say=print, launch=launch) as supervisor:
            supervisor.start(shell(f"echo run {run}; exec sleep 60"))
            wait_for(lambda run=run: log.read_text() == f"run {run}\n")
    assert log.with_name("it.log.1").read_text() == "run 2\n"


def test_a_log_that_becomes_long_is_moved_and_its_program_goes_on_writing(supervisor, log, monkeypatch):
    monkeypatch.setattr(module, "MAX_LOG", 10)
    script = 'echo "many words"; while [ ! -e "$GO" ]; do sleep 0.05; done; echo more; exec sleep 60'
    supervisor.start(shell(script, GO=str(log.parent / "go")))
    wait_for(lambda: log.exists() and log.read_text() == "many words\n")
    supervisor.check()
    assert log.read_text() == ""
    (log.parent / "go").touch()
    wait_for(lambda: log.read_text() == "more\n")
    supervisor.check()
    assert log.with_name("it.log.1").read_text() == "many words\n"


def test_what_dies_is_started_again_and_logged(supervisor, messages, log):
    supervisor.start(shell("echo started; exec sleep 60"))
    supervisor.start(shell("exec sleep 60", name="other"))
    before = supervisor.pids
    wait_for(lambda: log.read_text() == "started\n")
    kill(supervisor)
    supervisor.check()
    assert messages == [f"it was killed by SIGKILL; starting it again (its log is {log})"]
    assert supervisor.pids["it"] != before["it"]
    assert supervisor.pids["other"] == before["other"]
    wait_for(lambda: log.read_text() == "started\nstarted\n")


def test_what_ends_by_itself_is_started_again(supervisor, messages):
    supervisor.start(shell("exit 0"))
    wait_for(lambda: ended(supervisor.pids["it"]))
    supervisor.check()
    assert messages[0].startswith("it ended with exit code 0; starting it again")


def test_what_cannot_run_with_its_options_is_given_up_on_at_once(supervisor, messages):
    supervisor.start(shell("for line in 1 2 3 4 5 6; do echo line $line; done; exit 2"))
    wait_for(lambda: ended(supervisor.pids["it"]))
    with pytest.raises(GivenUp) as failure:
        supervisor.check()
    last = "".join(f"\n  line {number}" for number in range(2, 7))
    assert str(failure.value) == f"it ended with exit code 2 and is given up on:{last}"
    assert messages == []


def test_what_told_its_user_why_is_quoted_alone(supervisor):
    supervisor.start(shell("echo 'a line before'; echo 'zenata: no broker there'; exit 2"))
    wait_for(lambda: ended(supervisor.pids["it"]))
    with pytest.raises(GivenUp, match=r"^no broker there$"):
        supervisor.check()


def test_what_ends_for_what_may_pass_is_started_until_it_has(supervisor, messages, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PASSING_PAUSE", 0.0)
    room = tmp_path / "room"
    supervisor.start(shell(f"[ -e {room} ] && exec sleep 60; echo 'zenata: no room: free some'; exit {TRY_AGAIN}"))
    for _ in range(2 * MAX_RESTARTS):
        wait_for(lambda: ended(supervisor.pids["it"]))
        supervisor.check()
    assert messages == ["it: no room: free some; it is started again until that is over"]
    room.touch()
    wait_for(lambda: supervisor.check() or not ended(supervisor.pids["it"]))


@pytest.mark.parametrize("what", ["another reason", "after a while"])
def test_what_may_pass_is_told_anew_if_it_is_another_or_comes_back(supervisor, messages, tmp_path, monkeypatch, what):
    monkeypatch.setattr(module, "_PASSING_PAUSE", 0.0)
    reason = tmp_path / "reason"
    reason.write_text("zenata: first\n")
    supervisor.start(shell(f"cat {reason}; exit {TRY_AGAIN}"))
    for _ in range(2):
        wait_for(lambda: ended(supervisor.pids["it"]))
        supervisor.check()
    assert len(messages) == 1
    if what == "another reason":
        reason.write_text("zenata: second\n")
    else:
        monkeypatch.setattr(module, "WINDOW", -1.0)
    for _ in range(2):
        wait_for(lambda: ended(supervisor.pids["it"]))
        supervisor.check()
    assert len(messages) >= 2
    assert ("second" in messages[-1]) == (what == "another reason")


def test_what_dies_again_and_again_is_given_up_on(supervisor, messages, monkeypatch):
    monkeypatch.setattr(module, "_RESTART", Backoff(first=0.0, limit=0.0))
    supervisor.start(shell("exec sleep 60"))
    for _ in range(MAX_RESTARTS - 1):
        kill_at_once(supervisor)
        supervisor.check()
    kill_at_once(supervisor)
    with pytest.raises(GivenUp, match=r"it was killed by SIGKILL and is given up on:\n  \(no output\)"):
        supervisor.check()
    assert len(messages) == MAX_RESTARTS - 1


def kill_at_once(supervisor: Supervisor) -> None:
    """Kill and wait without sleeping."""
    process = supervisor._running["it"]
    process.kill()
    process.wait()


def test_what_dies_twice_is_started_again_after_a_pause_in_which_nobody_waits(supervisor, monkeypatch):
    monkeypatch.setattr(module, "_RESTART", Backoff(first=3600.0, limit=3600.0))
    supervisor.start(shell("exec sleep 60"))
    supervisor.start(shell("exec sleep 60", name="other"))
    for _ in range(2):
        kill_at_once(supervisor)
        supervisor.check()
    assert ended(supervisor.pids["it"])
    kill(supervisor, "other")
    supervisor.check()
    assert not ended(supervisor.pids["other"])


def test_a_signal_reaches_its_program(supervisor, log):
    script = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})\n"
        "print('ready', flush=True)\n"
        "signal.sigwait({signal.SIGHUP})\n"
        "print('heard', flush=True)\n"
        "signal.pause()"
    )
    supervisor.start(Program(name="it", args=(sys.executable, "-I", "-S", "-c", script)))
    wait_for(lambda: log.exists() and log.read_text() == "ready\n")
    supervisor.signal("it", signal.SIGHUP)
    wait_for(lambda: log.read_text() == "ready\nheard\n")


def test_a_program_waits_as_long_as_it_is_reported(supervisor, log):
    supervisor.start(Program(name="it", args=("/bin/sh", "-c", "nice; exec sleep 60"), nice=7))
    wait_for(lambda: log.exists() and log.read_text() == f"{min(os.nice(0) + 7, 19)}\n")


def test_the_session_of_a_program_has_its_nice_value(supervisor, log):
    """A nice value alone counts within a session only, where the kernel groups them: worlds of pilots ran as fast as the API."""
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel groups no sessions")
    supervisor.start(Program(name="it", args=("/bin/sh", "-c", "cat /proc/self/autogroup; exec sleep 60"), nice=7))
    wait_for(lambda: log.exists() and log.read_text().endswith(" nice 7\n"))


def test_what_starts_after_its_parent_died_ends_at_once(tmp_path):
    child = [sys.executable, "-I", "-S", str(module._CHILD), "1", "0", "/bin/sh", "-c", f"touch {tmp_path}/ran"]
    done = subprocess.run(child, capture_output=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stderr) == (1, b"")  # the parent has told why, in one line
    assert not (tmp_path / "ran").exists()


def test_deaths_far_apart_are_forgiven(supervisor, messages, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 0.0)
    monkeypatch.setattr(module, "_RESTART", Backoff(first=0.0, limit=0.0))
    supervisor.start(shell("exec sleep 60"))
    for _ in range(2 * MAX_RESTARTS):
        kill_at_once(supervisor)
        supervisor.check()
    assert len(messages) == 2 * MAX_RESTARTS


def test_stopping_ends_the_last_first(tmp_path, launch):
    order = tmp_path / "order"
    with Supervisor(logs=tmp_path, say=print, launch=launch) as supervisor:
        for name in ("first", "second", "third"):
            supervisor.start(
                shell(f"trap 'echo {name} >> {order}; exit' TERM; echo ready; while :; do sleep 0.01; done", name=name)
            )
            wait_for(lambda name=name: (tmp_path / f"{name}.log").read_text() == "ready\n")
        pids = supervisor.pids
    assert order.read_text().split() == ["third", "second", "first"]
    assert all(ended(pid) for pid in pids.values())
    assert supervisor.pids == {}


def test_what_ignores_the_asking_is_killed(tmp_path, log, monkeypatch, launch):
    monkeypatch.setattr(module, "_GRACE", 0.2)
    with Supervisor(logs=tmp_path / "logs", say=print, launch=launch) as supervisor:
        supervisor.start(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"))
        wait_for(lambda: log.read_text() == "ready\n")
        pid = supervisor.pids["it"]
    assert ended(pid)


def test_a_program_that_is_not_there_leaves_the_others_to_be_stopped(tmp_path):
    with Supervisor(logs=tmp_path, say=print) as supervisor:
        supervisor.start(shell("exec sleep 60"))
        pid = supervisor.pids["it"]
        with pytest.raises(FileNotFoundError):
            supervisor.start(Program(name="none", args=(str(tmp_path / "none"),)))
    assert ended(pid)


@pytest.mark.parametrize("stands", [False, True])
def test_children_end_with_a_killed_parent(tmp_path, stands):
    script = (
        "import sys, time; from pathlib import Path; from zenata.process.supervisor import Program, Supervisor\n"
        "s = Supervisor(logs=Path(sys.argv[1]), say=print)\n"
        "s.start(Program(name='it', args=('/bin/sleep', '60')))\n"
        "print(s.pids['it'], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert not ended(child)
        if stands:
            wait_for(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")  # it is what it is to become
            os.kill(child, signal.SIGSTOP)
        parent.kill()
    wait_for(lambda: ended(child))
