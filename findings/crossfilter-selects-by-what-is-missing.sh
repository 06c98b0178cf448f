#!/bin/sh
# Guess: readings without a value are in no range, and the others are in the ranges they belong to.
# Seen: one reading without a value among ten, and the range from 0 to 4 has 5 and lacks 2: undefined and NaN stand in no
#       order, the index is searched as if they did, and neighbours get lost or come along. With null in their place they
#       count as 0.
# Why here: dashboards that filter by brushing show other districts and other counts from one missing reading on.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . crossfilter2@1.5.4 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import crossfilter from "crossfilter2";

const upTo4 = (...values) =>
  crossfilter(values.map((value) => ({ value })))
    .dimension((reading) => reading.value)
    .filterRange([0, 4])
    .bottom(Infinity)
    .map((reading) => reading.value);
const seen = [undefined, NaN, null, 100].map((missing) => upTo4(5, missing, 1, 9, missing, 2, 7, 3, missing, 8));
console.log("crossfilter2 1.5.4, 0 to 4 with undefined, NaN, null and 100 for what is missing:", seen);
assert.deepStrictEqual(seen[3], [1, 2, 3]);
assert.notDeepStrictEqual(seen[0].filter(Number), [1, 2, 3]);
END
node run.mjs
