#!/bin/sh
# Guess: the id of a GeoJSON feature comes with it as a column, or as the index.
# Seen: read_file gives a column id where ids are texts, and none at all where they are numbers; from_features gives
#       neither. No warning. to_json then counts from 0: feature 41 has become feature 0.
# Why here: assets are joined to readings by id; of a layer with numbers for ids nothing is left to join by.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 pandas==3.1.1
cd "$folder"
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import geopandas

seen = {}
for ids in (["sensor-41", "sensor-42"], [41, 42]):
    geometry = {"type": "Point", "coordinates": [-7.45, 33.64]}
    features = [{"type": "Feature", "id": name, "properties": {"v": 1}, "geometry": geometry} for name in ids]
    Path("layer.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    frame = geopandas.read_file("layer.geojson")
    given = geopandas.GeoDataFrame.from_features(features)
    written = [feature["id"] for feature in json.loads(frame.to_json())["features"]]
    seen[type(ids[0]).__name__] = (list(frame.columns), list(frame.index), list(given.columns), written)
print("geopandas", version("geopandas"), "pyogrio", version("pyogrio"), seen)
assert seen["str"] == (["id", "v", "geometry"], [0, 1], ["geometry", "v"], ["0", "1"])
assert seen["int"] == (["v", "geometry"], [0, 1], ["geometry", "v"], ["0", "1"])
END
