"""Trials: requests, progress and results."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from .base import LINE, Body, Document, JsonObject, OpenDocument, Page, Time, Titles
from .commands import CommandResult, DeviceCommands
from .readings import Reading

Mode: TypeAlias = Literal["practice", "graded"]
TrialClock: TypeAlias = Literal["lock-step", "speed"]
Variant: TypeAlias = Literal["plain", "outage", "sensor-faults", "heat-wave", "ramadan"]
Phase: TypeAlias = Literal["queued", "running", "scoring", "done", "failed", "cancelled"]

MAX_ANSWERS = 10_000
"""Answers of one message or request, and of one step. A default."""

MAX_SEEDS = 20
"""Seeds of a practice trial; a graded one has as many."""

MAX_PARALLEL = 4
"""Seeds of one trial that may run side by side, as many as a pilot may have trials at once. A default."""

_Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Answers: TypeAlias = Annotated[tuple[JsonObject, ...], Meta(max_length=MAX_ANSWERS)]
_Step: TypeAlias = Annotated[int, Meta(ge=0)]


class NewTrial(Body, frozen=True, kw_only=True):
    """A trial to begin.

    Parameters
    ----------
    challenge : str
    mode : str
        `practice`, or `graded` for the leaderboard: fresh hidden seeds, three attempts a day.
    clock : str
        `lock-step`: the world moves on when a step is asked for; `speed`: it runs by itself.
    speed : float
        World seconds per second, of `speed`.
    seeds : list of int, optional
        Of practice; as many hidden ones as usual if left out.
    publish : bool
        Of lock-step: publish and store the readings of steps asked for over HTTP, too, which have them in their answers.
        Steps asked for by MQTT, and worlds that run by themselves, always publish.
    parallel : int
        How many seeds run side by side, each part of the seeds as a trial of its own (`parts`), which another process of
        the service plays. They count among the trials that a pilot may have at once.
    name : str
        Shown on the leaderboard in place of the pilot's; without one a graded trial is not shown there.
    variant : str
        Of practice: the same seeds with an `outage` of messages, with `sensor-faults`, in a `heat-wave`, or in `ramadan`.
    """

    challenge: Annotated[str, LINE, Meta(max_length=64, examples=["leak-detection"])]
    mode: Mode = "practice"
    clock: TrialClock = "lock-step"
    speed: Annotated[float, Meta(ge=1, le=3600)] = 600.0
    seeds: Annotated[tuple[_Number, ...], Meta(min_length=1, max_length=MAX_SEEDS)] | None = None
    publish: bool = False
    parallel: Annotated[int, Meta(ge=1, le=MAX_PARALLEL)] = 1
    name: Annotated[str, LINE, Meta(max_length=64)] = ""
    variant: Variant = "plain"

    def __post_init__(self) -> None:
        if self.variant != "plain" and self.mode == "graded":
            raise ValueError("variant: it is for practice, so leave it out of a graded trial")
        if self.seeds is not None and self.mode == "graded":
            raise ValueError("seeds: those of a graded trial are hidden, so leave them out")
        if self.seeds is not None and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one comes twice")


class NewStep(Body, frozen=True, kw_only=True):
    """Answers to the step before, and the wish for the next one.

    Parameters
    ----------
    step : int, optional
        Number of the step that is asked for. With it a request may be repeated: the same step comes again, and nothing is
        counted twice.
    seed : int, optional
        Which seed it is of, from 1; the running one if left out.
    answers : list of dict
        As the challenge has them.
    commands : list of DeviceCommand
        Given before the step; their outcomes are in the answer.
    limit : int
        Readings to return, at most.
    """

    step: _Step | None = None
    seed: Annotated[int, Meta(ge=1, le=MAX_SEEDS)] | None = None
    answers: _Answers = ()
    commands: DeviceCommands = ()
    limit: Annotated[int, Meta(ge=0, le=100_000)] = 100_000


class NewAnswers(Body, frozen=True, kw_only=True):
    """Answers of a service, over HTTP or MQTT.

    Parameters
    ----------
    answers : list of dict
        As the challenge has them.
    step : int, optional
        Number of the step that they follow; answers to an earlier one are refused as late.
    seed : int, optional
        Which seed they are of, from 1.
    next : bool
        Of lock-step: make the next step then. It needs `step`.
    """

    answers: _Answers = ()
    step: _Step | None = None
    seed: Annotated[int, Meta(ge=1, le=MAX_SEEDS)] | None = None
    next: bool = False

    def __post_init__(self) -> None:
        if self.next and self.step is None:
            raise ValueError("next needs step, so that a repeated message makes one step")


class AnswersTaken(Document, frozen=True, kw_only=True):
    """What became of answers.

    Parameters
    ----------
    trial : str
    seed, step : int
        The step that they follow.
    taken : int
        How many count.
    repeated : int
        How many had come before, and have no effect.
    """

    trial: str
    seed: int
    step: int
    taken: int
    repeated: int


class TrialTopics(Document, frozen=True, kw_only=True):
    """Topics of a trial.

    Parameters
    ----------
    readings, clock, commands, responses : str or None
        Filters of the running seed's world; null while none runs.
    answers : str
    """

    readings: str | None
    clock: str | None
    commands: str | None
    responses: str | None
    answers: str


class Measure(Document, frozen=True, kw_only=True):
    """A number with its unit.

    Parameters
    ----------
    value : float or None
        Null where it is not defined.
    unit : str
    """

    value: float | None
    unit: str


class Baseline(Document, frozen=True, kw_only=True):
    """What a simple policy gets in the same seed.

    Parameters
    ----------
    points : float
    measures, impact : dict
        As of a `SeedResult`.
    """

    points: float
    measures: dict[str, Measure]
    impact: dict[str, Measure]


class SeedResult(Document, frozen=True, kw_only=True):
    """The score of one seed.

    Parameters
    ----------
    seed : int
        From 1.
    points : float
        0 is doing nothing, 100 an oracle; it may be below 0.
    answers, commands : int
        How many were taken.
    rejected : int
        How many of the commands a device refused: out of range, or not for it.
    measures, impact : dict
        Measures of the challenge, and what the service has changed.
    baselines : dict
        What other policies get in this seed: `naive`, `reference`, and `oracle`, which knows the truth. One that could not
        be played is missing.
    """

    seed: int
    points: float
    answers: int
    commands: int
    measures: dict[str, Measure]
    impact: dict[str, Measure]
    baselines: dict[str, Baseline] = field(default_factory=dict)
    rejected: int = 0


class TrialScore(Document, frozen=True, kw_only=True):
    """The score over all seeds.

    Parameters
    ----------
    mean : float
    low, high : float or None
        Student's t interval of 95 %; null of one seed.
    seeds : int
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int


class Trial(Document, frozen=True, kw_only=True):
    """A trial.

    Parameters
    ----------
    trial, pilot, challenge, mode, variant, clock : str
    speed : float or None
        World seconds per second; null in lock-step.
    name, edition : str
    phase : str
    place : int or None
        How many trials are before it in the queue; null if it does not wait.
    reason : str or None
        Why it failed or was cancelled.
    reasons : Titles or None
        The reason by language.
    made : datetime
    heartbeat : datetime or None
        When the service was last heard.
    deadline : datetime
        When it is ended if it has not come to its end.
    ended : datetime or None
    kinds, districts : list of str
        Whose readings its worlds have; all if empty.
    seeds, seeds_done : int
    seed : int
        The running one, from 1.
    world : str or None
    time : datetime or None
        Of the world at the last step that is known.
    step, steps, warm_up : int
        Steps made and in all; answers are taken once `warm_up` of them are made.
    every : float
        Length of a step [s].
    topics : TrialTopics
    step_url : str
    commitment : str
        SHA-256 of the seeds, in hex.
    numbers : list of int or None
        Of its seeds; null while they are hidden.
    results : list of SeedResult
        Of practice as they come; of a graded trial when it is over.
    score : TrialScore or None
    baselines : dict
        The score of other policies over the same seeds: `naive` and `reference`; with `score`.
    parts : list of str
        Trials that its seeds are divided into, side by side; empty if they come one after the other.
    part_of : str or None
        Of a part, the trial that has its results, its receipt and its report.
    above_reference : TrialScore or None
        Points less those of the reference in the same seed; with `score`.
    version : str or None
        What was declared for this run of a frozen set, whose scores are shown when the edition is closed; null of others.
    """

    trial: str
    pilot: str
    challenge: str
    mode: Mode
    variant: Variant
    clock: TrialClock
    speed: float | None
    name: str
    edition: str
    phase: Phase
    place: int | None
    reason: str | None
    made: Time
    heartbeat: Time | None
    deadline: Time
    ended: Time | None
    kinds: list[str]
    districts: list[str]
    seeds: int
    seeds_done: int
    seed: int
    world: str | None
    time: Time | None
    step: int
    steps: int
    warm_up: int
    every: float
    topics: TrialTopics
    step_url: str
    commitment: str
    numbers: list[int] | None
    results: list[SeedResult]
    score: TrialScore | None
    baselines: dict[str, TrialScore]
    above_reference: TrialScore | None
    parts: list[str] = field(default_factory=list)
    part_of: str | None = None
    version: str | None = None
    reasons: Titles | None = None


class TrialStep(Page[Reading], frozen=True, kw_only=True):
    """One step of a trial in lock-step.

    Parameters
    ----------
    trial : str
    phase : str
    seed, step, steps : int
    from, time : datetime or None
        Where the world stood before, and stands now; null after the last step of a seed.
    warm_up : bool
        Whether answers are not taken yet.
    seed_over : bool
        Whether the seed came to its end with this request; the next step is the first of the next seed, if there is one.
    taken, repeated : int
        Answers of the request that count, and that had come before.
    rows : int
        Readings in all.
    items : list of Reading
    next : None
    outcomes : list of CommandResult
    """

    trial: str
    phase: Phase
    seed: int
    step: int
    steps: int
    from_: Time | None = field(name="from")
    time: Time | None
    warm_up: bool
    seed_over: bool
    taken: int
    repeated: int
    rows: int
    outcomes: list[CommandResult]


class TrialReceipt(OpenDocument, frozen=True, kw_only=True):
    """A signed statement of scores (in-toto, DSSE), with what they can be computed from again.

    Parameters
    ----------
    envelope : dict
        The DSSE envelope of an in-toto statement.
    key : str
        Public key, Ed25519, in hex.
    evidence : list of dict
        Of each seed: number and secret unless they are hidden, points, answers, and what was done to the world.
    """

    envelope: JsonObject
    key: str
    evidence: list[JsonObject]
