"""leak-detection: which pipes leak, as the Battle of the Leakage Detection and Isolation Methods pays for it.

A detection belongs to the nearest pipe that leaks, if that lies within 300 m of pipe. The first one of a pipe earns the
water that it loses afterwards, less a crew's price in proportion to the distance; of several in one step the farthest
counts. A detection that belongs to no leak costs a crew, once for a street and day. What repeats a detection costs nothing
and earns nothing. Points are 100 times the sum over that of naming every leak at the end of the step in which it opens
(Vrachimis et al. 2022, doi:10.1061/(ASCE)WR.1943-5452.0001601).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from zenata.city.clock import SECOND
from zenata.city.model import City
from zenata.city.readings import FloatArray, IntArray
from zenata.contract.answers import LeakAnswer
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit
from zenata.trials import exhibits
from zenata.trials.challenge import DAY, Actions, Challenge, Occurrence, Policy, Run, Score, Setting, Step
from zenata.trials.exhibits import chart
from zenata.trials.leak_policies import Balance, naive, reference
from zenata.trials.variants import planned

REACH = 300.0
"""Length of pipe within which a detection is true [m] (BattLeDIM)."""

WATER = 8.64
"""Price of a cubic metre [DH/m3]: BattLeDIM's 0.80 EUR at 10.8 DH/EUR (the rate is a default)."""

CREW = 5400.0
"""Price of a crew that looks for a leak up to `REACH` [DH]: BattLeDIM's 500 EUR at the same rate."""

STEP = 900
"""Time between two answers [s]."""

WARM_UP, DURATION = 3 * DAY, 7 * DAY
"""For learning, and what is scored [s]."""

_LEAKS = "leak", "pipe_burst"


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return two to five leaks under any streets, of about 3 to 30 l/s at 40 m, some of which open slowly."""
    found: list[Mapping[str, Any]] = []
    for number in range(int(chance.integers(2, 6))):
        start = WARM_UP + int(chance.integers(STEP, DURATION - DAY))
        slow = chance.random() < 0.4
        found.append(
            planned(
                "leak",
                f"hidden-leak-{number}",
                start,
                WARM_UP + DURATION - start,
                area=round(float(10 ** chance.uniform(-3.7, -2.7)), 6),
                growth=float(chance.integers(6, 25)) * 3600 if slow else 0.0,
            )
        )
    return tuple(found)


def check(answer: LeakAnswer, time: int, city: City) -> None:
    """Raise ValueError if an answer cannot be scored."""
    piped = {street.id for street in city.streets if street.road != "motorway"}
    for street in answer.streets:
        if street not in piped:
            raise ValueError(f"no pipe runs under {street!r}: name a street of GET /v1/networks/water")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipes:
    """Pipes of a water network.

    Parameters
    ----------
    under : dict of str to int
        The pipe under each street.
    between : ndarray, shape (n_pipes, n_pipes) [m]
        Length of pipe from the middle of one to the middle of another, 0 of a pipe to itself.
    """

    under: Mapping[str, int]
    between: FloatArray

    @classmethod
    def of(cls, network: Mapping[str, Any]) -> "Pipes":
        """Read a network as node-link JSON."""
        pipes = [edge for edge in network["edges"] if edge["type"] == "pipe"]
        nodes = {node["id"]: number for number, node in enumerate(network["nodes"])}
        ends = np.array([(nodes[pipe["source"]], nodes[pipe["target"]]) for pipe in pipes])
        length = np.array([pipe["length"] for pipe in pipes])
        way = np.full((len(nodes), len(nodes)), np.inf)
        np.fill_diagonal(way, 0.0)
        for (a, b), metres in zip(ends.tolist(), length.tolist(), strict=True):
            way[a, b] = way[b, a] = min(way[a, b], metres)
        for middle in range(len(nodes)):  # Floyd 1962, doi:10.1145/367766.368168
            np.minimum(way, way[:, middle, None] + way[middle], out=way)
        between = np.min([way[np.ix_(ends[:, a], ends[:, b])] for a in (0, 1) for b in (0, 1)], axis=0)
        between = between + (length[:, None] + length) / 2
        np.fill_diagonal(between, 0.0)
        return cls(under={name: n for n, pipe in enumerate(pipes) for name in pipe["streets"]}, between=between)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leaks:
    """Pipes that leak.

    Parameters
    ----------
    pipe : ndarray, shape (n_leaks,)
    flows : ndarray of bool, shape (n_leaks, n_steps)
        Whether each leaks at the end of each step.
    after : ndarray, shape (n_leaks, n_steps) [m3]
        What each loses after the end of each step.
    """

    pipe: IntArray
    flows: npt.NDArray[np.bool_]
    after: FloatArray

    @property
    def first(self) -> IntArray:
        """The step at whose end each leaks first, shape (n_leaks,)."""
        return np.asarray(self.flows.argmax(axis=1))


def _leaks(run: Run, under: Mapping[str, int]) -> _Leaks:
    """Return the pipes that leak; several leaks of a pipe are one."""
    flow: dict[int, FloatArray] = {}
    open_: dict[int, npt.NDArray[np.bool_]] = {}
    for leak in run.occurrences:
        lasts = run.lasts(leak) & (np.arange(len(run.times)) >= run.first)
        if leak.type in _LEAKS and lasts.any():
            pipe = under[leak.targets[0]]
            flow[pipe] = flow.get(pipe, np.zeros(len(run.times))) + leak.size * lasts
            open_[pipe] = open_.get(pipe, np.zeros(len(run.times), dtype=np.bool_)) | lasts
    count = len(flow)
    lost = np.array(list(flow.values())).reshape(count, len(run.times)) * (run.step / SECOND / 1000)
    return _Leaks(
        pipe=np.array(list(flow), dtype=np.int64),
        flows=np.array(list(open_.values()), dtype=np.bool_).reshape(lost.shape),
        after=lost[:, ::-1].cumsum(axis=1)[:, ::-1] - lost,
    )


def score(run: Run) -> Score:
    """Return the score of one seed."""
    leaks, steps, streets, distance, mine, true = _matched(run, Pipes.of(run.network["water"]))
    begun = leaks.first
    saved, paid, delay, far = 0.0, 0.0, [], []
    early = np.zeros(len(leaks.pipe))
    for number in range(len(leaks.pipe)):
        found = np.flatnonzero(true & (mine == number))
        if len(found):
            at = steps[found].min()
            metres = float(distance[number, found[steps[found] == at]].max())
            water, whole = leaks.after[number, at], leaks.after[number, begun[number]]
            saved, paid = saved + float(water), paid + CREW * metres / REACH
            delay.append((at - begun[number]) * run.step / SECOND / 3600)
            far.append(metres)
            early[number] = water / whole if whole > 0 else 1.0
    day = (run.times[steps[~true]] - run.begin) // (DAY * SECOND)
    false = len(np.unique(np.stack([streets[~true], day]), axis=1).T)
    best = float(leaks.after[np.arange(len(begun)), begun].sum()) * WATER
    net = saved * WATER - paid - CREW * false
    hits, count = len(delay), len(leaks.pipe)
    return Score(
        points=100 * net / best if best > 0 else -100.0 * false,
        measures={
            "leaks": (count, "1"),
            "found": (hits, "1"),
            "false_crews": (false, "1"),
            "precision": (hits / (hits + false) if hits + false else np.nan, "1"),
            "recall": (hits / count if count else np.nan, "1"),
            "f1": (2 * hits / (hits + false + count) if hits + false + count else np.nan, "1"),
            "delay": (float(np.mean(delay)) if delay else np.nan, "h"),
            "distance": (float(np.mean(far)) if far else np.nan, "m"),
            "early": (float(early.mean()) if count else np.nan, "1"),
            "net": (net, "DH"),
        },
        impact={"water": (saved, "m3"), "money": (net, "DH")},
    )


def _matched(run: Run, pipes: Pipes) -> tuple[_Leaks, IntArray, IntArray, FloatArray, IntArray, npt.NDArray[np.bool_]]:
    """Return the leaks, step and street of each detection, its distance to each leak [m], the nearest one, and whether it is true."""
    leaks = _leaks(run, pipes.under)
    steps, streets, under = _detections(run, pipes.under)
    distance = pipes.between[leaks.pipe][:, under]  # (n_leaks, n_detections)
    distance[~leaks.flows[:, steps] | (distance > REACH)] = np.inf
    mine = np.asarray(distance.argmin(axis=0) if len(leaks.pipe) else np.zeros(len(steps), dtype=np.int64))
    true: npt.NDArray[np.bool_] = np.asarray(np.isfinite(distance).any(axis=0))
    return leaks, steps, streets, distance, mine, true


def exhibit(run: Run) -> Exhibit:
    """Return the leaks beside the streets that were named, and what they lose."""
    pipes = Pipes.of(run.network["water"])
    leaks, steps, streets, _, mine, true = _matched(run, pipes)
    first: dict[int, int] = {}
    for step, leak in zip(steps[true].tolist(), mine[true].tolist(), strict=True):
        first[int(leaks.pipe[leak])] = min(step, first.get(int(leaks.pipe[leak]), step))
    run = replace(run, occurrences=tuple(_traced(run, one, pipes) for one in run.occurrences))
    shown = [leak for leak in run.occurrences if leak.type in _LEAKS]
    found = {leak.id: first[pipe] for leak in shown if (pipe := pipes.under[leak.targets[0]]) in first}
    names = list(pipes.under)
    detections = zip(steps.tolist(), (names[street] for street in streets.tolist()), true.tolist(), strict=True)
    flow = np.sum([leak.size for leak in shown], axis=0) if shown else np.zeros(len(run.times))
    loss = chart("leakage", "l/s", {"truth": flow[run.first :]})
    charts = [loss, *exhibits.witnesses(run, shown, "head")]
    return exhibits.exhibit(run, events=exhibits.hidden(run, found), detections=detections, charts=charts)


def _traced(run: Run, leak: Occurrence, pipes: Pipes) -> Occurrence:
    """Return a leak with the time at which it could first be seen, where flow is measured around its pipe.

    What it takes flows into the ends of the pipe, half into each: it is the first step at which the balance of an end, by its
    meters, is further from what it would be without the leak than it ever was from the truth before.
    """
    flow, truth = run.readings.get("discharge"), run.truth.get("discharge")
    if leak.type not in _LEAKS or flow is None or truth is None:
        return leak
    balance = Balance.of(run.network["water"], flow.sensors)
    pipe = pipes.under[leak.targets[0]]
    ends = [
        set(pair)
        for street, pair in zip(balance.streets, balance.ends.tolist(), strict=True)
        if pipes.under[street] == pipe
    ]
    before, during = run.times < leak.start, run.lasts(leak)
    seen: list[int] = []
    for end in ends[0] if ends else ():
        meters = np.flatnonzero(balance.matrix[:, end])
        error = (flow.values - truth.values)[:, meters] @ balance.matrix[meters, end]
        apart = np.abs(error + leak.size / len(ends[0]))
        odd = during & (apart > np.nanmax(np.abs(error[before]), initial=0.0))
        seen.extend(run.times[odd][:1].tolist())
    return replace(leak, trace=min(seen, default=None))


def _detections(run: Run, under: Mapping[str, int]) -> tuple[IntArray, IntArray, IntArray]:
    """Return step, street and pipe of each detection that counts, each once, shape (n,) each."""
    rows = {street: number for number, street in enumerate(under)}
    found = [
        step * len(rows) + rows[street] for step, answer in run.answers_of(LeakAnswer) for street in answer.streets
    ]
    both = np.unique(np.array(found, dtype=np.int64))
    streets = both % len(rows)
    return both // len(rows), streets, np.array(list(under.values()), dtype=np.int64)[streets]


def oracle(setting: Setting) -> Policy:
    """Return the policy that names each leak when it opens."""
    pipes = Pipes.of(setting.network["water"])
    leaks = _leaks(setting.known, pipes.under)
    over = {pipe: street for street, pipe in pipes.under.items()}
    opened: dict[int, list[str]] = {}
    for step, pipe in zip(leaks.first.tolist(), leaks.pipe.tolist(), strict=True):
        opened.setdefault(step, []).append(over[pipe])

    def act(step: Step) -> Actions:
        return Actions(answers=_named(opened.get(step.index, ())))

    return act


def _named(streets: Iterable[str]) -> list[LeakAnswer]:
    named = tuple(streets)
    return [LeakAnswer(streets=named)] if named else []


CHALLENGE = Challenge(
    name="leak-detection",
    title="Leak detection",
    summary="Name the street under which each leak opens, as early and as near as you can.",
    kinds=("water",),
    networks=("water",),
    tick=STEP,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    events=events,
    answer=LeakAnswer,
    check=check,
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    exhibit=exhibit,
    factors=(
        Factor(name="water", value=WATER, unit="DH/m3", source="BattLeDIM, 0.80 EUR/m3; 10.8 DH/EUR is a default"),
        Factor(name="crew", value=CREW, unit="DH", source="BattLeDIM, 500 EUR; 10.8 DH/EUR is a default"),
    ),
)
