#!/bin/sh
# Guess: -5 as Int64 of Sparkplug B is read as -5, whatever else a service has installed.
# Seen: alone, sparkplug-payload gives the Long -5. With long 5 in the same project, which many packages bring, it gives
#       18446744073709551611: its own Long and that of its protobufjs are two copies then, "instanceof" is false, and the
#       sign is not put back. Int32 is right in both.
# Why here: flows of energy and water have a sign; it turns on the day an unrelated package is added. BigInt.asIntN(64, ...) of
#           the value is right in both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > run.cjs <<'END'
const assert = require("node:assert");
const codec = require("sparkplug-payload").get("spBv1.0");

const metrics = [{ name: "net", type: "Int64", value: -5 }, { name: "small", type: "Int32", value: -5 }];
const read = codec.decodePayload(codec.encodePayload({ timestamp: 1780000000000, metrics })).metrics;
const seen = read.map(({ value }) => String(value));
console.log(process.argv[2], "-5 as Int64 and Int32 is", seen);
assert.deepStrictEqual(seen, [process.argv[3], "-5"]);
assert.equal(BigInt.asIntN(64, BigInt(seen[0])), -5n);
END
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . sparkplug-payload@1.0.3 > /dev/null
node run.cjs "sparkplug-payload 1.0.3 alone:" -5
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . long@5.3.2 > /dev/null
node run.cjs "beside long 5.3.2:" 18446744073709551611
