#!/bin/sh
# Guess: splitting a trajectory at gaps, or a collection by vehicle, leaves every position in one part or another.
# Seen: a position alone between two gaps is in no part, and a vehicle with one position is not in the collection. No
#       warning; 5 positions become 4, 2 vehicles 1.
# Why here: trackers that report every half hour, as on bins, are made of such positions.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check movingpandas==0.23.0 geopandas==1.2.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'END'
import warnings
from datetime import timedelta
from importlib.metadata import version

warnings.simplefilter("ignore")
import geopandas
import movingpandas
import pandas as pd
from shapely import Point

minutes = [0, 5, 60, 180, 190]
times = pd.Timestamp("2026-06-01T12:00") + pd.to_timedelta(minutes, unit="min")
points = [Point(-7.45 + index / 1000, 33.64) for index in range(5)]
frame = geopandas.GeoDataFrame({"vehicle": ["a"] * 5}, geometry=points, index=times, crs=4326)
parts = movingpandas.ObservationGapSplitter(movingpandas.Trajectory(frame, "a")).split(gap=timedelta(minutes=30))
sizes = [len(part.df) for part in parts.trajectories]
vehicles = [part.id for part in movingpandas.TrajectoryCollection(frame.assign(vehicle=["a"] * 4 + ["b"]), "vehicle").trajectories]
print("movingpandas", version("movingpandas"), "positions of the parts:", sizes, "vehicles:", vehicles)
assert sizes == [2, 2] and vehicles == ["a"]
END
