#!/bin/sh
# Guess: "t" is the tonne of 1000 kg, as SI, UCUM and js-quantities have it.
# Seen: convert-units has "t" for the short ton of the United States: 907.184 kg. The tonne is "mt", which looks like a
#       thousandth of one.
# Why here: bins and trucks of waste are weighed in t; nine percent of the waste are gone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . convert-units@2.3.4 js-quantities@1.8.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import convert from "convert-units";
import Qty from "js-quantities";

const seen = [convert(1).from("t").to("kg"), convert(1).from("mt").to("kg"), Qty("1 t").to("kg").scalar];
console.log("convert-units 2.3.4 has t and mt of", seen.slice(0, 2), "kg, js-quantities t of", seen[2], "kg");
assert.deepStrictEqual(seen, [907.184, 1000, 1000]);
END
node run.mjs
