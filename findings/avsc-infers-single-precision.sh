#!/bin/sh
# Guess: the type that is inferred from a number with decimals is Avro's double, which is what numbers of JavaScript are.
# Seen: it is float: a meter's 1234567.89 kWh come back as 1234567.875, and a longitude of -7.512345678 as
#       -7.512345791.
# Why here: types inferred from a first message are handy for topics; registers of meters lose their last digits.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . avsc@5.7.9 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import avro from "avsc";

const message = { lon: -7.512345678, kwh: 1234567.89 };
const type = avro.Type.forValue(message);
const read = type.fromBuffer(type.toBuffer(message));
const types = type.fields.map((field) => field.type.typeName);
console.log("avsc 5.7.9 infers", types, "and reads", { ...read }, "for", message);
assert.deepStrictEqual(types, ["float", "float"]);
assert.strictEqual(read.kwh, 1234567.875);
assert.notStrictEqual(read.lon, message.lon);
END
node run.mjs
