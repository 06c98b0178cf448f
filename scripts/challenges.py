"""Writes the table of `docs/challenges.md`: what doing nothing, a naive policy, a reference and an oracle get in each challenge.

Usage: python -m scripts.challenges [--seeds N] [challenge ...]. Seeds are the practice seeds 1 to N, 20 if nothing is said;
each challenge takes some minutes, and is written when it is done.
"""

import argparse
import math
import re
import time
from pathlib import Path

import numpy as np

from simulators.trials import collect, play
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.trials.challenge import Challenge, Score, Setting, plan_of
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import practice_seed
from zenata.trials.statistics import interval, sign_flip

DOCUMENT = Path(__file__).parents[1] / "docs/challenges.md"

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
        f"| {len(found)} seeds | points | 95 % interval | p against the one above | {' | '.join(measures)} |",
        f"|---|---|---|---|{'---|' * len(measures)}",
    ]
    above: list[float] = []
    for name in ORDER:
        points = [score[name].points for score in found]
        mean, low, high = interval(points)
        p = f"{sign_flip(points, above):.2g}" if above else ""
        means = [_mean([score[name].measures[key][0] for score in found]) for key in found[0]["oracle"].measures]
        lines.append(f"| {name} | {mean:.1f} | {low:.1f} to {high:.1f} | {p} | {' | '.join(means)} |")
        above = points
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    known = [value for value in values if math.isfinite(value)]
    return f"{np.mean(known):.3g}" if known else ""


def write(name: str, text: str) -> None:
    """Write a table between the marks of its challenge."""
    document = DOCUMENT.read_text(encoding="utf-8")
    marks = f"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)"
    DOCUMENT.write_text(re.sub(marks, lambda _: f"{text}\n", document, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Run what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("challenges", nargs="*")
    arguments = parser.parse_args()
    city = load_city("zenata")
    for name in arguments.challenges or CHALLENGES:
        found = []
        for number in range(1, arguments.seeds + 1):
            begun = time.monotonic()
            found.append(scores(city, CHALLENGES[name], number))
            points = ", ".join(f"{policy} {score.points:.1f}" for policy, score in found[-1].items())
            print(f"{name} seed {number}: {points} ({time.monotonic() - begun:.0f} s)", flush=True)
            write(name, table(found))


if __name__ == "__main__":
    main()
