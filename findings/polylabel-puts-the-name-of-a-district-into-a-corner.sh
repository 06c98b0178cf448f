#!/bin/sh
# Guess: polylabel finds the point farthest from the edges, or one near it, in whatever unit the polygon has.
# Seen: for a polygon less than 1 wide, as each district in degrees is, it gives the lower left corner of its box, here a point
#       outside: the precision is 1 in the unit of the polygon unless told. With 0.0001 it is right.
# Why here: districts come as GeoJSON, in degrees; their names stand in the sea or in the next town.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . polylabel@2.1.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import polylabel from "polylabel";

const district = [[[-7.4, 33.6], [-7.4, 33.7], [-7.5, 33.7], [-7.4, 33.6]]];
const seen = [Array.from(polylabel(district)), Array.from(polylabel(district, 0.0001)).map((value) => Math.round(value * 100) / 100)];
console.log("polylabel 2.1.0:", seen[0], "and with a precision of 0.0001:", seen[1]);
assert.deepStrictEqual(seen, [[-7.5, 33.6], [-7.43, 33.67]]);
END
node run.mjs
