#!/bin/sh
# Guess: a temperature that a device sends as a double (8 bytes, which LwM2M's TLV allows beside 4) is read as what it is; and
#        two readings of one resource in JSON, each with its time, are two.
# Seen: the first four bytes are read as a float: 21.57 is 2.837, without an error. Of the two readings the first in the
#       message is left, and no time: whether it is the older or the newer one depends on the device.
# Why here: devices keep readings while they have no network and send them together; a device may send doubles.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . lwm2m-codec@0.1.1 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import codec from "lwm2m-codec";

const double = Buffer.concat([Buffer.from("e8164408", "hex"), Buffer.alloc(8)]); // resource 5700, 8 bytes
double.writeDoubleBE(21.57, 4);
const float = Buffer.concat([Buffer.from("e41644", "hex"), Buffer.alloc(4)]); // resource 5700, 4 bytes
float.writeFloatBE(21.5, 3);
const temperatures = [float, double].map((payload) => codec.decode("tlv", "/3303/0", payload).sensorValue);
const readings = [{ n: "5700", t: -60, v: 20 }, { n: "5700", v: 21 }];
const sent = (records) => Buffer.from(JSON.stringify({ bn: "/3303/0/", bt: 1780000000, e: records }));
const kept = [readings, readings.toReversed()].map((records) => codec.decode("json", "/3303/0", sent(records)));
console.log("lwm2m-codec 0.1.1: 21.5 and 21.57 are", temperatures, "and two readings", JSON.stringify(kept));
assert.deepStrictEqual([temperatures[0], temperatures[1].toFixed(3)], [21.5, "2.837"]);
assert.deepStrictEqual(kept, [{ sensorValue: 20 }, { sensorValue: 21 }]);
END
node run.mjs
