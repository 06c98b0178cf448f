#!/bin/sh
# Guess: an F1 score of change points is at most 1, what a detector gets that finds all and nothing else.
# Seen: sktime's WindowedF1Score gives 1.33 to one prediction between two events: it counts for both of them, so precision is 2.
#       The detector that names both exactly gets 1.
# Why here: detectors are ranked by such scores; the one that says least, between the events, comes before the perfect one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sktime==1.2.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import pandas
from sktime.performance_metrics.detection import WindowedF1Score


def score(*predicted):
    frames = [pandas.DataFrame({"ilocs": list(places)}) for places in ((10, 14), predicted)]
    return round(float(WindowedF1Score(margin=5)(*frames)), 2)


seen = {"both": score(10, 14), "one between": score(12), "one twice": score(12, 12), "far away": score(40)}
print("sktime", version("sktime"), "events at 10 and 14, scores of predictions:", seen)
assert seen == {"both": 1.0, "one between": 1.33, "one twice": 1.0, "far away": 0.0}
END
