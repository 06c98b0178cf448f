#!/bin/sh
# Guess: points of a LAS file, whole numbers of millimetres there, come as the coordinates that they are.
# Seen: loaders.gl gives 32-bit floats unless told fp64: in metres of UTM 29 the point 643123.456, 3723456.789 is read as
#       643123.4375, 3723456.75, and a step to the north is 25 cm. deck.gl draws what it is given.
# Why here: scans of streets are in metres; kerbs and cables become stairs of a quarter of a metre.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @loaders.gl/core@4.4.5 @loaders.gl/las@4.5.1 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check laspy==2.7.0
venv/bin/python - <<'END'
import laspy
import numpy

header = laspy.LasHeader(point_format=3, version="1.2")
header.scales, header.offsets = [0.001] * 3, [643000, 3723000, 0]
points = laspy.LasData(header)
points.x, points.y, points.z = numpy.array([[643123.456], [3723456.789], [12.345]])
points.write("street.las")
END
cat > run.mjs <<'END'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { parse } from "@loaders.gl/core";
import { LASLoader } from "@loaders.gl/las";

const file = new Uint8Array(readFileSync("street.las")).buffer;
const seen = [];
for (const las of [{}, { fp64: true }]) {
  const { attributes } = await parse(file.slice(0), LASLoader, { worker: false, las });
  seen.push([...attributes.POSITION.value].slice(0, 2));
}
console.log("@loaders.gl/las 4.5.1, by default and with fp64:", seen);
assert.deepStrictEqual(seen, [[643123.4375, 3723456.75], [643123.456, 3723456.789]]);
END
node run.mjs
