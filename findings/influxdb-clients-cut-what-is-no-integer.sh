#!/bin/sh
# Guess: intField("n", 1.9) throws, as intField("n", "abc") does, or rounds to 2.
# Seen: it writes 1i, without a word, and so does setIntegerField of the client for version 3; 1.9 as text too.
# Why here: fields of integers cannot be changed to floats later; write counts by it, and never what a sensor measured.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @influxdata/influxdb-client@1.35.0 @influxdata/influxdb3-client@2.1.0 > /dev/null
cat > run.cjs <<'END'
const assert = require("node:assert");
const { Point } = require("@influxdata/influxdb-client");
const { Point: Point3 } = require("@influxdata/influxdb3-client");

const of2 = new Point("rain").intField("n", 1.9).intField("text", "1.9").timestamp("5").toString();
const of3 = Point3.measurement("rain").setIntegerField("n", 1.9).setTimestamp("5").toLineProtocol();
console.log("influxdb-client 1.35.0:", of2, "influxdb3-client 2.1.0:", of3);
assert.strictEqual(of2, "rain n=1i,text=1i 5");
assert.strictEqual(of3, "rain n=1i 5");
assert.throws(() => new Point("rain").intField("n", "abc"));
END
node run.cjs
