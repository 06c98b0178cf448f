#!/bin/sh
# Guess: a grid of squares with sides of 1 km has cells of 1 square kilometre, as the grid of hexagons has its area.
# Seen: in Zenata (33.6 degrees north) the cells are 1 km high and 0.833 km wide, 0.833 square kilometres: the width counts
#       in degrees of the equator. Hexagons with sides of 1 km have the area that they should, within 0.1 percent.
# Why here: counts per square kilometre, of bins, of noise, of people, are a sixth too low.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @turf/square-grid@7.4.0 @turf/hex-grid@7.4.0 @turf/area@7.4.0 @turf/distance@7.4.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { area } from "@turf/area";
import { distance } from "@turf/distance";
import { hexGrid } from "@turf/hex-grid";
import { squareGrid } from "@turf/square-grid";

const zenata = [-7.5, 33.6, -7.4, 33.7];
const [square] = squareGrid(zenata, 1, { units: "kilometers" }).features;
const [hexagon] = hexGrid(zenata, 1, { units: "kilometers" }).features;
const [start, north, east] = square.geometry.coordinates[0];
const sides = [distance(start, north), distance(north, east)].map((side) => Number(side.toFixed(3)));
const areas = [area(square) / 1e6, area(hexagon) / ((3 * Math.sqrt(3)) / 2) / 1e6].map((size) => Number(size.toFixed(3)));
console.log("@turf/square-grid 7.4.0: sides", sides, "km, area", areas[0], "km2; hexagon", areas[1], "of its area");
assert.deepStrictEqual([sides, areas], [[1, 0.833], [0.833, 1]]);
END
node run.mjs
