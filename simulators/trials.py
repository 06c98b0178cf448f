"""Trials in process: the world of one seed with its truth, readings and hidden events, and the same without commands.

`collect` runs a world again by the commands that a service gave; `play` lets a policy in Python be the service, and
`baselines` the policies that every score is shown beside.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from simulators.domains.water.domain import Water
from simulators.events.base import Event, parameters_of
from simulators.events.leak import BurstParameters, LeakParameters
from simulators.events.scenario import events_of
from simulators.labels.shadows import Shadows
from simulators.networks.documents import GRAPHS
from simulators.world.conditions import TICK
from simulators.world.draws import SealedSeed
from simulators.world.emission import Emission
from simulators.world.measurement import Channels
from simulators.world.selection import is_listed
from simulators.world.world import World
from zenata.city.clock import SECOND
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.trials.challenge import (
    Challenge,
    Command,
    Occurrence,
    Plan,
    Policy,
    Run,
    Score,
    Setting,
    Step,
    Table,
    Tables,
    answered,
)

log = logging.getLogger(__name__)

BASELINES = ("naive", "reference", "oracle")
"""Policies that every score is shown beside."""

DISCHARGE, GRAVITY = 0.6, 9.80665
"""Discharge coefficient of a hole (EPANET 2.3), and the acceleration of free fall [m/s2]."""


def networks_of(city: City, challenge: Challenge) -> dict[str, Any]:
    """Return the networks that a challenge needs, as node-link JSON by name."""
    return {name: GRAPHS[name](city).node_link() for name in challenge.networks}


def collect(
    city: City,
    challenge: Challenge,
    plan: Plan,
    *,
    answers: Sequence[tuple[int, msgspec.Struct]] = (),
    commands: Sequence[Command] = (),
    without: Run | None = None,
    made: Run | None = None,
) -> Run:
    """Run the world of a seed, with the commands that a service gave at their times, and without.

    Parameters
    ----------
    city : City
    challenge : Challenge
    plan : Plan
    answers : sequence of (int, Struct)
        Kept as they are.
    commands : sequence of Command
        Those that were rejected are given again too, and rejected again.
    without : Run or None
        What this returned of the same seed without commands; run too if it is not given and there are commands.
    made : Run or None
        What the world left behind with these commands, if it was recorded while it ran.

    Raises
    ------
    ScenarioError
        If a hidden event does not fit the city.
    """
    if without is None:
        without = _Simulation(city, challenge, plan, networks_of(city, challenge), labelled=True).run()
    run = without
    if commands:
        run = _against(made or _Simulation(city, challenge, plan, without.network).run(commands), without)
    return replace(run, answers=tuple(answers))


def play(city: City, challenge: Challenge, plan: Plan, policy: Policy, without: Run) -> Run:
    """Return a run in which a policy is the service.

    Parameters
    ----------
    city : City
    challenge : Challenge
    plan : Plan
    policy : callable
    without : Run
        What `collect` returns without commands: where a policy only answers, the city is the same.
    """
    if challenge.closed_loop:
        return _against(_Simulation(city, challenge, plan, without.network).follow(policy), without)
    return answered(policy, without)


def baselines(city: City, challenge: Challenge, plan: Plan, without: Run) -> dict[str, Score]:
    """Return the scores of `BASELINES` in a seed, by name; one that fails, which no service can help, is left out.

    Parameters
    ----------
    city : City
    challenge : Challenge
    plan : Plan
    without : Run
        What `collect` returns without commands.
    """
    setting = Setting(city=city, network=without.network, truth=without)
    scores = {}
    for name in BASELINES:
        try:
            policy = challenge.policies[name](setting if name == "oracle" else replace(setting, truth=None))
            scores[name] = challenge.score(play(city, challenge, plan, policy, without))
        except Exception:
            log.exception("the policy %s of %s failed", name, challenge.name)
    return scores


def _against(run: Run, without: Run) -> Run:
    """Return a run that is compared with the one without commands, whose events are those that are scored."""
    return replace(run, without=without.truth, occurrences=without.occurrences)


class Recording:
    """What a world of a seed leaves behind, recorded while it runs.

    Parameters
    ----------
    city : City
    challenge : Challenge
    world : World
        Before its first tick.
    network : mapping
        As `networks_of` returns it.
    """

    def __init__(self, city: City, challenge: Challenge, world: World, network: Mapping[str, Any]) -> None:
        self._city, self._challenge, self._world, self._network = city, challenge, world, network
        self._channels, self._tables = _layout(city, challenge, world.channels)
        shape = challenge.steps, len(self._channels)
        self._truth, self._readings = np.full(shape, np.nan), np.full(shape, np.nan)
        self._totals = np.full((challenge.steps, len(challenge.totals)), np.nan)
        self._last = np.full(len(world.channels), np.nan)
        self._sizes = np.zeros((challenge.steps, len(world.timeline.effects)))
        every = challenge.step * SECOND
        self.times: IntArray = world.time + TICK + every * np.arange(1, challenge.steps + 1)
        self.steps = 0

    @property
    def readings(self) -> Tables:
        """Readings by property, of all steps; NaN where none came yet."""
        return self._by_property(self._readings)

    def tick(self, emission: Emission) -> None:
        """Take what the world has published at a tick; the end of a step is recorded."""
        channels, _ = self._world.channels.gather(emission.sensors)
        self._last[channels] = emission.values  # of several messages of a sensor the last stays
        if self.steps == len(self.times) or self._world.time < self.times[self.steps]:
            return
        index, self.steps = self.steps, self.steps + 1
        self._readings[index] = self._last[self._channels]
        self._last[:] = np.nan
        self._truth[index] = self._world.truth()[self._channels]
        for column, name in enumerate(self._challenge.totals):
            domain, _, key = name.partition(".")
            self._totals[index, column] = self._world.domains[domain].arrays[key][0]
        for column, (event, _) in enumerate(self._world.timeline.effects):
            size = _size(self._city, self._world, column)  # also of one that is not on: else its time would tell
            self._sizes[index, column] = size if event.under_way(self._world.time) else 0.0

    def made(self, commands: Sequence[Command] = (), shown: Mapping[str, int] | None = None) -> Run:
        """Return the run that was recorded.

        Parameters
        ----------
        commands : sequence of Command
            That were given.
        shown : mapping of str to int or None
            Events that left evidence, and since when [us since the Unix epoch]; None if that was not looked for.
        """
        totals = {
            name: Table(sensors=(name,), values=self._totals[:, [column]])
            for column, name in enumerate(self._challenge.totals)
        }
        truth = {**self._by_property(self._truth), **totals}
        return Run(
            city=self._city,
            times=self.times,
            first=self._challenge.first,
            truth=truth,
            readings=self.readings,
            without=truth,
            occurrences=tuple(
                Occurrence(
                    id=event.id,
                    type=event.type,
                    targets=effect.targets,
                    start=event.start,
                    end=event.end,
                    parameters=event.parameters,
                    size=self._sizes[:, column],
                    evidence=shown is None or event.id in shown,
                    trace=None if shown is None else shown.get(event.id),
                )
                for column, (event, effect) in enumerate(self._world.timeline.effects)
            ),
            network=self._network,
            commands=tuple(commands),
        )

    def _by_property(self, values: FloatArray) -> Tables:
        return {
            name: Table(sensors=sensors, values=values[:, columns]) for name, (sensors, columns) in self._tables.items()
        }


def world_of(city: City, challenge: Challenge, plan: Plan) -> World:
    """Return the world of one seed at its start."""
    return World(
        city,
        seed=SealedSeed(plan.seed.number, plan.seed.key),
        start=plan.start,
        events=events_of(plan.events, plan.start),
        kinds=challenge.kinds,
        districts=challenge.districts,
    )


class _Simulation:
    """The world of one seed, and what is recorded of it.

    Parameters
    ----------
    city : City
    challenge : Challenge
    plan : Plan
    network : mapping
    labelled : bool
        Whether the truth labels are found out, where the challenge asks for them.
    """

    def __init__(
        self, city: City, challenge: Challenge, plan: Plan, network: Mapping[str, Any], *, labelled: bool = False
    ) -> None:
        self._city, self._challenge = city, challenge
        self._world = world_of(city, challenge, plan)
        self._shadows = Shadows(self._world) if labelled and challenge.evidence else None
        self._recording = Recording(city, challenge, self._world, network)
        self._commands: list[Command] = []

    def run(self, commands: Iterable[Command] = ()) -> Run:
        """Run to the end with commands at their times."""
        waiting = sorted(commands, key=lambda command: command.time)
        for time in self._recording.times.tolist():
            self._step(time, waiting)
        return self._made()

    def follow(self, policy: Policy) -> Run:
        """Run to the end with a policy."""
        for index, time in enumerate(self._recording.times.tolist()):
            self._step(time, [])
            actions = policy(Step.of(self._recording.readings, index, self._challenge.first, time))
            for sensor, values in actions.commands.items() if index >= self._challenge.first else ():
                self._command(Command(time=time, sensor=sensor, set=values))
        return self._made()

    def _step(self, end: int, waiting: list[Command]) -> None:
        """Move on to the end of a step [us since the Unix epoch]."""
        while self._world.time < end:
            while waiting and waiting[0].time <= self._world.time:
                self._command(waiting.pop(0))
            self._recording.tick((self._shadows or self._world).step(self._challenge.tick * SECOND))

    def _made(self) -> Run:
        return self._recording.made(self._commands, self._shown() if self._shadows else None)

    def _command(self, command: Command) -> None:
        sensor = self._city.sensor_by_id.get(command.sensor)
        refusal = self._world.command(sensor.kind if sensor else "", command.sensor, command.set)
        self._commands.append(replace(command, status="rejected" if refusal else "applied"))

    def _shown(self) -> dict[str, int]:
        """Return the events that changed a sensor where they happened, by the labels, and since when [us since the Unix epoch]."""
        sensors = self._city.sensor_by_id
        shown: dict[str, int] = {}
        for label in self._shadows.labels() if self._shadows else ():
            for one in label.affected or ():
                there = one.sensor, sensors[one.sensor].attributes.get("street")
                if one.property == self._challenge.evidence and set(label.targets).intersection(there):
                    shown[label.event] = min(one.start, shown.get(label.event, one.start))
        return shown


def _layout(
    city: City, challenge: Challenge, channels: Channels
) -> tuple[IntArray, Mapping[str, tuple[tuple[str, ...], slice]]]:
    """Return the channels whose sensors publish, ordered by property, and the sensors and columns of each property."""
    chosen: dict[str, list[tuple[str, int]]] = {}
    for number, sensor in enumerate(city.sensors):
        if is_listed(sensor.kind, sensor.district, challenge.kinds, challenge.districts):
            for offset, name in enumerate(KINDS[sensor.kind].properties):
                chosen.setdefault(name, []).append((sensor.id, int(channels.first[number]) + offset))
    tables, begin = {}, 0
    for name, found in chosen.items():
        tables[name] = tuple(sensor for sensor, _ in found), slice(begin, begin + len(found))
        begin += len(found)
    return np.array([channel for found in chosen.values() for _, channel in found], dtype=np.int64), tables


def _size(city: City, world: World, number: int) -> float:
    """Return how large an event is now: the flow of a leak [l/s], else 1."""
    event, effect = world.timeline.effects[number]
    domain = world.domains.get("water")
    if event.type not in ("leak", "pipe_burst") or not isinstance(domain, Water):
        return 1.0
    pipe, _ = domain.design.network.pipe_of[effect.targets[0]]
    ends = domain.design.network.start[pipe], domain.design.network.end[pipe]
    pressure = np.concatenate([domain.arrays["pressure"], domain.arrays["level"]])[list(ends)]
    flow = DISCHARGE * _area(event, world.time) * np.sqrt(2 * GRAVITY * np.maximum(pressure, 0)).mean()
    return float(1000 * flow)


def _area(event: Event, time: int) -> float:
    """Return the area of the hole of a leak at a time [m2]."""
    if event.type == "pipe_burst":
        return parameters_of(event, BurstParameters).area
    leak = parameters_of(event, LeakParameters)
    return leak.area * (min((time - event.start) / SECOND / leak.growth, 1.0) if leak.growth else 1.0)
