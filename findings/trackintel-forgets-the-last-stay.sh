#!/bin/sh
# Guess: generate_staypoints finds every place where somebody stayed longer than the threshold.
# Seen: the last one is left out, though its positions are there for five hours: a stay counts only once somebody has left
#       it, unless include_last=True.
# Why here: the last stay of a day is home; trips of our mobility that end there have no end in such a table.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trackintel==1.4.2
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import geopandas as gpd
import pandas as pd
import trackintel
from shapely.geometry import Point

home, work = Point(-7.45, 33.64), Point(-7.40, 33.66)
places = [home] * 18 + [work] * 30 + [home] * 30
times = pd.date_range("2026-05-01 08:00", periods=len(places), freq="10min", tz="UTC")
fixes = trackintel.Positionfixes(gpd.GeoDataFrame({"user_id": 0, "tracked_at": times}, geometry=places, crs=4326))
seen = {}
for name, options in (("by default", {}), ("include_last", {"include_last": True})):
    _, stays = fixes.generate_staypoints(**options)
    seen[name] = [f"{row.started_at:%H:%M} to {row.finished_at:%H:%M}" for row in stays.itertuples()]
print("trackintel", version("trackintel"), "stays of a day with home, work, home:", seen)
assert seen["by default"] == seen["include_last"][:2] and len(seen["include_last"]) == 3
assert seen["include_last"][2] == "16:00 to 20:50"
END
