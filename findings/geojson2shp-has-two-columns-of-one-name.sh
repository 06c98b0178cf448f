#!/bin/sh
# Guess: names of columns, of which a shapefile holds ten letters, are shortened so that they differ; values are kept or refused.
# Seen: temperature_mean and temperature_max are both "temperatur", and readers that look by name find one of them; a time becomes
#       its day; Arabic text becomes signs of another alphabet; and a column that is null in the first feature is left out.
# Why here: offices still ask for shapefiles; of a layer of sensors half comes out, and nothing is said.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . geojson2shp@0.5.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyshp==3.1.6
cat > run.mjs <<'END'
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { convert } from "geojson2shp";

const geometry = { type: "Point", coordinates: [-7.45, 33.64] };
const at = "2026-06-01T12:00:00Z";
const sensors = [
  { temperature_mean: 20.5, temperature_max: 31.25, at, name: "\u0632\u0646\u0627\u062a\u0629", alarm: null },
  { temperature_mean: 19.5, temperature_max: 30.25, at, name: "Zenata", alarm: 1 },
];
const features = sensors.map((properties) => ({ type: "Feature", geometry, properties }));
const output = createWriteStream("sensors.zip");
await convert({ type: "FeatureCollection", features }, output, { layer: "sensors" });
if (!output.closed) await once(output, "close");
END
node run.mjs
venv/bin/python - <<'END'
import zipfile
from importlib.metadata import version

import shapefile

zipfile.ZipFile("sensors.zip").extractall()
with shapefile.Reader("sensors") as reader:
    names = [field[0] for field in reader.fields[1:]]
    first = list(reader.record(0))
print("geojson2shp 0.5.0, read by pyshp", version("pyshp"), names, first)
assert names == ["temperatur", "temperatur", "at", "name"]
assert first[:2] == [20.5, 31.25] and str(first[2]) == "2026-06-01" and first[3].isascii()
END
