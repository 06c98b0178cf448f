#!/bin/sh
# Guess: ["to-number", ["get", "level"], -1] gives -1 where a feature has no level: the second value is "the fallback".
# Seen: it gives 0: null counts as the number 0, so the fallback is never asked; ["to-number", ...] in a "step" gives a sensor
#       without a reading the colour of the lowest level. A text that is no number does get the -1.
# Why here: maps colour by readings, and values that came as text are turned to numbers; sensors that are off look empty or clean.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @maplibre/maplibre-gl-style-spec@26.6.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { createExpression } from "@maplibre/maplibre-gl-style-spec";

function evaluate(expression, properties) {
  const made = createExpression(expression, "layers[0].paint.circle-color");
  assert.equal(made.result, "success");
  return made.value.evaluate({ zoom: 12 }, { type: 1, properties });
}

const level = ["to-number", ["get", "level"], -1];
const seen = {
  missing: evaluate(level, {}),
  null: evaluate(level, { level: null }),
  text: evaluate(level, { level: "n/a" }),
  colour: evaluate(["step", ["to-number", ["get", "level"]], "empty", 10, "half", 20, "full"], {}),
};
console.log("@maplibre/maplibre-gl-style-spec 26.6.0:", seen);
assert.deepStrictEqual(seen, { missing: 0, null: 0, text: -1, colour: "empty" });
END
node run.mjs
