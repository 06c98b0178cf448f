#!/bin/sh
# Guess: decision_function of the data that a KNN detector was fitted to gives its decision_scores_, and predict its
#        labels_.
# Seen: fitting leaves a point out of its own neighbours, asking does not: with one neighbour every score is 0, and the
#       outlier that labels_ names is predicted to be normal.
# Why here: a service that fits on a week of readings and then asks for the same week misses what it has already found.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyod==3.6.7
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
from pyod.models.knn import KNN

readings = np.array([[20.0], [20.5], [21.0], [21.5], [80.0]])
detector = KNN(n_neighbors=1, contamination=0.2).fit(readings)
fitted, asked = detector.decision_scores_.tolist(), detector.decision_function(readings).tolist()
print("pyod", version("pyod"), "scores of the same readings when fitted:", fitted, "when asked:", asked)
print("labels_", detector.labels_.tolist(), "predict", detector.predict(readings).tolist())
assert fitted == [0.5, 0.5, 0.5, 0.5, 58.5] and asked == [0.0] * 5
assert detector.labels_.tolist() == [0, 0, 0, 0, 1] and detector.predict(readings).tolist() == [0] * 5
END
