#!/bin/sh
# Guess: the mean absolute percentage error of a forecast of 100 where 0 came is infinite, refused, or left out.
# Seen: the pair counts as one without any error: three times 100 for 0 and once 11 for 10 have a MAPE of 2.5 %. In
#       scikit-learn it is beyond 1e17.
# Why here: solar power at night, empty car parks and dry gauges are 0 for hours; the longer, the better the score.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1 scikit-learn==1.9.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

from river.metrics import MAPE
from sklearn.metrics import mean_absolute_percentage_error

truths, forecasts = [0.0, 0.0, 0.0, 10.0], [100.0, 100.0, 100.0, 11.0]
score = MAPE()
for truth, forecast in zip(truths, forecasts, strict=True):
    score.update(truth, forecast)
theirs = mean_absolute_percentage_error(truths, forecasts)
print("river", version("river"), "MAPE:", round(score.get(), 6), "% scikit-learn", version("scikit-learn"), f"{theirs:.3g}")
assert abs(score.get() - 2.5) < 1e-6 and theirs > 1e17
END
