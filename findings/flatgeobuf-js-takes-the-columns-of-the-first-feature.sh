#!/bin/sh
# Guess: a GeoJSON written to FlatGeobuf and read again has the properties that it had: columns are those of all features.
# Seen: they are those of the first. A property that it lacks is gone from all others; one that is null in it turns the numbers
#       of all others to text; and where it has a number, text becomes NaN. No error. geopandas, through GDAL, keeps them.
# Why here: a sensor that has sent nothing yet has level null, and one without an alarm has no member "alarm".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . flatgeobuf@4.5.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { geojson } from "flatgeobuf";

async function again(...properties) {
  const geometry = { type: "Point", coordinates: [-7.45, 33.64] };
  const features = properties.map((each) => ({ type: "Feature", geometry, properties: each }));
  const read = await geojson.deserialize(geojson.serialize({ type: "FeatureCollection", features }));
  const list = [];
  for await (const feature of read.features ?? read) list.push(feature.properties);
  return list;
}

const seen = [await again({ level: 20 }, { level: 21, alarm: "high" }), await again({ level: null }, { level: 21.5 }), await again({ level: 20 }, { level: "n/a" })];
console.log("flatgeobuf 4.5.0 reads again:", ...seen);
assert.deepStrictEqual(seen, [[{ level: 20 }, { level: 21 }], [{}, { level: "21.5" }], [{ level: 20 }, { level: Number.NaN }]]);
END
node run.mjs
