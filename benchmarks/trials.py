"""Trials: how long one takes end to end, many at once beside the live city, and how fast answers are scored."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.table import Row
from benchmarks.worlds import processor_time
from tests.system.running import RunningCity, running_city
from zenata.trials.registry import CHALLENGES

CHALLENGE, SEED = "leak-detection", 1
ANSWERS = 1_000_000
PILOTS, BESIDE = 10, 60.0
"""Pilots that try at once, and how long [s]."""

_SERVICE = Path(__file__).parents[1] / "examples/leak_detection.py"
_PATIENCE = 3600.0  # with a trial [s]
_LOOK = 0.1  # between two looks at a trial [s]


def run() -> list[Row]:
    """Measure in a city that has just been started."""
    with tempfile.TemporaryDirectory() as name, running_city(Path(name) / "data") as city:
        rows = [*_one(city), _graded(city), _crowd(city)]
    return [*rows, _scoring()]


@contextmanager
def _client(city: RunningCity, key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=city.http, headers=headers, timeout=_PATIENCE, trust_env=False) as client:
        yield client


def _begin(client: httpx.Client, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    answer = client.post("/v1/trials", json={"challenge": CHALLENGE, **members})
    answer.raise_for_status()
    return dict(answer.json())


def _serve(city: RunningCity, key: str, trial: str) -> subprocess.Popen[bytes]:
    """Start the reference as a service of its own."""
    about = {"ZENATA_URL": city.http, "ZENATA_KEY": key, "ZENATA_TRIAL": trial}
    return subprocess.Popen([sys.executable, str(_SERVICE)], env=os.environ | about)


def _finish(client: httpx.Client, trial: str) -> dict[str, Any]:
    """Wait for the end of a trial, and return it."""
    deadline = time.monotonic() + _PATIENCE
    while (now := client.get(f"/v1/trials/{trial}").json())["phase"] not in ("done", "failed", "cancelled"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"trial {trial} is {now['phase']}")
        time.sleep(_LOOK)
    if now["phase"] != "done":
        raise RuntimeError(f"trial {trial} is {now['phase']}: {now['reason']}")
    return dict(now)


def _one(city: RunningCity) -> list[Row]:
    """Put the reference through one seed."""
    with _client(city, city.key) as client:
        used, begun = processor_time(city), time.monotonic()
        trial = _begin(client, seeds=[SEED])
        service = _serve(city, city.key, trial["trial"])
        over = _finish(client, trial["trial"])
        took, used = time.monotonic() - begun, processor_time(city) - used
        service.wait()
    challenge = CHALLENGES[CHALLENGE]
    days = challenge.warm_up // 86_400, challenge.duration // 86_400
    return [
        Row(
            f"{CHALLENGE}, {days[0]} days of learning and {days[1]} scored, by HTTP in lock-step with the reference",
            "< 30 s",
            f"{took:.1f} s ({over['results'][0]['points']:.1f} points; {used:.1f} s of processor time in the sandbox)",
        ),
        Row("lock-step of it, scoring and start included", "", f"{trial['steps'] / took:.0f} steps/s"),
    ]
