#!/bin/sh
# Guess: a line offset by 10 m is 10 m away from the street it was offset from.
# Seen: it is from a street that runs east; from one that runs north it is 8.33 m away in Zenata, and 5 m at 60 degrees: the
#       offset counts in degrees of the equator.
# Why here: lanes, pipes and lights drawn beside streets come nearer the more the street turns north.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @turf/line-offset@7.4.0 @turf/distance@7.4.0 @turf/helpers@7.4.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { distance } from "@turf/distance";
import { lineString } from "@turf/helpers";
import { lineOffset } from "@turf/line-offset";

const start = [-7.5, 33.6];
const gaps = [[-7.4, 33.6], [-7.5, 33.7]].map((end) => {
  const [first] = lineOffset(lineString([start, end]), 10, { units: "meters" }).geometry.coordinates;
  return Number(distance(start, first, { units: "meters" }).toFixed(2));
});
console.log("@turf/line-offset 7.4.0: 10 m are", gaps, "m from a street to the east and one to the north");
assert.deepStrictEqual(gaps, [10, 8.33]);
END
node run.mjs
