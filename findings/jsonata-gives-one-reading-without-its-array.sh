#!/bin/sh
# Guess: a filter gives an array: empty for no reading, of one for one, of two for two.
# Seen: undefined for none, the reading itself for one, an array from two on; the sum of none is undefined, not 0, while
#       $count is right. readings[...][] keeps the array of one, but not the empty one.
# Why here: Node-RED and gateways reshape our messages with it: a flow tried with two alarms fails with the first one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . jsonata@2.2.2 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import jsonata from "jsonata";

const message = { readings: [{ id: "a", v: 21 }, { id: "b", v: 30 }] };
const seen = {};
for (const text of ["readings[v>99]", "readings[v>25]", "readings[v>20]", "readings[v>25][]", "readings[v>99][]",
  "$sum(readings[v>99].v)", "$count(readings[v>99])"]) {
  const value = await jsonata(text).evaluate(message);
  seen[text] = Array.isArray(value) ? `array of ${value.length}` : JSON.stringify(value);
}
console.log("jsonata 2.2.2:", seen);
assert.deepStrictEqual(seen, {
  "readings[v>99]": undefined,
  "readings[v>25]": '{"id":"b","v":30}',
  "readings[v>20]": "array of 2",
  "readings[v>25][]": "array of 1",
  "readings[v>99][]": undefined,
  "$sum(readings[v>99].v)": undefined,
  "$count(readings[v>99])": "0",
});
END
node run.mjs
