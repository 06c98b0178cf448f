"""Templates that die, do not start, and fork many; what programs of both kinds have in common is in `test_supervisor`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.zenata.process.forking import Executing
from tests.zenata.process.test_supervisor import TIMEOUT, ended, shell, wait_for
from zenata.process.supervisor import Supervisor, execute
from zenata.process.template import Template


@pytest.fixture
def template(tmp_path: Path) -> Iterator[Executing]:
    template = Executing(tmp_path / "template.log")
    yield template
    template.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "it.log"


def test_each_fork_ends_with_a_status_of_its_own(template, log):
    forks = [template.launch(shell(f"exit {status}"), log) for status in range(20)]
    assert [fork.wait(TIMEOUT) for fork in reversed(forks)] == list(reversed(range(20)))
    killed = template.launch(shell("kill -KILL $$"), log)
    assert killed.wait(TIMEOUT) == killed.poll() == -signal.SIGKILL
    killed.kill()  # it has ended: nobody who has got its number since is hit


def test_a_fork_that_does_not_end_is_not_waited_for_longer(template, log):
    fork = template.launch(shell("exec sleep 60"), log)
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.01)


def test_a_fork_carries_its_name_and_leads_a_session(template, log):
    fork = template.launch(shell("echo $PPID; exec sleep 60"), log)
    wait_for(lambda: log.read_text().endswith("\n"))
    assert os.getsid(fork.pid) == fork.pid
    assert int(log.read_text()) == psutil.Process(fork.pid).ppid()
    assert len(list(Path(f"/proc/{fork.pid}/fd").iterdir())) == 3


def test_forks_end_with_a_killed_template_and_another_starts_the_next(template, log):
    first = template.launch(shell("exec sleep 60"), log)
    parent = psutil.Process(first.pid).parent()
    parent.kill()
    wait_for(lambda: ended(first.pid))
    second = template.launch(shell("exec sleep 60"), log)
    assert psutil.Process(second.pid).ppid() != parent.pid
    assert (first.poll(), second.poll()) == (-signal.SIGTERM, None)
    template.close()
    assert second.wait(TIMEOUT) == -signal.SIGTERM


def test_a_supervisor_starts_again_all_that_ended_with_its_template(tmp_path):
    """As in `zenata up`, where the broker is executed: it runs on, and services connect to it again."""
    messages: list[str] = []
    template = Executing(tmp_path / "template.log", messages.append)

    def launch(program, log):
        return (execute if program.name == "broker" else template.launch)(program, log)

    with closing(template), Supervisor(logs=tmp_path, say=messages.append, launch=launch) as supervisor:
        for name in ("broker", "api", "simulators"):
            supervisor.start(shell("exec sleep 60", name=name))
        before = supervisor.pids
        psutil.Process(before["api"]).parent().kill()
        wait_for(lambda: ended(before["api"]) and ended(before["simulators"]))
        supervisor.check()
        after = supervisor.pids
        assert after["broker"] == before["broker"]
        assert {after["api"], after["simulators"]}.isdisjoint(before.values())
        assert not any(ended(pid) for pid in after.values())
        supervisor.check()
    assert [message.partition(";")[0] for message in messages] == [
        f"the template process has ended, and with it all that it had started (its log is {tmp_path / 'template.log'})",
        "api was killed by SIGTERM",
        "simulators was killed by SIGTERM",
    ]


def test_what_no_template_starts_has_failed_and_its_log_says_so(tmp_path, log):
    template = Template((sys.executable, "-c", "raise SystemExit('broken')"), {}, tmp_path / "template.log")
    fork = template.launch(shell("exit 0"), log)
    assert fork.poll() == fork.wait(TIMEOUT) == 1
    fork.terminate()
    assert log.read_text() == (
        f"the template process that was to start it has ended; its log is {tmp_path / 'template.log'}\n"
    )
    assert (tmp_path / "template.log").read_text() == "broken\n"


HERE = """
import os, sys
from pathlib import Path
from tests.zenata.process.forking import Executing
from tests.zenata.process.test_supervisor import shell
from zenata.process.template import fork_on_request

log = Path(sys.argv[1])
template = Executing(log.with_name("template.log"))
if template.fork_here():
    fork_on_request()
    os.execvp(sys.argv[0], sys.argv)
first = template.launch(shell("echo $PPID; head -c 16 /proc/$PPID/cmdline; echo; exec sleep 60", name="one"), log)
while log.read_text().count("\\n") < 2:
    pass
os.kill(int(log.read_text().split()[0]), 9)
assert first.wait(60) == -15
second = template.launch(shell("echo again; exit 7", name="two"), log)
assert second.wait(60) == 7
template.close()
print(os.getpid())
"""


def test_a_process_forks_itself_into_a_template_and_the_next_is_executed(log):
    ran = subprocess.run(
        [sys.executable, "-c", HERE, log], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("\n") == 1  # no fork went on as what it was forked from
    assert log.read_text().split("\n")[1:] == ["zenata: template", "again", ""]
