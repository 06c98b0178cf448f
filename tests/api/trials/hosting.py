"""Worlds of trials beside an API: real ones, in threads of the test, that publish to nobody."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.hosting import HostControl
from simulators.host.service import Simulation
from simulators.host.taking_up import take_up
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Record
from tests.api.running import Api, running
from zenata.city.model import City
from zenata.contract.answers import ParkingAnswer
from zenata.trials import parking
from zenata.trials.challenge import Actions, Challenge, PolicyMaker, Run, Score, Step
from zenata.worlds.control import ControlServer
from zenata.worlds.folders import WorldFolders

HOUR = 3600


def _score(run: Run) -> Score:
    """Return what is easy to foresee: an answer is a point; the truth and the readings are summed up."""
    sums = {
        name: (float(np.nansum([np.nansum(table.values) for table in tables.values()])), "1")
        for name, tables in (("truth", run.truth), ("without", run.without), ("readings", run.readings))
    }
    return Score(points=float(len(run.answers)), measures={**sums, "last": (float(run.times[-1]), "us")})


def _answering(count: int) -> PolicyMaker:
    """Return a policy that answers at the first steps that count."""

    def act(step: Step) -> Actions:
        return Actions(answers=[ParkingAnswer(forecasts=())] if 0 <= step.index - step.first < count else [])

    return lambda _: act


SHORT = replace(
    parking.CHALLENGE,
    name="short",
    events=lambda _: (),
    warm_up=1 * HOUR,
    duration=2 * HOUR,
    score=_score,
    policies={"naive": _answering(1), "reference": _answering(3), "oracle": _answering(8)},
    exhibit=None,
)
"""A challenge of few steps."""
STEPS, FIRST = SHORT.steps, SHORT.first
FORECAST = {"forecasts": []}
"""An answer."""
LAMPS = replace(SHORT, name="lamps", kinds=("streetlight",), closed_loop=True)
"""A challenge that is answered by commands."""


class Nobody:
    """Takes what worlds publish."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published.append((topic, payload))

    def drain(self, timeout: float) -> bool:
        return True


class Hosted:
    """The process of one world, as a thread."""

    def __init__(self, city: City, worlds: Worlds, name: str) -> None:
        self.record, self.stop, self.broker = Record(worlds.index.root / name), threading.Event(), Nobody()
        recipe = self.record.recipe()
        self.simulation = Simulation(
            run=take_up(self.record, city, recipe, 0),
            encoder=Encoder(city, name),
            publisher=self.broker,
            record=self.record,
            pace=self.record.pace() or Pace(),
        )
        self.control = WorldControl(
            name=name, simulation=self.simulation, record=self.record, worlds=worlds, stop=self.stop
        )
        self._server = ControlServer(worlds.index.root / name, self.control.handle)
        self._server.__enter__()
        self._thread = threading.Thread(target=self.simulation.run, args=(self.stop,))
        self._thread.start()

    def end(self, *, killed: bool = False) -> None:
        """End as a process does; of a killed one no checkpoint is left."""
        if killed:
            self.record.save_checkpoint = lambda state: None  # type: ignore[method-assign]
        self.stop.set()
        self._thread.join()
        self._server.__exit__()


class TrialHost(Worlds):
    """Hosts the worlds of trials under a folder, as the shared city's process does.

    Attributes
    ----------
    hosted : dict of str to Hosted
        By world.
    """

    def __init__(self, city: City, root: Path) -> None:
        super().__init__(WorldFolders(root), Limits(of_one=4, in_all=16))
        self.city = city
        self.hosted: dict[str, Hosted] = {}
        self._verbs = HostControl(self, city, dict).verbs

    def make(self, *args: Any, **kwargs: Any) -> str:
        """Make a world, and run it at once."""
        name = super().make(*args, **kwargs)
        self.hosted[name] = Hosted(self.city, self, name)
        return name

    def handle(self, verb: str, arguments: dict[str, Any]) -> object:
        """Answer as the host of the worlds does."""
        answer = self._verbs[verb](arguments)
        if verb == "delete":
            self.hosted[arguments["world"]].end()
        return answer

    def kill(self, name: str) -> None:
        """Kill the process of a world, and start another."""
        self.hosted[name].end(killed=True)
        self.hosted[name] = Hosted(self.city, self, name)

    def close(self) -> None:
        for hosted in self.hosted.values():
            with suppress(Exception):
                hosted.end()


@contextmanager
def trials_running(city: City, folder: Path, challenges: dict[str, Challenge]) -> Iterator[tuple[Api, TrialHost]]:
    """Run an API whose trials have these challenges, with their worlds."""
    from zenata.trials.registry import CHALLENGES

    usual = dict(CHALLENGES)
    (folder / "zenata").mkdir()
    host = TrialHost(city, folder)
    with ExitStack() as stack:
        stack.callback(host.close)
        CHALLENGES.update(challenges)
        stack.callback(CHALLENGES.update, usual)
        stack.callback(CHALLENGES.clear)  # first, so that none of ours is left to other tests
        stack.enter_context(ControlServer(folder / "zenata", host.handle))
        yield stack.enter_context(running(city=city, worlds=folder)), host


def wait_for(client: httpx.Client, trial: str, *phases: str, step: int = 0, world: bool = False) -> dict[str, Any]:
    """Wait until a trial is in a phase, has made a step of its seed and has a world, if that is asked; return it."""
    for _ in range(6000):
        document = client.get(f"/v1/trials/{trial}").json()
        is_there = document["step"] >= min(step, document["steps"]) or document["phase"] != "running"
        if document["phase"] in phases and is_there and (document["world"] or not world):
            return document
        threading.Event().wait(0.02)
    raise AssertionError(f"the trial is {document['phase']}: {document['reason']}")


def begin(client: httpx.Client, **members) -> dict:
    response = client.post("/v1/trials", json={"challenge": "short", "seeds": [1], **members})
    assert response.status_code == 201, response.text
    return response.json()


def step(client: httpx.Client, trial: dict, **members) -> dict:
    response = client.post(trial["step_url"], json=members)
    assert response.status_code == 200, response.text
    return response.json()


def steps(client: httpx.Client, trial: dict, count: int) -> None:
    """Make so many steps, without answers."""
    for _ in range(count):
        step(client, trial)


def refused(response: httpx.Response) -> tuple[str, str]:
    problem = response.json()
    return problem["type"].rpartition("/")[2], problem.get("code", "")


def play(client: httpx.Client, trial: dict, first: int = 1, **last) -> dict:
    """Make the steps of one seed from a number on, closing it with answers."""
    for number in range(first, STEPS + 1):
        step(client, trial, step=number)
    return step(client, trial, **last)
