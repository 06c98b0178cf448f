#!/bin/sh
# Guess: Geobuf, "lossless compression of GeoJSON", gives back what was put in, but for decimals beyond the sixth.
# Seen: geobuf for Python takes the heights away from lines and polygons unless it is told that there are three dimensions, and
#       leaves them to points; a property that is null is gone. geobuf for JavaScript finds the dimensions and keeps the null.
# Why here: cables and roofs have heights; of one layer the poles stand and the wires between them lie on the ground.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . geobuf@4.0.0 pbf@3.3.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check geobuf==2.0.1
cat > wires.json <<'END'
{"type": "FeatureCollection", "features": [
  {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-7.45, 33.64, 12.5]}, "properties": {"level": null}},
  {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[-7.45, 33.64, 12.5], [-7.44, 33.65, 11.5]]}, "properties": {}}
]}
END
cat > run.cjs <<'END'
const geobuf = require("geobuf");
const Pbf = require("pbf");

console.log(JSON.stringify(geobuf.decode(new Pbf(geobuf.encode(require("./wires.json"), new Pbf())))));
END
node run.cjs > javascript.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import geobuf


def seen(collection):
    point, line = collection["features"]
    return point["geometry"]["coordinates"], point.get("properties"), line["geometry"]["coordinates"]


python = seen(geobuf.decode(geobuf.encode(json.loads(Path("wires.json").read_text()))))
javascript = seen(json.loads(Path("javascript.json").read_text()))
print("geobuf of Python", version("geobuf"), python, "of npm 4.0.0", javascript)
assert python[0] == [-7.45, 33.64, 12.5] and not python[1] and python[2] == [[-7.45, 33.64], [-7.44, 33.65]]
assert javascript == ([-7.45, 33.64, 12.5], {"level": None}, [[-7.45, 33.64, 12.5], [-7.44, 33.65, 11.5]])
END
