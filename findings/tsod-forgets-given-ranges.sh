#!/bin/sh
# Guess: a RangeDetector made with a least and a greatest value keeps them when the detectors beside it learn from data.
# Seen: fit() puts the least and greatest value of that data in their place: good water levels of 20.8 to 21, well within
#       0 to 40, are anomalies once a stretch without them was learned from.
# Why here: limits that a sensor's maker gives become those of the week one happened to learn from; false alarms cost points.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tsod==0.3.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy as np
import pandas as pd
import tsod

values = np.r_[20 + 0.5 * np.sin(np.arange(90) / 9), np.linspace(20.8, 21, 10)]
level = pd.Series(values, pd.date_range("2026-01-01", periods=100, freq="min"))
detector = tsod.CombinedDetector([tsod.RangeDetector(0, 40), tsod.DiffDetector(max_diff=10)])
before = np.flatnonzero(tsod.RangeDetector(0, 40).detect(level)).tolist()
after = np.flatnonzero(tsod.RangeDetector(0, 40).fit(level.iloc[:90]).detect(level)).tolist()
combined = np.flatnonzero(detector.fit(level.iloc[:90]).detect(level)).tolist()
print("tsod", version("tsod"), "flags of 0 to 40:", before, "after fit:", after, "combined:", combined)
assert before == [] and after == list(range(90, 100)) and set(after) <= set(combined)
END
