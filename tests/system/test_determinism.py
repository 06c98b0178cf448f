"""The same seed and start give the same readings, in a running city and in a digest; another seed gives others."""

import hashlib
import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from simulators.world.delivery import LATEST
from tests.system.readings import START, opened
from tests.system.running import SMALL, ZENATA, running_city, zenata
from tests.waiting import wait_until
from zenata.city.clock import SECOND

pytestmark = pytest.mark.slow

ENOUGH = "2026-03-01T06:15"
"""How far a city runs at least."""


def run(folder: Path, seed: int) -> int:
    """Run a city for a while; return the time up to which everything is stored, late messages included."""
    with running_city(folder, *SMALL, "--start", START, "--speed", "120", "--seed", str(seed)) as city:
        wait_until(lambda: city.newest() > ENOUGH, "the city has run for a while")
        city.halt()
    with opened(folder) as store:
        return store.execute("SELECT max(time) FROM stored").fetchone()[0] - int(LATEST) * SECOND


def fingerprint(folder: Path, end: int) -> str:
    """Return a hash of every reading before `end` [us]."""
    with opened(folder) as store:
        rows = store.execute(
            "SELECT sensor, property, time, value, seq FROM stored WHERE time < ? ORDER BY ALL", [end]
        ).fetchnumpy()
    assert len(rows["time"]) > 3_000
    digest = hashlib.sha256()
    for name in ("sensor", "property"):
        digest.update("\n".join(rows[name]).encode())
    for name in ("time", "value", "seq"):
        digest.update(rows[name].tobytes())
    return digest.hexdigest()


@pytest.mark.soak  # the gate compares what a city has stored with its simulation (test_nothing_is_lost.py, test_backfill.py)
@pytest.mark.parametrize(("seed", "same"), [(7, True), (8, False)])
def test_two_cities_of_a_secret_say_the_same_if_their_seed_is_the_same(tmp_path, seed, same):
    seeds = {"one": 7, "other": seed}
    ends = []
    for name, its in seeds.items():
        (tmp_path / name).mkdir(mode=0o700)
        if name != "one":
            shutil.copy(tmp_path / "one" / "worlds.secret", tmp_path / name)
        ends.append(run(tmp_path / name, its))
    end = min(ends)
    one, other = (fingerprint(tmp_path / name, end) for name in seeds)
    assert (one == other) is same


def test_another_seed_has_another_digest():
    def digest(seed: int) -> str:
        end = ("--digest-end", "2026-03-01T06:10:00Z")
        done = zenata("simulate", *SMALL, "--start", START, *end, "--seed", str(seed))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert digest(7) != digest(8)


def test_z1_the_time_zones_of_the_machine_change_nothing(tmp_path):
    """A machine whose rules are others: they say of Casablanca what holds in Tokyo."""
    (tmp_path / "Africa").mkdir()
    (tmp_path / "Africa/Casablanca").write_bytes(files("tzdata").joinpath("zoneinfo/Asia/Tokyo").read_bytes())
    command = (
        "simulate",
        "--city",
        "valdeira",
        "--start",
        "2026-09-20T06:50:00Z",
        "--digest-end",
        "2026-09-20T07:10:00Z",
    )
    digests = [
        subprocess.run([*ZENATA, *command], env=env, capture_output=True, text=True, check=True).stdout
        for env in (os.environ | {"PYTHONTZPATH": ""}, os.environ | {"PYTHONTZPATH": str(tmp_path)})
    ]
    assert len(digests[0].strip()) == 64
    assert digests[0] == digests[1]
