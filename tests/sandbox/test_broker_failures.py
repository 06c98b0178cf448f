"""Failures of the broker's storage: restarts that mend them, and messages that are gone."""

from pathlib import Path

import pytest

from sandbox.broker_failures import STUCK, STUCK_FOR, STUCK_WITHIN, BrokerFailures, LossWatch
from zenata.broker.monitor import Stored

STUCK_LINE = '[1] [ERR] 1.2.3.4:5 - mid:1 - "a" - unable to connect: timeout after 5.0s: request type "ML" on "$JS"\n'
FULL_LINE = "[1] [ERR] JetStream stream '$G > $MQTT_msgs' critical write error: no space left on device\n"


def say(file: Path, line: str) -> None:
    with file.open("a") as stream:
        stream.write(line)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "broker.log"


def test_storage_that_does_not_answer_again_and_again_is_restarted_once(file: Path, tmp_path: Path) -> None:
    failures = BrokerFailures(file, tmp_path)
    for number in range(STUCK - 1):
        say(file, STUCK_LINE)
        assert failures.restart_reason(number * STUCK_FOR / (STUCK - 1)) == ""
    say(file, STUCK_LINE)
    assert "does not answer" in failures.restart_reason(STUCK_FOR)
    say(file, STUCK_LINE * STUCK)
    assert failures.restart_reason(STUCK_FOR + 5.0) == ""  # it has just been started again


def test_a_machine_that_is_too_slow_for_its_broker_restarts_it_ever_more_seldom(file: Path, tmp_path: Path) -> None:
    """After each all clients connect anew, and all that waits is delivered anew: once in 30 s that might never end."""
    failures, restarts = BrokerFailures(file, tmp_path), []
    for second in range(3600):
        say(file, STUCK_LINE)
        if failures.restart_reason(float(second)):
            restarts.append(second)
    assert len(restarts) < 12
    for second in range(4300, 4400):  # it was well meanwhile
        say(file, STUCK_LINE)
        if failures.restart_reason(float(second)):
            restarts.append(second)
    assert restarts[-1] - restarts[-2] < 60


def test_what_one_client_asked_for_at_once_is_no_reason(file: Path, tmp_path: Path) -> None:
    failures = BrokerFailures(file, tmp_path)
    for number in range(20):
        say(file, STUCK_LINE * 100)
        assert failures.restart_reason(number * STUCK_FOR / 20) == ""


def test_single_slow_answers_are_no_reason(file: Path, tmp_path: Path) -> None:
    failures = BrokerFailures(file, tmp_path)
    for number in range(20):
        say(file, STUCK_LINE)
        assert failures.restart_reason(number * STUCK_WITHIN) == ""


def test_what_the_log_said_in_the_run_before_is_no_reason(file: Path, tmp_path: Path) -> None:
    say(file, FULL_LINE + STUCK_LINE * STUCK)
    assert BrokerFailures(file, tmp_path).restart_reason(100.0) == ""


@pytest.mark.parametrize(("line", "full"), [(FULL_LINE, 0), ("", 2**62)], ids=["the log says it", "no room to say it"])
def test_a_full_disk_is_a_reason_once_there_is_room(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, full: int
) -> None:
    failures = BrokerFailures(file, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("sandbox.broker_failures.ROOM", 2**62)
        patch.setattr("sandbox.broker_failures._FULL", full)
        say(file, line)
        assert failures.restart_reason(100.0) == ""
    assert "disk was full" in failures.restart_reason(101.0)
    assert failures.restart_reason(200.0) == ""


def test_a_broker_that_counts_on_from_less_has_lost_what_waited(tmp_path: Path) -> None:
    file = tmp_path / "broker.count"
    watch = LossWatch(file)
    assert watch.look(Stored(newest=0, waiting=0)) == 0
    assert watch.look(Stored(newest=3000, waiting=2500)) == 0
    assert watch.look(Stored(newest=3000, waiting=0)) == 0
    assert watch.look(Stored(newest=4000, waiting=1000)) == 0
    assert LossWatch(file).look(Stored(newest=3500, waiting=500)) == 500  # after a restart of ours too
    assert LossWatch(file).look(Stored(newest=3600, waiting=600)) == 0  # told once


@pytest.mark.parametrize("content", [b"", b"{", b"null"])
def test_an_empty_broker_has_lost_nothing_that_waited(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broker.count"
    file.write_bytes(content)
    watch = LossWatch(file)
    watch.look(Stored(newest=3000, waiting=0))
    assert watch.look(Stored(newest=0, waiting=0)) == 0
