"""The past of the whole city, as its users fill it: at once, killed on the way, and behind a city that runs."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.readings import opened
from tests.system.running import SMALL, Command, running_city, user_lines, zenata
from tests.waiting import PATIENCE, wait_until
from zenata.city.clock import format_time, parse_time

pytestmark = pytest.mark.slow

SPAN = ("--start", "2026-03-01T00:00:00Z", "--end", "2026-03-01T08:00:00Z", "--every", "10m")
REQUEST = Path("worlds/zenata/backfill/request.json")
SUMS = "SELECT sensor, property, count(*), sum(hash(time, value, seq)) FROM stored GROUP BY ALL ORDER BY ALL"


def fill(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return zenata("backfill", "--data-dir", str(folder), *options)


def sums(folder: Path) -> list[tuple[object, ...]]:
    with opened(folder) as connection:
        return connection.execute(SUMS).fetchall()


def test_killed_and_called_again_it_fills_the_same(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert fill(whole, *SPAN).returncode == 0
    killed.mkdir(mode=0o700)
    shutil.copy(whole / "worlds.secret", killed)  # the shared city of another secret would be another city
    output = tmp_path / "killed.out"
    process = Command(["backfill", "--data-dir", str(killed), *SPAN], output, output)
    wait_until(lambda: _size(killed / "readings.duckdb") > 2_000_000, "something is stored")
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    other = fill(killed, *SPAN[:-1], "15m")
    assert other.returncode == 2
    assert "is not finished" in user_lines(other.stderr)[-1]
    assert fill(killed).returncode == 0  # goes on with what is not finished
    again = fill(killed, *SPAN)
    assert (again.returncode, "filled already" in again.stderr) == (0, True)
    assert sums(killed) == sums(whole)
    digests = [json.loads((folder / REQUEST).read_text())["digest"] for folder in (whole, killed)]
    assert digests[0] == digests[1]


def test_behind_a_new_city_the_days_before_are_filled_in(tmp_path):
    folder = tmp_path / "data"
    with running_city(folder, *SMALL, "--history-days", "0.5") as city:
        os.kill(city.pids["history"], signal.SIGKILL)
        wait_until(lambda: "history: " in city.printed, "the history is there")
        request = json.loads((folder / REQUEST).read_text())
        begin = json.loads((folder / "worlds" / "zenata" / "world.json").read_text())["start"]
        assert (request["end"], request["start"]) == (begin, begin - 12 * 3_600_000_000)
        when = f"start={format_time(request['start'])}&end={format_time(begin)}"
        page = city.get(f"/v1/readings?kind=weather&property=temperature&{when}&limit=1000")
        times = {item["time"] for item in page["items"]}
        assert len(times) == 48
        assert "history" not in city.pids
        city.wait_for_more()
        before = fill(
            folder, *SMALL, "--start", format_time(parse_time(min(times)) - 3_600_000_000), "--end", min(times)
        )
        assert before.returncode == 0, before.stderr
        assert city.get(f"/v1/readings?kind=weather&start={format_time(parse_time(min(times)) - 3_600_000_000)}")[
            "items"
        ]
    with opened(folder) as connection:
        steps_back = connection.execute(
            "SELECT count(*) FROM (SELECT value < lag(value) OVER (PARTITION BY sensor, property ORDER BY time) AS back "
            "FROM stored WHERE property IN ('energy', 'volume') AND time >= ?) WHERE back",
            [request["start"]],
        ).fetchall()
        doubled = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM stored GROUP BY sensor, property, time HAVING count(*) > 1)"
        ).fetchall()
    assert (steps_back, doubled) == ([(0,)], [(0,)])


def test_a_running_city_is_replayed_from_its_run_file(tmp_path):
    folder = tmp_path / "data"
    with running_city(folder, *SMALL, "--start", "2026-03-01T06:50:00Z", "--speed", "600") as city:
        wait_until(lambda: city.newest() > "2026-03-01T07:01:00Z", "an hour is full")
        run_file = (folder / "run.json").read_text()
    (folder / "run.json").write_text(run_file)
    equal = zenata("replay", str(folder / "run.json"))
    assert (equal.returncode, "equal" in equal.stdout) == (0, True), equal.stderr
    marks = folder / "worlds" / "zenata" / "marks.jsonl"
    mark = json.loads(marks.read_text().splitlines()[0])
    marks.write_text(json.dumps({**mark, "digest": "0" * 64}) + "\n")
    different = zenata("replay", str(folder / "run.json"), "--until", "2026-03-01T07:00:00Z")
    assert different.returncode == 1
    assert "first between 2026-03-01T06:49:50Z and 2026-03-01T07:00:00Z" in different.stdout
    (tmp_path / "none.json").write_text("{}")
    assert zenata("replay", str(tmp_path / "none.json")).returncode == 2


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
