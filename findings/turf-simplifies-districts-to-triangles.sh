#!/bin/sh
# Guess: simplify without a tolerance takes away points that do not show, as a first try.
# Seen: the tolerance is 1, and the unit that of the coordinates: in GeoJSON a degree, 100 km. A round district of 32 km2 is a
#       triangle of 11 afterwards, a winding road the line between its ends; simplify-js, which turf has it from, likewise.
# Why here: districts are simplified before they are sent to a page; areas and lengths taken afterwards are a third.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @turf/turf@7.4.0 simplify-js@1.2.4 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { area, lineString, polygon, simplify } from "@turf/turf";
import simplifyJs from "simplify-js";

const ring = Array.from({ length: 60 }, (_, i) => {
  const angle = (i / 60) * 2 * Math.PI;
  return [-7.45 + 0.037 * Math.cos(angle), 33.65 + 0.027 * Math.sin(angle)];
});
const district = polygon([[...ring, ring[0]]]);
const simpler = simplify(district);
const km2 = [district, simpler, simplify(district, { tolerance: 0.0001 })].map((shape) => Math.round(area(shape) / 1e6));
const road = ring.slice(0, 30);
const points = [
  simpler.geometry.coordinates[0].length,
  simplify(lineString(road)).geometry.coordinates.length,
  simplifyJs(road.map(([x, y]) => ({ x, y }))).length,
];
console.log("turf 7.4.0: km2 before, after and with a tolerance of 0.0001:", km2, "points left of ring and road:", points);
assert.deepStrictEqual(points, [4, 2, 2]);
assert.deepStrictEqual(km2, [32, 11, 32]);
END
node run.mjs
