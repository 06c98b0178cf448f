"""A backup of a city under load, restored elsewhere: nothing that was acknowledged is missing, nothing is there twice."""

import stat

import httpx
import pytest

from tests.system.readings import START, opened, simulated
from tests.system.running import SMALL, RunningCity, running_city, zenata
from tests.system.test_nothing_is_lost import differences, duplicates, incomplete, misnumbered, stored_before
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from zenata.city.clock import parse_time

OPTIONS = (*SMALL, "--start", START, "--speed", "20", "--seed", "1")


def worlds_of(city: RunningCity) -> set[str]:
    """Return what worlds there are, none while the simulators are away."""
    try:
        return {item["world"] for item in city.get("/v1/worlds")["items"]}
    except httpx.HTTPError:
        return set()


@pytest.mark.slow
def test_a_city_goes_on_from_its_backup(tmp_path):
    first, second, file = tmp_path / "data", tmp_path / "elsewhere", tmp_path / "city.tar.gz"
    with running_city(first, *OPTIONS) as city:
        city.wait_for_more()  # it leaves a checkpoint when it ends
    with running_city(first, *OPTIONS) as city:
        wait_until(lambda: worlds_of(city), "the simulators answer")
        body = {"seed": 7, "start": START, "state": "paused", "kinds": ["water"]}
        with city.client() as demo:
            world = demo.post("/v1/worlds", json=body).json()["world"]
            assert demo.post("/v1/devices", json={"id": "roof"}).status_code == 201
        time = parse_time(city.newest())
        count = stored_before(city, time)
        with Client(city.broker, "demo", secret=city.key, session="away") as pilot:
            assert pilot.subscribe("pilots/demo/#")
        with Client(city.broker, "demo", secret=city.key) as pilot:
            pilot.publish("pilots/demo/answers/none", ["for who is away"])
        done = zenata("backup", str(file), "--data-dir", str(first))
        assert done.returncode == 0, done.stderr
        assert "the broker stood still for" in done.stderr
        city.wait_for_more()
        end = parse_time(city.newest())
        assert zenata("restore", str(file), "--data-dir", str(first)).returncode == 2  # not into a city that runs
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert zenata("restore", str(file), "--data-dir", str(second)).returncode == 0

    with opened(second) as store:
        store.execute(f"ATTACH '{first / 'readings.duckdb'}' AS original (READ_ONLY)")
        assert duplicates(store) == []
        assert store.execute("SELECT count(*) FROM stored WHERE time < $1", [time]).fetchall()[0][0] >= count
        assert store.execute("FROM readings EXCEPT ALL FROM original.readings LIMIT 10").fetchall() == []

    with running_city(second, *OPTIONS) as city:
        expected = simulated(second, end)
        wait_until(lambda: stored_before(city, end) >= len(expected["value"]), "all that was published is stored again")
        wait_until(lambda: worlds_of(city), "the simulators answer")
        assert worlds_of(city) == {"zenata", world}
        assert [device["id"] for device in city.get("/v1/devices")["items"]] == ["roof"]
        with Client(city.broker, "demo", secret=city.key, session="away") as pilot:
            pilot.wait_for("for who is away")
    with opened(second) as store:
        assert duplicates(store) == []
        assert misnumbered(store) == []
        assert incomplete(store) == []
        assert differences(store, expected) == []
        dead = store.execute("SELECT topic, code FROM dead_letters").fetchall()
        assert dead == [("pilots/demo/answers/none", "schema")]  # it is no answer to a trial
