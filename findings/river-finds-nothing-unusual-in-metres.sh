#!/bin/sh
# Guess: half space trees, trained on levels between 20 and 21 m, find 35 m unusual.
# Seen: 35 m has the score 0.0, the lowest, like a usual level: only features between 0 and 1 are told apart, and what
#       lies above is one place. Divided by 40 beforehand, 35 m scores 0.99.
# Why here: readings have units; a detector that was fed with them says that all is well, for ever.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
import random
from importlib.metadata import version

from river.anomaly import HalfSpaceTrees


def scores(divisor: float) -> list[float]:
    random.seed(1)
    trees = HalfSpaceTrees(seed=1, window_size=50)
    for _ in range(500):
        trees.learn_one({"level": (20 + random.random()) / divisor})
    return [round(trees.score_one({"level": level / divisor}), 2) for level in (20.5, 35.0)]


seen = {"metres": scores(1), "divided by 40": scores(40)}
print("river", version("river"), "scores of a usual and an unusual level:", seen)
assert seen["metres"] == [0.0, 0.0] and seen["divided by 40"][1] > 0.95
END
