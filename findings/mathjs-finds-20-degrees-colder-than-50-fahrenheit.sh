#!/bin/sh
# Guess: 20 degC is 68 degF and warmer than 50 degF, and 20 degC less 10 degC are 10 K.
# Seen: they are not equal, 20 degC is less than 50 degF (also than 293 K), and the difference is 283.15 K: conversions
#       know the zero points of the scales, comparisons and differences do not.
# Why here: rules of dashboards ("warmer than") mix what sensors send in degC and in degF.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . mathjs@15.2.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { evaluate } from "mathjs";

const rules = ["68 degF to degC", "20 degC == 68 degF", "20 degC > 50 degF", "20 degC >= 293 K", "(20 degC - 10 degC) to K"];
const seen = rules.map((rule) => String(evaluate(rule)));
console.log("mathjs 15.2.0:", Object.fromEntries(rules.map((rule, index) => [rule, seen[index]])));
assert.deepStrictEqual(seen, ["20 degC", "false", "false", "false", "283.15 K"]);
END
node run.mjs
