#!/bin/sh
# Guess: a city in metres (EPSG:32629), reprojected to degrees with crs_reproject and saved, is where it was, to the
#        centimetre that --digit 7 means.
# Seen: the file has a scale of 0.000000: numbers are written with six digits, and the step of degrees is smaller. Every vertex
#       of every building is the one point that "translate" names, whatever --digit says, and the command ends well.
# Why here: districts of CityJSON are brought to degrees for maps on the web; the buildings have no extent, and nothing said so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cjio==0.10.1 pyproj==3.7.2
cat > "$folder/metres.city.json" <<'END'
{"type": "CityJSON", "version": "2.0", "transform": {"scale": [0.001, 0.001, 0.001], "translate": [643000, 3724000, 0]},
 "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/32629"},
 "CityObjects": {"hall": {"type": "Building", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2]]]}]}},
 "vertices": [[0, 0, 0], [50000, 0, 0], [50000, 40000, 0]]}
END
"$folder/venv/bin/cjio" "$folder/metres.city.json" crs_reproject --digit 7 4326 save "$folder/degrees.city.json" > /dev/null
"$folder/venv/bin/python" - "$folder/degrees.city.json" <<'END'
import json
import sys
from importlib.metadata import version
from pathlib import Path

city = json.loads(Path(sys.argv[1]).read_text())
scale, start = city["transform"]["scale"], city["transform"]["translate"]
places = {tuple(step * n + first for step, n, first in zip(scale, vertex, start)) for vertex in city["vertices"]}
print("cjio", version("cjio"), "vertices", city["vertices"], "scale", scale, "places", places)
assert len({tuple(vertex) for vertex in city["vertices"]}) == 3 and scale == [0, 0, 0] and len(places) == 1
END
