#!/bin/sh
# Guess: a layer written to FlatGeobuf and read again has its features in the order in which they were written.
# Seen: they come in the order of the spatial index, which is written unless SPATIAL_INDEX=NO; the same frame keeps its
#       order in GeoPackage and GeoJSON.
# Why here: places of our layers have ids; results laid beside them by number of line belong to other places.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 shapely==2.2.0
cd "$folder"
venv/bin/python - <<'END'
from importlib.metadata import version

import geopandas
import numpy as np
import shapely

random = np.random.default_rng(1)
stations = shapely.points(random.uniform(-7.5, -7.4, 10), random.uniform(33.6, 33.7, 10))
frame = geopandas.GeoDataFrame({"number": range(10)}, geometry=stations, crs=4326)
seen = {}
for name, options in (("a.gpkg", {}), ("a.geojson", {}), ("a.fgb", {}), ("b.fgb", {"SPATIAL_INDEX": "NO"})):
    frame.to_file(name, engine="pyogrio", **options)
    seen[name] = geopandas.read_file(name, engine="pyogrio").number.tolist()
print("geopandas", version("geopandas"), "pyogrio", version("pyogrio"), seen)
assert seen["a.gpkg"] == seen["a.geojson"] == seen["b.fgb"] == list(range(10))
assert seen["a.fgb"] != list(range(10)) and sorted(seen["a.fgb"]) == list(range(10))
END
