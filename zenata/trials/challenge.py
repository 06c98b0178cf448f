"""Challenge: what a service reads, answers or commands, what one seed leaves behind, and how that is scored.

Everything here is pure. `simulators.trials` runs the city of a seed, and `zenata.trials.registry` has the challenges.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.city.titles import titles
from zenata.contract.answers import NoAnswer
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit
from zenata.trials.seeds import Seed, first_day, generator
from zenata.trials.variants import varied

A = TypeVar("A", bound=msgspec.Struct)
T = TypeVar("T")

DAY = 86_400
"""One day [s]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One property of some sensors, step by step.

    Parameters
    ----------
    sensors : tuple of str, shape (n_sensors,)
    values : ndarray, shape (n_steps, n_sensors) [unit of the quantity]
        At the end of each step; of readings the last within the step, NaN where none came.
    """

    sensors: tuple[str, ...]
    values: FloatArray

    def head(self, steps: int) -> "Table":
        """Return the first steps."""
        return Table(sensors=self.sensors, values=self.values[:steps])


Tables = Mapping[str, Table]
"""Tables by property."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """A hidden event as it was.

    Parameters
    ----------
    id, type : str
    targets : tuple of str
        Ids of the sensors, streets or districts that it acted on.
    start, end : int
        From when (included) until when (excluded) [us since the Unix epoch].
    parameters : mapping
    size : ndarray, shape (n_steps,)
        How large it was at the end of each step: the flow of a leak [l/s]; of other events 1 while they last, else 0.
    evidence : bool
        Whether a sensor where it happened could have shown it, by the truth labels; true where the challenge does not ask
        (`Challenge.evidence`).
    trace : int or None
        When one of these sensors first showed it [us since the Unix epoch].
    """

    id: str
    type: str
    targets: tuple[str, ...]
    start: int
    end: int
    parameters: Mapping[str, Any]
    size: FloatArray
    evidence: bool = True
    trace: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that a service gave.

    Parameters
    ----------
    time : int
        [us since the Unix epoch]
    sensor : str
    set : mapping of str to float or None
        Value by setpoint; None gives it back to the device.
    status : str
        ``applied``, or ``rejected``.
    """

    time: int
    sensor: str
    set: Mapping[str, float | None]
    status: str = "applied"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What the city and the service left behind in one seed.

    Parameters
    ----------
    city : City
    times : ndarray, shape (n_steps,) [us since the Unix epoch]
        Ends of the steps. An answer bears the time of the step that it answers.
    first : int
        Index of the first step that counts; those before it are for learning.
    truth, readings : mapping of str to Table
        By property: the truth, and the readings of the sensors.
    without : mapping of str to Table
        The truth of the same seed without the service's commands; the same object as `truth` where it gave none.
    occurrences : tuple of Occurrence
        The hidden events, as they were without the service's commands.
    network : mapping
        What is public of the city's networks, as `GET /v1/networks/{network}?format=node-link` gives it, by name.
    answers : sequence of (int, Struct)
        Time [us since the Unix epoch] and answer, in any order.
    commands : sequence of Command
    """

    city: City
    times: IntArray
    first: int
    truth: Tables
    readings: Tables
    without: Tables
    occurrences: tuple[Occurrence, ...]
    network: Mapping[str, Any]
    answers: Sequence[tuple[int, msgspec.Struct]] = ()
    commands: Sequence[Command] = ()

    @property
    def step(self) -> int:
        """Length of a step [us]."""
        return int(self.times[1] - self.times[0])

    @property
    def begin(self) -> int:
        """Time from which answers count [us since the Unix epoch]."""
        return int(self.times[self.first])

    def lasts(self, event: Occurrence) -> npt.NDArray[np.bool_]:
        """Return at the end of which steps an event goes on, shape (n_steps,)."""
        return np.asarray((self.times >= event.start) & (self.times < event.end))

    def answers_of(self, type_: type[A]) -> Iterator[tuple[int, A]]:
        """Yield step and answer of those that count: given at the end of a step of the scored part."""
        steps = {time: number for number, time in enumerate(self.times.tolist()) if number >= self.first}
        return ((steps[time], answer) for time, answer in self.answers if time in steps and isinstance(answer, type_))


Measures = Mapping[str, tuple[float, str]]
"""Value and unit by name; NaN where it is not defined, such as the delay of no detection."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Score of one seed.

    Parameters
    ----------
    points : float
        0 for doing nothing, 100 for an oracle that knows the truth; below 0 for doing harm.
    measures : mapping of str to (float, str)
        The accepted metrics of the field, with units.
    impact : mapping of str to (float, str)
        What the service changed in the city, or would have if its answers had been followed, with units.
    """

    points: float
    measures: Measures
    impact: Measures = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a policy knows at the end of a step.

    Parameters
    ----------
    index : int
        Of the step, from 0.
    first : int
        Index of the first step that counts.
    time : int
        [us since the Unix epoch]
    readings : mapping of str to Table
        By property, of all steps up to this one.
    """

    index: int
    first: int
    time: int
    readings: Tables

    @classmethod
    def of(cls, readings: Tables, index: int, first: int, time: int) -> "Step":
        """Return what is known at the end of a step of readings that may go on beyond it."""
        known = {name: table.head(index + 1) for name, table in readings.items()}
        return cls(index=index, first=first, time=time, readings=known)


@dataclass(frozen=True, kw_only=True, slots=True)
class Actions:
    """What a policy does at the end of a step: the answers it gives, and setpoints by sensor."""

    answers: Sequence[msgspec.Struct] = ()
    commands: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)


class Policy(Protocol):
    """A service in process: called at the end of each step."""

    def __call__(self, step: Step) -> Actions:
        """Return what to do."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a policy is made of.

    Parameters
    ----------
    city : City
    network : mapping
        As `Run.network`.
    truth : Run or None
        The seed without any service, for oracles alone.
    """

    city: City
    network: Mapping[str, Any]
    truth: Run | None = None

    @property
    def known(self) -> Run:
        """The seed without any service, of an oracle."""
        assert self.truth is not None  # noqa: S101 - an oracle is made with the truth
        return self.truth


PolicyMaker = Callable[[Setting], Policy]


def answered(policy: Policy, run: Run) -> Run:
    """Return a run with what a policy answers to its readings in the steps that count."""
    answers: list[tuple[int, msgspec.Struct]] = []
    for index, time in enumerate(run.times.tolist()):
        actions = policy(Step.of(run.readings, index, run.first, time))
        if index >= run.first:
            answers += [(time, answer) for answer in actions.answers]
    return replace(run, answers=tuple(answers))


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """A challenge.

    Parameters
    ----------
    name, title : str
        The title in English; zenata/city/titles.toml has it in French and Arabic.
    summary : str
        What to do, in one sentence.
    kinds, districts : tuple of str
        Whose sensors publish; empty for all.
    sensors : mapping of str to int
        By kind, among how many sensors its hidden events choose (`zenata.trials.needs.numbered`).
    networks : tuple of str
        Networks that a service needs.
    tick : int
        Length of a tick of its worlds [s].
    step : int
        Time between two answers [s], a multiple of `tick`.
    warm_up : int
        At the beginning, for learning: answers and commands are not taken yet [s].
    duration : int
        Of what follows, and is scored [s].
    closed_loop : bool
        Whether it is answered by commands.
    totals : tuple of str
        State of the city that no sensor observes, as ``domain.name``, for its first number to be a table of the truth.
    evidence : str
        Property of which the truth labels say whether an event changed it where it happened (`Occurrence.evidence`); empty
        where the score does not ask.
    events : callable
        Returns the hidden events of one seed, given a generator, as `POST /v1/worlds/{world}/events` takes them; times
        count from the start of the world.
    answer : type
        One answer, of `zenata.contract.answers`.
    check : callable
        ``check(answer, time, city)`` raises ValueError with a clear text if an answer cannot be scored at a time [us].
    score : callable
        Returns the score of one seed.
    policies : mapping of str to callable
        ``naive``, ``reference`` and ``oracle``.
    exhibit : callable or None
        Returns what the report of a trial shows of one seed; None for `zenata.trials.exhibits.general`.
    factors : tuple of Factor
        What impact and money are computed with, each with its source.
    """

    name: str
    title: str
    summary: str
    kinds: tuple[str, ...]
    districts: tuple[str, ...] = ()
    sensors: Mapping[str, int] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    tick: int
    step: int
    warm_up: int
    duration: int
    closed_loop: bool = False
    totals: tuple[str, ...] = ()
    evidence: str = ""
    events: Callable[[Generator], tuple[Mapping[str, Any], ...]]
    answer: type[msgspec.Struct] = NoAnswer
    check: Callable[[Any, int, City], None]
    score: Callable[[Run], Score]
    policies: Mapping[str, PolicyMaker]
    exhibit: Callable[[Run], Exhibit] | None = None
    factors: tuple[Factor, ...] = ()

    @property
    def titles(self) -> dict[str, str]:
        """Its title by language: ``en``, ``fr``, ``ar``."""
        return titles("challenges", self.name, self.title)

    @property
    def steps(self) -> int:
        """How many steps a trial has."""
        return (self.warm_up + self.duration) // self.step

    @property
    def first(self) -> int:
        """Index of the first step that counts."""
        return self.warm_up // self.step


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The world of one seed: never shown to the service.

    Parameters
    ----------
    seed : Seed
    start : int
        Of the world [us since the Unix epoch].
    events : tuple of mapping
        Hidden events, as `Challenge.events` has them.
    """

    seed: Seed
    start: int
    events: tuple[Mapping[str, Any], ...]


def plan_of(challenge: Challenge, seed: Seed) -> Plan:
    """Return the world of a seed: its first day and its events are drawn from the seed, and changed by its variant."""
    chance = generator(challenge.name, seed)
    start, events = first_day(chance), challenge.events(chance)
    if seed.variant:
        start, more = varied(seed.variant, start, challenge.warm_up, challenge.duration, challenge.kinds)
        events = (*events, *more)
    return Plan(seed=seed, start=start, events=events)


def no_answers(name: str, what: str) -> Callable[[Any, int, City], None]:
    """Return the check of a challenge that takes no answers, which says what to command instead."""

    def check(answer: Any, time: int, city: City) -> None:  # noqa: ANN401 - whatever it is
        raise ValueError(f"{name} takes no answers: command {what}")

    return check


def learning(learn: Callable[[Step], T], act: Callable[[Step, T], Actions]) -> Policy:
    """Return the policy that learns from the warm-up when it is over, and acts from then on by what it has learnt."""
    learnt: list[T] = []

    def policy(step: Step) -> Actions:
        if step.index < step.first:
            return Actions()
        if not learnt:
            learnt.append(learn(step))
        return act(step, learnt[0])

    return policy
