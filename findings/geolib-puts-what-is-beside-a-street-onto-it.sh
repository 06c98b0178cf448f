#!/bin/sh
# Guess: a bus 11 m beside a street of 928 m is about 11 m away from it, rounded to 1 m at worst.
# Seen: it is 0 m away near the middle of the street: the three sides of the triangle are rounded to metres first, and the
#       height of so flat a triangle is lost. 33 m are 28 to 34. With an accuracy of 0.01 it is 11.2.
# Why here: distance to the line is how vehicles are put on streets and stops beside them are found.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . geolib@3.3.14 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { getDistanceFromLine } from "geolib";

const street = [{ latitude: 33.64, longitude: -7.5 }, { latitude: 33.64, longitude: -7.49 }];
const beside = [33.6401, 33.6403].map((latitude) =>
  [-7.4975, -7.4932].map((longitude) => {
    const bus = { latitude, longitude };
    return [getDistanceFromLine(bus, ...street), getDistanceFromLine(bus, ...street, 0.01)].map((metres) => Number(metres.toFixed(1)));
  }),
);
console.log("geolib 3.3.14: 11 m and 33 m beside, at two places, as it is and with an accuracy of 0.01:", JSON.stringify(beside));
assert.deepStrictEqual(beside.map((places) => places.map(([plain]) => plain)), [[0, 0], [32.4, 28.4]]);
assert.ok(beside[0].every(([, fine]) => Math.abs(fine - 11.2) < 0.2));
END
node run.mjs
