"""Writes the table of `docs/challenges.md`: what doing nothing, a naive policy, a reference and an oracle get in each challenge.

Usage: python -m scripts.challenges [--seeds N] [--output FILE] [--scores FILE] [challenge ...]. Seeds are N practice
seeds from `FIRST` on, 20 if nothing is said. All eight take most of an hour, so each seed's scores are stored once it is done (by
default in `.challenges.jsonl`): when the command is given again it goes on there, unless code or city have changed. The table of a
challenge is written when all its seeds are there; `--output` leaves the document as it is and writes another.
"""

import argparse
import json
import math
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from simulators.trials import collect, play
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.trials.challenge import Challenge, Score, Setting, plan_of
from zenata.trials.receipt import city_digest, code_digest
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed
from zenata.trials.statistics import interval, sign_flip

DOCUMENT = Path(__file__).parents[1] / "docs/challenges.md"

FIRST = 1001
"""The first seed. Policies were written and tried with lower ones (decision 0097)."""

ORDER = ("nothing", "naive", "reference", "oracle")


def scores(city: City, challenge: Challenge, number: int) -> dict[str, Score]:
    """Return the score of each policy in one seed; doing nothing leaves what the city leaves by itself."""
    seed = plan_of(challenge, practice_seed(number))
    without = collect(city, challenge, seed)
    setting = Setting(city=city, network=without.network, truth=without)
    runs = {name: play(city, challenge, seed, challenge.policies[name](setting), without) for name in ORDER[1:]}
    return {name: challenge.score(run) for name, run in {"nothing": without, **runs}.items()}


def table(found: list[dict[str, Score]]) -> str:
    """Return the table of one challenge: points with intervals over seeds, and the mean of each measure."""
    measures = [f"{name} [{unit}]" for name, (_, unit) in found[0]["oracle"].measures.items()]
    lines = [
        f"| seeds {FIRST} to {FIRST + len(found) - 1} | points | 95 % interval | p against the one above | {' | '.join(measures)} |",
        f"|---|---|---|---|{'---|' * len(measures)}",
    ]
    above: list[float] = []
    for name in ORDER:
        points = [score[name].points for score in found]
        mean, low, high = interval(points)
        p = f"{sign_flip(points, above):.2g}" if above else ""
        means = [_mean([score[name].measures[key][0] for score in found]) for key in found[0]["oracle"].measures]
        lines.append(f"| {name} | {_points(mean)} | {_points(low)} to {_points(high)} | {p} | {' | '.join(means)} |")
        above = points
    return "\n".join(lines)


def _points(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}"  # no -0.0


def _mean(values: list[float]) -> str:
    known = [value for value in values if math.isfinite(value)]
    return f"{np.mean(known):.3g}" if known else ""


class Scores:
    """Scores that are stored, a line of JSON for each seed of a challenge, under the digests of the code and of the city.

    Parameters
    ----------
    file : Path
    made_by : str
        What they follow from; those of anything else are left alone.
    """

    def __init__(self, file: Path, made_by: str) -> None:
        self._file, self._made_by = file, made_by
        self._found: dict[tuple[str, int], dict[str, Score]] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                one = json.loads(line)
            except json.JSONDecodeError:  # cut short as it was written
                continue
            if one["made_by"] == made_by:
                self._found[one["challenge"], one["seed"]] = _scores(one["scores"])

    def get(self, challenge: str, seed: int) -> dict[str, Score] | None:
        """Return the scores of a seed, or None."""
        return self._found.get((challenge, seed))

    def add(self, challenge: str, seed: int, scores: dict[str, Score]) -> None:
        """Store the scores of a seed."""
        one = {"challenge": challenge, "seed": seed, "made_by": self._made_by, "scores": msgspec.to_builtins(scores)}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(msgspec.json.encode(one).decode() + "\n")  # a number that is none is null
        self._found[challenge, seed] = scores


def _scores(stored: dict[str, dict[str, Any]]) -> dict[str, Score]:
    for score in stored.values():
        for measures in (score["measures"], score["impact"]):
            measures |= {name: (math.nan if value is None else value, unit) for name, (value, unit) in measures.items()}
    return msgspec.convert(stored, dict[str, Score])


def write(document: Path, name: str, text: str) -> None:
    """Write a table between the marks of its challenge."""
    old = document.read_text(encoding="utf-8")
    marks = f"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)"
    document.write_text(re.sub(marks, lambda _: f"{text}\n", old, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Run what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    parser.add_argument("--scores", type=Path, default=Path(".challenges.jsonl"))
    parser.add_argument("challenges", nargs="*", metavar="challenge", help=", ".join(CHALLENGES))
    arguments = parser.parse_args()
    names = arguments.challenges or list(CHALLENGES)
    if unknown := [name for name in names if name not in CHALLENGES]:
        parser.error(f"there is no challenge {unknown[0]!r}: use {', '.join(CHALLENGES)}")
    if arguments.seeds < 2:
        parser.error("--seeds: an interval needs two seeds or more")
    if arguments.output != DOCUMENT:
        arguments.output.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    city = load_city("zenata")
    stored = Scores(arguments.scores, f"{code_digest()} {city_digest(city)}")
    seeds = range(FIRST, FIRST + arguments.seeds)
    wanted = [(name, number) for name in names for number in seeds]
    missing = [one for one in wanted if stored.get(*one) is None]
    print(f"{len(wanted)} seeds of {len(names)} challenges, of which {len(missing)} have to be played", flush=True)
    begun = time.monotonic()
    for done, (name, number) in enumerate(missing, 1):
        stored.add(name, number, found := scores(city, CHALLENGES[name], number))
        points = ", ".join(f"{policy} {score.points:.1f}" for policy, score in found.items())
        took = time.monotonic() - begun
        left = took / done * (len(missing) - done) / 60
        print(f"{name} seed {number}: {points} ({done} of {len(missing)}; {left:.0f} min left)", flush=True)
        if number == seeds[-1]:
            _write(arguments.output, name, seeds, stored)
    for name in names:
        _write(arguments.output, name, seeds, stored)


def _write(document: Path, name: str, seeds: range, stored: Scores) -> None:
    found = [one for number in seeds if (one := stored.get(name, number)) is not None]
    write(document, name, table(found))


if __name__ == "__main__":
    main()
