#!/bin/sh
# Guess: the 99th percentile of 20 readings lies between the two greatest, as with numpy, d3 and Excel.
# Seen: jStat.percentile gives the second greatest of 20 for all from the 95th to the 99th, and the greatest for none but
#       the 100th: 19 where d3 has 813.61. Below, it interpolates as others do.
# Why here: limits of noise and load are percentiles of few readings; the one peak that they are about is left out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . jstat@1.9.6 d3-array@3.2.5 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { quantile } from "d3-array";
import jstat from "jstat";

const readings = [...Array(19).keys()].map((index) => index + 1).concat(1000);
const levels = [0.5, 0.95, 0.99, 1];
const byJstat = levels.map((level) => jstat.jStat.percentile(readings, level));
const byD3 = levels.map((level) => Number(quantile(readings, level).toFixed(2)));
console.log("levels", levels, "jstat 1.9.6", byJstat, "d3-array 3.2.5", byD3);
assert.deepStrictEqual(byJstat, [10.5, 19, 19, 1000]);
assert.deepStrictEqual(byD3, [10.5, 68.05, 813.61, 1000]);
END
node run.mjs
