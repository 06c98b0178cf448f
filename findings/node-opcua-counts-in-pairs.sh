#!/bin/sh
# Guess: a counter of OPC UA (UInt64, Int64) is read as a BigInt, or as a number while it is exact.
# Seen: it is an array of two halves: 5 is [0, 5], -5 is [4294967295, 4294967291]. Comparisons give false without an error
#       (the counter of 5,000,000,000 is not above 100), 5 + 1 is the text "0,51", and a chart takes the first half, 0.
#       UInt64ToBigInt and Int64ToBigInt turn them.
# Why here: meters of energy and cars count in 64 bits; their alarms never fire, and nothing fails.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-opcua-basic-types@2.182.0 node-opcua-binary-stream@2.181.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import types from "node-opcua-basic-types";
import streams from "node-opcua-binary-stream";

const read = (decode, ...words) => {
  const sent = Buffer.alloc(8);
  words.forEach((word, i) => sent.writeUInt32LE(word, 4 * i));
  return decode(new streams.BinaryStream(sent));
};
const energy = read(types.decodeUInt64, 705032704, 1); // 5,000,000,000
const five = read(types.decodeUInt64, 5, 0);
const minus = read(types.decodeInt64, 4294967291, 4294967295);
console.log("node-opcua-basic-types 2.182.0:", energy, five, minus, "above 100:", energy > 100, "plus one:", five + 1);
assert.deepStrictEqual([energy, five, minus].map((half) => Array.from(half)), [[1, 705032704], [0, 5], [4294967295, 4294967291]]);
assert.deepStrictEqual([energy > 100, five + 1], [false, "0,51"]);
assert.deepStrictEqual([types.UInt64ToBigInt(energy), types.Int64ToBigInt(minus)], [5000000000n, -5n]);
END
node run.mjs
