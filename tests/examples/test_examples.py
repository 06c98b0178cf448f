"""The reference solutions of examples/, played in a simulated city through steps as the client gives them."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from simulators.trials import collect, play
from tests.zenata.trials.conftest import air_run
from zenata.city.model import City
from zenata.trials.challenge import DAY, Actions, Challenge, Run, plan_of
from zenata.trials.challenge import Step as PolicyStep
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed
from zenata_client.calls.trials import Step
from zenata_client.contract.readings import Reading
from zenata_client.contract.trials import TrialStep

EXAMPLES = Path(__file__).parents[2] / "examples"


class Played:
    """A client that knows one trial, and takes its answers."""

    def __init__(self, challenge: Challenge, run: Run) -> None:
        self._challenge, self._run = challenge, run
        self.answers: list[tuple[int, msgspec.Struct]] = []

    def network(self, name: str) -> Any:
        return SimpleNamespace(**{key: self._run.network[name][key] for key in ("graph", "nodes", "edges")})

    def trial(self, challenge: str, **_: Any) -> Iterator[Step]:
        assert challenge == self._challenge.name
        for index, moment in enumerate(self._run.times.tolist()):
            step = Step(self._document(index, datetime.fromtimestamp(moment / 1e6, UTC)))
            yield step
            for answer in step.taken()[0]:
                assert not step.warm_up
                made = msgspec.convert(msgspec.to_builtins(answer), self._challenge.answer)
                self._challenge.check(made, moment, self._run.city)
                self.answers.append((moment, made))

    def _document(self, index: int, time: datetime) -> TrialStep:
        items = []
        for name, table in self._run.readings.items():
            row = table.values[index]
            for column in np.flatnonzero(np.isfinite(row)).tolist():
                sensor = self._run.city.sensor_by_id[table.sensors[column]]
                items.append(
                    Reading(
                        time=time,
                        world="w-trial",
                        sensor=sensor.id,
                        kind=sensor.kind,
                        district=sensor.district,
                        property=name,
                        unit="",
                        value=float(row[column]),
                    )
                )
        return TrialStep(
            trial="t-1",
            phase="running",
            seed=1,
            step=index + 1,
            steps=len(self._run.times),
            time=time,
            warm_up=index < self._run.first,
            from_=None,
            seed_over=False,
            taken=0,
            repeated=0,
            rows=len(items),
            outcomes=[],
            items=items,
            next=None,
        )


class Commanded(Played):
    """A client that knows one trial of commands; the service that has it runs in a thread, and is a policy."""

    def __init__(self, challenge: Challenge, run: Run) -> None:
        super().__init__(challenge, run)
        self._steps, self._orders = Queue[PolicyStep | None](), Queue[list[dict[str, Any]]]()

    def sensors(self, kind: str) -> list[Any]:
        return [sensor for sensor in self._run.city.sensors if sensor.kind == kind]

    def trial(self, challenge: str, **_: Any) -> Iterator[Step]:
        assert challenge == self._challenge.name
        while known := self._steps.get():
            self._run = replace(self._run, readings=known.readings)
            step = Step(self._document(known.index, datetime.fromtimestamp(known.time / 1e6, UTC)))
            yield step
            self._orders.put(step.taken()[1])

    def __call__(self, step: PolicyStep) -> Actions:
        self._steps.put(step)
        orders = self._orders.get(timeout=120)
        assert step.index >= step.first or not orders
        return Actions(commands={order["sensor"]: order["set"] for order in orders})

    def close(self) -> None:
        self._steps.put(None)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def points(name: str, city: City, challenge: Challenge, events: tuple[Any, ...]) -> float:
    seed = replace(plan_of(challenge, practice_seed(1)), events=events)
    run = collect(city, challenge, seed)
    client = Played(challenge, run)
    load(name).serve(client)
    return challenge.score(replace(run, answers=client.answers)).points


def test_the_balance_of_flows_finds_a_leak(zenata: City) -> None:
    challenge = replace(CHALLENGES["leak-detection"], warm_up=2 * DAY, duration=DAY // 2)
    leak = {"type": "leak", "id": "one", "start": "+50h", "duration": "10h", "target": "street-0153", "area": 1e-3}
    assert points("leak_detection", zenata, challenge, (leak,)) > 20


def test_the_profile_beats_the_climatology(zenata: City) -> None:
    challenge = replace(CHALLENGES["parking-forecast"], duration=DAY)
    assert points("parking_forecast", zenata, challenge, ()) > 30


def test_the_regression_beats_the_climatology(zenata: City) -> None:
    """In air that is made up, as that of the city takes its traffic."""
    run, challenge = air_run(zenata), CHALLENGES["air-alert"]
    client = Played(challenge, run)
    load("air_alert").serve(client)
    assert challenge.score(replace(run, answers=client.answers)).points > 30


def test_peers_tell_a_broken_sensor_from_a_changing_city(zenata: City) -> None:
    challenge = replace(CHALLENGES["sensor-quality"], warm_up=3 * DAY, duration=DAY // 4)
    broken = {"type": "sensor_fault", "start": "+74h", "duration": "4h", "property": "temperature"}
    events = (
        {**broken, "id": "one", "sensor": "waste-0100", "fault": "step", "size": 6.0},
        {**broken, "id": "two", "sensor": "weather-0003", "fault": "noise", "size": 4.0},
        {"type": "festival", "id": "three", "start": "+73h", "duration": "5h"},
    )
    assert points("sensor_quality", zenata, challenge, events) > 50


def commanded(name: str, city: City, challenge: Challenge) -> float:
    plan = replace(plan_of(challenge, practice_seed(1)), events=())
    without = collect(city, challenge, plan)
    client = Commanded(challenge, without)
    service = Thread(target=load(name).serve, args=(client,), daemon=True)
    service.start()
    run = play(city, challenge, plan, client, without)
    client.close()
    service.join()
    assert all(command.status == "applied" for command in run.commands)
    return challenge.score(run).points


def test_tours_beat_the_rounds_of_the_city(zenata: City) -> None:
    challenge = replace(CHALLENGES["waste-collection"], warm_up=DAY, duration=3 * DAY // 2)
    assert commanded("waste_collection", zenata, challenge) > 10


def test_planned_charging_beats_no_control(zenata: City) -> None:
    challenge = replace(CHALLENGES["ev-charging"], warm_up=2 * DAY // 3, duration=DAY // 2)
    assert commanded("ev_charging", zenata, challenge) > 30


def test_the_head_of_a_jam_is_an_incident(zenata: City) -> None:
    challenge = replace(CHALLENGES["traffic-incident"], warm_up=DAY // 2, duration=DAY // 6)
    accident = {"type": "accident", "id": "one", "start": "+13h", "duration": "2h", "target": "traffic-0003"}
    assert points("traffic_incident", zenata, challenge, (accident | {"capacity": 0.1},)) > 20


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_examples_stay_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 150
