"""run.json, by which others find a running city."""

import os
from pathlib import Path

from sandbox.running import RunFile, Running
from tests.room import room_for


def test_what_a_full_disk_refuses_is_written_when_there_is_room(tmp_path: Path) -> None:
    """A process that was started again once ended the whole city, where its number could not be noted."""
    said: list[str] = []
    run_file = RunFile(tmp_path / "run.json", Running(http="http://127.0.0.1:1"), said.append)
    run_file.write({"api": 1})
    with room_for(0):
        for _ in range(3):
            run_file.keep({"api": 2})
    assert pids(tmp_path) == {"api": 1, "supervisor": os.getpid()}
    assert len(said) == 1
    assert "run.json cannot be written: File too large" in said[0]
    run_file.keep({"api": 2})
    assert pids(tmp_path) == {"api": 2, "supervisor": os.getpid()}
    (tmp_path / "run.json").unlink()
    run_file.keep({"api": 2})
    assert pids(tmp_path)["api"] == 2


def pids(folder: Path) -> dict[str, int]:
    found = Running.read(folder / "run.json")
    assert found is not None
    return found.pids
