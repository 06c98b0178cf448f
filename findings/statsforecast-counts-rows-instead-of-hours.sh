#!/bin/sh
# Guess: with freq="h" a missing hour is an error, or the forecast of 8 o'clock still looks at 8 o'clock of the day before.
# Seen: rows are counted: with one hour of the last day missing, the hours up to the gap are forecast with the values of
#       the hour before, the rest are right, and midnight gets the value of 23 o'clock. Nothing is said.
# Why here: readings have gaps; fill_gaps of the same authors' utilsforecast, or a frame of all hours, has to come first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsforecast==2.1.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import SeasonalNaive

hours = pd.date_range("2026-05-01", periods=96, freq="h")
whole = pd.DataFrame({"unique_id": "meter", "ds": hours, "y": hours.hour.astype(float)})
gap = whole[whole["ds"] != pd.Timestamp("2026-05-04 08:00")]
model = StatsForecast([SeasonalNaive(24)], freq="h")
seen = {}
for name, readings in (("whole", whole), ("without 08:00", gap)):
    forecast = model.forecast(df=readings, h=24)
    assert forecast["ds"].tolist() == pd.date_range("2026-05-05", periods=24, freq="h").tolist()
    seen[name] = forecast["SeasonalNaive"].astype(int).tolist()
print("statsforecast", version("statsforecast"), "the next day of readings that are the hour of the day:", seen)
assert seen["whole"] == list(range(24))
assert seen["without 08:00"] == [23, *range(8), *range(9, 24)]
END
