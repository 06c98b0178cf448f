#!/bin/sh
# Guess: whether a closed way of OpenStreetMap is an area or a line follows from its tags, and converters agree.
# Seen: a bus platform and a running track are polygons in JavaScript and lines in Python; building=no the reverse.
# Why here: platforms are counted and measured as areas by the page and are lines for a service, of one and the same extract.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check osm2geojson==0.3.2
cd "$folder"
npm install --silent --no-audit --no-fund osmtogeojson@2.2.12 >/dev/null
cat > extract.json <<'END'
{"elements": [
  {"type": "node", "id": 1, "lat": 33.64, "lon": -7.51}, {"type": "node", "id": 2, "lat": 33.64, "lon": -7.50},
  {"type": "node", "id": 3, "lat": 33.65, "lon": -7.50}, {"type": "node", "id": 4, "lat": 33.65, "lon": -7.51},
  {"type": "way", "id": 11, "nodes": [1, 2, 3, 4, 1], "tags": {"public_transport": "platform"}},
  {"type": "way", "id": 12, "nodes": [1, 2, 3, 4, 1], "tags": {"leisure": "track"}},
  {"type": "way", "id": 13, "nodes": [1, 2, 3, 4, 1], "tags": {"building": "no"}},
  {"type": "way", "id": 14, "nodes": [1, 2, 3, 4, 1], "tags": {"amenity": "parking"}}]}
END
cat > convert.cjs <<'END'
const convert = require("osmtogeojson");
const ways = convert(require("./extract.json")).features.filter((feature) => feature.id.startsWith("way"));
ways.sort((one, other) => one.id.localeCompare(other.id));
console.log(JSON.stringify(ways.map((way) => way.geometry.type)));
END
node convert.cjs > javascript.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import osm2geojson

features = osm2geojson.json2geojson(Path("extract.json").read_text())["features"]
python = [feature["geometry"]["type"] for feature in features if feature["properties"]["type"] == "way"]
javascript = json.loads(Path("javascript.json").read_text())
print("platform, track, no building, parking: osm2geojson", version("osm2geojson"), python, "osmtogeojson 2.2.12", javascript)
assert python == ["LineString", "LineString", "Polygon", "Polygon"]
assert javascript == ["Polygon", "Polygon", "LineString", "Polygon"]
END
