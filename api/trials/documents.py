"""Documents of trials, challenges and leaderboards, as the API answers with them."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from api.http.answers import document
from zenata.city.clock import format_time
from zenata.city.model import City
from zenata.city.sentences import translations
from zenata.contract.base import Titles
from zenata.contract.challenges import Challenge as ChallengeDocument
from zenata.contract.challenges import Comparison, Leaderboard, Standing
from zenata.contract.reports import Exhibit, TrialReport
from zenata.contract.trials import MAX_SEEDS, SeedResult, Trial, TrialScore, TrialTopics
from zenata.control.trial_tables import TrialRow
from zenata.control.trials import PRACTICE_SEEDS, Trials
from zenata.trials.challenge import Challenge
from zenata.trials.receipt import Facts, Receipt, SeedEvidence, city_digest, code_digest, make_receipt
from zenata.trials.seeds import commitment_of
from zenata.trials.statistics import interval, ranking, sign_flip, stopping_luck
from zenata.wire import topics

COMPARED = ("naive", "reference")
"""Policies that every score is shown beside; the oracle's is 100."""

LAST = 3
"""Graded trials of a pilot that its place on a leaderboard follows from."""


def trial_document(register: Trials, row: TrialRow) -> Trial:
    """Return a trial as its pilot may see it: of a graded one no result before it is over, and no number of a seed."""
    challenge = register.challenges[row.challenge]
    is_over = row.phase in ("done", "failed", "cancelled")
    shows_seeds = register.shows_seeds(row)
    is_open = not row.version or shows_seeds  # of the run of a frozen set nothing is shown before its edition is closed
    done = row.phase == "done" and bool(row.results) and not row.part_of and is_open
    parts = register.parts(row.id) if row.parallel > 1 else []
    is_shown = row.mode == "practice" or (is_over and not row.part_of and is_open)
    points = _points([row]) if done else []
    beside = _baselines([row]) if done else {}
    return document(
        Trial,
        row,
        trial=row.id,
        variant=row.drawn[0].variant or "plain",
        clock="lock-step" if row.speed is None else "speed",
        place=_position(register, row) if row.phase == "queued" else None,
        reason=row.reason or None,
        reasons=Titles(**translations(row.reason)) if row.reason else None,
        kinds=challenge.kinds,
        districts=challenge.districts,
        seeds=len(row.seeds),
        seeds_done=max(len(row.results), sum(len(part.results) for part in parts)),
        heartbeat=max((part.heartbeat for part in parts if part.heartbeat), default=row.heartbeat),
        parts=[part.id for part in parts],
        part_of=row.part_of or None,
        seed=row.current + 1,
        world=row.world or None,
        time=register.end_of(row, row.step) if row.world and row.step else None,
        steps=challenge.steps,
        warm_up=challenge.first,
        every=challenge.step,
        topics=_topics(row),
        step_url=f"/v1/trials/{row.id}/step",
        commitment=commitment_of(row.drawn),
        numbers=[seed.number for seed in row.drawn] if shows_seeds else None,
        results=msgspec.convert(row.results, list[SeedResult]) if is_shown else [],
        score=_score(points) if points else None,
        baselines={name: _score(theirs) for name, theirs in beside.items() if name in COMPARED},
        above_reference=difference_of([row]) if done else None,
        version=row.version or None,
    )


def receipt_of(register: Trials, row: TrialRow, city: City, private: bytes) -> Receipt:
    """Return the signed receipt of a trial that came to its end; with its seeds once they are hidden no longer.

    Parameters
    ----------
    register : Trials
    row : TrialRow
    city : City
    private : bytes, shape (32,)
        Seed of the Ed25519 key that signs.
    """
    shown = register.shows_seeds(row)
    points = [result["points"] for result in row.results]
    evidence = [
        SeedEvidence(
            seed=seed if shown else None,
            points=points[index],
            answers=[(time, msgspec.json.decode(answer)) for time, answer in register.answers(row.id, index)],
            entries=entries,
        )
        for index, (seed, entries) in enumerate(zip(row.drawn, register.archive(row.id)[0], strict=True))
    ]
    score = _score(points)
    facts = Facts(
        trial=row.id,
        pilot=row.pilot,
        challenge=row.challenge,
        mode=row.mode,
        ended=format_time(row.ended or 0),
        commitment=commitment_of(row.drawn),
        code=code_digest(),
        city=city_digest(city),
        mean=score.mean,
        low=score.low,
        high=score.high,
        version=row.version,
    )
    return make_receipt(facts, evidence, private)


def report_of(register: Trials, row: TrialRow, city: City) -> TrialReport:
    """Return the report of a trial that is done: the truth of its seeds once they are hidden no longer."""
    exhibits = register.archive(row.id)[1] if register.shows_seeds(row) else None
    return TrialReport(
        title=register.challenges[row.challenge].titles,
        factors=list(register.challenges[row.challenge].factors),
        trial=trial_document(register, row),
        outline=[list(district.ring) for district in city.districts],
        exhibits=None if exhibits is None else msgspec.convert(exhibits, list[Exhibit]),
    )


def challenge_document(challenge: Challenge) -> ChallengeDocument:
    """Return a challenge as the API answers it."""
    (schema,), components = msgspec.json.schema_components([challenge.answer], ref_template="#/$defs/{name}")
    schema = components.pop(challenge.answer.__name__, schema)
    return document(
        ChallengeDocument,
        challenge,
        challenge=challenge.name,
        title=challenge.titles,
        every=challenge.step,
        practice=PRACTICE_SEEDS,
        graded=MAX_SEEDS,
        answer=schema | ({"$defs": components} if components else {}),
    )


def leaderboard(challenge: str, edition: str, rows: Sequence[TrialRow]) -> Leaderboard:
    """Return a leaderboard: by the mean of the last three graded trials less luck, in groups that differ by more than chance."""
    attempts = _attempts(rows)
    points = {name: _points(own) for name, own in attempts.items()}
    luck = {name: _luck(points[name], len(own)) for name, own in attempts.items()}
    items, rank = [], 1
    for group in ranking({name: _off(points[name], luck[name]) for name in points}) if points else []:
        for name in group:
            score = _score(points[name])
            items.append(
                Standing(
                    rank=rank,
                    name=name,
                    attempts=len(attempts[name]),
                    mean=score.mean,
                    low=score.low,
                    high=score.high,
                    luck=luck[name],
                    baselines={
                        name: sum(theirs) / len(theirs)
                        for name, theirs in _baselines(attempts[name][-LAST:]).items()
                        if name in COMPARED
                    },
                )
            )
        rank += len(group)
    return Leaderboard(challenge=challenge, edition=edition, items=items, final=any(row.version for row in rows))


def comparison(challenge: str, edition: str, rows: Sequence[TrialRow], a: str, b: str) -> Comparison:
    """Return how two of a leaderboard differ, each less its luck.

    Raises
    ------
    KeyError
        If one is not on it.
    """
    attempts = _attempts(rows)
    one, other = (
        _off(points, _luck(points, len(attempts[name]))) for name in (a, b) for points in [_points(attempts[name])]
    )
    score = _score(_less(one, other))
    return Comparison(
        challenge=challenge,
        edition=edition,
        a=a,
        b=b,
        difference=score.mean,
        low=score.low,
        high=score.high,
        p=sign_flip(one, other),
        seeds=len(one),
    )


def difference_of(rows: Sequence[TrialRow]) -> TrialScore | None:
    """Return the points of the last of all attempts less those of the reference, seed by seed, and less luck.

    None if the reference was not played in all.
    """
    theirs = _baselines(rows[-LAST:]).get("reference")
    if theirs is None:
        return None
    more = _less(_points(rows), theirs)
    return _score(_off(more, _luck(more, len(rows))))


def _attempts(rows: Sequence[TrialRow]) -> dict[str, list[TrialRow]]:
    """Return the attempts of each pilot that shows a name and came to an end in one of the last, by the newest name."""
    by_pilot: dict[str, list[TrialRow]] = {}
    for row in rows:
        if row.name:
            by_pilot.setdefault(row.pilot, []).append(row)
    return {own[-1].name: own for own in by_pilot.values() if any(not attempt.is_given_up for attempt in own[-LAST:])}


def _points(rows: Sequence[TrialRow]) -> list[float]:
    """Return the mean points of the last attempts, by the index of the seed; seeds of one index are not the same.

    One that was given up counts as doing nothing: who has a notion of how a trial goes could cancel those that go badly, and
    be ranked by the others.
    """
    return _means(
        [[0.0] * len(row.seeds) if row.is_given_up else [one["points"] for one in row.results] for row in rows[-LAST:]]
    )


def _luck(points: Sequence[float], attempts: int) -> float:
    """Return how many points stopping at the best of so many attempts gives by chance; 0 of up to `LAST`."""
    error = float(np.std(points, ddof=1)) / math.sqrt(len(points)) if len(points) > 1 else 0.0
    return stopping_luck(attempts, LAST) * error


def _off(points: Sequence[float], luck: float) -> list[float]:
    return [value - luck for value in points]


def _baselines(rows: Sequence[TrialRow]) -> dict[str, list[float]]:
    """Return the mean points of other policies in the seeds that were played, as `_points`; only of those that were played in all."""
    if not (rows := [row for row in rows if not row.is_given_up]):
        return {}
    seeds = [[result.get("baselines", {}) for result in row.results] for row in rows]
    names = [name for name in seeds[0][0] if all(name in seed for row in seeds for seed in row)]
    return {name: _means([[seed[name]["points"] for seed in row] for row in seeds]) for name in names}


def _means(points: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(column) for column in zip(*points, strict=True)]


def _less(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [mine - theirs for mine, theirs in zip(one, other, strict=True)]


def _score(points: Sequence[float]) -> TrialScore:
    mean, low, high = interval(points)
    return TrialScore(
        mean=mean,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        seeds=len(points),
    )


def _position(register: Trials, row: TrialRow) -> int:
    return sum(other.made < row.made for other in register.trials(phases=("queued",)))


def _topics(row: TrialRow) -> TrialTopics:
    world = row.world
    parts = {"readings": "telemetry/#", "clock": "clock", "commands": "commands/#", "responses": "responses/#"}
    named = {name: f"{world}/{part}" if world else None for name, part in parts.items()}
    return TrialTopics(**named, answers=topics.answers(row.pilot, row.id))
