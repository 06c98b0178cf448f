#!/bin/sh
# Guess: a missing value of a column of floats comes as null or NaN, however the column is read.
# Seen: get(i) and toJSON() give null, toArray() gives 0. No warning; only nullCount tells.
# Why here: charts take typed arrays, and 0 Cel or an empty reservoir is a value that a sensor may have.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . apache-arrow@21.2.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { Float64, vectorFromArray } from "apache-arrow";

const levels = vectorFromArray([20.5, null, 21.5], new Float64());
const seen = { get: levels.get(1), json: levels.toJSON()[1], array: levels.toArray()[1], nulls: levels.nullCount };
console.log("apache-arrow 21.2.0, a missing value:", seen);
assert.deepStrictEqual(seen, { get: null, json: null, array: 0, nulls: 1 });
END
node run.mjs
