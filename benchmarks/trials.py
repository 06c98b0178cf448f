"""Trials: how long one takes end to end, many at once beside the live city, and how fast answers are scored."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.table import Row
from benchmarks.timing import timed
from benchmarks.worlds import missed_periods, processor_time
from simulators.trials import collect
from tests.system.running import RunningCity, running_city
from zenata.city.pack import load_city
from zenata.contract.answers import LeakAnswer
from zenata.contract.trials import MAX_PARALLEL
from zenata.trials.challenge import plan_of
from zenata.trials.leaks import Pipes
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed

CHALLENGE, SEED = "leak-detection", 1
ANSWERS = 1_000_000
PILOTS, BESIDE = 10, 60.0
"""Pilots that try at once, and how long [s]."""

GRID2OP = ("grid2op==1.12.6", "lightsim2grid==1.2.0")
"""Beside which lock-step is measured."""

_GRID2OP = """
import time, warnings
warnings.simplefilter("ignore")
import grid2op
from lightsim2grid import LightSimBackend
env = grid2op.make("rte_case14_realistic", test=True, backend=LightSimBackend())
env.reset()
begun, steps = time.perf_counter(), 0
while time.perf_counter() - begun < 5:
    _, _, done, _ = env.step(env.action_space())
    steps += 1
    if done:
        env.reset()
print(steps / (time.perf_counter() - begun))
"""
_SERVICE = Path(__file__).parents[1] / "examples/leak_detection.py"
_PATIENCE = 3600.0  # with a trial [s]
_LOOK = 0.1  # between two looks at a trial [s]


def run() -> list[Row]:
    """Measure in a city that has just been started."""
    with tempfile.TemporaryDirectory() as name, running_city(Path(name) / "data") as city:
        rows = [*_one(city), _graded(city), _crowd(city)]
    return [*rows, _scoring(), _others()]


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


def _graded(city: RunningCity) -> Row:
    """Put four processes of the reference through a graded trial, its seeds side by side."""
    with _client(city, city.key) as client:
        begun = time.monotonic()
        trial = _begin(client, mode="graded", parallel=MAX_PARALLEL)
        services = [_serve(city, city.key, part) for part in trial["parts"]]
        over = _finish(client, trial["trial"])
        took = time.monotonic() - begun
        for service in services:
            service.wait()
    return Row(
        f"{CHALLENGE}, {over['seeds']} seeds graded, {MAX_PARALLEL} side by side",
        "< 6 min",
        f"{took / 60:.1f} min ({over['score']['mean']:.1f} points)",
    )


def _crowd(city: RunningCity) -> Row:
    """Let pilots try all at once, and look at the shared city."""
    keys = [_pilot(city, f"trial-{number}") for number in range(PILOTS)]
    with ExitStack() as stack:
        demo = stack.enter_context(_client(city, city.key))
        clients = [stack.enter_context(_client(city, key)) for key in keys]
        trials = [_begin(client, seeds=[SEED])["trial"] for client in clients]
        services = [_serve(city, key, trial) for key, trial in zip(keys, trials, strict=True)]
        begin = time.time()
        time.sleep(BESIDE)
        due, missed = missed_periods(demo, begin, begin + BESIDE)
        phases = [
            client.get(f"/v1/trials/{trial}").json()["phase"] for client, trial in zip(clients, trials, strict=True)
        ]
        for client, trial in zip(clients, trials, strict=True):
            client.delete(f"/v1/trials/{trial}")
        for service in services:
            service.kill()
            service.wait()
    under_way = sum(phase != "queued" for phase in phases)
    return Row(
        f"periods missed by the live city while {PILOTS} pilots try at once, of {due}",
        "0",
        f"{missed} ({under_way} trials begun or done after {BESIDE:.0f} s; the others wait in the queue)",
    )


def _pilot(city: RunningCity, name: str) -> str:
    """Make a pilot, and return its key."""
    with _client(city, city.admin_key) as admin:
        admin.post("/v1/pilots", json={"name": name}).raise_for_status()
        answer = admin.post(f"/v1/pilots/{name}/keys", json={"name": "trial"})
        answer.raise_for_status()
        return str(answer.json()["key"])


def _scoring() -> Row:
    """Score answers that name streets by chance."""
    city, challenge = load_city("zenata"), CHALLENGES[CHALLENGE]
    run = collect(city, challenge, plan_of(challenge, practice_seed(SEED)))
    streets = list(Pipes.of(run.network["water"]).under)
    chance = np.random.default_rng(SEED)
    times = chance.choice(run.times, ANSWERS).tolist()
    named = chance.integers(len(streets), size=ANSWERS).tolist()
    answers = [(time, LeakAnswer(streets=(streets[street],))) for time, street in zip(times, named, strict=True)]
    took, _ = timed(lambda: challenge.score(replace(run, answers=answers)))
    return Row(f"score {ANSWERS:,} answers of one seed of {CHALLENGE}", "< 2 s", f"{took:.2f} s")


def _others() -> Row:
    """Move an environment of grid2op on in lock-step: a grid of 14 nodes, in process, which is other physics."""
    what = "lock-step of grid2op with lightsim2grid, 14 nodes, in process, doing nothing (other physics)"
    if (uv := shutil.which("uv")) is None:
        return Row(what, "", "not measured: there is no uv to install it apart")
    packages = [part for package in GRID2OP for part in ("--with", package)]
    command = [uv, "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable, *packages]
    done = subprocess.run([*command, "python", "-c", _GRID2OP], capture_output=True, text=True)
    if done.returncode:
        return Row(what, "", f"not measured: {(done.stderr.strip().splitlines() or ['it failed'])[-1][:80]}")
    return Row(what, "", f"{float(done.stdout.split()[-1]):.0f} steps/s ({', '.join(GRID2OP)})")
