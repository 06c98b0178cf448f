#!/bin/sh
# Guess: geoContains says true for a point inside a district whose outer ring runs counterclockwise (RFC 7946, 3.1.6).
# Seen: false, and true for Paris: on a sphere d3 takes what lies to the right of the ring, so that such a district is the
#       whole Earth but the district. Turned round it is right, and no longer RFC 7946.
# Why here: districts are published by RFC 7946; filled by d3 they colour the world.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . d3-geo@3.1.2 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { geoArea, geoContains } from "d3-geo";

const ring = [[-7.5, 33.6], [-7.4, 33.6], [-7.4, 33.7], [-7.5, 33.7], [-7.5, 33.6]];
const describe = (coordinates) => {
  const district = { type: "Polygon", coordinates: [coordinates] };
  const share = geoArea(district) / (4 * Math.PI);
  return [geoContains(district, [-7.45, 33.65]), geoContains(district, [2.35, 48.85]), share > 0.999];
};
const seen = { rfc: describe(ring), turned: describe(ring.toReversed()) };
console.log("d3-geo 3.1.2: holds its middle, holds Paris, covers the Earth:", seen);
assert.deepStrictEqual(seen, { rfc: [false, true, true], turned: [true, false, false] });
END
node run.mjs
