"""`zenata up`, as a person, a supervisor of services or a bad day meets it."""

import json
import re
import shutil
import stat
import subprocess
from threading import Timer

import psutil
import pytest

from tests.disks import mounted
from tests.system.running import FREE_PORTS, RunningCity, user_lines, zenata
from tests.waiting import PATIENCE, wait_until
from tests.zenata.broker.client import Client

pytestmark = pytest.mark.slow

SERVICES = {"broker", "simulators", "api"}


@pytest.fixture
def city(live_city: RunningCity) -> RunningCity:
    """A live city that the tests only look at."""
    return live_city


def demo(city: RunningCity, **options: str) -> Client:
    return Client(city.broker, "demo", **{"secret": city.key, **options})


def shell(call: str) -> str:
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout, done.stderr
    return done.stdout


def first_line_with(what: str, call: str) -> str:
    """Return the first line that holds `what` of a call that would go on for ever."""
    with subprocess.Popen(["sh", "-c", f"exec {call}"], stdout=subprocess.PIPE, text=True) as process:
        watchdog = Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            return next((line for line in process.stdout if what in line), "")
        finally:
            watchdog.cancel()
            process.kill()


def calls_of(city: RunningCity) -> list[str]:
    """The calls of the banner, as a user copies them."""
    return re.findall(r"^    ((?:curl|mosquitto_sub) .*)$", city.printed, re.MULTILINE)


def test_run_json_shows_where_the_city_answers(city):
    assert set(city.about) == {"http", "mqtt", "ws", "world", "certificate", "pids"}
    assert city.about["world"] == "zenata"
    assert set(city.pids) == SERVICES | {"supervisor"}
    assert city.pids["supervisor"] == city.process.pid
    assert all(psutil.pid_exists(pid) for pid in city.pids.values())


def test_keys_are_private(city):
    for name in ("demo.key", "admin.key", "ingest.session"):
        assert stat.S_IMODE((city.folder / name).stat().st_mode) == 0o600, name


def test_the_calls_of_the_banner_answer(city):
    latest, means, stream, _ = calls_of(city)
    assert '"kind":"air"' in shell(latest)
    assert '"mean":' in shell(means)
    assert first_line_with('"kind":"traffic"', stream).startswith("data: ")


def test_mosquitto_sub_prints_telemetry(city):
    *_, listen = calls_of(city)
    topic, payload = shell(f"{listen} -C 1").split(" ", 1)
    assert topic.startswith("zenata/telemetry/")
    assert '"bn":' in payload


def test_a_pilot_receives_the_city_over_websocket(city):
    with demo(city, transport="websockets") as pilot:
        assert pilot.subscribe("zenata/telemetry/+/weather/#")
        pilot.wait_for_count(1)


def test_a_pilot_may_not_hear_the_truth(city):
    with demo(city) as pilot:
        assert not pilot.subscribe("truth/#")


def test_a_second_city_on_the_same_data_stops(city):
    second = zenata("up", "--data-dir", str(city.folder), *FREE_PORTS)
    assert second.returncode == 2
    (line,) = user_lines(second.stderr)
    assert line.startswith("zenata: ")
    assert f"is running already at {city.http}" in line
    assert city.get("/v1/city")["id"] == "zenata"
    assert (city.folder / "run.json").exists()


def test_a_run_json_that_is_removed_comes_back(city):
    file = city.folder / "run.json"
    before = json.loads(file.read_text())
    file.unlink()
    wait_until(file.exists, "it is written again")
    assert json.loads(file.read_text()) == before


def test_a_city_whose_control_data_are_gone_is_not_started_as_a_new_one(city, tmp_path):
    shutil.copytree(
        city.folder, tmp_path / "data", ignore=shutil.ignore_patterns("control", "lock", "*.duckdb*", "broker")
    )
    started = zenata("up", "--data-dir", str(tmp_path / "data"), *FREE_PORTS)
    assert started.returncode == 2
    (line,) = user_lines(started.stderr)
    assert "control.db are gone" in line
    assert "zenata restore" in line
    assert not (tmp_path / "data" / "control" / "control.db").exists()


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with mounted(folder, "ro,size=1M"):
        started = zenata("up", "--data-dir", str(folder), *FREE_PORTS)
    assert started.returncode == 2
    assert len(user_lines(started.stderr)) == 1, started.stderr
    (line,) = user_lines(started.stderr)
    assert f"the data directory {folder} cannot be written (Read-only file system)" in line


def test_doctor_finds_a_running_city_well(city):
    city.wait_for_more()
    examined = zenata("doctor", "--data-dir", str(city.folder), *FREE_PORTS)
    assert examined.returncode == 0, examined.stdout
    assert f"running at {city.http}" in examined.stdout
